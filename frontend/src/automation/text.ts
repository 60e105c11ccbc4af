/** Specs as YAML text: read with the place of everything, and written so that a file reads it alike. */
import { LineCounter, Scalar, isMap, isScalar, isSeq, parseDocument, stringify, visit, Document, type Node as Part, type ParsedNode, type Tags } from "yaml";
import { isPlain, type Plain } from "../form/values";
import { t } from "../i18n";

export interface Mistake {
  /** From one; 0 = nowhere in particular. */
  line: number;
  message: string;
}

export interface Reading {
  spec: Plain | undefined;
  mistakes: Mistake[];
  /** Return the line of what a path of the hub names, as deep as the text goes. */
  lineOf: (path: string) => number;
}

// YAML 1.1 as the hub's files are read; times and dates stay texts, and nothing becomes an object of its own.
const LEFT_OUT = /:(timestamp|binary|set|omap|pairs)$/;
const OPTIONS = {
  version: "1.1" as const,
  merge: true,
  customTags: (tags: Tags): Tags => tags.filter((tag) => typeof tag === "string" || (!LEFT_OUT.test(tag.tag) && !("format" in tag && tag.format === "TIME"))),
};
/** Keys that may be written for one or for several. */
const BOTH: Record<string, string> = { triggers: "trigger", conditions: "condition", actions: "action", trigger: "triggers", condition: "conditions", action: "actions" };
/** A text that a file would read as a number of seconds. */
const CLOCK = /^[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?$/;

/** Read a text. */
export function read(text: string): Reading {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...OPTIONS, lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const lineAt = (offset: number | undefined) => (offset === undefined ? 0 : lines.linePos(offset).line);
  const mistakes: Mistake[] = document.errors.map((error) => ({ line: lineAt(error.pos[0]), message: error.message }));
  visit(document, (_key, node) => {
    const tag = (node as Part | null)?.tag;
    if (tag?.startsWith("!") && !tag.startsWith("!!")) mistakes.push({ line: lineAt((node as ParsedNode).range?.[0]), message: t("editor_tag", { tag }) });
  });
  const lineOf = (path: string) => lineAt(find(document.contents, path));
  if (mistakes.length) return { spec: undefined, mistakes, lineOf };
  const spec: unknown = document.toJS({ maxAliasCount: 100 });
  if (!isPlain(spec)) return { spec: undefined, mistakes: [{ line: 1, message: t("editor_not_mapping") }], lineOf };
  return { spec, mistakes, lineOf };
}

/** Write a spec. */
export function write(spec: Plain): string {
  const document = new Document(spec, OPTIONS);
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === "string" && CLOCK.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return stringify(document, { lineWidth: 0 });
}

/** Return where what a path names begins in the text. */
function find(node: unknown, path: string, key?: number): number | undefined {
  const here = key ?? (node as ParsedNode | null)?.range?.[0];
  if (path === "" || node === null) return here;
  if (isMap(node)) {
    for (const pair of node.items) {
      const name = isScalar(pair.key) ? String(pair.key.value) : "";
      for (const each of [name, BOTH[name]]) {
        if (each === undefined || each === "") continue;
        const at = (pair.key as ParsedNode).range?.[0];
        if (path === each) return at ?? here;
        if (path.startsWith(`${each}.`)) return find(pair.value, path.slice(each.length + 1), at) ?? here;
      }
    }
    // One thing alone is a list of one for the hub.
    return /^0(\.|$)/.test(path) ? find(node, path.slice(2), here) : here;
  }
  if (!isSeq(node)) return here;
  const [first = "", ...rest] = path.split(".");
  const index = /^\d+$/.test(first) ? Number(first) : node.items.findIndex((item) => isMap(item) && first === `id=${String(item.get("id"))}`);
  const item = node.items[index];
  return item === undefined ? here : find(item, rest.join("."));
}
