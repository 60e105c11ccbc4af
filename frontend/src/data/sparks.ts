/** The last day of each visible number, as a few points: one question for all, asked slowly. */
import type { Link } from "./link";
import { askStatistics, type Period, type Stat } from "./statistics";
import { iso } from "./range";

/** How long the page waits for further cards to come into sight, in milliseconds. */
export const GATHER_MS = 400;
/** How old a picture may become, in milliseconds. */
export const FRESH_MS = 600_000;
/** Cards that one question asks for. */
const AT_ONCE = 100;
const DAY = 86_400;
/** With fewer hours than this there are finer points to ask for. */
const FEW = 3;

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
    const ask = (some: readonly string[], period: Period) => askStatistics(this.link as Link, some, iso(now - DAY), undefined, period).catch(() => ({}) as Record<string, Stat[]>);
    const found = await ask(ids, "hour");
    const young = ids.filter((id) => (found[id]?.length ?? 0) < FEW);
    if (young.length) Object.assign(found, await ask(young, "5minute"));
    for (const id of ids) {
      this.#known.set(id, { at: this.now(), spark: sparkOf(found[id] ?? [], now) });
      for (const listener of [...(this.#wanted.get(id) ?? [])]) listener();
    }
  }
}

/** Make a picture of statistics of the last day. */
export function sparkOf(stats: readonly Stat[], now: number): Spark {
  const value = (each: Stat) => each.mean ?? each.state;
  const all = stats.map(value).filter((each): each is number => typeof each === "number");
  if (all.length < 2) return [];
  const min = Math.min(...all);
  const height = Math.max(...all) - min;
  const points: ([number, number] | null)[] = [];
  let end = -Infinity;
  for (const each of stats) {
    const number = value(each);
    if (typeof number !== "number") continue;
    if (points.length && each.start > end + 1_000) points.push(null);
    end = each.end;
    const at = (each.start + each.end) / 2_000;
    points.push([Math.min(1, Math.max(0, (at - now + DAY) / DAY)), height ? (number - min) / height : 0.5]);
  }
  return points;
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
