/** What the overview shows in each room: its zones first, then the rows that add something. */
import type { Registries } from "./registries";
import type { EntityStore } from "./store";
import { domainOf } from "./describe";

export interface Room {
  id: string;
  name: string;
  zones: string[];
  rows: string[];
}

/** Sensors that repeat what the zone of the same device already shows. */
const SHOWN_BY_ZONE = new Set(["temperature", "humidity"]);

/** Devices outside any room that get a card of their own; more share one. */
const OWN_CARDS = 12;

/** Return the rooms that have anything to show, then what is in no room, by device or (id "") together. */
export function rooms(store: EntityStore, registries: Registries): Room[] {
  const found: Room[] = registries.areas.map((area) => {
    const ids = [...registries.inArea(area.area_id)].filter((id) => store.get(id)).sort();
    return arrange(area.area_id, area.name, ids, store, registries);
  });
  found.push(...homeless(store, registries));
  const filled = found.filter((room) => room.zones.length || room.rows.length);
  return filled.sort((one, other) => rank(one) - rank(other));
}

/** Cards of one height come first, so that the grid has no holes; within a rank the house's own order stays. */
function rank(room: Room): number {
  if (room.id === "") return 4;
  if (room.id.startsWith("device.")) return 3;
  if (!room.zones.length) return 2;
  return isPlain(room) ? 0 : 1;
}

/** Tell whether a room is one zone and nothing else. */
export function isPlain(room: Room): boolean {
  return room.zones.length === 1 && room.rows.length === 0;
}

function homeless(store: EntityStore, registries: Registries): Room[] {
  const ids = store.ids.filter((id) => registries.areaOf(id) === undefined);
  const devices = new Map<string, string[]>();
  for (const id of ids) {
    const device = registries.entries.get(id)?.di ?? "";
    devices.set(device, [...(devices.get(device) ?? []), id]);
  }
  if (devices.size > OWN_CARDS) return [arrange("", "", ids, store, registries)];
  return [...devices].map(([id, own]) => {
    const device = registries.devices.get(id);
    const name = device?.name_by_user ?? device?.name ?? "";
    return arrange(name && `device.${id}`, name, own, store, registries);
  });
}

function arrange(id: string, name: string, ids: string[], store: EntityStore, registries: Registries): Room {
  const zones = ids.filter((each) => domainOf(each) === "climate" && visible(each, registries));
  const zoneDevices = new Set(zones.map((each) => registries.entries.get(each)?.di));
  const rows = ids.filter((each) => {
    if (zones.includes(each) || !visible(each, registries)) return false;
    const device = registries.entries.get(each)?.di;
    const kind = String(store.get(each)?.attributes.device_class);
    return !(device !== undefined && zoneDevices.has(device) && domainOf(each) === "sensor" && SHOWN_BY_ZONE.has(kind));
  });
  return { id, name, zones, rows };
}

/** Settings and diagnostics of devices are in the long list, automations on their page, not on the overview. */
function visible(id: string, registries: Registries): boolean {
  if (domainOf(id) === "automation") return false;
  const entry = registries.entries.get(id);
  return entry?.hb !== true && entry?.ec === undefined;
}
