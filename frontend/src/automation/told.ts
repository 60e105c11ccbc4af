/** What the hub tells of runs in English, in the reader's words; what is not known stays as it was told. */
import { nameOf } from "../data/describe";
import { hub } from "../hub";
import { isolate, t } from "../i18n";

type Say = (...found: string[]) => string;

function what(id: string): string {
  const entity = hub().store.get(id);
  return isolate(entity ? nameOf(entity) : id);
}

const ids = (list: string): string => list.split(", ").map(what).join(", ");

const TRIGGERS: [RegExp, Say][] = [
  [/^state of (\S+)$/, (id) => t("told_state", { what: what(id!) })],
  [/^numeric state of (\S+)$/, (id) => t("told_number", { what: what(id!) })],
  [/^time$/, () => t("told_time")],
  [/^time set in (\S+?)( with offset)?$/, (id) => t("told_time_in", { what: what(id!) })],
  [/^time pattern$/, () => t("told_pattern")],
  [/^sunrise( with offset)?$/, () => t("told_sunrise")],
  [/^sunset( with offset)?$/, () => t("told_sunset")],
  [/^event '(.+)'$/, (type) => t("told_event", { what: isolate(type!) })],
  [/^mqtt topic (.+)$/, (topic) => t("told_topic", { what: isolate(topic!) })],
  [/^webhook$/, () => t("told_webhook")],
  [/^time change or manual update via template$/, () => t("told_template")],
  [/^(\S+) via template$/, (id) => t("told_template_of", { what: what(id!) })],
  [/^Home Assistant starting$/, () => t("told_start")],
  [/^Home Assistant stopping$/, () => t("told_stop")],
];

const NOTES: [RegExp, Say][] = [
  [/^Nothing is recorded of (.+) in this time$/, (list) => t("told_unseen", { what: ids(list!) })],
  [/^Calls were not made: states follow the record/, () => t("told_not_made")],
  [/^Triggers of the kind (.+) never fire here/, (kinds) => t("told_unheard", { what: isolate(kinds!) })],
  [/^Only the last (\d+) runs are told$/, (count) => t("told_last", { number: Number(count) })],
  [/^Only the first (\d+) runs are told with their steps$/, (count) => t("told_steps", { number: Number(count) })],
];

function say(table: readonly [RegExp, Say][], text: string): string {
  for (const [pattern, words] of table) {
    const found = pattern.exec(text);
    if (found) return words(...found.slice(1));
  }
  return isolate(text);
}

/** Say what triggered a run. */
export function triggerText(text: string): string {
  return say(TRIGGERS, text);
}

/** Say a note of a replay. */
export function noteText(text: string): string {
  return say(NOTES, text);
}

const RAN = /^triggered(?: by (.+))?$/;

/** Say an entry of the logbook about an automation, a script or the hub. */
export function messageText(domain: string, message: string): string {
  const ran = domain === "automation" ? RAN.exec(message) : null;
  if (ran) return ran[1] ? t("log_ran_by", { source: triggerText(ran[1]) }) : t("log_ran");
  if (message === "started" && (domain === "script" || domain === "homeassistant")) return t("log_started");
  if (message === "stopped" && domain === "homeassistant") return t("log_stopped");
  return message;
}

/** Say why an automation ran that caused something else; empty when nobody knows. */
export function becauseText(message: string): string {
  const source = RAN.exec(message)?.[1];
  return source ? triggerText(source) : "";
}
