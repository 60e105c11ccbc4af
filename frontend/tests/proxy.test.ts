import type { ReactiveController, ReactiveControllerHost } from "lit";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LinkError } from "../src/data/link";
import { offers, type Phase, type Resource, type ResourceType, type Spec } from "../src/data/resources";
import { useHub, type Hub } from "../src/hub";
import { addStrings, t, useStrings } from "../src/i18n";
import { readDiff } from "../src/proxy/diff";
import { cares, fileOf, find, goes, isBehind, maintained, rowOf, siteOf, sorted, total, type Row } from "../src/proxy/rows";
import { Proxies } from "../src/proxy/source";
import { daysTo, drifted, epoch, type Status } from "../src/proxy/status";

const DAY = 86_400;
const NOTHING: Status = { servers: {}, hosts: {}, certificates: {} };

function resource(id: string, spec: Spec = {}, phase: Phase = "in_sync", title?: string): Resource {
  const [resource_type = "", key = ""] = id.split("/");
  const status = { phase, message: "", observed_revision: 1, conditions: [], drift: [], observed_at: null, outcome: null, job_id: null, attempts: 0, retry_at: null, facts: {} };
  return { resource_type, key, title: title ?? key, revision: 1, source: "api", file: null, line: null, spec, status, deleting: false, used_by: [], created_at: 0, updated_at: 0 };
}

const row = (id: string, spec: Spec = {}, status: Partial<Status> = {}, phase: Phase = "in_sync"): Row => rowOf(resource(id, spec, phase), { ...NOTHING, ...status })!;

describe("a difference of files", () => {
  const text = [
    "--- http/host-blog.conf", "+++ http/host-blog.conf", "@@ -1,3 +1,3 @@", " server {", "-    listen 80;", "+    listen 81;", " }",
    "--- /dev/null", "+++ http/host-new.conf", "@@ -0,0 +1,2 @@", "+# new", "+server {}",
    "--- http/gone.conf", "+++ /dev/null", "@@ -1 +0,0 @@", "---- a comment?", "",
  ].join("\n");

  it("is read by file, with what becomes of each", () => {
    expect(readDiff(text).map(({ path, change, added, removed }) => [path, change, added, removed])).toEqual([
      ["http/host-blog.conf", "changed", 1, 1],
      ["http/host-new.conf", "created", 2, 0],
      ["http/gone.conf", "deleted", 0, 1],
    ]);
  });

  it("reads on behind the mark of a missing line end", () => {
    const [file] = readDiff("--- a\n+++ a\n@@ -1,1 +1,2 @@\n-x\n\\ No newline at end of file\n+x\n+y\n");
    expect(file!.lines.slice(1)).toEqual([{ mark: "remove", text: "x" }, { mark: "add", text: "x" }, { mark: "add", text: "y" }]);
  });

  it("takes a removed line for one, even when it looks like a head", () => {
    expect(readDiff(text)[2]!.lines.at(-1)).toEqual({ mark: "remove", text: "--- a comment?" });
  });

  it("keeps the lines around and the places", () => {
    expect(readDiff(text)[0]!.lines.map(({ mark }) => mark)).toEqual(["place", "same", "remove", "add", "same"]);
    expect(readDiff("")).toEqual([]);
  });
});

describe("where it leads", () => {
  it.each([
    ["host", { forward_host: "10.0.0.2", forward_port: 8080 }, ["http://10.0.0.2:8080"]],
    ["host", { forward_scheme: "https", forward_host: "fd00::2", forward_port: 443 }, ["https://[fd00::2]:443"]],
    ["host", { upstreams: [{ host: "a", port: 1 }, { host: "b", port: 2 }] }, ["http://a:1", "http://b:2"]],
    ["redirect", { forward_scheme: "auto", forward_domain_name: "example.com" }, ["example.com"]],
    ["redirect", { forward_scheme: "https", forward_domain_name: "example.com" }, ["https://example.com"]],
    ["stream", { forwarding_host: "db", forwarding_port: 5432 }, ["db:5432"]],
    ["dead_host", {}, ["404"]],
  ] as const)("is told of a %s", (kind, spec, told) => expect(goes(kind, spec as Spec)).toEqual(told));

  it("opens in a browser at the server's ports, and never for a wildcard", () => {
    expect(siteOf("a.test", false, { http: 80 })).toBe("http://a.test");
    expect(siteOf("a.test", true, { https: 8443 })).toBe("https://a.test:8443");
    expect(siteOf("a.test", true)).toBe("https://a.test");
    expect(siteOf("*.a.test", true)).toBeUndefined();
  });
});

