/** How links and devices fare, put together from their entities and from what their resources tell. */
import type { Entity } from "../data/decode";
import { numeric } from "../data/describe";
import type { Condition, Resource, Status } from "../data/resources";

export type DeviceState = "ok" | "incomplete" | "trying" | "away" | "link_down" | "unknown";

export interface DeviceHealth {
  state: DeviceState;
  /** Why, in the words of the hub. */
  reason: string;
  /** When it is tried again, in epoch seconds. */
  retryAt: number | undefined;
  requests: number | undefined;
  timeouts: number | undefined;
  badAnswers: number | undefined;
  refused: number | undefined;
  missed: number | undefined;
  /** Registers that it does not have. */
  lacking: number | undefined;
}

export interface LinkHealth {
  /** Undefined = not told. */
  connected: boolean | undefined;
  reason: string;
  place: string;
  requests: number | undefined;
  timeouts: number | undefined;
  badAnswers: number | undefined;
  reconnects: number | undefined;
  /** Seconds. */
  latency: number | undefined;
  /** Undefined = it has none. */
  gateway: { port: number; clients: number; error: string } | undefined;
}

const STATES: ReadonlySet<string> = new Set<DeviceState>(["ok", "trying", "away", "link_down"]);

/** Tell how a device fares; `connection` is its entity of that name. */
export function deviceHealth({ status }: Resource, connection: Entity | undefined): DeviceHealth {
  const answers = condition(status.conditions, "answers");
  const complete = condition(status.conditions, "complete");
  const told = connection?.state ?? (answers?.status === true ? "ok" : answers?.status === false ? "away" : "");
  const state = STATES.has(told) ? (told as DeviceState) : "unknown";
  const count = (attribute: string, fact = attribute) => numeric(connection, attribute) ?? figure(status.facts[fact]);
  const lacking = numeric(connection, "refused_registers");
  const lacks = complete?.status === false || (lacking ?? 0) > 0;
  const retry = numeric(connection, "retry_in");
  return {
    state: state === "ok" && lacks ? "incomplete" : state,
    reason: state === "ok" ? (lacks && complete?.message) || trouble(status) : (state === "unknown" ? "" : text(connection?.attributes.last_error) || answers?.message) || trouble(status, "unknown"),
    retryAt: state === "away" && retry !== undefined && connection ? connection.last_updated + retry : undefined,
    requests: count("requests"),
    timeouts: count("timeouts"),
    badAnswers: count("bad_answers"),
    refused: count("refused"),
    missed: count("missed_cycles"),
    lacking,
  };
}

/** Tell how a link fares; `link` and `errors` are its entities of those names. */
export function linkHealth({ spec, status }: Resource, link: Entity | undefined, errors: Entity | undefined): LinkHealth {
  const connected = condition(status.conditions, "connected");
  const gateway = condition(status.conditions, "gateway");
  const { facts } = status;
  const said = link?.state === "on" ? true : link?.state === "off" ? false : (connected?.status ?? undefined);
  return {
    connected: said,
    reason: said === true ? trouble(status) : text(link?.attributes.reason) || connected?.message || trouble(status, "unknown"),
    place: text(link?.attributes.place) || text(facts.place) || placeOf(spec.transport),
    requests: numeric(link, "requests") ?? figure(facts.requests),
    timeouts: numeric(errors, "timeouts") ?? figure(facts.timeouts),
    badAnswers: numeric(errors, "bad_answers"),
    reconnects: numeric(link, "reconnects") ?? figure(facts.reconnects),
    latency: seconds(numeric(link, "latency_ms")),
    gateway: spec.gateway ? { port: figure(facts.gateway_port) ?? figure((spec.gateway as Record<string, unknown>).port) ?? 0, clients: numeric(link, "gateway_clients") ?? figure(facts.gateway_clients) ?? 0, error: gateway?.status === false ? gateway.message : "" } : undefined,
  };
}

/** Write where a transport leads, before anybody has told it. */
export function placeOf(transport: unknown): string {
  const { host, port, device } = (transport ?? {}) as Record<string, unknown>;
  return text(device) || (host === undefined ? "" : `${text(host)}${port === undefined ? "" : `:${String(port)}`}`);
}

/** Return the kind of a transport as people write it. */
export function transportOf(transport: unknown): string {
  return text((transport as Record<string, unknown> | undefined)?.type).replaceAll("_", " ").toUpperCase().replace(" OVER ", " over ");
}

/** Return what a resource says of itself in a bad phase; what is told live is newer than `unknown`. */
function trouble({ phase, message }: Status, also?: "unknown"): string {
  return phase === "failed" || phase === "drifted" || phase === also ? message : "";
}

function condition(all: readonly Condition[], type: string): Condition | undefined {
  return all.find((each) => each.type === type);
}

function figure(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
