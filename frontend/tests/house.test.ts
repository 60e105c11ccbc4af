/** Gates over the sources: complete strings, logical directions, nothing from other hosts. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import arMain from "../src/locale/ar.json";
import enMain from "../src/locale/en.json";
import arModbus from "../src/modbus/locale/ar.json";
import enModbus from "../src/modbus/locale/en.json";
import arProxy from "../src/proxy/locale/ar.json";
import enProxy from "../src/proxy/locale/en.json";

const ROOT = join(import.meta.dirname, "..");
const ar = { ...arMain, ...arModbus, ...arProxy };
const en = { ...enMain, ...enModbus, ...enProxy };
const FORMS = /\.(zero|one|two|few|many|other)$/;
/** Groups whose words are looked up by a value of the hub. */
const GROUPS = /^(act|action|change|check|condition|dead|deed|domain|ending|error|execution|fan|job|modbus|mode|outcome|phase|preset|proxy|result|role|selector|site|state|step|table|trigger|type|verb)\./;

function sources(folder: string, ending: RegExp): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && ending.test(entry.name)) found.set(path.slice(ROOT.length + 1), readFileSync(path, "utf8"));
  }
  return found;
}

const code = sources("src", /\.(ts|css)$/);
const text = [...code.values()].join("\n");
const stems = (strings: object) => new Set(Object.keys(strings).map((key) => key.replace(FORMS, "")));
const holes = (value: string) => [...value.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe("strings", () => {
  it("are the same in both languages", () => {
    expect([...stems(ar)].sort()).toEqual([...stems(en)].sort());
  });

  it("are in one file only", () => {
    const all = [enMain, enModbus, enProxy].flatMap((each) => Object.keys(each));
    expect(all.filter((key, index) => all.indexOf(key) !== index)).toEqual([]);
  });

  it("are all used, and all that are used exist", () => {
    const asked = new Set([...text.matchAll(/\bt\(\s*"([\w.]+)"/g)].map((match) => match[1]!));
    for (const match of text.matchAll(/\bt\([^?()]*\? "([\w.]+)" : "([\w.]+)"/g)) for (const key of match.slice(1)) asked.add(key);
    // The labels of pages and sections.
    for (const match of text.matchAll(/label: "(\w+)"/g)) asked.add(match[1]!);
    const own = [...stems(en)].filter((key) => !GROUPS.test(key));
    expect(own.filter((key) => !asked.has(key))).toEqual([]);
    expect([...asked].filter((key) => !stems(en).has(key))).toEqual([]);
  });

  it("have every plural form of their language", () => {
    for (const [language, strings] of Object.entries({ en, ar })) {
      const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories.filter((form) => form !== "other");
      for (const key of Object.keys(strings).filter((each) => each.endsWith(".one"))) {
        for (const form of wanted) expect(strings).toHaveProperty([key.replace(FORMS, `.${form}`)]);
      }
    }
  });

  it("have the same placeholders in both languages", () => {
    for (const [key, value] of Object.entries(en)) {
      const other = (ar as Record<string, string>)[key];
      if (other !== undefined && !FORMS.test(key)) expect([key, holes(other)]).toEqual([key, holes(value)]);
    }
  });

  it("are not written into templates", () => {
    for (const [path, source] of code) {
      if (!path.endsWith(".ts")) continue;
      for (const match of source.matchAll(/(aria-label|placeholder|title)="([^"$]+)"/g)) {
        expect([path, match[2]]).toEqual([path, "–"]);
      }
    }
  });
});

describe("styles", () => {
  // The names of the safe areas are the platform's own.
  it("name no physical direction", () => {
    const physical = /(?<!safe-area-)\b(margin|padding|border|inset|scroll-margin|scroll-padding)-(left|right|top|bottom)\b|(^|[\s;{])(left|right|float|clear|text-align:\s*(left|right))\s*:|text-align:\s*(left|right)/;
    for (const [path, source] of code) {
      const styles = path.endsWith(".css") ? [source] : [...source.matchAll(/css`([^`]*)`/g)].map((match) => match[1]!);
      for (const style of styles) {
        const line = style.split("\n").find((each) => physical.test(each));
        expect([path, line]).toEqual([path, undefined]);
      }
    }
  });

  it("are never inline: the hub's policy forbids it", () => {
    for (const [path, source] of code) expect([path, / style=|styleMap|unsafeHTML|innerHTML/.test(source)]).toEqual([path, false]);
  });
});

describe("addresses", () => {
  it("of other hosts appear nowhere", () => {
    const pages = [...code, ...sources("public", /./), ["index.html", readFileSync(join(ROOT, "index.html"), "utf8")] as const];
    for (const [path, source] of pages) {
      const foreign = [...source.matchAll(/https?:\/\/[^\s"'`$)]+/g)].map((match) => match[0]).filter((url) => !url.startsWith("http://www.w3.org/"));
      expect([path, foreign]).toEqual([path, []]);
    }
  });

  it("of registries are not in the lock file", () => {
    expect(readFileSync(join(ROOT, "package-lock.json"), "utf8")).not.toContain('"resolved"');
  });
});
