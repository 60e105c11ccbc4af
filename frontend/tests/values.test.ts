import { describe, expect, it } from "vitest";
import { differences, names, readable, same, taken, touches, written } from "../src/form/values";

const spec = { name: "Home", zones: [{ name: "a", area: "x" }, { name: "b" }], limits: { low: 1 } };

describe("differences", () => {
  it("find the items of a list by what names them", () => {
    const after = { ...spec, zones: [{ name: "b", area: "y" }], limits: { low: 2, high: 3 } };
    expect(differences(spec, after).map(({ path, before, after: now }) => [path, before, now])).toEqual([
      ["zones.name=a", { name: "a", area: "x" }, undefined],
      ["zones.name=b.area", undefined, "y"],
      ["limits.low", 1, 2],
      ["limits.high", undefined, 3],
    ]);
  });

  it("tell a new order, and lists without names, as a whole", () => {
    expect(differences({ z: [{ name: "a" }, { name: "b" }] }, { z: [{ name: "b" }, { name: "a" }] })).toHaveLength(1);
    expect(differences({ z: [1, 2] }, { z: [1] })).toMatchObject([{ path: "z", before: [1, 2], after: [1] }]);
  });

  it("are nothing between equal values, whatever the order of their keys", () => {
    expect(differences({ a: 1, b: { c: null } }, { b: { c: null }, a: 1 })).toEqual([]);
    expect(same([1, { a: undefined }], [1, {}])).toBe(false);
  });

  it("can be taken over, one by one", () => {
    const after = { name: "House", zones: [{ name: "b", area: "y" }, { name: "c" }], limits: { low: 1, high: 3 } };
    let now: unknown = spec;
    for (const place of differences(spec, after)) now = taken(now, place);
    expect(now).toEqual(after);
    expect(spec.zones).toHaveLength(2);
  });

  it("touch each other when one lies inside the other", () => {
    const [whole] = differences({ a: { b: 1 } }, {});
    const [inner] = differences({ a: { b: 1 } }, { a: { b: 2 } });
    const [other] = differences({ c: 1 }, { c: 2 });
    expect([touches(whole!, inner!), touches(inner!, other!)]).toEqual([true, false]);
  });
});

describe("lists", () => {
  it("are numbered when two items share a name", () => {
    expect(names([{ name: "a" }, { id: "b" }, 3])).toEqual(["name=a", "id=b", "2"]);
    expect(names([{ name: "a" }, { name: "a" }])).toEqual(["0", "1"]);
  });
});

describe("values are written for people", () => {
  it("without the fields that name the items of a list", () => expect(readable("zones.name=kitchen.set_point")).toEqual(["zones", "kitchen", "set point"]));

  it("indented, secrets as dots", () => {
    expect(written({ a: { b: [1, "x"], c: [] }, s: { sealed: true }, n: null, z: [{ k: 1, l: 2 }] })).toBe("a:\n  b:\n    - 1\n    - x\n  c: []\ns: ••••••\nn: –\nz:\n  - k: 1\n    l: 2");
  });
});
