import { describe, expect, it } from "vitest";
import { csvOf } from "../src/data/csv";
import type { Entity } from "../src/data/decode";
import { byUnit, drawn, extremes, takeRows, thin, trim, valueAt, wordAt, type Line, type Row } from "../src/data/history";
import { RAW_LIMIT, readRange, writeRange } from "../src/data/range";
import { periodOf, statLine } from "../src/data/statistics";
import { tableOf } from "../src/components/plot";

const NOW = Date.parse("2026-11-21T12:00:00Z") / 1000;

function entity(entity_id: string, attributes: Record<string, unknown> = {}): Entity {
  return { entity_id, state: "1", attributes, context: { id: "", parent_id: null, user_id: null }, last_changed: 0, last_updated: 0 };
}

const line = (times: number[], values: (number | null)[]): Line => ({ entityId: "sensor.a", name: "A", what: "state", unit: "°C", times, values, steps: true });

describe("a range", () => {
  it("stands in the address and comes back the same", () => {
    const query = new URLSearchParams();
    writeRange(query, { from: NOW - 7200, to: NOW - 3600 });
    expect(query.toString()).toBe("from=2026-11-21T10%3A00%3A00Z&to=2026-11-21T11%3A00%3A00Z");
    expect(readRange(query, NOW)).toEqual({ preset: undefined, from: NOW - 7200, to: NOW - 3600, live: false });
    writeRange(query, "7d");
    expect([query.toString(), readRange(query, NOW).from]).toEqual(["range=7d", NOW - 7 * 86_400]);
  });

  it.each(["from=never", "range=12y", "from=2027-01-01T00:00:00Z", "from=2026-11-21T11:00:00Z&to=2026-11-21T10:00:00Z", ""])("is the usual one for %j", (text) => {
    expect(readRange(new URLSearchParams(text), NOW)).toEqual({ preset: "24h", from: NOW - 86_400, to: NOW, live: true });
  });

  it("that ends in the future goes on", () => {
    expect(readRange(new URLSearchParams("from=2026-11-21T11:00:00Z&to=2026-11-22T00:00:00Z"), NOW)).toMatchObject({ to: NOW, live: true });
    expect(RAW_LIMIT).toBe(3 * 86_400);
  });
});

describe("rows", () => {
  it("begin with everything and go on, each once", () => {
    const known = new Map<string, Row[]>([["sensor.old", []]]);
    takeRows(known, { states: { "sensor.a": [{ s: "1", lu: 1 }, { s: "2", lu: 2 }] }, start_time: 0, end_time: 2 });
    takeRows(known, { states: { "sensor.a": [{ s: "2", lu: 2 }, { s: "3", lu: 3 }], "sensor.b": [{ s: "9", lu: 3 }] } });
    expect([...known].map(([id, rows]) => [id, rows.map((row) => row.s)])).toEqual([["sensor.a", ["1", "2", "3"]], ["sensor.b", ["9"]]]);
    trim(known, 2.5);
    expect(known.get("sensor.a")).toEqual([{ s: "2", lu: 2 }, { s: "3", lu: 3 }]);
  });

  it("of numbers are a line; what is not known is a gap, never zero", () => {
    const rows: Row[] = [{ s: "20.5", lu: 1 }, { s: "20.5", lu: 2 }, { s: "unavailable", lu: 3 }, { s: "", lu: 4 }, { s: "21", lu: 5 }, { s: null, lu: 6 }];
    const { lines, lanes } = drawn("sensor.a", rows, entity("sensor.a", { unit_of_measurement: "°C", friendly_name: "Hall" }));
    expect([lanes, lines[0]?.name, lines[0]?.times, lines[0]?.values]).toEqual([[], "Hall", [1, 3, 5, 6], [20.5, null, 21, null]]);
  });

  it("of words are bars", () => {
    const rows: Row[] = [{ s: "on", lu: 1 }, { s: "unknown", lu: 2 }, { s: "unavailable", lu: 3 }, { s: "off", lu: 4 }];
    const { lanes } = drawn("binary_sensor.a", rows, entity("binary_sensor.a"));
    expect(lanes[0]?.bars).toEqual([{ from: 1, state: "on" }, { from: 2, state: null }, { from: 4, state: "off" }]);
    expect([0, 1, 2.5, 9].map((at) => wordAt(lanes[0]!, at))).toEqual([undefined, "on", null, "off"]);
  });

  it("of a zone are measured and wanted temperature, and what it did", () => {
    const rows: Row[] = [
      { s: "heat", a: { current_temperature: 20, temperature: 21, hvac_action: "heating" }, lu: 1 },
      { s: "unavailable", a: {}, lu: 2 },
      { s: "heat", a: { current_temperature: 21, temperature: 21, hvac_action: "idle" }, lu: 3 },
    ];
    const { lines, lanes } = drawn("climate.a", rows, undefined);
    expect(lines.map((each) => [each.what, each.values])).toEqual([["current_temperature", [20, null, 21]], ["temperature", [21, null, 21]]]);
    expect(lanes[0]?.bars.map((bar) => bar.state)).toEqual(["heating", null, "idle"]);
  });
});

