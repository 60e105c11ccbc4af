import type { ReactiveController, ReactiveControllerHost } from "lit";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Entity } from "../src/data/decode";
import { LinkError } from "../src/data/link";
import type { Condition, Phase, Resource } from "../src/data/resources";
import { useHub, type Hub } from "../src/hub";
import { addStrings, useStrings } from "../src/i18n";
import { Glances } from "../src/modbus/glances";
import { deviceHealth, linkHealth, placeOf, transportOf } from "../src/modbus/health";
import { Live } from "../src/modbus/live";
import type { Register } from "../src/modbus/told";
import { addressText, controlOf, decimals, findRegisters, isTrouble, rawText, readTyped, reasonText, valueText } from "../src/modbus/values";

const PLAIN: Register = {
  key: "set_point", name: "Set point", table: "holding", address: 102, words: 1, type: "uint16", raw: [1050], value: 21.5, unit: "°C", at: 1, age: 2,
  quality: "good", origin: "bus", reason: null, rate: "fast", access: "read_write", writable: true, pending: null, labels: null, min: null, max: null,
};

const register = (changes: Partial<Register> = {}): Register => ({ ...PLAIN, ...changes });

beforeEach(async () => {
  useStrings("en", (await import("../src/locale/en.json")).default);
  await addStrings(() => import("../src/modbus/locale/en.json"));
});

describe("a value of a register", () => {
  it.each([
    [register(), "21.5\u00a0°C"],
    [register({ value: 21, precision: 1 }), "21.0\u00a0°C"],
    [register({ value: 0.005, unit: null }), "0.005"],
    [register({ value: 231.00001525878906, unit: "V" }), "231\u00a0V"],
    [register({ value: 1e-7, unit: null }), "1e-7"],
    [register({ value: 123_456_789, unit: "Wh" }), "123,456,789\u00a0Wh"],
    [register({ value: null }), "Not known"],
    [register({ value: 0, unit: null }), "0"],
    [register({ value: false }), "Off"],
    [register({ value: "heating", unit: null }), "heating"],
    [register({ value: "" }), "(empty)"],
    [register({ value: ["alarm", "pump"] }), "alarm, pump"],
    [register({ value: [] }), "(none set)"],
  ])("is written for people", (each, text) => {
    expect(valueText(each, each.value)).toBe(text);
  });

  it("keeps the decimals that it has, not those of a float", () => {
    expect([21, 21.25, 0.30000001192092896, 100, 4_000_000.5].map(decimals)).toEqual([0, 2, 1, 0, 0]);
  });

  it("is shown as it came: words in hex, bits as bits", () => {
    expect(rawText(register({ raw: [0x41ac, 5] }))).toBe("41AC 0005");
    expect(rawText(register({ table: "coil", raw: [1] }))).toBe("1");
    expect(rawText(register({ raw: null }))).toBe("");
  });

  it("has an address in decimal and in hex", () => {
    expect([addressText(40102, false), addressText(102, true)]).toEqual(["40102", "0x0066"]);
  });

  it("says in words why it is missing, also for a reason of tomorrow", () => {
    expect([reasonText("timeout"), reasonText("moon_phase"), reasonText(null)]).toEqual(["No answer in time", "Reason: moon_phase", ""]);
  });
});

describe("trouble with a register", () => {
  it.each([
    ["good", {}, false],
    ["old", { quality: "stale", reason: "breaker_open" }, true],
    ["never read", { quality: "none", value: null, reason: "never_received" }, true],
    ["a value without a meaning", { value: null, reason: "no_label" }, true],
    ["no sensor there, says the device", { value: null, reason: "sentinel" }, false],
    ["only written, and nothing written yet", { access: "write", origin: null, quality: "none", value: null, reason: "never_received" }, false],
  ] as [string, Partial<Register>, boolean][])("%s", (_, changes, wrong) => {
    expect(isTrouble(register(changes))).toBe(wrong);
  });

  it("and words narrow the list", () => {
    const all = [register(), register({ key: "mode", name: "Mode", address: 200, value: "heating", quality: "stale", reason: "timeout" })];
    const keys = (query: string, troubles = false) => findRegisters(all, query, troubles).map(({ key }) => key);
    expect([keys(""), keys("0x00c8"), keys("HOLDING set"), keys("heating"), keys("no answer"), keys("", true), keys("set", true)]).toEqual([
      ["set_point", "mode"], ["mode"], ["set_point"], ["mode"], ["mode"], ["mode"], [],
    ]);
  });
});

