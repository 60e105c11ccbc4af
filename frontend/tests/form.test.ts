import { beforeEach, describe, expect, it } from "vitest";
import { labelOf, type Field } from "../src/form/fields";
import { addEntry, addItem, buildForm, isSet, isWrong, mistakes, moveItem, peek, place, read, type ChoiceNode, type Leaf, type ListNode, type Node, type ObjectNode } from "../src/form/node";
import { useStrings } from "../src/i18n";
import en from "../src/locale/en.json";

beforeEach(() => useStrings("en", en));

const ZONE: Field = { type: "object", fields: [{ name: "name", type: "string", required: true }, { name: "channel", type: "integer", required: true, min: 1, max: 12 }] };
const FORM: Field[] = [
  { name: "title", type: "string", required: true },
  { name: "port", type: "integer", default: 502, min: 1, max: 65535 },
  { name: "factor", type: "float" },
  { name: "on", type: "boolean", default: true },
  { name: "stopbits", type: "select", options: [1, 1.5, { value: 2, label: "two" }] },
  { name: "password", type: "secret" },
  { name: "server", type: "reference", reference_type: "host.server" },
  { name: "zones", type: "list", item: ZONE },
  { name: "tags", type: "list", item: { type: "string" } },
  { name: "limits", type: "object", fields: [{ name: "low", type: "float" }] },
  { name: "headers", type: "object", item: { type: "string" } },
  { name: "extra", type: "any" },
];

const child = <T extends Node>(root: ObjectNode, name: string): T => root.children.find((each) => each.field.name === name) as T;
function type(node: Node, text: string): void {
  Object.assign(node as Leaf, { typed: text, touched: true });
}
const problems = (root: ObjectNode) => mistakes(root, (node, above) => [above, node.field.name].filter(Boolean).join(".")).map(({ label, problem }) => [label, problem]);

const FULL = {
  title: "Home",
  port: 1502,
  factor: 1.5,
  on: false,
  stopbits: 1.5,
  password: { sealed: true },
  server: "nas",
  zones: [{ name: "a", channel: 1 }],
  tags: ["x"],
  limits: { low: 0 },
  headers: { A: "1" },
  extra: { any: [1] },
};

describe("a form", () => {
  it("gives back what it was made from, whole or nearly empty", () => {
    expect(read(buildForm(FORM, FULL))).toEqual(FULL);
    expect(read(buildForm(FORM, { title: "Home" }))).toEqual({ title: "Home" });
  });

  it("keeps what it has no field for, and values of another shape", () => {
    const odd = { title: "Home", unknown: [1], port: "502", zones: "none", on: null };
    const root = buildForm(FORM, odd);
    expect(read(root)).toEqual(odd);
    expect(child(root, "zones")).toMatchObject({ kind: "leaf", field: { type: "any" } });
  });

  it("reads what was typed", () => {
    const root = buildForm(FORM, { title: "Home" });
    type(child(root, "port"), "١٥٠٢");
    type(child(root, "factor"), "0,5");
    type(child(root, "on"), "false");
    type(child(root, "stopbits"), "2");
    type(child(root, "password"), "secret");
    type(child(root, "extra"), '["x"]');
    const zone = addItem(child<ListNode>(root, "zones")) as ObjectNode;
    type(child(zone, "name"), "Kitchen");
    type(child(zone, "channel"), "2");
    const entry = addEntry(child<ObjectNode>(root, "headers"));
    entry.key = "X-Real";
    type(entry.node, "yes");
    expect(read(root)).toEqual({
      title: "Home",
      port: 1502,
      factor: 0.5,
      on: false,
      stopbits: 2,
      password: "secret",
      extra: ["x"],
      zones: [{ name: "Kitchen", channel: 2 }],
      headers: { "X-Real": "yes" },
    });
    expect(problems(root)).toEqual([]);
  });

  it("leaves out what was emptied, and keeps a secret that was not typed anew", () => {
    const root = buildForm(FORM, FULL);
    for (const name of ["port", "factor", "server", "password"]) type(child(root, name), "");
    const { port, factor, server, ...rest } = FULL;
    expect(read(root)).toEqual(rest);
    child<Leaf>(root, "password").cleared = true;
    expect(read(root)).not.toHaveProperty("password");
  });

  it("names every mistake with its field", () => {
    const root = buildForm(FORM, FULL);
    type(child(root, "title"), "");
    type(child(root, "port"), "70000");
    type(child(root, "factor"), "warm");
    type(child(root, "extra"), "{");
    addItem(child<ListNode>(root, "zones"));
    addEntry(child<ObjectNode>(root, "headers"));
    read(root);
    expect(problems(root).map(([label]) => label)).toEqual(["title", "port", "factor", "zones 2.name", "zones 2.channel", "headers", "headers", "extra"]);
    expect(problems(root)[1]).toEqual(["port", "1 to 65,535."]);
    expect(problems(buildForm(FORM, {}))).toEqual([]);
  });

  it("complains of a missing field in a new resource only when it is read", () => {
    const root = buildForm(FORM, {});
    peek(root);
    expect(problems(root)).toEqual([]);
    read(root);
    expect(problems(root)).toEqual([["title", "Please fill in this field."]]);
  });

  it("moves the items of a list", () => {
    const root = buildForm(FORM, { tags: ["a", "b", "c"] });
    const tags = child<ListNode>(root, "tags");
    expect([moveItem(tags, 0, -1), moveItem(tags, 0, 1)]).toEqual([false, true]);
    expect(peek(root).tags).toEqual(["b", "a", "c"]);
  });
});

