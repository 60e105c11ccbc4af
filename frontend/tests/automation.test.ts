import { beforeEach, describe, expect, it } from "vitest";
import { entityOf, itemAddress, itemId } from "../src/automation/items";
import { pairs, type ReplayRun } from "../src/automation/replay";
import { nodesOf, pictureOf, startOf, type Trace, type TraceStep } from "../src/automation/steps";
import { read, write } from "../src/automation/text";
import { becauseText, messageText, noteText, triggerText } from "../src/automation/told";
import { say } from "../src/automation/words";
import { EntityStore } from "../src/data/store";
import { useHub, type Hub } from "../src/hub";
import { useStrings } from "../src/i18n";
import ar from "../src/locale/ar.json";
import en from "../src/locale/en.json";

const store = new EntityStore((run) => run());

beforeEach(() => {
  useStrings("en", en);
  useHub({ store } as unknown as Hub);
});

const CONFIG = {
  alias: "Evening",
  triggers: [{ trigger: "state", entity_id: "sensor.phase", to: "dusk" }, { trigger: "time", at: "20:00:00" }],
  conditions: { condition: "state", entity_id: "input_boolean.guests", state: "off" },
  actions: [
    { choose: [{ conditions: [{ condition: "template", value_template: "{{ a }}" }], sequence: [{ action: "light.turn_on" }] }], default: [{ stop: "no" }] },
    { if: [{ condition: "sun" }], then: [{ delay: 5 }], else: { event: "x" } },
    { parallel: [{ action: "a.b" }, { sequence: [{ action: "c.d" }] }] },
    { repeat: { count: 2, sequence: [{ action: "e.f" }] } },
    { action: "g.h", enabled: false },
  ],
};

function trace(steps: Record<string, Partial<TraceStep>[]>, more: Partial<Trace> = {}): Trace {
  let at = Date.parse("2026-11-21T20:00:00Z");
  const all = Object.entries(steps).map(([path, each]) => [path, each.map((step) => ({ path, timestamp: new Date((at += 1_000)).toISOString(), ...step }))]);
  const start = "2026-11-21T20:00:00Z";
  return { run_id: "r", last_step: Object.keys(steps).at(-1)!, state: "stopped", script_execution: "finished", timestamp: { start, finish: new Date(at + 1_000).toISOString() },
    domain: "automation", item_id: "evening", config: CONFIG, trace: Object.fromEntries(all) as Trace["trace"], ...more };
}

describe("a picture", () => {
  it("has every part at the path that a trace gives it", () => {
    expect(nodesOf(pictureOf("automation", CONFIG)).map((node) => node.path)).toEqual([
      "trigger/0", "trigger/1", "condition/0",
      "action/0", "action/0/choose/0/conditions/0", "action/0/choose/0/sequence/0", "action/0/default/0",
      "action/1", "action/1/if/condition/0", "action/1/then/0", "action/1/else/0",
      "action/2", "action/2/parallel/0/sequence/0", "action/2/parallel/1/sequence/0",
      "action/3", "action/3/repeat/sequence/0", "action/4"]);
    expect(nodesOf(pictureOf("script", { sequence: { action: "a.b" } })).map((node) => [node.path, node.detail])).toEqual([["sequence/0", "a.b"]]);
  });

  it("shows the way that a run took, and how long each step was", () => {
    const run = trace({
      "trigger/0": [{}], "condition/0": [{ result: { result: true } }],
      "action/0": [{}], "action/0/choose/0": [{ result: { result: true } }], "action/0/choose/0/conditions/0": [{ result: { result: true } }],
      "action/0/choose/0/sequence/0": [{ result: { dry_run: true, params: {} } }],
      "action/1": [{}], "action/1/if/condition/0": [{ result: { result: false } }], "action/1/else/0": [{ error: "It broke" }],
    });
    const picture = pictureOf("automation", CONFIG, run);
    const fates = Object.fromEntries(nodesOf(picture).map((node) => [node.path, node.fate]));
    expect(fates).toMatchObject({
      "trigger/0": "passed", "trigger/1": "skipped", "condition/0": "passed", "action/0/choose/0/sequence/0": "passed", "action/0/default/0": "skipped",
      "action/1/if/condition/0": "stopped", "action/1/else/0": "failed", "action/2": "skipped", "action/4": "disabled" });
    const [choose] = picture.actions;
    expect([choose?.took, choose?.branches.map((branch) => branch.taken), choose?.branches[0]?.nodes[1]?.dry]).toEqual([4, [true, false], true]);
    expect(startOf(picture, run)?.path).toBe("action/1/else/0");
  });

  it("of a blueprint is drawn from what the run reached", () => {
    const run = trace({ trigger: [{}], "action/0": [{ result: { params: { domain: "light", service: "turn_on", target: { entity_id: "light.x" } } } }], "action/0/odd": [{}] }, { config: { use_blueprint: { path: "a.yaml" } } });
    const picture = pictureOf("automation", run.config, run);
    expect([picture.triggers[0]?.title, picture.actions.map((node) => node.detail)]).toEqual(["Started by hand", ["light.turn_on · light.x"]]);
  });

  it("says its parts in words", () => {
    const nodes = nodesOf(pictureOf("automation", CONFIG));
    expect(nodes.slice(0, 3).map((node) => `${node.title}: ${node.detail}`)).toEqual(["State: sensor.phase · → dusk", "Time: 20:00:00", "State is: input_boolean.guests = off"]);
    expect(pictureOf("automation", { actions: [{ alias: "Say good night", action: "notify.all" }, "{{ true }}"] }).actions.map((node) => [node.title, node.detail])).toEqual([["Say good night", "notify.all"], ["Template", "{{ true }}"]]);
  });
});