describe("what changes a register", () => {
  it.each([
    [{}, "number"],
    [{ type: "bool", value: true }, "switch"],
    [{ type: "bool", value: null }, "switch"],
    [{ labels: ["off", "heat"], value: "heat" }, "select"],
    [{ labels: ["off", "heat"], value: null }, "select"],
    [{ value: ["alarm"] }, "text"],
    [{ type: "string", value: "" }, "text"],
  ] as [Partial<Register>, string][])("fits its kind", (changes, control) => {
    expect(controlOf(register(changes))).toBe(control);
  });

  it("reads numbers in any digits, and names those that do not fit", () => {
    const limited = register({ min: 5, max: 40 });
    expect(readTyped(limited, "٢٢٫٥")).toEqual({ value: 22.5 });
    expect(readTyped(limited, "22,5")).toEqual({ value: 22.5 });
    expect(readTyped(register(), "99")).toEqual({ value: 99 });
    expect(readTyped(limited, "warm")).toEqual({ mistake: "“warm” is not a number; the old value stays." });
    expect(readTyped(limited, "50")).toEqual({ mistake: "“50” is out of range: choose 5 to 40. The old value stays." });
    expect(readTyped(register({ max: 40 }), "50")).toEqual({ mistake: "At most 40." });
    expect(readTyped(register({ min: 5 }), "1")).toEqual({ mistake: "At least 5." });
    expect(readTyped(register({ type: "string", value: "" }), "Hello")).toEqual({ value: "Hello" });
    expect(readTyped(register({ value: ["a"] }), "a, b ,")).toEqual({ value: ["a", "b"] });
  });
});

function resource(id: string, spec: object, told: { phase?: Phase; message?: string; conditions?: Partial<Condition>[]; facts?: object } = {}): Resource {
  const [resource_type = "", key = ""] = id.split("/");
  const status = { phase: "in_sync", message: "", observed_revision: 1, conditions: [], drift: [], observed_at: null, outcome: null, job_id: null, attempts: 0, retry_at: null, facts: {}, ...told };
  return { resource_type, key, title: key, revision: 1, source: "api", file: null, line: null, spec, status, deleting: false, used_by: [], created_at: 0, updated_at: 0 } as unknown as Resource;
}

function entity(state: string, attributes: object = {}): Entity {
  return { entity_id: "sensor.x", state, attributes: { ...attributes }, context: { id: "", parent_id: null, user_id: null }, last_changed: 1_000, last_updated: 1_000 };
}

describe("how a device fares", () => {
  const answers = (status: boolean | null, message = "") => ({ type: "answers", status, message });
  const lacks = { type: "complete", status: false, message: "it does not have x" };

  it("is what its entity tells, with the next attempt", () => {
    const health = deviceHealth(resource("modbus.device/a", {}), entity("away", { last_error: "no answer within 3 s", retry_in: 60, timeouts: 5 }));
    expect([health.state, health.reason, health.retryAt, health.timeouts, health.requests]).toEqual(["away", "no answer within 3 s", 1_060, 5, undefined]);
  });

  it("is incomplete when it answers and lacks registers", () => {
    expect(deviceHealth(resource("modbus.device/a", {}, { conditions: [lacks] }), entity("ok"))).toMatchObject({ state: "incomplete", reason: "it does not have x" });
    expect(deviceHealth(resource("modbus.device/a", {}), entity("ok", { refused_registers: 2 }))).toMatchObject({ state: "incomplete", reason: "", lacking: 2 });
  });

  it("is taken from the resource where the entity is switched off", () => {
    expect(deviceHealth(resource("modbus.device/a", {}, { conditions: [answers(true)], facts: { requests: 7 } }), undefined)).toMatchObject({ state: "ok", requests: 7 });
    expect(deviceHealth(resource("modbus.device/a", {}, { conditions: [answers(false, "it does not answer")] }), undefined)).toMatchObject({ state: "away", reason: "it does not answer" });
  });

  it("is not known before it was asked, and what is only to be done is no trouble", () => {
    expect(deviceHealth(resource("modbus.device/a", {}, { phase: "applying", message: "start the device" }), entity("unknown"))).toMatchObject({ state: "unknown", reason: "" });
    expect(deviceHealth(resource("modbus.device/a", {}, { phase: "failed", message: "no such map" }), undefined)).toMatchObject({ state: "unknown", reason: "no such map" });
  });

  it("does not repeat what a resource told before it answered again", () => {
    expect(deviceHealth(resource("modbus.device/a", {}, { phase: "unknown", message: "it does not answer" }), entity("ok")).reason).toBe("");
  });
});

