/** What happened: entries of the logbook, and what caused them. */
import type { Link } from "./link";
import { domainOf } from "./describe";
import { isAdmin } from "./rights";

export interface Entry {
  /** Epoch seconds. */
  when: number;
  name?: string | null;
  state?: string | null;
  message?: string | null;
  entity_id?: string | null;
  domain?: string | null;
  source?: string | null;
  context_id?: string | null;
  context_user_id?: string | null;
  context_event_type?: string | null;
  context_domain?: string | null;
  context_service?: string | null;
  context_name?: string | null;
  context_message?: string | null;
  context_source?: string | null;
  context_entity_id?: string | null;
  context_entity_id_name?: string | null;
}

/** What was comes in two parts, the newest first; events without a start are new. */
export interface LogEvent {
  events: Entry[];
  start_time?: number;
  end_time?: number;
  partial?: boolean;
}

/** Entries that the page keeps. */
export const KEPT = 5_000;

const keyOf = (entry: Entry): string => JSON.stringify([entry.when, entry.entity_id, entry.state, entry.message, entry.name]);

/** Add entries: each once, the newest first, the newest `KEPT`. */
export function takeEntries(known: readonly Entry[], more: readonly Entry[]): Entry[] {
  const seen = new Set(known.map(keyOf));
  const fresh = more.filter((entry) => !seen.has(keyOf(entry)) && seen.add(keyOf(entry)));
  return [...known, ...fresh].sort((one, other) => other.when - one.when).slice(0, KEPT);
}

/** Put entries of one day together; days as the reader's clock has them. */
export function byDay(entries: readonly Entry[]): { day: number; entries: Entry[] }[] {
  const days: { day: number; entries: Entry[] }[] = [];
  for (const entry of entries) {
    const date = new Date(entry.when * 1000);
    const day = new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime() / 1000;
    if (days.at(-1)?.day !== day) days.push({ day, entries: [] });
    days.at(-1)!.entries.push(entry);
  }
  return days;
}

/** What brought an entry about. */
export interface Cause {
  kind: "automation" | "script" | "entity";
  entityId: string;
  name: string;
  /** What had triggered it, in the hub's words. */
  because: string;
}

/** Return the automation, script or entity that caused an entry; undefined when it was none, or itself. */
export function causeOf(entry: Entry): Cause | undefined {
  const entityId = entry.context_entity_id;
  if (!entityId || entityId === entry.entity_id) return undefined;
  const domain = domainOf(entityId);
  const kind = domain === "automation" || domain === "script" ? domain : "entity";
  const name = entry.context_name ?? entry.context_entity_id_name ?? entityId;
  return { kind, entityId, name, because: kind === "automation" ? (entry.context_message ?? "") : "" };
}

/** Return the service whose call caused an entry. */
export function serviceOf(entry: Entry): string {
  const { context_event_type, context_domain, context_service } = entry;
  return context_event_type === "call_service" && context_domain && context_service ? `${context_domain}.${context_service}` : "";
}

const names = new WeakMap<Link, Promise<ReadonlyMap<string, string>>>();

/** Return the names of users by id; who is no administrator learns none but his own. */
export function userNames(link: Link): Promise<ReadonlyMap<string, string>> {
  let found = names.get(link);
  if (!found) {
    const ask = isAdmin() ? link.ask<{ id: string; name: string }[]>({ type: "config/auth/list" }) : Promise.resolve([]);
    found = ask.then((all) => new Map(all.map((each) => [each.id, each.name])), () => new Map());
    names.set(link, found);
  }
  return found;
}
