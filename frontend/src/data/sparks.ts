/** The last day of each visible number, as a few points: one question for all, asked slowly. */
import type { Link } from "./link";
import type { HistoryEvent } from "./history";
import { iso } from "./range";
import { askStatistics, type Stat } from "./statistics";

/** How long the page waits for further cards to come into sight, in milliseconds. */
export const GATHER_MS = 400;
/** How old a picture may become, in milliseconds. */
export const FRESH_MS = 600_000;
/** Cards that one question asks for. */
const AT_ONCE = 100;
const DAY = 86_400;
/** With fewer hours than this a young house's every change is asked for instead, thinned out by the hub. */
const FEW = 3;
const POINTS = 48;
/** What spans less of the day is no picture yet. */
const LEAST = 0.08;

/** Points of a picture: both sides between 0 and 1, time to the right and the value upwards; null = a gap. */
export type Spark = readonly ([number, number] | null)[];

interface Known {
  at: number;
  spark: Spark;
}

export class Sparks {
  readonly #wanted = new Map<string, Set<() => void>>();
  readonly #known = new Map<string, Known>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;

  constructor(
    private readonly link: Pick<Link, "ask">,
    private readonly now: () => number = Date.now,
  ) {}

  /** Return the picture of a statistic, when it is known. */
  get(id: string): Spark | undefined {
    return this.#known.get(id)?.spark;
  }

  /** Want a picture while it is visible; calls back when it has come. Returns what ends the wanting. */
  want(id: string, listener: () => void): () => void {
    let found = this.#wanted.get(id);
    if (!found) this.#wanted.set(id, (found = new Set()));
    found.add(listener);
    this.#plan(GATHER_MS);
    return () => {
      found.delete(listener);
      if (!found.size && this.#wanted.get(id) === found) this.#wanted.delete(id);
    };
  }

  #plan(wait: number): void {
    if (!this.#timer && !this.#busy) this.#timer = setTimeout(() => void this.#ask(), wait);
  }

  async #ask(): Promise<void> {
    this.#timer = undefined;
    const now = this.now();
    const old = [...this.#wanted.keys()].filter((id) => now - (this.#known.get(id)?.at ?? -Infinity) >= FRESH_MS).slice(0, AT_ONCE);
    if (old.length && !document.hidden) {
      this.#busy = true;
      await this.#fetch(old, now / 1000);
      this.#busy = false;
    }
    if (this.#wanted.size) this.#plan(old.length === AT_ONCE ? GATHER_MS : FRESH_MS / 10);
  }

  async #fetch(ids: readonly string[], now: number): Promise<void> {
    const start = iso(now - DAY);
    const found = await askStatistics(this.link, ids, start, undefined, "hour").catch(() => ({}) as Record<string, Stat[]>);
    const young = ids.filter((id) => (found[id]?.length ?? 0) < FEW);
    const message = { type: "history/history_during_period", start_time: start, entity_ids: young, minimal_response: true, no_attributes: true, max_points: POINTS };
    const rows = young.length ? await this.link.ask<HistoryEvent["states"]>(message).catch(() => ({}) as HistoryEvent["states"]) : {};
    for (const id of ids) {
      const points = young.includes(id) ? pointsOf(rows[id] ?? []) : meansOf(found[id]!);
      this.#known.set(id, { at: this.now(), spark: sparkOf(points, now) });
      for (const listener of [...(this.#wanted.get(id) ?? [])]) listener();
    }
  }
}

/** A value at a moment in epoch seconds; null = not known from there on. */
type Points = readonly (readonly [number, number | null])[];

/** Return the means of hours in their middle; an hour without one is a gap. */
function meansOf(stats: readonly Stat[]): Points {
  const found: [number, number | null][] = [];
  let end = Infinity;
  for (const each of stats) {
    const value = each.mean ?? each.state;
    if (typeof value !== "number") continue;
    if (each.start > end) found.push([end / 1_000, null]);
    end = each.end;
    found.push([(each.start + each.end) / 2_000, value]);
  }
  return found;
}

function pointsOf(rows: HistoryEvent["states"][string]): Points {
  return rows.map((row) => [row.lu, row.s !== null && row.s.trim() !== "" && Number.isFinite(Number(row.s)) ? Number(row.s) : null]);
}

/** Make a picture of the values of the last day. */
export function sparkOf(points: Points, now: number): Spark {
  const known = points.filter((each): each is readonly [number, number] => each[1] !== null);
  const place = (at: number) => Math.min(1, Math.max(0, (at - now + DAY) / DAY));
  if (known.length < 2 || place(known.at(-1)![0]) - place(known[0]![0]) < LEAST) return [];
  const values = known.map(([, value]) => value);
  const min = Math.min(...values);
  const height = Math.max(...values) - min;
  return points.map(([at, value]) => (value === null ? null : [place(at), height ? (value - min) / height : 0.5]));
}

/** Write a picture as the path of an SVG of a given size. */
export function pathOf(spark: Spark, width: number, height: number): string {
  let draws = false;
  return spark.map((point) => {
    const command = draws ? "L" : "M";
    draws = point !== null;
    return point ? `${command}${(1 + point[0] * (width - 2)).toFixed(1)} ${(height - 2 - point[1] * (height - 4)).toFixed(1)}` : "";
  }).join("");
}

const all = new WeakMap<Link, Sparks>();

/** Return the pictures of a connection. */
export function sparksOf(link: Link): Sparks {
  let found = all.get(link);
  if (!found) all.set(link, (found = new Sparks(link)));
  return found;
}
