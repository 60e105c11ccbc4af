import { describe, expect, it } from "vitest";
import { addLines, inOrder, KEPT_LINES, type Job } from "../src/data/jobs";
import { addressOf, idOf, placeOf, searchResources, take, type Phase, type Resource } from "../src/data/resources";

function resource(key: string, phase: Phase = "in_sync", title = key): Resource {
  const status = { phase, message: "", observed_revision: 1, conditions: [], drift: [], observed_at: null, outcome: null, job_id: null, attempts: 0, retry_at: null, facts: {} };
  return { resource_type: "test.thing", key, title, revision: 1, source: "api", file: null, line: null, spec: {}, status, deleting: false, used_by: [], created_at: 0, updated_at: 0 };
}

describe("what is followed", () => {
  it("begins with everything and takes one change at a time", () => {
    const known = new Map<string, Resource>();
    take(known, { resources: [resource("a"), resource("b")] });
    take(known, { action: "status", resource: resource("a", "failed") });
    take(known, { action: "removed", resource: resource("b") });
    expect([...known.values()].map((each) => [idOf(each), each.status.phase])).toEqual([["test.thing/a", "failed"]]);
    take(known, { resources: [] });
    expect(known.size).toBe(0);
  });
});

describe("the list", () => {
  const all = [resource("nas", "failed", "Storage"), resource("blog", "in_sync", "Blog")];
  const found = (query: string) => searchResources(all, query, (phase) => (phase === "failed" ? "Failed" : "In sync")).map((each) => each.key);

  it("is ordered by title and searched by every word", () => {
    expect(found("")).toEqual(["blog", "nas"]);
    expect(found("STOR nas")).toEqual(["nas"]);
    expect(found("failed")).toEqual(["nas"]);
    expect(found("is:problem")).toEqual(["nas"]);
    expect(found("nothing")).toEqual([]);
  });

  it("names places and addresses", () => {
    expect([addressOf(), addressOf("test.thing"), addressOf("test.thing", "a")]).toEqual(["/resources", "/resources/test.thing", "/resources/test.thing/a"]);
    expect(placeOf({ file: "resources/heating.yaml", line: 3 })).toBe("resources/heating.yaml:3");
    expect(placeOf({ file: "a.yaml", line: null })).toBe("a.yaml");
  });
});

describe("a log", () => {
  const line = (seq: number) => ({ seq, at: 0, line: String(seq) });

  it("takes each line once and in order, however they come", () => {
    const some = addLines(addLines([], [line(1), line(2)]), [line(2), line(3)]);
    expect(addLines(some, [line(1)]).map((each) => each.seq)).toEqual([1, 2, 3]);
  });

  it("keeps the newest lines", () => {
    const many = addLines([], Array.from({ length: KEPT_LINES + 5 }, (_each, index) => line(index)));
    expect([many.length, many.at(-1)?.seq]).toEqual([KEPT_LINES, KEPT_LINES + 4]);
  });
});

describe("jobs", () => {
  it("are listed running ones first, then the newest", () => {
    const job = (id: string, state: Job["state"], created_at: number) => ({ id, state, created_at }) as Job;
    expect(inOrder([job("old", "done", 1), job("new", "failed", 3), job("runs", "running", 2)]).map((each) => each.id)).toEqual(["runs", "new", "old"]);
  });
});