describe("a row", () => {
  const status: Partial<Status> = {
    servers: { edge: { drift: { modified: ["http/host-blog.conf"] } }, spare: { drift: { modified: ["http/host-blogger.conf"] } } },
    hosts: { blog: { servers: { spare: {} }, upstream: { healthy: false, response_time: 120 }, requests: { rate_2xx: 3, rate_5xx: 0.5 } } },
  };

  it("joins the resource with what is watched", () => {
    const found = row("proxy.host/blog", { domain_names: ["a.test"], servers: ["edge"], certificate_id: "site" }, status);
    expect(found).toMatchObject({ kind: "host", names: ["a.test"], servers: ["edge", "spare"], healthy: false, responseTime: 0.12, enabled: true });
    expect([total(found.rates), found.touched, cares(found)]).toEqual([3.5, ["edge"], true]);
    expect(rowOf(resource("proxy.server/edge"), undefined)).toBeUndefined();
  });

  it("is behind where a server serves something else, unless its phase says so already", () => {
    const told = { hosts: { blog: { servers: { edge: { state: "outdated" }, spare: { state: "deployed" }, other: { state: "unknown" } } } } };
    const found = row("proxy.host/blog", {}, told);
    expect([found.behind, isBehind(found), cares(found)]).toEqual([["edge"], true, true]);
    expect(row("proxy.host/blog", {}, told, "applying").behind).toEqual([]);
  });

  it("knows nothing without the status, and never says zero for it", () => {
    const found = rowOf(resource("proxy.host/blog", { domain_names: ["a.test"], enabled: false }), undefined)!;
    expect([found.healthy, found.responseTime, total(found.rates), found.servers, found.enabled]).toEqual([undefined, undefined, undefined, [], false]);
    expect(total({ rate_2xx: 0, rate_3xx: null })).toBe(0);
    expect(total({})).toBeUndefined();
  });

  it("takes the end of its certificate from whoever knows it", () => {
    const own = resource("proxy.redirect/old", { certificate_id: "site" });
    expect(rowOf(own, NOTHING, () => 5 * DAY)!.certificate).toEqual({ key: "site", notAfter: 5 * DAY });
    expect(rowOf(own, NOTHING)!.certificate).toEqual({ key: "site", notAfter: undefined });
  });

  it("is found in the release under the file of its kind", () => {
    expect([fileOf("host", "a"), fileOf("dead_host", "a"), fileOf("stream", "a")]).toEqual(["http/host-a.conf", "http/dead-a.conf", "stream/stream-a.conf"]);
  });

  it.each([
    ["in_sync", false],
    ["failed", true],
    ["drifted", true],
    ["pending", true],
    ["applying", false],
    ["unknown", false],
  ] as const)("that is %s waits for a deploy: %s", (phase, behind) => expect(isBehind(row("proxy.host/a", {}, {}, phase))).toBe(behind));
});

