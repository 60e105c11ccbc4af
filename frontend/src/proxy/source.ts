/** All that the pages about reverse proxies show: the resources as they change, and what is watched of them. */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import { asLinkError, type LinkError } from "../data/link";
import { addressOf, idOf, take, typesOf, type Resource, type ResourceEvent, type ResourceType } from "../data/resources";
import { role } from "../data/rights";
import { hub } from "../hub";
import { Follow } from "../watch";
import { KINDS, rowOf, type Row } from "./rows";
import { call, epoch, type CertificateStatus, type Drift, type ServerStatus, type Status } from "./status";

export const SERVER = "proxy.server";
export const HOST = "proxy.host";
export const CERTIFICATE = "proxy.certificate";
const DEPLOYED = KINDS.map((kind) => `proxy.${kind}`);
const FOLLOWED = [SERVER, CERTIFICATE, ...DEPLOYED];

/** Between two questions for the status, in milliseconds: at least, and when nothing happens. */
const SOONEST_MS = 10_000;
const IDLE_MS = 60_000;
/** What happens together is asked for together. */
const GATHER_MS = 250;
/** Before the first server there is nobody to ask. */
const EXPECTED = new Set(["not_found", "unauthorized", "connection_lost"]);

export class Proxies implements ReactiveController {
  /** What is watched; undefined = not told. */
  status: Status | undefined;
  /** Why the status is not told, when that is worth saying. */
  silence: LinkError | undefined;
  types: readonly ResourceType[] = [];
  readonly #known = new Map<string, Map<string, Resource>>();
  readonly #loaded = new Set<string>();
  readonly #follows: readonly Follow<ResourceEvent>[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rows: readonly Row[] | undefined;
  /** When resources changed, and when the status was asked for that is shown. */
  readonly #changed = new Map<string, number>();
  #told = 0;
  #asked = 0;
  #due = 0;
  /** Who may not call services is not asked for: each refusal would stand in the audit log. */
  #denied = false;
  #there = false;
  #stop: (() => void) | undefined;

  constructor(private readonly host: ReactiveControllerHost) {
    this.#follows = FOLLOWED.map((type) => this.#follow(type));
    host.addController(this);
  }

  hostConnected(): void {
    this.#there = true;
    this.#denied = role() === "viewer";
    this.#stop = hub().link.onReconnect(() => void this.refresh());
    void typesOf(hub().link).then((types) => {
      this.types = types;
      this.host.requestUpdate();
    }, () => undefined);
    void this.refresh();
  }

  hostDisconnected(): void {
    this.#there = false;
    this.#stop?.();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** True once every list has come, or has been refused. */
  get loaded(): boolean {
    return this.#follows.every((follow, index) => follow.failure !== undefined || this.#loaded.has(FOLLOWED[index]!));
  }

  /** Why hosts can not be shown. */
  get failure(): unknown {
    return this.#follows[FOLLOWED.indexOf(HOST)]!.failure;
  }

  /** Every host, redirection, 404 host and stream; the same list until something changes. */
  get rows(): readonly Row[] {
    return (this.#rows ??= this.#made());
  }

  #made(): Row[] {
    const ends = (key: string) => epoch(this.certificate(key).not_after);
    return DEPLOYED.flatMap((type) => [...(this.#known.get(type)?.values() ?? [])]).flatMap((each) => {
      const row = rowOf(each, this.status, ends);
      // What was told before the resource changed says nothing of whether it is behind now.
      if (row && (this.#changed.get(row.id) ?? 0) > this.#told) row.behind = [];
      return row ?? [];
    });
  }

  /** Return what is known of a server: what is watched, else what its resource tells. */
  server(key: string): ServerStatus {
    const facts = this.get(SERVER, key)?.status.facts ?? {};
    const { version, release, releases, drift } = facts as Partial<ServerStatus>;
    return this.status?.servers[key] ?? { version, release, releases, drift: drift as Drift | null | undefined };
  }

  /** Return what is known of a certificate; its resource is told anew first. */
  certificate(key: string): CertificateStatus {
    return { ...this.status?.certificates[key], ...(this.get(CERTIFICATE, key)?.status.facts as CertificateStatus | undefined) };
  }

  get servers(): Resource[] {
    return this.#all(SERVER);
  }

  get certificates(): Resource[] {
    return this.#all(CERTIFICATE);
  }

  /** Return a type's description; undefined = not known, or not for this person. */
  type(name: string): ResourceType | undefined {
    return this.types.find((each) => each.resource_type === name);
  }

  get(type: string, key: string): Resource | undefined {
    return this.#known.get(type)?.get(idOf({ resource_type: type, key }));
  }

  /** Return where a new resource is made; the only server there is needs not be chosen. */
  newAddress(type: string): string {
    const { servers } = this;
    const chosen = servers.length === 1 && type !== SERVER && type !== CERTIFICATE ? `&with=${encodeURIComponent(JSON.stringify({ servers: [servers[0]!.key] }))}` : "";
    return `${addressOf(type)}?new=1${chosen}`;
  }

  /** Return what people call a server. */
  serverName(key: string): string {
    return this.get(SERVER, key)?.title ?? key;
  }

  /** Ask for the status now. */
  async refresh(): Promise<void> {
    if (this.#denied) return;
    clearTimeout(this.#timer);
    const asked = (this.#asked = Date.now());
    this.#timer = undefined;
    try {
      this.status = tidy(await call<Partial<Status>>("status"));
      this.#told = asked;
      this.silence = undefined;
    } catch (error) {
      const failure = asLinkError(error);
      this.silence = EXPECTED.has(failure.code) ? undefined : failure;
      this.#denied ||= failure.code === "unauthorized";
      if (failure.code !== "connection_lost") this.status = undefined;
    }
    this.#rows = undefined;
    this.host.requestUpdate();
    this.#later(IDLE_MS);
  }

  #all(type: string): Resource[] {
    return [...(this.#known.get(type)?.values() ?? [])].sort((one, other) => one.title.localeCompare(other.title));
  }

  #follow(type: string): Follow<ResourceEvent> {
    const known = new Map<string, Resource>();
    this.#known.set(type, known);
    return new Follow<ResourceEvent>(this.host, {
      message: () => ({ type: "resource/subscribe", resource_type: type }),
      take: (event) => {
        take(known, event);
        this.#rows = undefined;
        this.#loaded.add(type);
        if (event.resource) this.#changed.set(idOf(event.resource), Date.now());
        if (!event.resources) this.#later(SOONEST_MS);
      },
      reset: () => {
        known.clear();
        this.#rows = undefined;
        this.#loaded.delete(type);
      },
    });
  }

  /** Ask again when something happened, or after a while; never sooner than each ten seconds. */
  #later(wait: number): void {
    if (!this.#there || this.#denied) return;
    const now = Date.now();
    const due = wait < IDLE_MS ? Math.max(now + GATHER_MS, this.#asked + SOONEST_MS) : now + wait;
    // Who is told all the time must not wait for ever: the earlier moment stays.
    if (this.#timer !== undefined && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => void this.refresh(), due - now);
  }
}

function tidy({ servers = {}, hosts = {}, certificates = {} }: Partial<Status>): Status {
  return { servers, hosts, certificates };
}