describe("what a form begins with", () => {
  const names: Field[] = [
    { name: "domains", type: "list", required: true, item: { type: "string" } },
    { name: "zones", type: "list", required: true, item: ZONE },
    { name: "tags", type: "list", item: { type: "string" } },
  ];

  it("is a place to write where a list must hold something", () => {
    const root = buildForm(names, {});
    expect(["domains", "zones", "tags"].map((name) => child<ListNode>(root, name).items.length)).toEqual([1, 0, 0]);
    read(root);
    expect(problems(root)).toEqual([["domains 1", "Please fill in this field."]]);
    type(child<ListNode>(root, "domains").items[0]!, "a.test");
    expect(read(root)).toEqual({ domains: ["a.test"] });
    expect(child<ListNode>(buildForm(names, { domains: [] }), "domains").items).toEqual([]);
  });

  it.each([
    ["ssl_forced", "SSL forced"],
    ["certificate_id", "Certificate"],
    ["http2_support", "HTTP/2 support"],
    ["nginx", "nginx"],
    ["id", "ID"],
    ["forward_host", "Forward host"],
  ])("is labelled: %s is %s", (name, label) => expect(labelOf(name)).toBe(label));
});

describe("what is folded away", () => {
  const further: Field = {
    name: "further", type: "object", required: true,
    fields: [
      { name: "size", type: "string", default: "2g" },
      { name: "buffering", type: "boolean", default: true },
      { name: "server", type: "reference", reference_type: "a.b" },
      { name: "times", type: "object", default: { read: 60 }, fields: [{ name: "read", type: "integer", default: 60, max: 100 }] },
      { name: "names", type: "list", default: [], item: { type: "string" } },
      { name: "headers", type: "object", default: {}, item: { type: "string" } },
    ],
  };
  const set = (value: Record<string, unknown>) => (buildForm([further], { further: value }).children[0] as ObjectNode).children.filter(isSet).map(({ field }) => field.name);

  it("counts what differs from what holds anyway", () => {
    expect(set({ size: "2g", buffering: true, server: null, times: { read: 60 }, names: [], headers: {} })).toEqual([]);
    expect(set({ size: "1m", buffering: false, server: "x", times: { read: 61 }, names: ["a"], headers: { A: "" } })).toEqual(["size", "buffering", "server", "times", "names", "headers"]);
  });

  it("shows itself when something of it is wrong, however deep", () => {
    const root = buildForm([further], {});
    const times = child<ObjectNode>(root.children[0] as ObjectNode, "times");
    type(times.children[0]!, "101");
    read(root);
    expect([isWrong(root), isWrong(times), isWrong((root.children[0] as ObjectNode).children[0]!)]).toEqual([true, true, false]);
  });
});

describe("problems that the hub found", () => {
  it.each([
    ["zones.0.channel", "zones 1.channel"],
    ["zones.name=a.channel", "zones 1.channel"],
    ["zones", "zones"],
    ["headers.A", "headers › A"],
    ["limits.high", "limits"],
  ])("at %s stand at %s", (path, label) => {
    const root = buildForm(FORM, FULL);
    place(root, path, "odd");
    expect(problems(root)).toEqual([[label, path === "limits.high" ? "high: odd" : "odd"]]);
  });
});

describe("a field that may be several things", () => {
  const variants: Field[] = [
    {
      name: "transport",
      type: "any",
      any_of: [
        { type: "object", fields: [{ name: "type", type: "select", options: ["tcp"] }, { name: "port", type: "integer" }] },
        { type: "object", fields: [{ name: "type", type: "select", options: ["serial"] }, { name: "device", type: "string", required: true }] },
        { type: "string" },
      ],
    },
  ];

  it("shows the one that its value is", () => {
    const root = buildForm(variants, { transport: { type: "serial", device: "/dev/x" } });
    expect(child<ChoiceNode>(root, "transport").chosen).toBe(1);
    expect(read(root)).toEqual({ transport: { type: "serial", device: "/dev/x" } });
  });

  it("becomes another one, and names what tells them apart", () => {
    const root = buildForm(variants, { transport: "plain" });
    const choice = child<ChoiceNode>(root, "transport");
    expect(choice.chosen).toBe(2);
    choice.chosen = 0;
    (choice.nodes[0] as ObjectNode).present = true;
    type(child(choice.nodes[0] as ObjectNode, "port"), "502");
    expect(read(root)).toEqual({ transport: { type: "tcp", port: 502 } });
  });

  it("is JSON when the value is none of them", () => {
    const root = buildForm(variants, { transport: 5 });
    expect(child(root, "transport").kind).toBe("leaf");
    expect(read(root)).toEqual({ transport: 5 });
  });

  it("is left out when nothing was typed", () => expect(read(buildForm(variants, {}))).toEqual({}));
});
