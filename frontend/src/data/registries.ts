/** Areas, devices and entity entries: where an entity is and how it is to be shown. */
import type { Link } from "./link";

export interface Area {
  area_id: string;
  name: string;
  floor_id: string | null;
}

export interface Device {
  id: string;
  name: string | null;
  name_by_user: string | null;
  area_id: string | null;
  manufacturer: string | null;
  model: string | null;
  sw_version: string | null;
}

/** One entry of the compact list (facts: list_for_display). */
export interface Entry {
  ei: string;
  pl: string;
  ai?: string;
  di?: string;
  ec?: number;
  hb?: boolean;
  en?: string;
  dp?: number;
}

interface Display {
  entities: Entry[];
}

const SOURCES = ["area", "device", "entity"] as const;

export class Registries {
  areas: readonly Area[] = [];
  readonly devices = new Map<string, Device>();
  readonly entries = new Map<string, Entry>();
  readonly #byArea = new Map<string, Set<string>>();
  readonly #byDevice = new Map<string, string[]>();
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly link: Link) {}

  /** Fetch everything and follow the changes. */
  async start(): Promise<void> {
    const refetch = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.fetch().catch(() => undefined), 200);
    };
    for (const source of SOURCES) {
      void this.link.subscribe(refetch, { type: "subscribe_events", event_type: `${source}_registry_updated` });
    }
    this.link.onReconnect(refetch);
    await this.fetch();
  }

  /** Fetch the three lists. */
  async fetch(): Promise<void> {
    const [areas, devices, display] = await Promise.all([
      this.link.ask<Area[]>({ type: "config/area_registry/list" }),
      this.link.ask<Device[]>({ type: "config/device_registry/list" }),
      this.link.ask<Display>({ type: "config/entity_registry/list_for_display" }),
    ]);
    this.take(areas, devices, display.entities);
  }

  /** Take fetched lists. */
  take(areas: Area[], devices: Device[], entries: Entry[]): void {
    this.areas = areas;
    this.devices.clear();
    for (const device of devices) this.devices.set(device.id, device);
    this.entries.clear();
    this.#byArea.clear();
    this.#byDevice.clear();
    for (const entry of entries) {
      this.entries.set(entry.ei, entry);
      if (entry.di) this.#byDevice.set(entry.di, [...(this.#byDevice.get(entry.di) ?? []), entry.ei]);
      const area = this.areaOf(entry.ei);
      if (!area) continue;
      let ids = this.#byArea.get(area);
      if (!ids) this.#byArea.set(area, (ids = new Set()));
      ids.add(entry.ei);
    }
    for (const listener of this.#listeners) listener();
  }

  /** Return the area id of an entity: its own, else its device's. */
  areaOf(entityId: string): string | undefined {
    const entry = this.entries.get(entityId);
    return entry?.ai ?? this.deviceOf(entityId)?.area_id ?? undefined;
  }

  /** Return the name of the area an entity is in. */
  areaName(entityId: string): string | undefined {
    const id = this.areaOf(entityId);
    return this.areas.find((area) => area.area_id === id)?.name;
  }

  deviceOf(entityId: string): Device | undefined {
    const id = this.entries.get(entityId)?.di;
    return id === undefined ? undefined : this.devices.get(id);
  }

  /** Return the entities of the device that an entity belongs to. */
  besides(entityId: string): readonly string[] {
    return this.#byDevice.get(this.entries.get(entityId)?.di ?? "") ?? [];
  }

  /** Return the ids of the entities in an area. */
  inArea(areaId: string): ReadonlySet<string> {
    return this.#byArea.get(areaId) ?? new Set();
  }

  /** Call back after a change. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
