/** What a rehearsal of the past told: runs that would have been, and those that were, side by side. */
import type { Trace } from "./steps";

export interface ReplayCall {
  domain: string;
  service: string;
  data?: Record<string, unknown>;
  target?: Record<string, unknown> | null;
}

export interface ReplayRun {
  /** Epoch seconds. */
  time: number;
  trigger: string | null;
  conditions: boolean;
  execution: string | null;
  calls: ReplayCall[];
  /** Null where there are very many runs: the first ones have their steps. */
  trace: Trace | null;
}

export interface Replay {
  runs: ReplayRun[];
  recorded: { time: number; source: string | null }[];
  start: string | number;
  end: string | number;
  states: number;
  notes: string[];
}

export interface Pair {
  time: number;
  would?: ReplayRun;
  did?: Replay["recorded"][number];
}

/** How far the two may be apart and still be one, in seconds. */
const NEAR = 2;

/** Put what would have been beside what was, in time order; one recorded run belongs to one rehearsed run. */
export function pairs(replay: Pick<Replay, "runs" | "recorded">): Pair[] {
  const left = new Set(replay.recorded);
  const found: Pair[] = [...replay.runs].sort((one, other) => one.time - other.time).map((would) => {
    const near = [...left].filter((did) => Math.abs(did.time - would.time) <= NEAR);
    const did = near.sort((one, other) => Math.abs(one.time - would.time) - Math.abs(other.time - would.time))[0];
    if (did) left.delete(did);
    return { time: would.time, would, ...(did ? { did } : {}) };
  });
  return [...found, ...[...left].map((did) => ({ time: did.time, did }))].sort((one, other) => one.time - other.time);
}
