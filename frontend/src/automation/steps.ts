/** An automation as a picture: its parts one below the other, and what a run did at each. */
import { isPlain, type Plain } from "../form/values";
import { t, word } from "../i18n";
import { actOf, listOf, say, type Part, type Said } from "./words";

/** One time that a step was reached, as the hub tells it. */
export interface TraceStep {
  path: string;
  timestamp: string;
  changed_variables?: Plain;
  result?: Plain;
  error?: string;
}

export interface TraceShort {
  run_id: string;
  last_step: string | null;
  state: string;
  script_execution: string | null;
  timestamp: { start: string; finish: string | null };
  domain: string;
  item_id: string;
  trigger?: string | null;
  error?: string;
}

export interface Trace extends TraceShort {
  trace: Record<string, TraceStep[]>;
  config: Plain | null;
  context?: { id: string; parent_id: string | null; user_id: string | null };
  steps_left_out?: number;
}

/** What a run did at a node: `passed` = it went on from there, `stopped` = a condition ended it. */
export type Fate = "neutral" | "skipped" | "passed" | "stopped" | "failed" | "disabled";

export interface Branch {
  label: string;
  taken: boolean;
  nodes: Node[];
}

export interface Node extends Said {
  path: string;
  part: Part;
  fate: Fate;
  /** True when a call was only noted. */
  dry: boolean;
  steps: readonly TraceStep[];
  /** Seconds until the next step outside of it. */
  took: number | undefined;
  branches: Branch[];
  config: unknown;
}

export interface Picture {
  triggers: Node[];
  conditions: Node[];
  actions: Node[];
}

type Kind = "automation" | "script";

/** Draw a configuration; with a trace also what the run did. */
export function pictureOf(kind: Kind, config: Plain | null, trace?: Trace): Picture {
  const drawing = new Drawing(trace);
  const given = config ?? {};
  const root = kind === "script" ? "sequence" : "action";
  const picture: Picture = {
    triggers: kind === "script" ? [] : drawing.list("trigger", "trigger", given.triggers ?? given.trigger),
    conditions: kind === "script" ? [] : drawing.list("condition", "check", given.conditions ?? given.condition),
    actions: drawing.list(root, "act", kind === "script" ? given.sequence : (given.actions ?? given.action)),
  };
  if (trace) drawing.rest(picture, root);
  return picture;
}

class Drawing {
  readonly #ordered: { at: number; path: string }[];
  readonly #drawn = new Set<string>();

  constructor(private readonly trace: Trace | undefined) {
    const steps = Object.entries(trace?.trace ?? {}).flatMap(([path, all]) => all.map((step) => ({ at: Date.parse(step.timestamp) / 1000, path })));
    this.#ordered = steps.sort((one, other) => one.at - other.at);
  }

  list(path: string, part: Part, value: unknown): Node[] {
    return listOf(value).map((config, index) => this.#node(`${path}/${index}`, part, config));
  }

  /** Add what the run reached and the configuration does not show: the parts of a blueprint. */
  rest(picture: Picture, root: string): void {
    for (const path of Object.keys(this.trace!.trace)) {
      if (this.#drawn.has(path) || !/^\w+(\/\d+)?$/.test(path)) continue;
      const [part, list] = path.startsWith("trigger") ? (["trigger", picture.triggers] as const) : path.startsWith("condition") ? (["check", picture.conditions] as const) : (["act", picture.actions] as const);
      if (part === "act" && !path.startsWith(root)) continue;
      const params = this.#steps(path).at(-1)?.result?.params;
      const known = isPlain(params) ? { action: `${String(params.domain)}.${String(params.service)}`, ...(isPlain(params.target) ? { target: params.target } : {}) } : undefined;
      const manual = path === "trigger";
      const node = this.#node(path, part, known ?? {});
      list.push(manual ? { ...node, title: t("by_hand"), detail: "", icon: "users" } : known ? node : { ...node, title: path, detail: "" });
    }
  }

  #steps(path: string): readonly TraceStep[] {
    return this.trace?.trace[path] ?? [];
  }

  #node(path: string, part: Part, config: unknown): Node {
    this.#drawn.add(path);
    const steps = this.#steps(path);
    const last = steps.at(-1);
    const dry = steps.some((step) => step.result?.dry_run === true);
    return { ...say(part, config), path, part, steps, dry, fate: this.#fate(steps, config), took: last && this.#took(path), branches: this.#branches(path, part, config), config };
  }

  #fate(steps: readonly TraceStep[], config: unknown): Fate {
    const off = isPlain(config) && config.enabled === false;
    if (!this.trace) return off ? "disabled" : "neutral";
    const last = steps.at(-1);
    if (!last) return off ? "disabled" : "skipped";
    if (last.result?.enabled === false) return "disabled";
    if (steps.some((step) => step.error)) return "failed";
    return last.result?.result === false ? "stopped" : "passed";
  }

