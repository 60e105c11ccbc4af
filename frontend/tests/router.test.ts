import { afterEach, describe, expect, it, vi } from "vitest";
import { go, guarded, onNavigate } from "../src/router";

let stop: (() => void) | undefined;

afterEach(() => stop?.());

/** Guard the present path; returns what asks and what answers. */
function guard() {
  let answer: (leave: boolean) => void = () => undefined;
  const asked = vi.fn(() => new Promise<boolean>((resolve) => (answer = resolve)));
  stop = guarded(asked);
  return { asked, reply: async (leave: boolean) => { answer(leave); await Promise.resolve(); await Promise.resolve(); await Promise.resolve(); } };
}

describe("a guarded page", () => {
  it("is left at once when nobody guards it", () => {
    const told = vi.fn();
    const unlisten = onNavigate(told);
    go("/one");
    expect([location.pathname, told.mock.calls.length]).toEqual(["/one", 1]);
    unlisten();
  });

  it("stays until its guard agrees, and asks again the next time", async () => {
    go("/form");
    const { asked, reply } = guard();
    go("/two");
    expect([location.pathname, asked.mock.calls.length]).toEqual(["/form", 1]);
    await reply(false);
    expect(location.pathname).toBe("/form");
    go("/two");
    await reply(true);
    expect(location.pathname).toBe("/two");
  });

  it("is not asked about another query of its own path", () => {
    go("/form");
    const { asked } = guard();
    go("/form?tab=history");
    expect([location.search, asked.mock.calls.length]).toEqual(["?tab=history", 0]);
  });

  it("comes back when the browser went back, until its guard agrees", async () => {
    go("/before");
    go("/form?tab=configuration");
    const { reply } = guard();
    history.replaceState(null, "", "/before");
    dispatchEvent(new PopStateEvent("popstate"));
    expect(location.pathname + location.search).toBe("/form?tab=configuration");
    await reply(true);
    expect(location.pathname).toBe("/before");
  });

  it("asks before the tab is closed, while it is guarded", () => {
    guard();
    const event = new Event("beforeunload", { cancelable: true });
    dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
    stop?.();
    const later = new Event("beforeunload", { cancelable: true });
    dispatchEvent(later);
    expect(later.defaultPrevented).toBe(false);
  });
});
