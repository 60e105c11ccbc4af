/** What was: rows of the hub's history, made into lines and bars that can be drawn. */
import type { Entity } from "./decode";
import { domainOf, nameOf } from "./describe";

/** One row as the hub tells it: state, attributes, when (epoch seconds). */
export interface Row {
  s: string | null;
  a?: Record<string, unknown>;
  lu: number;
  lc?: number;
}

/** The first event has a start; later ones hold what is new. */
export interface HistoryEvent {
  states: Record<string, Row[]>;
  start_time?: number;
  end_time?: number;
}

export type What = "state" | "current_temperature" | "temperature" | "target_temp_low" | "target_temp_high";

/** A number over time; null = not known from there on. */
export interface Line {
  entityId: string;
  name: string;
  what: What;
  unit: string;
  /** Epoch seconds, ascending. */
  times: number[];
  values: (number | null)[];
  /** The band around means. */
  low?: (number | null)[];
  high?: (number | null)[];
  /** True when a value holds until the next one. */
  steps: boolean;
}

/** A word over time; null = not known. */
export interface Lane {
  entityId: string;
  name: string;
  bars: { from: number; state: string | null }[];
}

const AWAY = new Set(["unknown", "unavailable", ""]);
const NUMBERS = new Set(["counter", "input_number", "number"]);
const TARGETS: What[] = ["current_temperature", "temperature", "target_temp_low", "target_temp_high"];

/** Tell whether an entity's state is a number. */
export function isNumeric(entity: Pick<Entity, "entity_id" | "attributes"> | undefined): boolean {
  if (!entity) return false;
  const { unit_of_measurement, state_class } = entity.attributes;
  return unit_of_measurement !== undefined || state_class !== undefined || NUMBERS.has(domainOf(entity.entity_id));
}

/** Take an event: the first one is the whole truth, later ones go on from there. */
export function takeRows(known: Map<string, Row[]>, event: HistoryEvent): void {
  if (event.start_time !== undefined) known.clear();
  for (const [id, rows] of Object.entries(event.states)) {
    const had = known.get(id);
    const last = had?.at(-1)?.lu ?? -Infinity;
    if (had) had.push(...rows.filter((row) => row.lu > last));
    else known.set(id, [...rows]);
  }
}

/** Forget what ended before a moment, but for the state that held then. */
export function trim(known: Map<string, Row[]>, from: number): void {
  for (const rows of known.values()) {
    let old = 0;
    while (old + 1 < rows.length && rows[old + 1]!.lu <= from) old += 1;
    if (old) rows.splice(0, old);
  }
}

/** Make the lines and bars of one entity; `entity` is how it is now, when it still exists. */
export function drawn(entityId: string, rows: readonly Row[], entity: Entity | undefined): { lines: Line[]; lanes: Lane[] } {
  const first = rows.find((row) => row.a)?.a ?? {};
  const known = entity ?? ({ entity_id: entityId, attributes: first } as Entity);
  const name = nameOf(known);
  if (domainOf(entityId) === "climate") return climate(entityId, name, rows);
  if (!isNumeric(known)) return { lines: [], lanes: [{ entityId, name, bars: bars(rows, (row) => row.s) }] };
  const unit = String(known.attributes.unit_of_measurement ?? "");
  return { lines: [{ entityId, name, what: "state", unit, ...numbers(rows, (row) => figure(row.s)), steps: true }], lanes: [] };
}

function climate(entityId: string, name: string, rows: readonly Row[]): { lines: Line[]; lanes: Lane[] } {
  const away = (row: Row) => row.s === null || AWAY.has(row.s);
  const lines = TARGETS.map((what): Line => {
    return { entityId, name, what, unit: "°C", ...numbers(rows, (row) => (away(row) ? null : figure(row.a?.[what]))), steps: true };
  });
  const action = rows.some((row) => row.a?.hvac_action !== undefined);
  const word = (row: Row) => (away(row) ? row.s : String((action ? row.a?.hvac_action : undefined) ?? row.s));
  return { lines: lines.filter((line) => line.values.some((value) => value !== null)), lanes: [{ entityId, name, bars: bars(rows, word) }] };
}

function figure(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || value.trim() === "") return null;
  const found = Number(value);
  return Number.isFinite(found) ? found : null;
}

/** Keep what differs from the value before: equal neighbours draw nothing. */
function numbers(rows: readonly Row[], of: (row: Row) => number | null): { times: number[]; values: (number | null)[] } {
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (const row of rows) {
    const value = of(row);
    if (values.length && values.at(-1) === value) continue;
    times.push(row.lu);
    values.push(value);
  }
  return { times, values };
}

function bars(rows: readonly Row[], of: (row: Row) => string | null): Lane["bars"] {
  const found: Lane["bars"] = [];
  for (const row of rows) {
    const word = of(row);
    const state = word === null || AWAY.has(word) ? null : word;
    if (found.length && found.at(-1)!.state === state) continue;
    found.push({ from: row.lu, state });
  }
  return found;
}

/** Return the place in ascending times of the last one that is not after a moment; -1 = all are. */
export function placeAt(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Return a line's value at a moment; undefined before its first one. */
export function valueAt(line: Pick<Line, "times" | "values">, at: number): number | null | undefined {
  return line.values[placeAt(line.times, at)];
}

/** Return a lane's word at a moment; undefined before its first one. */
export function wordAt(lane: Lane, at: number): string | null | undefined {
  return lane.bars[placeAt(lane.bars.map((bar) => bar.from), at)]?.state;
}

/** Return smallest, largest and last value between two moments; what holds at the start counts. */
export function extremes(line: Line, from: number, to: number): { min: number; max: number; last: number } | undefined {
  let min = Infinity;
  let max = -Infinity;
  let last: number | undefined;
  for (let index = Math.max(0, placeAt(line.times, from)); index < line.times.length && line.times[index]! <= to; index += 1) {
    const value = line.values[index];
    if (value === null || value === undefined) continue;
    min = Math.min(min, line.low?.[index] ?? value);
    max = Math.max(max, line.high?.[index] ?? value);
    last = value;
  }
  return last === undefined ? undefined : { min, max, last };
}

/** Thin values to at most four in each of `buckets` slices: first, smallest, largest, last; gaps stay. */
export function thin(times: readonly number[], values: readonly (number | null)[], buckets: number): { times: number[]; values: (number | null)[] } {
  if (times.length <= buckets * 4) return { times: [...times], values: [...values] };
  const width = (times.at(-1)! - times[0]!) / buckets || 1;
  const kept: number[] = [];
  let index = 0;
  while (index < times.length) {
    const end = times[0]! + (Math.floor((times[index]! - times[0]!) / width) + 1) * width;
    const first = index;
    let [least, most, gap] = [-1, -1, -1];
    for (; index < times.length && (times[index]! < end || index === first); index += 1) {
      const value = values[index]!;
      if (value === null) gap = index;
      else {
        if (least < 0 || value < values[least]!) least = index;
        if (most < 0 || value > values[most]!) most = index;
      }
    }
    kept.push(...new Set([first, least, most, gap, index - 1].filter((each) => each >= 0).sort((one, other) => one - other)));
  }
  return { times: kept.map((each) => times[each]!), values: kept.map((each) => values[each]!) };
}

/** Put lines of one unit together, in the order in which the units come. */
export function byUnit(lines: readonly Line[]): Line[][] {
  const found = new Map<string, Line[]>();
  for (const line of lines) found.set(line.unit, [...(found.get(line.unit) ?? []), line]);
  return [...found.values()];
}
