/** The stretch of time that charts and the logbook show; it stands in the address of the page. */

const HOUR = 3_600;

/** Stretches up to now, in seconds. */
export const PRESETS = { "1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR, "30d": 720 * HOUR } as const;
export type Preset = keyof typeof PRESETS;

/** Beyond this, in seconds, charts draw statistics instead of every change. */
export const RAW_LIMIT = 3 * 24 * HOUR;

export interface Range {
  /** Undefined = chosen freely. */
  preset: Preset | undefined;
  /** Epoch seconds. */
  from: number;
  /** Epoch seconds. */
  to: number;
  /** True when it ends now, and goes on. */
  live: boolean;
}

/** Return a range that ends now. */
export function rangeOf(preset: Preset, now: number): Range {
  return { preset, from: now - PRESETS[preset], to: now, live: true };
}

/** Read the range of an address; what can not be read counts as `otherwise`. */
export function readRange(query: URLSearchParams, now: number, otherwise: Preset = "24h"): Range {
  const asked = query.get("range") ?? "";
  if (asked in PRESETS) return rangeOf(asked as Preset, now);
  const [from, to] = ["from", "to"].map((name) => Date.parse(query.get(name) ?? "") / 1000);
  if (!Number.isFinite(from) || from! >= now) return rangeOf(otherwise, now);
  if (!Number.isFinite(to) || to! >= now) return { preset: undefined, from: from!, to: now, live: true };
  return to! > from! ? { preset: undefined, from: from!, to: to!, live: false } : rangeOf(otherwise, now);
}

/** Write a preset, or a start and maybe an end in epoch seconds, into an address. */
export function writeRange(query: URLSearchParams, chosen: Preset | { from: number; to?: number }): void {
  for (const name of ["range", "from", "to"]) query.delete(name);
  if (typeof chosen === "string") return query.set("range", chosen);
  query.set("from", iso(chosen.from));
  if (chosen.to !== undefined) query.set("to", iso(chosen.to));
}

/** Write epoch seconds as ISO 8601 without a fraction. */
export function iso(epoch: number): string {
  return new Date(Math.round(epoch) * 1000).toISOString().replace(".000", "");
}

/** Write epoch seconds for a field of local date and time. */
export function local(epoch: number): string {
  const date = new Date(epoch * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
