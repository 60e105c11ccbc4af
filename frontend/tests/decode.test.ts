import { describe, expect, it } from "vitest";
import { decodeAdded, decodeChanged } from "../src/data/decode";

const first = decodeAdded("sensor.d", { s: "1", a: { a: 1 }, c: { id: "C1", parent_id: null, user_id: "u" }, lc: 100.5 });

describe("the full form", () => {
  it("takes last_changed for a missing last_updated", () => {
    expect(first.last_updated).toBe(100.5);
  });

  it("opens a context that is only an id", () => {
    const entity = decodeAdded("zone.home", { s: "0", a: {}, c: "C0", lc: 1, lu: 2 });
    expect(entity.context).toEqual({ id: "C0", parent_id: null, user_id: null });
    expect(entity.last_updated).toBe(2);
  });
});

describe("a difference", () => {
  it("moves both times when the state changed", () => {
    const next = decodeChanged(first, { "+": { s: "2", lc: 101, c: "C2" } });
    expect(next).toMatchObject({ state: "2", last_changed: 101, last_updated: 101 });
    expect(next.context).toEqual({ id: "C2", parent_id: null, user_id: "u" });
  });

  it("moves last_updated only for attributes, and keeps the old object", () => {
    const next = decodeChanged(first, { "+": { lu: 102, a: { a: 2, b: [1] } } });
    expect(next).toMatchObject({ state: "1", last_changed: 100.5, last_updated: 102, attributes: { a: 2, b: [1] } });
    expect(first.attributes).toEqual({ a: 1 });
  });

  it("removes attributes", () => {
    expect(decodeChanged(first, { "+": { lu: 103 }, "-": { a: ["a"] } }).attributes).toEqual({});
  });

  it("merges a context that is an object", () => {
    const next = decodeChanged(first, { "+": { c: { parent_id: "P", user_id: null } } });
    expect(next.context).toEqual({ id: "C1", parent_id: "P", user_id: null });
  });
});
