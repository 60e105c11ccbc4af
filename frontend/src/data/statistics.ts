/** Long stretches: means with their band, as the hub has compiled them. */
import type { Link } from "./link";
import type { Line } from "./history";

export interface Meta {
  statistic_id: string;
  display_unit_of_measurement: string | null;
  statistics_unit_of_measurement: string | null;
  name: string | null;
  has_sum: boolean;
}

/** One stretch; times are epoch milliseconds. */
export interface Stat {
  start: number;
  end: number;
  mean?: number | null;
  min?: number | null;
  max?: number | null;
  state?: number | null;
}

export type Period = "5minute" | "hour" | "day";

const known = new WeakMap<Link, Promise<Map<string, Meta>>>();

/** Return what statistics there are, by id; asked once a connection, none when the recorder is away. */
export function metas(link: Link): Promise<Map<string, Meta>> {
  let found = known.get(link);
  if (!found) {
    found = link.ask<Meta[]>({ type: "recorder/list_statistic_ids" }).then((all) => new Map(all.map((each) => [each.statistic_id, each])));
    known.set(link, found);
    found.catch(() => known.delete(link));
    const old = found;
    // A sensor's first statistics come some minutes after it does.
    setTimeout(() => known.get(link) === old && known.delete(link), 300_000);
  }
  return found;
}

/** Choose the period that gives a chart at most about a thousand points. */
export function periodOf(seconds: number): Period {
  return seconds > 45 * 86_400 ? "day" : "hour";
}

/** Ask for the statistics of some ids. */
export function askStatistics(link: Pick<Link, "ask">, ids: readonly string[], from: string, to: string | undefined, period: Period): Promise<Record<string, Stat[]>> {
  const types = ["mean", "min", "max", "state"];
  return link.ask({ type: "recorder/statistics_during_period", start_time: from, ...(to ? { end_time: to } : {}), statistic_ids: [...ids], period, types });
}

/** Make a line of statistics: means in the middle of their stretch, or a meter's reading at its end. */
export function statLine(entityId: string, name: string, unit: string, stats: readonly Stat[]): Line {
  const line = { entityId, name, what: "state" as const, unit, times: [] as number[], values: [] as (number | null)[], low: [] as (number | null)[], high: [] as (number | null)[], steps: false };
  let end: number | undefined;
  const push = (at: number, value: number | null, low: number | null, high: number | null) => {
    line.times.push(at);
    line.values.push(value);
    line.low.push(low);
    line.high.push(high);
  };
  for (const each of stats) {
    if (end !== undefined && each.start > end) push(end / 1000, null, null, null);
    end = each.end;
    const means = typeof each.mean === "number";
    const value = means ? each.mean! : (each.state ?? null);
    push((means ? (each.start + each.end) / 2 : each.end) / 1000, value, means ? (each.min ?? value) : value, means ? (each.max ?? value) : value);
  }
  return line;
}
