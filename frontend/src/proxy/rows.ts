/** Hosts, redirections, streams and 404 hosts as rows of one table: what is shown, found and sorted by. */
import { needsCare, type Phase, type Resource, type Spec } from "../data/resources";
import { drifted, epoch, type HostStatus, type Rates, type Status } from "./status";

/** The types that are deployed to servers, as the table names them. */
export const KINDS = ["host", "redirect", "dead_host", "stream"] as const;
export type Kind = (typeof KINDS)[number];

export const SORTS = ["name", "certificate", "requests", "state"] as const;
export type Sort = (typeof SORTS)[number];

export interface Row {
  id: string;
  kind: Kind;
  resource: Resource;
  /** Domain names, or the port of a stream. */
  names: string[];
  /** Where it leads: an address, or one for each of several upstreams. */
  goes: string[];
  servers: string[];
  enabled: boolean;
  certificate: { key: string; notAfter: number | undefined } | undefined;
  healthy: boolean | undefined;
  /** Seconds. */
  responseTime: number | undefined;
  rates: Rates | undefined;
  /** Servers on which its file is not as it was deployed. */
  touched: string[];
  /** Servers that serve something else of it, or nothing: an older revision after going back, say. */
  behind: string[];
}

/** Return the kind of a resource; undefined = it is not deployed as a row. */
export function kindOf({ resource_type }: Pick<Resource, "resource_type">): Kind | undefined {
  return KINDS.find((kind) => resource_type === `proxy.${kind}`);
}

/** Make the row of a resource from all that is known of it; `ends` tells when a certificate does. */
export function rowOf(resource: Resource, status: Status | undefined, ends: (certificate: string) => number | undefined = () => undefined): Row | undefined {
  const kind = kindOf(resource);
  if (!kind) return undefined;
  const id = `${resource.resource_type}/${resource.key}`;
  const { spec } = resource;
  const told: HostStatus = status?.hosts[id] ?? (kind === "host" ? (status?.hosts[resource.key] ?? {}) : {});
  const servers = serversOf(resource, told);
  const key = typeof spec.certificate_id === "string" ? spec.certificate_id : undefined;
  const file = fileOf(kind, resource.key);
  return {
    id,
    kind,
    resource,
    names: kind === "stream" ? [String(spec.incoming_port ?? "")] : list(spec.domain_names),
    goes: goes(kind, spec),
    servers,
    enabled: spec.enabled !== false,
    certificate: key === undefined ? undefined : { key, notAfter: ends(key) ?? epoch(told.certificate?.not_after) },
    healthy: told.upstream?.healthy ?? undefined,
    responseTime: seconds(told.upstream?.response_time),
    rates: told.requests ?? undefined,
    behind: settled(resource) ? servers.filter((server) => BEHIND.has(told.servers?.[server]?.state ?? "")) : [],
    touched: servers.filter((server) => drifted(status?.servers[server]?.drift).some(({ path }) => path === file)),
  };
}

/** States of a host on a server that a deploy would change. */
const BEHIND: ReadonlySet<string> = new Set(["failed", "missing", "outdated"]);

/** Tell whether nobody works on it and nothing else says already that it is behind. */
function settled({ status, deleting }: Resource): boolean {
  return !deleting && status.phase === "in_sync";
}

/** Return the file of a release that a resource is written to. */
export function fileOf(kind: Kind, key: string): string {
  return `${kind === "stream" ? "stream" : "http"}/${kind === "dead_host" ? "dead" : kind}-${key}.conf`;
}

/** Tell whether visitors get the page of maintenance instead of the site. */
export function maintained(spec: Spec): boolean {
  return (spec.maintenance as { enabled?: unknown } | null | undefined)?.enabled === true;
}

