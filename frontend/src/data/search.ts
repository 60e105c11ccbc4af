/** The search of the long list and the arithmetic of its visible part. */
import { domainOf } from "./describe";
import type { Registries } from "./registries";
import type { EntityStore } from "./store";

/** Rows drawn above and below what is visible. */
const SPARE = 6;

/** Return the ids whose id, name, room or state hold every word; `is:problem` keeps problems only. */
export function searchEntities(store: EntityStore, registries: Registries, query: string): readonly string[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return store.ids;
  return store.ids.filter((id) => {
    const entity = store.get(id);
    if (!entity) return false;
    const room = registries.areaName(id) ?? "";
    const text = `${id} ${String(entity.attributes.friendly_name ?? "")} ${room} ${entity.state}`.toLowerCase();
    return words.every((each) => {
      if (each === "is:problem") return store.problems.has(id);
      if (each.startsWith("is:")) return domainOf(id) === each.slice(3);
      return text.includes(each);
    });
  });
}

/** Return the rows to draw: `last` is one past the end. */
export function visibleRange(above: number, height: number, row: number, total: number): { first: number; last: number } {
  const first = Math.max(0, Math.floor(above / row) - SPARE);
  const last = Math.min(total, Math.ceil((above + height) / row) + SPARE);
  return { first: Math.min(first, total), last: Math.max(last, 0) };
}
