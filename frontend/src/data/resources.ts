/** The hub's words for resources: types, statuses, plans, differences; and the commands about them. */
import type { Field } from "../form/fields";
import type { Link } from "./link";

export type Phase = "pending" | "applying" | "in_sync" | "drifted" | "failed" | "unknown" | "deleting";

export interface ResourceType {
  resource_type: string;
  title: string;
  description: string;
  domain: string;
  count: number;
  form: Field[];
  has_controller: boolean;
  /** What the asking person may do with the type. */
  may?: readonly string[];
}

/** One thing to do, readable before it is done. */
export interface Step {
  action: string;
  target: string;
  summary: string;
  before?: unknown;
  after?: unknown;
}

/** A place that differs; the absent side is left out. */
export interface Difference {
  path: string;
  before?: unknown;
  after?: unknown;
}

export interface Condition {
  type: string;
  status: boolean | null;
  reason: string;
  message: string;
  since: number;
}

export interface Status {
  phase: Phase;
  message: string;
  observed_revision: number | null;
  conditions: Condition[];
  drift: Step[];
  observed_at: number | null;
  outcome: string | null;
  job_id: string | null;
  attempts: number;
  retry_at: number | null;
  facts: Record<string, unknown>;
}

export type Spec = Record<string, unknown>;

export interface Resource {
  resource_type: string;
  key: string;
  title: string;
  revision: number;
  source: "api" | "file";
  file: string | null;
  line: number | null;
  spec: Spec;
  status: Status;
  deleting: boolean;
  used_by: string[];
  /** What the asking person may do with it, where the hub tells. */
  may?: readonly string[];
  created_at: number;
  updated_at: number;
}

export interface Revision {
  revision: number;
  action: string;
  note: string | null;
  at: number;
  user_id: string | null;
  user_name: string | null;
  spec: Spec | null;
}

export interface Change {
  action: "created" | "updated" | "unchanged" | "deleted";
  resource_type: string;
  key: string;
  revision: number;
  diff: Difference[];
}

export interface Plan {
  steps: Step[];
  diff: Difference[];
}

/** The first event holds everything that is followed, later ones one change each. */
export interface ResourceEvent {
  resources?: Resource[];
  action?: "added" | "updated" | "removed" | "status";
  resource?: Resource;
}

/** Which resource a command is about. */
export interface Name {
  resource_type: string;
  key: string;
}

/** Return `type/key`. */
export function idOf({ resource_type, key }: Name): string {
  return `${resource_type}/${key}`;
}

/** Return the address of a resource, a type, or all types on this page. */
export function addressOf(resourceType = "", key = ""): string {
  return ["/resources", resourceType, key].filter(Boolean).join("/");
}

/** Return the file and line that a resource comes from. */
export function placeOf({ file, line }: Pick<Resource, "file" | "line">): string {
  return line === null ? (file ?? "") : `${file}:${line}`;
}

/** Tell whether a resource asks for a person's attention. */
export function needsCare({ status }: Resource): boolean {
  return status.phase === "failed" || status.phase === "drifted";
}

const types = new WeakMap<Link, Promise<ResourceType[]>>();

/** Return all types with their counts; they are asked for anew with `fresh`. */
export function typesOf(link: Link, fresh = false): Promise<ResourceType[]> {
  let found = fresh ? undefined : types.get(link);
  if (!found) {
    found = link.ask<ResourceType[]>({ type: "resource/types" });
    types.set(link, found);
    found.catch(() => types.delete(link));
  }
  return found;
}

/** Tell whether an integration has anything for the asking person: resources, or types that he may write. */
export function offers(all: readonly ResourceType[], domain: string): boolean {
  return all.some((each) => each.domain === domain && (each.count > 0 || (each.may ?? []).includes("write")));
}

/** Apply one event of `resource/subscribe` to what is followed. */
export function take(known: Map<string, Resource>, event: ResourceEvent): void {
  if (event.resources) {
    known.clear();
    for (const each of event.resources) known.set(idOf(each), each);
  } else if (event.resource) {
    if (event.action === "removed") known.delete(idOf(event.resource));
    else known.set(idOf(event.resource), event.resource);
  }
}

const order = new Intl.Collator();

/** Return the resources whose title, key, message, file or phase hold every word. */
export function searchResources(all: Iterable<Resource>, query: string, phaseWord: (phase: Phase) => string): Resource[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [...all].filter((each) => {
    const text = `${each.title} ${each.key} ${each.status.message} ${each.file ?? ""} ${phaseWord(each.status.phase)}`.toLowerCase();
    return words.every((one) => (one === "is:problem" ? needsCare(each) : text.includes(one)));
  });
  return found.sort((one, other) => order.compare(one.title, other.title) || order.compare(one.key, other.key));
}
