/** The audit log: its rows, and what a list may be narrowed to. */

export type Result = "ok" | "denied" | "failed";

export interface Row {
  seq: number;
  at: number;
  action: string;
  target: string;
  result: Result;
  user_id: string | null;
  user_name: string | null;
  address: string | null;
  data: Record<string, unknown>;
}

/** What the hub found when it proved every row. */
export interface Report {
  ok: boolean;
  rows: number;
  first: number | null;
  last: number | null;
  problem_count: number;
  problems: { seq: number; kind: string; message: string }[];
}

/** The filters that stand in the address of the page. */
export const FILTERS = ["user_id", "action", "target", "result", "since", "until"] as const;
export type Filter = Partial<Record<(typeof FILTERS)[number], string>>;

/** Read the filters of an address. */
export function filterOf(query: URLSearchParams): Filter {
  return Object.fromEntries(FILTERS.flatMap((name) => (query.get(name) ? [[name, query.get(name)!]] : [])));
}

/** Return the fields of `audit/list` for a filter; local times become epoch seconds. */
export function wanted(filter: Filter): Record<string, string | number> {
  const found: Record<string, string | number> = {};
  for (const name of FILTERS) {
    const text = filter[name]?.trim();
    if (!text) continue;
    if (name !== "since" && name !== "until") found[name] = text;
    else if (!Number.isNaN(Date.parse(text))) found[name] = Date.parse(text) / 1000;
  }
  return found;
}