describe("a line", () => {
  it("says its extremes within a span, with what holds at the start", () => {
    expect(extremes(line([1, 5, 9], [10, null, 30]), 2, 20)).toEqual({ min: 10, max: 30, last: 30 });
    expect(extremes(line([1, 5], [10, null]), 6, 20)).toBeUndefined();
    expect([0, 1, 6, 9].map((at) => valueAt(line([1, 5, 9], [10, null, 30]), at))).toEqual([undefined, 10, null, 30]);
  });

  it("is drawn from the edge to now, and ends where a gap begins", () => {
    expect(tableOf(line([0, 10, 20], [1, null, 3]), { from: 5, to: 30 }, 25, 100)).toEqual([[5, 10, 10.001, 20, 25], [1, 1, null, 3, 3]]);
  });

  it("is thinned, its extremes and gaps kept", () => {
    const times = Array.from({ length: 10_000 }, (_each, index) => index);
    const values = times.map((at): number | null => (at === 5_000 ? 99 : at === 7_000 ? null : at % 7));
    const { times: kept, values: left } = thin(times, values, 50);
    expect(kept.length).toBeLessThanOrEqual(250);
    expect([left.includes(99), left.includes(null), kept[0], kept.at(-1)]).toEqual([true, true, 0, 9_999]);
    expect(kept).toEqual([...kept].sort((one, other) => one - other));
  });

  it("stands with those of its unit", () => {
    const other = { ...line([], []), unit: "%" };
    expect(byUnit([line([], []), other, line([], [])]).map((group) => group.length)).toEqual([2, 1]);
  });
});

describe("statistics", () => {
  it("are means in the middle with their band, and a gap where hours are missing", () => {
    const made = statLine("sensor.a", "A", "°C", [{ start: 0, end: 3_600_000, mean: 2, min: 1, max: 3 }, { start: 7_200_000, end: 10_800_000, mean: 5, min: 4, max: 6 }]);
    expect([made.times, made.values, made.low, made.high]).toEqual([[1800, 3600, 9000], [2, null, 5], [1, null, 4], [3, null, 6]]);
    expect(extremes(made, 0, 10_000)).toEqual({ min: 1, max: 6, last: 5 });
    expect([periodOf(7 * 86_400), periodOf(90 * 86_400)]).toEqual(["hour", "day"]);
  });

  it("of a meter are its readings", () => {
    expect(statLine("sensor.a", "A", "kWh", [{ start: 0, end: 3_600_000, state: 7 }])).toMatchObject({ times: [3600], values: [7] });
  });
});

describe("the download", () => {
  it("holds what is shown, quoted, without formulas", () => {
    const lane = { entityId: "sensor.b", name: "B", bars: [{ from: 2, state: '=1+"a",b' }, { from: 3, state: null }] };
    expect(csvOf([line([1, 2.5], [20.5, null])], [lane], 0, 10).split("\r\n")).toEqual([
      "entity_id,what,time,value,unit",
      "sensor.a,state,1970-01-01T00:00:01Z,20.5,°C",
      "sensor.a,state,1970-01-01T00:00:02.500Z,,°C",
      `sensor.b,state,1970-01-01T00:00:02Z,"'=1+""a"",b",`,
      "sensor.b,state,1970-01-01T00:00:03Z,,",
      "",
    ]);
  });
});
