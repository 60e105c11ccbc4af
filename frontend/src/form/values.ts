/** Specs as plain values: how they differ, where, and taking some changes over. */
import type { Difference } from "../data/resources";

/** What a read shows in place of a secret; sent back, it keeps the secret. */
export const SEALED = { sealed: true } as const;

/** Fields by which an item of a list is known again; the same as the hub's. */
export const IDENTITIES = ["key", "id", "name", "username"];

export type Plain = Record<string, unknown>;

/** Tell a mapping from everything else. */
export function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tell whether a value stands for a secret. */
export function isSealed(value: unknown): boolean {
  return isPlain(value) && value.sealed === true;
}

/** Compare two values deeply; the order of keys does not count. */
export function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((each, index) => same(each, other[index]));
  }
  if (!isPlain(one) || !isPlain(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => key in other && same(one[key], other[key]));
}

/** Return how paths name the items of a list: by what identifies them, else by number. */
export function names(items: readonly unknown[]): string[] {
  const found = items.map((item, index) => {
    const field = isPlain(item) ? IDENTITIES.find((each) => typeof item[each] === "string") : undefined;
    return field === undefined ? String(index) : `${field}=${String((item as Plain)[field])}`;
  });
  return new Set(found).size === found.length ? found : items.map((_item, index) => String(index));
}

/** A difference with its path in parts, so that it can be taken over. */
export interface Place extends Difference {
  parts: readonly string[];
}

/** Return every place where two specs differ. */
export function differences(before: unknown, after: unknown, parts: readonly string[] = []): Place[] {
  if (same(before, after)) return [];
  if (isPlain(before) && isPlain(after) && !isSealed(before) && !isSealed(after)) {
    return compare(before, after, parts);
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const [old, now] = [names(before), names(after)];
    const known = [...old, ...now].every((each) => each.includes("="));
    const shared = old.filter((each) => now.includes(each));
    if (known && same(shared, now.filter((each) => old.includes(each)))) {
      return compare(byName(before), byName(after), parts);
    }
  }
  return [{ parts, path: parts.join("."), before, after }];
}

function byName(items: readonly unknown[]): Plain {
  const keys = names(items);
  return Object.fromEntries(items.map((item, index) => [keys[index]!, item]));
}

function compare(before: Plain, after: Plain, parts: readonly string[]): Place[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key): Place[] => {
    const place = [...parts, key];
    const path = place.join(".");
    if (!(key in after)) return [{ parts: place, path, before: before[key] }];
    if (!(key in before)) return [{ parts: place, path, after: after[key] }];
    return differences(before[key], after[key], place);
  });
}

/** Return a copy of a spec with one difference taken over. */
export function taken(spec: unknown, { parts, ...change }: Place): unknown {
  const [key, ...rest] = parts;
  if (key === undefined) return change.after;
  const removed = !rest.length && !("after" in change);
  if (Array.isArray(spec)) {
    const index = names(spec).indexOf(key);
    if (index < 0) return removed || rest.length ? spec : [...spec, change.after];
    if (removed) return spec.filter((_item, at) => at !== index);
    return spec.map((item, at) => (at === index ? taken(item, { ...change, parts: rest }) : item));
  }
  const copy: Plain = isPlain(spec) ? { ...spec } : {};
  if (removed) delete copy[key];
  else copy[key] = taken(copy[key], { ...change, parts: rest });
  return copy;
}

/** Tell whether two changes touch the same place: equal paths, or one inside the other. */
export function touches(one: Place, other: Place): boolean {
  const shorter = Math.min(one.parts.length, other.parts.length);
  for (let index = 0; index < shorter; index += 1) if (one.parts[index] !== other.parts[index]) return false;
  return true;
}

/** Return a path's parts as people read them: `zones.name=kitchen.area` is zones, kitchen, area. */
export function readable(path: string): string[] {
  return path === "" ? [] : path.split(".").map((part) => part.replace(/^\w+=/, "").replaceAll("_", " "));
}

/** Write a value so that a person can read it: indented, without quotes and braces. */
export function written(value: unknown, indent = ""): string {
  if (isSealed(value)) return "••••••";
  if (Array.isArray(value)) {
    if (!value.length) return "[]";
    return value.map((item) => `${indent}- ${nested(item, `${indent}  `).trimStart()}`).join("\n");
  }
  if (isPlain(value)) {
    const entries = Object.entries(value);
    if (!entries.length) return "{}";
    return entries.map(([key, item]) => `${indent}${key}:${onNextLine(item) ? `\n${nested(item, `${indent}  `)}` : ` ${nested(item, "")}`}`).join("\n");
  }
  return typeof value === "string" ? value : String(value ?? "–");
}

function onNextLine(value: unknown): boolean {
  return !isSealed(value) && ((Array.isArray(value) && value.length > 0) || (isPlain(value) && Object.keys(value).length > 0));
}

function nested(value: unknown, indent: string): string {
  return onNextLine(value) ? written(value, indent) : indent + written(value).replaceAll("\n", `\n${indent}`);
}
