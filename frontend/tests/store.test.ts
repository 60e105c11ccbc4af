import { describe, expect, it, vi } from "vitest";
import type { EntityEvent } from "../src/data/decode";
import { EntityStore } from "../src/data/store";

function made() {
  let pending: (() => void) | undefined;
  const store = new EntityStore((run) => (pending = run));
  const frame = () => {
    const run = pending;
    pending = undefined;
    run?.();
  };
  return { store, frame };
}

const full = (states: Record<string, string>, attributes = {}): EntityEvent => ({
  a: Object.fromEntries(Object.entries(states).map(([id, s]) => [id, { s, a: attributes, c: "c", lc: 1 }])),
});

describe("the store", () => {
  it("tells a listener once a frame, and only of its own entity", () => {
    const { store, frame } = made();
    store.apply(full({ "sensor.a": "1", "sensor.b": "1" }));
    frame();
    const [a, b] = [vi.fn(), vi.fn()];
    store.listen("sensor.a", a);
    store.listen("sensor.b", b);
    for (const s of ["2", "3", "4"]) store.apply({ c: { "sensor.a": { "+": { s, lc: 2 } } } });
    expect(a).not.toHaveBeenCalled();
    frame();
    expect(a).toHaveBeenCalledTimes(1);
    expect(b).not.toHaveBeenCalled();
    expect(store.get("sensor.a")?.state).toBe("4");
  });

  it("stops telling after the listener has left", () => {
    const { store, frame } = made();
    const listener = vi.fn();
    store.listen("sensor.a", listener)();
    store.apply(full({ "sensor.a": "1" }));
    frame();
    expect(listener).not.toHaveBeenCalled();
  });

  it("lists no id that it does not have, also between two frames", () => {
    const { store, frame } = made();
    store.apply(full({ "sensor.a": "1", "sensor.b": "1" }));
    frame();
    expect(store.ids).toEqual(["sensor.a", "sensor.b"]);
    store.apply({ r: ["sensor.a"] });
    expect(store.ids).toEqual(["sensor.b"]);
  });

  it("keeps the same list of ids until one comes or goes", () => {
    const { store, frame } = made();
    const ids = vi.fn();
    store.listenIds(ids);
    store.apply(full({ "sensor.b": "1", "sensor.a": "1" }));
    frame();
    const before = store.ids;
    expect(before).toEqual(["sensor.a", "sensor.b"]);
    store.apply({ c: { "sensor.a": { "+": { s: "2" } } } });
    frame();
    expect(store.ids).toBe(before);
    store.apply({ r: ["sensor.a"] });
    frame();
    expect(store.ids).toEqual(["sensor.b"]);
    expect(ids).toHaveBeenCalledTimes(2);
  });

  it("takes the full set after a lost connection as the whole truth", () => {
    const { store, frame } = made();
    store.apply(full({ "sensor.a": "1", "sensor.gone": "1" }));
    frame();
    store.expectFullSet();
    expect(store.get("sensor.gone")).toBeDefined();
    store.apply(full({ "sensor.a": "5" }));
    frame();
    expect(store.get("sensor.gone")).toBeUndefined();
    expect(store.get("sensor.a")?.state).toBe("5");
  });

  it("ignores a change of an entity it was never given", () => {
    const { store } = made();
    store.apply({ c: { "sensor.x": { "+": { s: "1" } } } });
    expect(store.get("sensor.x")).toBeUndefined();
  });

  it("keeps the set of problems: unreachable entities and problem sensors that are on", () => {
    const { store, frame } = made();
    const problems = vi.fn();
    store.listenProblems(problems);
    store.apply(full({ "sensor.a": "unavailable", "sensor.b": "1" }));
    store.apply(full({ "binary_sensor.p": "on" }, { device_class: "problem" }));
    frame();
    expect([...store.problems].sort()).toEqual(["binary_sensor.p", "sensor.a"]);
    store.apply({ c: { "sensor.a": { "+": { s: "2" } } } });
    frame();
    store.apply({ c: { "sensor.b": { "+": { s: "2" } } } });
    frame();
    expect([...store.problems]).toEqual(["binary_sensor.p"]);
    expect(problems).toHaveBeenCalledTimes(2);
  });
});
