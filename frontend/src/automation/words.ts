/** Triggers, conditions and actions in a few words: what kind each is, and its main point. */
import type { IconName } from "../components/icon";
import { nameOf } from "../data/describe";
import { isPlain, written, type Plain } from "../form/values";
import { hub } from "../hub";
import { duration, t, word } from "../i18n";

export type Part = "trigger" | "check" | "act";

export interface Said {
  icon: IconName;
  /** The kind in words, or the alias that a person gave. */
  title: string;
  /** The main point: entities, service, time; as written. */
  detail: string;
}

const ACTS: [string, IconName][] = [
  ["choose", "branch"],
  ["if", "branch"],
  ["repeat", "update"],
  ["parallel", "parallel"],
  ["sequence", "list"],
  ["delay", "timer"],
  ["wait_template", "timer"],
  ["wait_for_trigger", "timer"],
  ["event", "event"],
  ["variables", "number"],
  ["stop", "cross"],
  ["scene", "scene"],
  ["action", "play"],
  ["service", "play"],
];

/** Return the kind of an action. */
export function actOf(config: unknown): string {
  if (!isPlain(config)) return "condition";
  const found = ACTS.find(([key]) => key in config)?.[0] ?? "condition";
  return found === "service" ? "action" : found;
}

/** Return a list; one thing alone is a list of one. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

/** Say a part of an automation. */
export function say(part: Part, config: unknown): Said {
  const said = part === "trigger" ? trigger(config) : part === "check" ? check(config) : act(config);
  const alias = isPlain(config) && typeof config.alias === "string" ? config.alias : "";
  return alias ? { ...said, title: alias, detail: said.detail || said.title } : said;
}

function trigger(config: unknown): Said {
  if (!isPlain(config)) return { icon: "event", title: word("trigger", "template"), detail: short(config) };
  const kind = text(config.trigger ?? config.platform ?? "");
  const point = pointOf(kind, config);
  return { icon: kind === "time" || kind === "time_pattern" || kind === "sun" ? "clock" : "event", title: word("trigger", kind), detail: point };
}

function check(config: unknown): Said {
  if (!isPlain(config)) return { icon: "question", title: word("check", "template"), detail: short(config) };
  const kind = text(config.condition ?? ["and", "or", "not"].find((key) => key in config) ?? "template");
  return { icon: "question", title: word("check", kind), detail: ["and", "or", "not"].includes(kind) ? "" : pointOf(kind, config) };
}

function act(config: unknown): Said {
  const kind = actOf(config);
  if (kind === "condition") return check(config);
  const given = config as Plain;
  const icon = ACTS.find(([key]) => key === kind)?.[1] ?? "play";
  return { icon, title: word("act", kind), detail: actPoint(kind, given) };
}

function actPoint(kind: string, config: Plain): string {
  switch (kind) {
    case "action": {
      const target = isPlain(config.target) ? config.target : isPlain(config.data) ? config.data : config;
      return join([text(config.action ?? config.service), entities(target.entity_id), ...["area_id", "device_id", "label_id", "floor_id"].map((key) => texts(target[key]))]);
    }
    case "delay":
      return period(config.delay);
    case "wait_template":
      return short(config.wait_template);
    case "wait_for_trigger":
      return listOf(config.wait_for_trigger).map((each) => trigger(each).detail).join(", ");
    case "event":
      return text(config.event);
    case "scene":
      return entities(config.scene);
    case "stop":
      return text(config.stop);
    case "variables":
      return isPlain(config.variables) ? Object.keys(config.variables).join(", ") : "";
    case "repeat":
      return repeats(config.repeat);
    default:
      return "";
  }
}

function repeats(config: unknown): string {
  if (!isPlain(config)) return "";
  if (config.count !== undefined) return t("repeat_count", { times: text(config.count) });
  if (config.for_each !== undefined) return short(config.for_each);
  return word("act", config.while === undefined ? "until" : "while");
}

/** What a trigger or condition looks at. */
function pointOf(kind: string, config: Plain): string {
  switch (kind) {
    case "state":
      if (config.state !== undefined) return join([`${join([entities(config.entity_id), text(config.attribute)])} = ${texts(config.state)}`, lasts(config.for)]);
      return join([entities(config.entity_id), text(config.attribute), arrow(config.from, config.to), lasts(config.for)]);
    case "numeric_state":
      return join([entities(config.entity_id), text(config.attribute), config.above === undefined ? "" : `> ${entities(config.above)}`, config.below === undefined ? "" : `< ${entities(config.below)}`, lasts(config.for)]);
    case "time":
      return join([texts(config.at), config.after === undefined ? "" : `≥ ${text(config.after)}`, config.before === undefined ? "" : `< ${text(config.before)}`, texts(config.weekday)]);
    case "time_pattern":
      return ["hours", "minutes", "seconds"].map((key) => text(config[key] ?? "*")).join(":");
    case "sun":
      return join([text(config.event), text(config.offset), config.after === undefined ? "" : `≥ ${text(config.after)}`, config.before === undefined ? "" : `< ${text(config.before)}`]);
    case "event":
      return texts(config.event_type);
    case "mqtt":
      return text(config.topic);
    case "webhook":
      return text(config.webhook_id);
    case "template":
      return short(config.value_template);
    case "zone":
      return join([entities(config.entity_id), text(config.event), entities(config.zone)]);
    case "homeassistant":
      return text(config.event);
    case "trigger":
      return texts(config.id);
    default:
      return entities(config.entity_id);
  }
}

const join = (parts: readonly string[]): string => parts.filter(Boolean).join(" · ");

function text(value: unknown): string {
  return value === undefined || value === null ? "" : isPlain(value) || Array.isArray(value) ? written(value).replaceAll("\n", ", ") : String(value);
}

function texts(value: unknown): string {
  return listOf(value).map(text).join(", ");
}

function short(value: unknown): string {
  const whole = text(value).replace(/\s+/g, " ").trim();
  return whole.length > 120 ? `${whole.slice(0, 119)}…` : whole;
}

function arrow(from: unknown, to: unknown): string {
  if (to === undefined && from === undefined) return "";
  return `${from === undefined ? "" : `${texts(from)} `}→ ${to === undefined ? "*" : texts(to)}`;
}

const UNITS: Record<string, number> = { days: 86_400, hours: 3_600, minutes: 60, seconds: 1, milliseconds: 0.001 };

/** Say how long something lasts; a template or a text of another form stays as it is written. */
function period(value: unknown): string {
  if (typeof value === "number") return duration(value);
  if (!isPlain(value)) return short(value);
  const parts = Object.entries(value);
  if (!parts.every(([unit, count]) => unit in UNITS && typeof count === "number")) return short(value);
  return duration(parts.reduce((sum, [unit, count]) => sum + UNITS[unit]! * (count as number), 0));
}

function lasts(value: unknown): string {
  return value === undefined ? "" : t("lasts", { time: period(value) });
}

/** Name entities as people do, where they exist. */
function entities(value: unknown): string {
  return listOf(value).map((each) => {
    const entity = typeof each === "string" ? hub().store.get(each) : undefined;
    return entity ? nameOf(entity) : text(each);
  }).join(", ");
}
