/** Long operations: what the hub tells of them, and their logs. */

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled" | "interrupted";

export interface Job {
  id: string;
  kind: string;
  target: string;
  state: JobState;
  progress: number | null;
  message: string | null;
  result: unknown;
  error: { code: string; message: string } | null;
  user_id: string | null;
  created_at: number;
  finished_at: number | null;
  cancellable: boolean;
}

export interface LogLine {
  seq: number;
  at: number;
  line: string;
}

/** One event of `job/subscribe`: a job's new state, or further lines of its log. */
export interface JobEvent {
  job?: Job;
  job_id?: string;
  lines?: LogLine[];
  /** Lines were left out, because this client read too slowly; they are to be asked for. */
  missed?: boolean;
}

/** Lines of one job that the page keeps. */
export const KEPT_LINES = 2_000;

/** Tell whether a job has come to its end. */
export function ended(job: Job): boolean {
  return job.state !== "queued" && job.state !== "running";
}

/** Add lines to a log: each once, in order, the newest `KEPT_LINES`. */
export function addLines(known: readonly LogLine[], more: readonly LogLine[]): LogLine[] {
  const last = known.at(-1)?.seq ?? -Infinity;
  const fresh = more.filter((each) => each.seq > last);
  if (fresh.length === more.length) return [...known, ...fresh].slice(-KEPT_LINES);
  const all = new Map([...known, ...more].map((each) => [each.seq, each]));
  return [...all.values()].sort((one, other) => one.seq - other.seq).slice(-KEPT_LINES);
}

/** Return jobs as they are listed: running ones first, then the newest. */
export function inOrder(jobs: Iterable<Job>): Job[] {
  return [...jobs].sort((one, other) => Number(ended(one)) - Number(ended(other)) || other.created_at - one.created_at);
}
