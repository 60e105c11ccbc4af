/** Automations, scripts and scenes: the resource that is written, and the entity that lives. */
import type { Entity } from "../data/decode";
import { domainOf } from "../data/describe";
import type { Resource } from "../data/resources";
import type { EntityStore } from "../data/store";

export type Kind = "automation" | "script" | "scene";

/** Return the resource type of a kind. */
export function typeOf(kind: Kind): string {
  return `hub.${kind}`;
}

/** Return the page of one item, or of all of a kind. */
export function itemAddress(kind: Kind, key = "", tab = ""): string {
  if (!key) return kind === "automation" ? "/automations" : `/automations/${kind}s`;
  const query = new URLSearchParams({ id: key, ...(tab ? { tab } : {}) });
  return `/automations/${kind}?${query.toString()}`;
}

/** Return what names a resource's runs: an automation may give an id of its own. */
export function itemId(resource: Pick<Resource, "key" | "spec">): string {
  return typeof resource.spec.id === "string" ? resource.spec.id : resource.key;
}

/** Return the entities of a kind by what their resource may be called. */
export function entitiesOf(kind: Kind, store: EntityStore): Map<string, Entity> {
  const found = new Map<string, Entity>();
  const own = store.ids.filter((id) => domainOf(id) === kind).map((id) => store.get(id)!);
  for (const entity of own) found.set(entity.entity_id.slice(kind.length + 1), entity);
  for (const entity of own) if (typeof entity.attributes.id === "string") found.set(entity.attributes.id, entity);
  return found;
}

/** Return the entity of one resource. */
export function entityOf(kind: Kind, resource: Pick<Resource, "key" | "spec"> | undefined, store: EntityStore): Entity | undefined {
  if (!resource) return undefined;
  const found = entitiesOf(kind, store);
  return found.get(itemId(resource)) ?? found.get(resource.key);
}

/** Return a moment that an attribute tells as ISO text, in epoch seconds. */
export function momentOf(value: unknown): number | undefined {
  const found = typeof value === "string" ? Date.parse(value) / 1000 : NaN;
  return Number.isFinite(found) ? found : undefined;
}
