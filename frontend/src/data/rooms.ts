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

/** Return the rooms that have anything to show, and last what is in no room (id ""). */
export function rooms(store: EntityStore, registries: Registries): Room[] {
  const found: Room[] = registries.areas.map((area) => {
    const ids = [...registries.inArea(area.area_id)].filter((id) => store.get(id)).sort();
    return arrange(area.area_id, area.name, ids, store, registries);
  });
  const homeless = store.ids.filter((id) => registries.areaOf(id) === undefined);
  found.push(arrange("", "", homeless, store, registries));
  const filled = found.filter((room) => room.zones.length || room.rows.length);
  return filled.sort((one, other) => rank(one) - rank(other));
}

/** Cards of one height come first, so that the grid has no holes; within a rank the house's own order stays. */
function rank(room: Room): number {
  if (room.id === "") return 3;
  if (!room.zones.length) return 2;
  return room.zones.length > 1 || room.rows.length ? 1 : 0;
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

/** Settings and diagnostics of devices are in the long list, not on the overview. */
function visible(id: string, registries: Registries): boolean {
  const entry = registries.entries.get(id);
  return entry?.hb !== true && entry?.ec === undefined;
}
