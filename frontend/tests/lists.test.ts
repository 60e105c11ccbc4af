import { beforeEach, describe, expect, it } from "vitest";
import { nameOf, stateText } from "../src/data/describe";
import { Link } from "../src/data/link";
import { Registries, type Area, type Device, type Entry } from "../src/data/registries";
import { rooms } from "../src/data/rooms";
import { searchEntities, visibleRange } from "../src/data/search";
import { EntityStore } from "../src/data/store";
import { useStrings } from "../src/i18n";
import en from "../src/locale/en.json";

const store = new EntityStore((run) => run());
const registries = new Registries(new Link(() => undefined));

function put(entity_id: string, state: string, attributes: Record<string, unknown> = {}): void {
  store.apply({ a: { [entity_id]: { s: state, a: attributes, c: "c", lc: 1 } } });
}

beforeEach(() => {
  useStrings("en", en);
  const areas = ["hall", "office"].map((id) => ({ area_id: id, name: id === "hall" ? "Hall" : "Office", floor_id: null })) as Area[];
  const device = { id: "zone", name: "Office", name_by_user: null, area_id: "office", manufacturer: null, model: null, sw_version: null } as Device;
  const entry = (ei: string, more: Partial<Entry> = {}): Entry => ({ ei, pl: "demo", ...more });
  registries.take(areas, [device, { ...device, id: "line", name: "Line", area_id: null }], [
    entry("climate.office", { di: "zone" }),
    entry("sensor.office_temperature", { di: "zone" }),
    entry("sensor.office_link", { di: "zone", ec: 1 }),
    entry("switch.lamp", { di: "zone", ai: "hall" }),
    entry("select.mode", { di: "line" }),
  ]);
  put("climate.office", "heat", { friendly_name: "Office", current_temperature: 20 });
  put("sensor.office_temperature", "20", { friendly_name: "Office Temperature", device_class: "temperature", unit_of_measurement: "°C" });
  put("sensor.office_link", "ok");
  put("switch.lamp", "on", { friendly_name: "Hall lamp" });
  put("select.mode", "unavailable");
  put("sensor.alone", "1");
});

describe("rooms", () => {
  it("show zones first, and neither what a zone shows already nor diagnostics", () => {
    expect(rooms(store, registries)).toEqual([
      { id: "office", name: "Office", zones: ["climate.office"], rows: [] },
      { id: "hall", name: "Hall", zones: [], rows: ["switch.lamp"] },
      { id: "device.line", name: "Line", zones: [], rows: ["select.mode"] },
      { id: "", name: "", zones: [], rows: ["sensor.alone"] },
    ]);
  });
});

describe("the search", () => {
  it.each([
    ["office temp", ["sensor.office_temperature"]],
    ["HALL", ["switch.lamp"]],
    ["is:problem", ["select.mode"]],
    ["is:climate", ["climate.office"]],
    ["nothing like this", []],
  ])("finds %j", (query, found) => expect(searchEntities(store, registries, query)).toEqual(found));

  it("draws only what is visible", () => {
    expect(visibleRange(0, 600, 60, 2000)).toEqual({ first: 0, last: 16 });
    expect(visibleRange(60_000, 600, 60, 2000)).toEqual({ first: 994, last: 1016 });
    expect(visibleRange(-300, 600, 60, 3)).toEqual({ first: 0, last: 3 });
    expect(visibleRange(119_000, 600, 60, 2000).last).toBe(1999 + 1);
  });
});

describe("texts", () => {
  it("name an entity without its room", () => {
    expect(nameOf(store.get("sensor.office_temperature")!, "Office")).toBe("Temperature");
    expect(nameOf(store.get("climate.office")!, "Office")).toBe("Office");
  });

  it("write a state with its unit", () => {
    expect(stateText(store.get("sensor.office_temperature")!, 1)).toBe("20.0\u00a0°C");
    expect(stateText(store.get("select.mode")!)).toBe("Not reachable");
    expect(stateText(store.get("switch.lamp")!)).toBe("On");
  });
});