describe("the table", () => {
  const rows = [
    row("proxy.host/b10", { domain_names: ["shop.test"], servers: ["edge"], forward_host: "10.0.0.9", forward_port: 80 }, { hosts: { b10: { requests: { rate_2xx: 1 } } } }),
    row("proxy.host/b9", { domain_names: ["blog.test"], servers: ["spare"] }, { hosts: { b9: { requests: { rate_2xx: 20 } } } }, "failed"),
    row("proxy.stream/db", { incoming_port: 5432, servers: ["edge", "spare"] }),
  ];
  const keys = (found: readonly Row[]) => found.map(({ resource: { key } }) => key);
  const search = (query: string, server = "") => keys(find(rows, query, server, (phase) => phase));

  it("is searched by every word, by server and by problems", () => {
    expect(search("SHOP edge")).toEqual(["b10"]);
    expect(search("10.0.0.9")).toEqual(["b10"]);
    expect(search("5432")).toEqual(["db"]);
    expect(search("is:problem")).toEqual(["b9"]);
    expect(search("", "spare")).toEqual(["b9", "db"]);
    expect(search("nothing")).toEqual([]);
  });

  it("is sorted, and what is not known stands last either way", () => {
    expect(keys(sorted(rows, "name", false))).toEqual(["b9", "b10", "db"]);
    expect(keys(sorted(rows, "name", true))).toEqual(["db", "b10", "b9"]);
    expect(keys(sorted(rows, "requests", false))).toEqual(["b10", "b9", "db"]);
    expect(keys(sorted(rows, "requests", true))).toEqual(["b9", "b10", "db"]);
    expect(keys(sorted(rows, "state", false))[0]).toBe("b9");
  });
});

describe("times and drift", () => {
  it("are read however they are written", () => {
    expect([epoch(12.5), epoch("1970-01-02T00:00:00Z"), epoch("soon"), epoch(null), epoch(NaN)]).toEqual([12.5, DAY, undefined, undefined, undefined]);
    expect([daysTo(10 * DAY, 0), daysTo(DAY - 1, 0), daysTo(-1, 0)]).toEqual([10, 0, -1]);
    expect(drifted({ modified: ["a"], extra: ["b"] })).toEqual([{ how: "modified", path: "a" }, { how: "extra", path: "b" }]);
    expect(drifted(null)).toEqual([]);
  });
});

describe("the entry in the bar", () => {
  const type = (count: number, may: string[]) => ({ resource_type: "proxy.host", domain: "proxy", count, may }) as unknown as ResourceType;

  it("is there for whoever has something to see or to make", () => {
    expect(offers([type(1, ["read"])], "proxy")).toBe(true);
    expect(offers([type(0, ["read", "write"])], "proxy")).toBe(true);
    expect(offers([type(0, ["read"])], "proxy")).toBe(false);
    expect(offers([type(3, ["read"])], "vpn")).toBe(false);
    expect(offers([], "proxy")).toBe(false);
  });
});

describe("strings of a part", () => {
  it("come beside those that are there", async () => {
    useStrings("en", { back: "Back" });
    await addStrings(async () => ({ default: { proxy_deploy: "Deploy" } }));
    expect([t("back"), t("proxy_deploy")]).toEqual(["Back", "Deploy"]);
  });
});

class Host implements ReactiveControllerHost {
  readonly controllers: ReactiveController[] = [];
  readonly updateComplete = Promise.resolve(true);
  addController(controller: ReactiveController): void {
    this.controllers.push(controller);
  }
  removeController(): void {}
  requestUpdate(): void {}
  connect(): void {
    for (const each of this.controllers) each.hostConnected?.();
    for (const each of this.controllers) each.hostUpdate?.();
  }
  disconnect(): void {
    for (const each of this.controllers) each.hostDisconnected?.();
  }
}

describe("maintenance", () => {
  it("is on when the host says so, and only then", () => {
    expect([{}, { maintenance: null }, { maintenance: { enabled: false } }, { maintenance: { enabled: true } }].map(maintained)).toEqual([false, false, false, true]);
  });
});

