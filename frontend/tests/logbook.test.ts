import { describe, expect, it } from "vitest";
import { byDay, causeOf, serviceOf, takeEntries, type Entry } from "../src/data/logbook";
import { byOwner, ownerAddress, type Reference } from "../src/data/references";

const entry = (when: number, more: Partial<Entry> = {}): Entry => ({ when, entity_id: "switch.lamp", state: "on", ...more });

describe("the logbook", () => {
  it("takes each entry once, the newest first", () => {
    const some = takeEntries([], [entry(1), entry(3)]);
    expect(takeEntries(some, [entry(3), entry(2, { state: "off" }), entry(4)]).map((each) => each.when)).toEqual([4, 3, 2, 1]);
  });

  it("parts the days as the reader's clock has them", () => {
    const noon = new Date(2026, 10, 21, 12).getTime() / 1000;
    expect(byDay([entry(noon), entry(noon - 11 * 3600), entry(noon - 13 * 3600)]).map((each) => each.entries.length)).toEqual([2, 1]);
  });

  it("knows what caused an entry", () => {
    const by = { context_event_type: "automation_triggered", context_entity_id: "automation.evening", context_name: "Evening", context_message: "triggered by state of x" };
    expect(causeOf(entry(1, by))).toEqual({ kind: "automation", entityId: "automation.evening", name: "Evening", because: "triggered by state of x" });
    expect(causeOf(entry(1, { ...by, entity_id: "automation.evening" }))).toBeUndefined();
    expect(causeOf(entry(1))).toBeUndefined();
    expect(serviceOf(entry(1, { context_event_type: "call_service", context_domain: "switch", context_service: "turn_on" }))).toBe("switch.turn_on");
    expect(serviceOf(entry(1, by))).toBe("");
  });
});

describe("references", () => {
  const one = (type: string, id: string): Reference => ({ owner: { type, id, name: id }, path: "actions.0", kind: "entity", value: "light.gone" });

  it("stand with their owner, who has an address", () => {
    expect(byOwner([one("automation", "hub.automation/a"), one("script", "hub.script/b"), one("automation", "hub.automation/a")]).map((group) => group.length)).toEqual([2, 1]);
    expect(["automation", "policy", "template"].map((type) => ownerAddress({ type, id: type === "policy" ? "guests" : `hub.${type}/a.b`, name: "" }))).toEqual([
      "/automations/automation?id=a.b&tab=configuration", "/settings/policies", "/resources/hub.template/a.b"]);
  });
});
