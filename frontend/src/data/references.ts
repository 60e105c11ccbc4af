/** Who names what: entities, devices, areas and others in automations, scripts, scenes, templates and policies. */
import { addressOf } from "./resources";

export interface Reference {
  owner: { type: string; id: string; name: string; entity_id?: string | null };
  path: string;
  kind: string;
  value: string;
  file?: string | null;
  line?: number | null;
}

export interface Renamed {
  changed: { id: string; path: string }[];
  refused: { id: string; reason: string; file?: string | null; line?: number | null }[];
}

const ITEMS = new Set(["automation", "script", "scene"]);

/** Return where an owner can be looked at and changed; empty when nowhere. */
export function ownerAddress({ type, id }: Reference["owner"]): string {
  const [resourceType, key] = id.includes("/") ? (id.split("/", 2) as [string, string]) : ["", id];
  if (ITEMS.has(type)) return `/automations/${type}?id=${encodeURIComponent(key)}&tab=configuration`;
  return resourceType ? addressOf(resourceType, key) : type === "policy" ? "/settings/policies" : "";
}

/** Put what one owner names together. */
export function byOwner(references: readonly Reference[]): Reference[][] {
  const found = new Map<string, Reference[]>();
  for (const each of references) {
    const key = `${each.owner.type}/${each.owner.id}`;
    found.set(key, [...(found.get(key) ?? []), each]);
  }
  return [...found.values()];
}