describe("what the pages show", () => {
  let calls: number;
  let answer: () => Promise<unknown>;
  let tell: Map<string, (event: unknown) => void>;
  let refused: string;

  function sit(role: string): { host: Host; proxies: Proxies } {
    const link = {
      onReconnect: () => () => undefined,
      ask: async ({ type }: { type: string }) => (type === "call_service" ? ((calls += 1), { response: await answer() }) : []),
      subscribe: async (take: (event: unknown) => void, { resource_type }: { resource_type: string }) => {
        if (resource_type === refused) throw new LinkError("unauthorized", "");
        tell.set(resource_type, take);
        return async () => undefined;
      },
    };
    useHub({ link, user: { role } } as unknown as Hub);
    const host = new Host();
    const proxies = new Proxies(host);
    host.connect();
    return { host, proxies };
  }

  const all = (resources: Record<string, Resource[]> = {}) => tell.forEach((take, type) => take({ resources: resources[type] ?? [] }));

  beforeEach(() => {
    vi.useFakeTimers();
    calls = 0;
    answer = async () => ({ servers: { edge: { version: "1.27.3" } } });
    tell = new Map();
    refused = "";
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it("is asked for once, then after a change, but never sooner than each ten seconds", async () => {
    const { host, proxies } = sit("admin");
    await vi.advanceTimersByTimeAsync(1);
    expect([calls, proxies.server("edge").version]).toEqual([1, "1.27.3"]);
    all();
    for (let each = 0; each < 50; each += 1) {
      tell.get("proxy.host")!({ action: "status", resource: resource("proxy.host/blog") });
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(5_500);
    expect(calls).toBe(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toBe(3);
    host.disconnect();
    await vi.advanceTimersByTimeAsync(300_000);
    expect(calls).toBe(3);
  });

  it("is not asked for by whoever may not call: each refusal would be noted", async () => {
    const { proxies } = sit("viewer");
    await vi.advanceTimersByTimeAsync(120_000);
    expect([calls, proxies.status, proxies.silence]).toEqual([0, undefined, undefined]);
  });

  it("is not asked for again after a refusal, and only other failures are told", async () => {
    answer = async () => Promise.reject(new LinkError("unauthorized", ""));
    const { proxies } = sit("operator");
    await vi.advanceTimersByTimeAsync(300_000);
    expect([calls, proxies.silence]).toEqual([1, undefined]);
    answer = async () => Promise.reject(new LinkError("timeout", "too slow"));
    const other = sit("operator");
    await vi.advanceTimersByTimeAsync(1);
    expect(other.proxies.silence?.message).toBe("too slow");
  });

  it("calls nothing behind by what was told before it changed", async () => {
    answer = async () => ({ hosts: { blog: { servers: { edge: { state: "outdated" } } } } });
    const { proxies } = sit("admin");
    await vi.advanceTimersByTimeAsync(1);
    all({ "proxy.host": [resource("proxy.host/blog")] });
    expect(proxies.rows[0]!.behind).toEqual(["edge"]);
    await vi.advanceTimersByTimeAsync(100);
    tell.get("proxy.host")!({ action: "status", resource: resource("proxy.host/blog") });
    expect(proxies.rows[0]!.behind).toEqual([]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(proxies.rows[0]!.behind).toEqual(["edge"]);
  });

  it("is whole when every list has come or was refused", async () => {
    refused = "proxy.certificate";
    const { proxies } = sit("viewer");
    await vi.advanceTimersByTimeAsync(1);
    expect(proxies.loaded).toBe(false);
    all({ "proxy.server": [resource("proxy.server/edge", {}, "in_sync", "Edge")], "proxy.host": [resource("proxy.host/blog", { servers: ["edge"] })] });
    expect(proxies.rows).toBe(proxies.rows);
    expect([proxies.loaded, proxies.failure, proxies.serverName("edge"), proxies.rows.length]).toEqual([true, undefined, "Edge", 1]);
    expect(proxies.newAddress("proxy.host")).toBe('/resources/proxy.host?new=1&with=' + encodeURIComponent('{"servers":["edge"]}'));
    expect(proxies.newAddress("proxy.server")).toBe("/resources/proxy.server?new=1");
  });
});
