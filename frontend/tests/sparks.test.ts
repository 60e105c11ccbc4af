import type { MessageBase } from "home-assistant-js-websocket";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FRESH_MS, GATHER_MS, Sparks, pathOf, sparkOf } from "../src/data/sparks";

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const hours = (count: number) => Array.from({ length: count }, (_each, index) => ({ start: NOW - (count - index) * HOUR, end: NOW - (count - index - 1) * HOUR, mean: index }));

describe("pictures of the last day", () => {
  let asked: MessageBase[] = [];
  const link = {
    ask: <T>(message: MessageBase): Promise<T> => {
      asked.push(message);
      if (message.type.startsWith("history/")) return Promise.resolve({ "sensor.young": [{ s: "1", lu: NOW / 1000 - 9000 }, { s: "unavailable", lu: NOW / 1000 - 5000 }, { s: "2", lu: NOW / 1000 }] } as T);
      return Promise.resolve({ "sensor.a": hours(24), "sensor.b": hours(24) } as T);
    },
  };

  beforeEach(() => {
    asked = [];
    vi.useFakeTimers();
  });
  afterEach(() => vi.useRealTimers());

  it("are asked for together, and again only when they are old", async () => {
    let now = NOW;
    const sparks = new Sparks(link, () => now);
    const seen: string[] = [];
    sparks.want("sensor.a", () => seen.push("a"));
    const stop = sparks.want("sensor.b", () => seen.push("b"));
    await vi.advanceTimersByTimeAsync(GATHER_MS);
    expect(asked.map((message) => message.statistic_ids)).toEqual([["sensor.a", "sensor.b"]]);
    expect([seen, sparks.get("sensor.a")?.length]).toEqual([["a", "b"], 24]);
    stop();
    await vi.advanceTimersByTimeAsync(FRESH_MS / 2);
    expect(asked).toHaveLength(1);
    now += FRESH_MS;
    await vi.advanceTimersByTimeAsync(FRESH_MS);
    expect(asked.map((message) => message.statistic_ids)).toEqual([["sensor.a", "sensor.b"], ["sensor.a"]]);
  });

  it("of a young house are made of its changes, thinned out by the hub", async () => {
    const sparks = new Sparks(link, () => NOW);
    const stop = sparks.want("sensor.young", () => undefined);
    await vi.advanceTimersByTimeAsync(GATHER_MS);
    expect(asked[1]).toMatchObject({ type: "history/history_during_period", entity_ids: ["sensor.young"], max_points: 48, no_attributes: true });
    expect(sparks.get("sensor.young")).toEqual([[expect.closeTo(0.896, 2), 0], null, [1, 1]]);
    stop();
  });

  it("are none where too little is known", () => {
    expect(sparkOf([], NOW / 1000)).toEqual([]);
    expect(sparkOf([[NOW / 1000 - 60, 1], [NOW / 1000, 2]], NOW / 1000)).toEqual([]);
  });

  it("are paths that leave gaps", () => {
    expect(pathOf([[0, 0], [0.5, 1], null, [1, 0.5]], 102, 24)).toBe("M1.0 22.0L51.0 2.0M101.0 12.0");
  });
});