/** Return milliseconds as seconds. */
function seconds(milliseconds: number | null | undefined): number | undefined {
  return typeof milliseconds === "number" ? milliseconds / 1000 : undefined;
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function serversOf({ spec, status }: Resource, told: HostStatus): string[] {
  const known = told.servers ?? (status.facts.servers as Record<string, unknown> | undefined) ?? {};
  return [...new Set([...list(spec.servers), ...Object.keys(known)])].sort();
}

/** Write where it leads, as addresses. */
export function goes(kind: Kind, spec: Spec): string[] {
  if (kind === "dead_host") return ["404"];
  if (kind === "redirect") {
    const scheme = spec.forward_scheme === "auto" || spec.forward_scheme === undefined ? "" : `${String(spec.forward_scheme)}://`;
    return [scheme + String(spec.forward_domain_name ?? "")];
  }
  const [host, port] = kind === "stream" ? [spec.forwarding_host, spec.forwarding_port] : [spec.forward_host, spec.forward_port];
  const scheme = kind === "stream" ? "" : `${String(spec.forward_scheme ?? "http")}://`;
  if (host) return [`${scheme}${around(String(host))}${port === undefined || port === null ? "" : `:${String(port)}`}`];
  const several = (Array.isArray(spec.upstreams) ? spec.upstreams : []) as { host?: string; port?: number }[];
  return several.map((each) => `${scheme}${around(String(each.host ?? ""))}:${String(each.port ?? "")}`);
}

/** Write an address of version 6 as it stands in front of a port. */
function around(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** Return the address that a domain is opened at; undefined = no browser can open it. */
export function siteOf(domain: string, secure: boolean, ports: { http?: unknown; https?: unknown } = {}): string | undefined {
  if (!domain || domain.startsWith("*") || domain.startsWith("~")) return undefined;
  const port = secure ? ports.https : ports.http;
  const usual = secure ? 443 : 80;
  return `${secure ? "https" : "http"}://${domain}${typeof port === "number" && port !== usual ? `:${port}` : ""}`;
}

/** Return the answers per minute of all classes; undefined = nobody knows. */
export function total(rates: Rates | undefined): number | undefined {
  const known = Object.entries(rates ?? {}).filter(([name, rate]) => name.startsWith("rate_") && typeof rate === "number");
  return known.length ? known.reduce((sum, [, rate]) => sum + rate!, 0) : undefined;
}

/** Tell whether a row asks for a person's attention. */
export function cares(row: Row): boolean {
  return needsCare(row.resource) || row.healthy === false || row.touched.length > 0 || row.behind.length > 0 || row.resource.status.drift.length > 0;
}

/** Tell whether the servers do not serve what is wanted. */
export function isBehind({ resource: { status, deleting }, behind }: Row): boolean {
  return !deleting && (behind.length > 0 || status.phase === "failed" || status.phase === "drifted" || status.phase === "pending" || status.drift.length > 0);
}

/** Return the rows that hold every word and belong to a server; `is:problem` keeps those that need care. */
export function find(rows: readonly Row[], query: string, server: string, phaseWord: (phase: Phase) => string): Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (server && !row.servers.includes(server)) return false;
    const { resource } = row;
    const text = [resource.title, resource.key, ...row.names, ...row.goes, ...row.servers, row.certificate?.key ?? "", resource.status.message, phaseWord(resource.status.phase)];
    const whole = text.join(" ").toLowerCase();
    return words.every((each) => (each === "is:problem" ? cares(row) : whole.includes(each)));
  });
}

const order = new Intl.Collator(undefined, { numeric: true });

const PHASES: readonly Phase[] = ["failed", "drifted", "deleting", "applying", "pending", "unknown", "in_sync"];

/** Return rows in order: what is not known stands last, whichever way. */
export function sorted(rows: readonly Row[], by: Sort, down: boolean): Row[] {
  const name = (row: Row) => row.resource.title;
  const value: Record<Sort, (row: Row) => number | undefined> = {
    name: () => 0,
    certificate: (row) => row.certificate?.notAfter,
    requests: (row) => total(row.rates),
    state: (row) => (cares(row) ? 0 : 1) * 10 + PHASES.indexOf(row.resource.status.phase),
  };
  const way = down ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [left, right] = [value[by](one), value[by](other)];
    if (left !== right) return left === undefined ? 1 : right === undefined ? -1 : (left - right) * way;
    return order.compare(name(one), name(other)) * (by === "name" ? way : 1) || order.compare(one.id, other.id);
  });
}