describe("how a link fares", () => {
  const tcp = { transport: { type: "tcp", host: "192.0.2.1", port: 502 } };

  it("is what its entities tell", () => {
    const health = linkHealth(resource("modbus.link/a", tcp), entity("on", { place: "192.0.2.1:502", requests: 9, latency_ms: 12.5 }), entity("3", { timeouts: 3 }));
    expect(health).toMatchObject({ connected: true, reason: "", place: "192.0.2.1:502", requests: 9, timeouts: 3, latency: 0.0125, gateway: undefined });
  });

  it("names why it is not connected, and where it leads before anybody told", () => {
    expect(linkHealth(resource("modbus.link/a", tcp), entity("off", { reason: "refused" }), undefined)).toMatchObject({ connected: false, reason: "refused", place: "192.0.2.1:502" });
    expect(linkHealth(resource("modbus.link/a", tcp), undefined, undefined)).toMatchObject({ connected: undefined, reason: "", latency: undefined });
    expect([placeOf({ type: "rtu", device: "/dev/ttyUSB0" }), placeOf(undefined)]).toEqual(["/dev/ttyUSB0", ""]);
    expect([transportOf(tcp.transport), transportOf({ type: "rtu_over_tcp" })]).toEqual(["TCP", "RTU over TCP"]);
  });

  it("has a gateway only when there is one", () => {
    const status = { facts: { gateway_port: 1502, gateway_clients: 2 }, conditions: [{ type: "gateway", status: true, message: "" }] };
    expect(linkHealth(resource("modbus.link/a", { ...tcp, gateway: { port: 0 } }, status), undefined, undefined).gateway).toEqual({ port: 1502, clients: 2, error: "" });
  });
});