  /** Return how long the last time took: until the next step that is not inside. */
  #took(path: string): number | undefined {
    const inside = (each: { path: string }) => each.path === path || each.path.startsWith(`${path}/`);
    let first = -1;
    this.#ordered.forEach((each, index) => {
      if (each.path === path) first = index;
    });
    const begin = this.#ordered[first]?.at;
    if (begin === undefined) return undefined;
    const next = this.#ordered.slice(first + 1).find((each) => !inside(each))?.at;
    const finish = this.trace?.timestamp.finish;
    const end = next ?? (finish ? Date.parse(finish) / 1000 : undefined);
    return end === undefined ? undefined : Math.max(0, end - begin);
  }

  #branch(label: string, path: string, part: Part, value: unknown): Branch {
    const nodes = this.list(path, part, value);
    return { label, nodes, taken: nodes.some((node) => node.steps.length > 0) };
  }

  #branches(path: string, part: Part, config: unknown): Branch[] {
    if (!isPlain(config)) return [];
    if (part === "check" || (part === "act" && actOf(config) === "condition")) {
      const inner = ["and", "or", "not"].includes(String(config.condition)) ? config.conditions : (config.and ?? config.or ?? config.not);
      return inner === undefined ? [] : [this.#branch("", `${path}/conditions`, "check", inner)];
    }
    if (part !== "act") return [];
    switch (actOf(config)) {
      case "choose":
        return this.#choices(path, config);
      case "if":
        return [this.#branch(t("branch_if"), `${path}/if/condition`, "check", config.if), this.#branch(t("branch_then"), `${path}/then`, "act", config.then), this.#branch(t("branch_else"), `${path}/else`, "act", config.else)].filter(({ nodes }) => nodes.length);
      case "repeat":
        return this.#rounds(path, config.repeat);
      case "parallel":
        return listOf(config.parallel).map((each, index) => {
          const sequence = isPlain(each) && "sequence" in each ? each.sequence : each;
          return this.#branch(t("branch_number", { number: index + 1 }), `${path}/parallel/${index}/sequence`, "act", sequence);
        });
      case "sequence":
        return [this.#branch("", `${path}/sequence`, "act", config.sequence)];
      default:
        return [];
    }
  }

  #choices(path: string, config: Plain): Branch[] {
    const options = listOf(config.choose).flatMap((option, index): Branch[] => {
      if (!isPlain(option)) return [];
      const at = `${path}/choose/${index}`;
      const checks = this.list(`${at}/conditions`, "check", option.conditions ?? option.condition);
      const steps = this.list(`${at}/sequence`, "act", option.sequence);
      const alias = typeof option.alias === "string" ? option.alias : t("branch_option", { number: index + 1 });
      return [{ label: alias, taken: this.#steps(at).some((step) => step.result?.result === true), nodes: [...checks, ...steps] }];
    });
    const otherwise = this.#branch(t("branch_default"), `${path}/default`, "act", config.default);
    return otherwise.nodes.length ? [...options, otherwise] : options;
  }

  #rounds(path: string, config: unknown): Branch[] {
    if (!isPlain(config)) return [];
    const at = `${path}/repeat`;
    return [
      this.#branch(word("act", "while"), `${at}/while`, "check", config.while),
      this.#branch("", `${at}/sequence`, "act", config.sequence),
      this.#branch(word("act", "until"), `${at}/until`, "check", config.until),
    ].filter(({ nodes }) => nodes.length);
  }
}

/** Return all nodes of a picture in the order in which they stand. */
export function nodesOf(picture: Picture): Node[] {
  const below = (node: Node): Node[] => [node, ...node.branches.flatMap((branch) => branch.nodes.flatMap(below))];
  return [...picture.triggers, ...picture.conditions, ...picture.actions].flatMap(below);
}

/** Return the node to look at first: what failed, what stopped it, else the last step. */
export function startOf(picture: Picture, trace: Trace): Node | undefined {
  const nodes = nodesOf(picture);
  const deepest = (fate: Fate) => nodes.filter((node) => node.fate === fate).at(-1);
  return deepest("failed") ?? nodes.find((node) => node.path === trace.last_step) ?? deepest("stopped") ?? nodes.find((node) => node.fate === "passed");
}
