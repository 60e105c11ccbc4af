import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Entity } from "../src/data/decode";
import { Draft, PATIENCE_MS, QUIET_MS } from "../src/data/draft";

function entity(temperature: number, command_state?: string): Entity {
  const context = { id: "c", parent_id: null, user_id: null };
  return { entity_id: "climate.a", state: "heat", attributes: { temperature, command_state }, context, last_changed: 1, last_updated: 1 };
}

function made(send: (value: number) => Promise<void> = () => Promise.resolve()) {
  const world = { now: entity(20), sent: [] as number[] };
  const draft = new Draft({
    attribute: "temperature",
    entity: () => world.now,
    send: (value) => {
      world.sent.push(value);
      return send(value);
    },
    changed: () => undefined,
  });
  const report = (next: Entity) => {
    world.now = next;
    draft.reconcile();
  };
  return { draft, world, report };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a value being set", () => {
  it("is sent once, after a moment of quiet", async () => {
    const { draft, world } = made();
    for (const value of [20.5, 21, 21.5]) draft.set(value);
    await vi.advanceTimersByTimeAsync(QUIET_MS - 1);
    expect(world.sent).toEqual([]);
    expect(draft.value).toBe(21.5);
    await vi.advanceTimersByTimeAsync(1);
    expect(world.sent).toEqual([21.5]);
  });

  it("is shown as wanted until the state confirms it", async () => {
    const { draft, report } = made();
    draft.set(22, true);
    await vi.advanceTimersByTimeAsync(0);
    expect(draft.phase).toBe("waiting");
    report(entity(22, "queued"));
    expect(draft.value).toBe(22);
    report(entity(22, "delivered"));
    expect(draft.phase).toBe("waiting");
    report(entity(22, "confirmed"));
    expect(draft).toMatchObject({ phase: "idle", value: undefined, failure: undefined });
  });

  it("is taken back with a reason when the device refuses it", async () => {
    const { draft, report } = made();
    draft.set(22, true);
    await vi.advanceTimersByTimeAsync(0);
    report(entity(20, "rejected"));
    expect(draft.failure).toMatchObject({ code: "command_rejected", value: 22 });
    expect(draft.value).toBeUndefined();
  });

  it("is not refused by the refusal of an older command", async () => {
    const { draft, world, report } = made();
    world.now = entity(20, "rejected");
    draft.set(22, true);
    await vi.advanceTimersByTimeAsync(0);
    expect(draft.phase).toBe("waiting");
    report(entity(22, "confirmed"));
    expect(draft.failure).toBeUndefined();
  });

  it("keeps the hub's own code when the call fails", async () => {
    const { draft } = made(() => Promise.reject({ code: "invalid_format", message: "out of range" }));
    draft.set(99, true);
    await vi.advanceTimersByTimeAsync(0);
    expect(draft.failure).toEqual({ code: "invalid_format", message: "out of range", value: 99 });
    expect(draft.value).toBeUndefined();
  });

  it("forgets the failure of a call that a newer value has overtaken", async () => {
    let fail: (error: unknown) => void = () => undefined;
    const { draft } = made(() => new Promise((_resolve, reject) => (fail = reject)));
    draft.set(21, true);
    draft.set(22);
    fail({ code: "timeout" });
    await vi.advanceTimersByTimeAsync(0);
    expect(draft).toMatchObject({ value: 22, failure: undefined });
  });

  it("is never sent after it was dropped", async () => {
    const { draft, world } = made();
    draft.set(21);
    draft.drop();
    await vi.advanceTimersByTimeAsync(QUIET_MS * 2);
    expect(world.sent).toEqual([]);
  });

  it("gives way to the state when nothing confirms it, but waits while the command is under way", async () => {
    const { draft, report } = made();
    draft.set(22, true);
    await vi.advanceTimersByTimeAsync(0);
    report(entity(20, "queued"));
    await vi.advanceTimersByTimeAsync(PATIENCE_MS);
    expect(draft.phase).toBe("waiting");
    report(entity(20));
    await vi.advanceTimersByTimeAsync(PATIENCE_MS);
    expect(draft.phase).toBe("idle");
  });
});