class Host implements ReactiveControllerHost {
  readonly updateComplete = Promise.resolve(true);
  readonly #controllers: ReactiveController[] = [];
  addController(controller: ReactiveController): void { this.#controllers.push(controller); }
  removeController(): void {}
  requestUpdate(): void { for (const each of this.#controllers) each.hostUpdate?.(); }
  connect(): void { for (const each of this.#controllers) each.hostConnected?.(); }
  disconnect(): void { for (const each of this.#controllers) each.hostDisconnected?.(); }
}

describe("following a device", () => {
  let asked: { device: string; after?: number; wait?: number }[];
  /** Answers the oldest open question. */
  let answer: (told: object | LinkError) => Promise<void>;
  let reconnect: () => void;
  let hidden: boolean;

  function sit(role = "admin"): Host {
    const open: { resolve: (told: unknown) => void; reject: (error: unknown) => void }[] = [];
    const link = {
      offline: false,
      onReconnect: (listener: () => void) => ((reconnect = listener), () => undefined),
      ask: ({ service_data }: { service_data: (typeof asked)[number] }) => {
        asked.push(service_data);
        return new Promise((resolve, reject) => open.push({ resolve, reject }));
      },
    };
    answer = async (told) => {
      const { resolve, reject } = open.shift()!;
      if (told instanceof LinkError) reject(told);
      else resolve({ response: { registers: [], ...told } });
      await vi.advanceTimersByTimeAsync(0);
    };
    useHub({ link, user: { role } } as unknown as Hub);
    return new Host();
  }

  beforeEach(() => {
    vi.useFakeTimers();
    asked = [];
    hidden = false;
    vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  const look = (shown: boolean) => {
    hidden = !shown;
    document.dispatchEvent(new Event("visibilitychange"));
  };

  it("asks one question at a time, after what is known, and lets ages grow", async () => {
    const host = sit();
    const live = new Live(host, () => "meter", () => true);
    host.connect();
    host.requestUpdate();
    expect(asked).toEqual([{ device: "meter" }]);
    await answer({ version: 4, registers: [register()] });
    expect(live.told?.version).toBe(4);
    await vi.advanceTimersByTimeAsync(390);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.slice(1)).toEqual([{ device: "meter", after: 4, wait: 25 }]);
    expect(live.age(register())).toBeGreaterThan(60);
    expect(live.age(register({ age: null }))).toBeUndefined();
  });

  it("stops when hidden or left, and asks for everything when somebody looks again", async () => {
    const host = sit();
    new Live(host, () => "meter", () => true);
    host.connect();
    await answer({ version: 4 });
    look(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
    look(true);
    expect(asked).toEqual([{ device: "meter" }, { device: "meter" }]);
    host.disconnect();
    await answer({ version: 5 });
    await vi.advanceTimersByTimeAsync(60_000);
    reconnect();
    look(true);
    expect(asked).toHaveLength(2);
  });

  it("keeps what it knows when a question fails, waits longer each time, and not at all after a reconnect", async () => {
    const host = sit();
    const live = new Live(host, () => "meter", () => true);
    host.connect();
    await answer({ version: 4 });
    await vi.advanceTimersByTimeAsync(400);
    await answer(new LinkError("connection_lost", ""));
    expect([live.told?.version, live.failure?.code]).toEqual([4, "connection_lost"]);
    await vi.advanceTimersByTimeAsync(2_000);
    await answer(new LinkError("unavailable", "it does not run yet"));
    await vi.advanceTimersByTimeAsync(3_900);
    expect(asked).toHaveLength(3);
    reconnect();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked[3]).toEqual({ device: "meter" });
    await answer({ version: 1 });
    expect([live.told?.version, live.failure]).toEqual([1, undefined]);
  });

  it("does not ask again what it may not know, nor about what is not there", async () => {
    const host = sit();
    let there = false;
    const live = new Live(host, () => "meter", () => there);
    host.connect();
    expect(asked).toHaveLength(0);
    there = true;
    host.requestUpdate();
    expect(asked).toHaveLength(1);
    await answer(new LinkError("unauthorized", ""));
    await vi.advanceTimersByTimeAsync(300_000);
    reconnect();
    expect([asked.length, live.failure?.code]).toEqual([1, "unauthorized"]);
  });

  it("glances at every device in turn, each now and then", async () => {
    const host = sit();
    const glances = new Glances(host, () => ["meter", "pump"]);
    host.connect();
    await vi.advanceTimersByTimeAsync(0);
    await answer({ registers: [register({ age: 3 }), register({ age: 9 }), register({ quality: "none", age: null })] });
    expect([glances.counts("meter"), glances.counts("pump")]).toMatchObject([{ good: 2, total: 3 }, undefined]);
    await vi.advanceTimersByTimeAsync(600);
    await answer(new LinkError("unavailable", ""));
    expect([glances.counts("pump"), glances.age("pump")]).toEqual([undefined, undefined]);
    expect(glances.age("meter")).toBeCloseTo(3.6, 1);
    await vi.advanceTimersByTimeAsync(8_000);
    expect(asked.map(({ device }) => device)).toEqual(["meter", "pump"]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked.map(({ device }) => device)).toEqual(["meter", "pump", "meter"]);
    host.disconnect();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(3);
  });

  it("does not glance for those who may not call", async () => {
    const host = sit("viewer");
    new Glances(host, () => ["meter"]);
    host.connect();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([]);
  });
});
