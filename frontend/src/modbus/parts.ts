/** What the pages about Modbus devices have in common: badges, ages, styles of a table. */
import { css, html, nothing, type TemplateResult } from "lit";
import { badge, type Tone } from "../components/badge";
import type { IconName } from "../components/icon";
import { duration, number, t, word } from "../i18n";
import type { DeviceState } from "./health";
import type { Register } from "./told";

const STATES: Record<DeviceState, [Tone, IconName]> = {
  ok: ["good", "check"],
  incomplete: ["warn", "alert"],
  trying: ["busy", "update"],
  away: ["bad", "cross"],
  link_down: ["bad", "cross"],
  unknown: ["calm", "question"],
};

/** Say how a device fares. */
export function stateBadge(state: DeviceState): TemplateResult {
  const [tone, name] = STATES[state];
  return badge(state === "unknown" ? t("not_known") : word("modbus", state), tone, name);
}

/** Say whether a link is connected. */
export function linkBadge(connected: boolean | undefined): TemplateResult {
  if (connected === true) return badge(t("connected_on"), "good", "check");
  if (connected === false) return badge(t("connected_off"), "bad", "cross");
  return badge(t("not_known"), "calm", "question");
}

/** Say how far the value of a register can be trusted. */
export function qualityBadge({ quality, origin }: Register): TemplateResult {
  if (quality === "good" && origin === "assumed") return badge(t("modbus_assumed"), "calm", "question");
  if (quality === "good") return badge(word("modbus", quality), "good", "check");
  return quality === "stale" ? badge(word("modbus", quality), "warn", "clock") : badge(word("modbus", quality), "bad", "cross");
}

/** Say how old something is, in whole seconds at least. */
export function ageText(seconds: number | undefined): string {
  if (seconds === undefined) return "";
  return duration(Math.max(1, Math.floor(seconds)));
}

/** Draw a count with its words; nothing when it is not known. */
export function count(label: string, value: number | undefined): TemplateResult | typeof nothing {
  return value === undefined ? nothing : figure(label, number(value, 0));
}

/** Draw something with its words, in a list of such. */
export function figure(label: string, value: unknown): TemplateResult {
  return html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
}

export const figures = css`
  .figures { display: flex; flex-wrap: wrap; gap: 6px 24px; margin: 0; font-size: 0.9375rem; }
  .figures div { display: flex; gap: 8px; align-items: baseline; min-inline-size: 0; }
  .figures dt { color: var(--muted); font-size: 0.8125rem; }
  .figures dd { margin: 0; color: var(--value); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
`;

export const tables = css`
  table { inline-size: 100%; border-collapse: collapse; font-size: 0.9375rem; }
  th { text-align: start; font-size: 0.8125rem; font-weight: 560; color: var(--muted); padding-block: 8px; padding-inline: 8px; border-block-end: 1px solid var(--line); white-space: nowrap; }
  td { padding-block: 10px; padding-inline: 8px; border-block-end: 1px solid var(--line); vertical-align: middle; overflow-wrap: anywhere; }
  tr:last-child td { border-block-end: 0; }
  th:first-child, td:first-child { padding-inline-start: 20px; }
  th:last-child, td:last-child { padding-inline-end: 20px; }
  tbody tr:hover { background: color-mix(in srgb, var(--sunken) 45%, transparent); }
  .title { font-weight: 600; color: var(--text); text-decoration: none; }
  a.title:hover { text-decoration: underline; }
  .sub { display: block; color: var(--muted); font-size: 0.8125rem; }
  .none { color: var(--muted); }
  .figure { font-variant-numeric: tabular-nums; color: var(--value); }
  .problem { color: var(--bad); font-size: 0.8125rem; margin-block-start: 4px; }
  .button.small, button.small { min-block-size: 34px; padding-inline: 12px; border-radius: 10px; font-size: 0.875rem; display: inline-flex; align-items: center; gap: 6px; text-decoration: none; }
  .only { padding: 0; inline-size: 36px; min-block-size: 36px; flex: none; }
  @media (max-width: 1080px) {
    table, tbody, tr, td { display: block; }
    thead { display: none; }
    td, td:first-child, td:last-child { display: grid; grid-template-columns: 96px minmax(0, 1fr); gap: 10px; align-items: center; padding: 0; padding-block: 3px; border: 0; min-block-size: 30px; }
    td::before { content: attr(data-label); color: var(--muted); font-size: 0.8125rem; }
    td.head, td.bare { display: block; min-block-size: 0; }
    td.head::before, td.bare::before { content: none; }
    td.empty-cell { display: none; }
    td > .cell { min-inline-size: 0; }
  }
`;