describe("the text of an automation", () => {
  it("is written so that a file reads it alike, and read back the same", () => {
    const text = write({ ...CONFIG, mode: "single", note: "on", long: "one\ntwo\n" });
    expect(text).toContain('at: "20:00:00"');
    expect(text).toContain('state: "off"');
    expect(text).toContain("long: |\n  one\n  two\n");
    expect(read(text).spec).toEqual({ ...CONFIG, mode: "single", note: "on", long: "one\ntwo\n" });
  });

  it("keeps times and dates as they are typed", () => {
    expect(read("at: 12:30:00\nday: 2026-11-21\nwait: 5").spec).toEqual({ at: "12:30:00", day: "2026-11-21", wait: 5 });
  });

  it.each([
    ["a: [1", 1], ["a: 1\nb: 2\na: 3", 3], ["- just\n- a list", 1], ["a: 1\nb: !secret door", 2],
  ])("with a mistake in %j names its line", (text, line) => {
    const { spec, mistakes } = read(text);
    expect(spec).toBeUndefined();
    expect(mistakes[0]?.line).toBe(line);
  });

  it("knows the line of what the hub names", () => {
    const { lineOf } = read("alias: A\ntrigger:\n  trigger: state\n  entity_id: x\nactions:\n  - action: a.b\n    data:\n      light.one: on\n  - id: second\n    delay: 1\n");
    const lines = ["alias", "triggers.0.entity_id", "actions.0.data", "actions.0.data.light.one", "actions.1.delay", "actions.id=second.delay", "actions.7", "nothing", ""].map(lineOf);
    expect(lines).toEqual([1, 4, 7, 8, 10, 10, 5, 1, 1]);
  });
});

describe("a rehearsal", () => {
  it("puts what would have been beside what was", () => {
    const run = (time: number) => ({ time, trigger: "x" }) as ReplayRun;
    const found = pairs({ runs: [run(100), run(50), run(101)], recorded: [{ time: 100.4, source: "a" }, { time: 300, source: "b" }] });
    expect(found.map((pair) => [pair.time, pair.would?.time, pair.did?.source])).toEqual([[50, 50, undefined], [100, 100, "a"], [101, 101, undefined], [300, undefined, "b"]]);
  });
});

describe("an item", () => {
  it("is found by its own id, or by its key", () => {
    store.apply({ a: { "automation.evening_light": { s: "on", a: { id: "evening" }, c: "c", lc: 1 }, "script.party": { s: "off", a: {}, c: "c", lc: 1 } } });
    expect(entityOf("automation", { key: "evening", spec: {} }, store)?.entity_id).toBe("automation.evening_light");
    expect(entityOf("automation", { key: "other", spec: { id: "evening" } }, store)?.entity_id).toBe("automation.evening_light");
    expect(entityOf("script", { key: "party", spec: {} }, store)?.entity_id).toBe("script.party");
    expect([itemId({ key: "k", spec: { id: "i" } }), itemAddress("automation"), itemAddress("scene"), itemAddress("script", "a.b", "traces")]).toEqual(["i", "/automations", "/automations/scenes", "/automations/script?id=a.b&tab=traces"]);
  });
});

describe("what the hub tells in English", () => {
  it("is said in the reader's words, and stays where it is not known", () => {
    expect(triggerText("state of sensor.phase")).toBe("state of sensor.phase");
    expect(messageText("automation", "triggered by time pattern")).toBe("ran: time pattern");
    expect(messageText("automation", "triggered")).toBe("ran");
    expect(messageText("script", "started")).toBe("started");
    expect(messageText("odd", "sang")).toBe("sang");
    expect(becauseText("triggered")).toBe("");
    expect(noteText("Nothing is recorded of light.a, light.b in this time")).toBe("Nothing is recorded of light.a, light.b in this time.");
    useStrings("ar", ar);
    expect(messageText("automation", "triggered by sunset with offset")).toBe("عمل: غروب الشمس");
    expect(becauseText("triggered by something new")).toContain("something new");
  });

  it("names how long a wait is", () => {
    const waits = [0.2, { milliseconds: 300 }, { minutes: 1, seconds: 30 }, "00:05:00", { minutes: "{{ x }}" }];
    expect(waits.map((delay) => say("act", { delay }).detail)).toEqual(["200 ms", "300 ms", "1 min 30 sec", "00:05:00", "minutes: {{ x }}"]);
  });
});
