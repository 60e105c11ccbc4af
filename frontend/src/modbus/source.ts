/** All that the pages about Modbus devices show: the resources as they change, and the entities that tell how they fare. */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Entity } from "../data/decode";
import type { Device, Entry } from "../data/registries";
import { addressOf, idOf, take, typesOf, type Resource, type ResourceEvent, type ResourceType } from "../data/resources";
import { hub } from "../hub";
import { Follow } from "../watch";
import { deviceHealth, linkHealth, type DeviceHealth, type LinkHealth } from "./health";

export const LINK = "modbus.link";
export const DEVICE = "modbus.device";
export const DEFINITION = "modbus.definition";
const FOLLOWED = [LINK, DEVICE] as const;
/** Entities of links and devices that tell how they fare, by the key of their words. */
const TOLD_BY = ["connection", "link", "errors"];

type Known = Device & { identifiers?: readonly [string, string][] };
type Worded = Entry & { tk?: string };

export class Park implements ReactiveController {
  types: readonly ResourceType[] = [];
  readonly #known = new Map<string, Map<string, Resource>>();
  readonly #loaded = new Set<string>();
  readonly #follows: readonly Follow<ResourceEvent>[];
  /** Entity ids by owner and words: `meter connection`, `link-cellar errors`. */
  #entities = new Map<string, string>();
  #stops: (() => void)[] = [];
  #stop: (() => void) | undefined;

  constructor(private readonly host: ReactiveControllerHost) {
    this.#follows = FOLLOWED.map((type) => this.#follow(type));
    host.addController(this);
  }

  hostConnected(): void {
    this.#stop = hub().registries.listen(() => this.#index());
    this.#index();
    void typesOf(hub().link).then((types) => {
      this.types = types;
      this.host.requestUpdate();
    }, () => undefined);
  }

  hostDisconnected(): void {
    this.#stop?.();
    this.#let();
  }

  /** True once both lists have come, or have been refused. */
  get loaded(): boolean {
    return this.#follows.every((follow, index) => follow.failure !== undefined || this.#loaded.has(FOLLOWED[index]!));
  }

  /** Why links can not be shown. */
  get failure(): unknown {
    return this.#follows[0]!.failure;
  }

  get links(): Resource[] {
    return this.#all(LINK);
  }

  get devices(): Resource[] {
    return this.#all(DEVICE);
  }

  /** Return the devices of a link; those of "" name a link that is not there. */
  on(link: string): Resource[] {
    return this.devices.filter(({ spec }) => (this.get(LINK, String(spec.link)) ? spec.link === link : link === ""));
  }

  /** Return a type's description; undefined = not known, or not for this person. */
  type(name: string): ResourceType | undefined {
    return this.types.find((each) => each.resource_type === name);
  }

  get(type: string, key: string): Resource | undefined {
    return this.#known.get(type)?.get(idOf({ resource_type: type, key }));
  }

  linkHealth(resource: Resource): LinkHealth {
    return linkHealth(resource, this.#entity(`link-${resource.key}`, "link"), this.#entity(`link-${resource.key}`, "errors"));
  }

  deviceHealth(resource: Resource): DeviceHealth {
    return deviceHealth(resource, this.#entity(resource.key, "connection"));
  }

  /** Return the button that reads a device now; undefined = there is none that this person sees. */
  readNow(device: string): string | undefined {
    return this.#entities.get(`${device} read_now`);
  }

  /** Return where a new link is made, or a new device on a link. */
  newAddress(type: string, link?: string): string {
    const { links } = this;
    const on = link ?? (links.length === 1 ? links[0]!.key : undefined);
    return `${addressOf(type)}?new=1${type === DEVICE && on !== undefined ? `&with=${encodeURIComponent(JSON.stringify({ link: on }))}` : ""}`;
  }

  #entity(owner: string, words: string): Entity | undefined {
    return hub().store.get(this.#entities.get(`${owner} ${words}`) ?? "");
  }

  /** Find the entities anew, and follow those that tell how things are. */
  #index(): void {
    const { devices, entries } = hub().registries;
    const owners = new Map<string, string>();
    for (const { id, identifiers = [] } of devices.values() as Iterable<Known>) {
      const own = identifiers.find(([domain]) => domain === "modbus");
      if (own) owners.set(id, own[1]);
    }
    this.#let();
    this.#entities = new Map();
    for (const { ei, di, pl, tk } of entries.values() as Iterable<Worded>) {
      const owner = pl === "modbus" && tk ? owners.get(di ?? "") : undefined;
      if (owner === undefined) continue;
      this.#entities.set(`${owner} ${tk}`, ei);
      if (TOLD_BY.includes(tk!)) this.#stops.push(hub().store.listen(ei, () => this.host.requestUpdate()));
    }
    this.host.requestUpdate();
  }

  #let(): void {
    for (const stop of this.#stops.splice(0)) stop();
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
        this.#loaded.add(type);
      },
      reset: () => {
        known.clear();
        this.#loaded.delete(type);
      },
    });
  }
}
