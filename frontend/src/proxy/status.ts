/** What the services of reverse proxies tell; whatever is missing is not known. */
import { hub } from "../hub";

export interface Drift {
  modified?: string[];
  missing?: string[];
  extra?: string[];
}

export interface ServerStatus {
  name?: string | null;
  state?: string | null;
  connected?: boolean | null;
  version?: string | null;
  release?: string | null;
  releases?: string[];
  drift?: Drift | null;
  active_connections?: number | null;
  cpu?: number | null;
  memory?: number | null;
  disk?: number | null;
  hosts?: number | string[] | null;
  message?: string | null;
  error?: string | null;
}

/** Answers per minute by class: `rate_2xx`, `rate_3xx`, `rate_4xx`, `rate_5xx`. */
export type Rates = Partial<Record<string, number | null>>;

export interface HostStatus {
  servers?: Record<string, { state?: string | null; revision?: number | null; release?: string | null; message?: string | null }>;
  certificate?: { key: string; not_after?: string | number | null } | null;
  /** `response_time` in milliseconds. */
  upstream?: { healthy?: boolean | null; response_time?: number | null } | null;
  requests?: Rates | null;
}

export interface CertificateStatus {
  domains?: string[];
  issuer?: string | null;
  not_after?: string | number | null;
  next_renewal?: string | number | null;
  serial?: string | null;
  error?: string | null;
}

export interface Status {
  servers: Record<string, ServerStatus>;
  hosts: Record<string, HostStatus>;
  certificates: Record<string, CertificateStatus>;
}

export interface Flaw {
  part: string;
  field: string;
  message: string;
}

/** What one server would do with a change. */
export interface Rehearsal {
  ok: boolean;
  release?: string | null;
  flaws: Flaw[];
  notes: Flaw[];
  diff: string;
  error: string | null;
}

/** One file that is not as it was deployed, as text. */
export interface TouchedFile {
  path: string;
  how: "modified" | "missing" | "extra";
  part: string | null;
  /** Unified, from what was deployed to what lies there. */
  diff: string | null;
  note: string | null;
}

/** What one upstream answered a server. */
export interface Answer {
  upstream: string;
  ok: boolean;
  status: number | null;
  milliseconds: number | null;
  error: string | null;
}

/** Call a service of reverse proxies and return what it answers. */
export async function call<T>(service: string, data: object = {}): Promise<T> {
  const message = { type: "call_service", domain: "proxy", service, service_data: data, return_response: true };
  return (await hub().link.ask<{ response: T }>(message)).response;
}

/** Return a moment in epoch seconds, however it was written. */
export function epoch(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !value) return undefined;
  const at = Date.parse(value) / 1000;
  return Number.isNaN(at) ? undefined : at;
}

const DAY = 86_400;

/** Return the whole days from now to a moment; below zero = it is past. */
export function daysTo(at: number, now = Date.now() / 1000): number {
  return Math.floor((at - now) / DAY);
}

/** Return every path of a drift with how it differs. */
export function drifted(drift: Drift | null | undefined): { how: "modified" | "missing" | "extra"; path: string }[] {
  return (["modified", "missing", "extra"] as const).flatMap((how) => (drift?.[how] ?? []).map((path) => ({ how, path })));
}
