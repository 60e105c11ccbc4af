/** What the tables about reverse proxies have in common: a certificate's age, bars, styles of a table. */
import { css, html, nothing, type TemplateResult } from "lit";
import { badge } from "../components/badge";
import { icon } from "../components/icon";
import { moment, number, t, word } from "../i18n";
import { daysTo } from "./status";

/** Days before the end of a certificate at which it is a problem, and at which it is worth a look. */
const URGENT = 7;
const SOON = 21;

/** Say how long a certificate is good for. */
export function daysLeft(notAfter: number | undefined): TemplateResult | typeof nothing {
  if (notAfter === undefined) return nothing;
  const days = daysTo(notAfter);
  const title = t("proxy_until", { at: moment(notAfter) });
  if (days < 0) return html`<span title=${title}>${badge(t("proxy_expired"), "bad", "cross")}</span>`;
  const said = t("proxy_days", { count: days });
  if (days < URGENT) return html`<span title=${title}>${badge(said, "bad", "alert")}</span>`;
  if (days < SOON) return html`<span title=${title}>${badge(said, "warn", "clock")}</span>`;
  return html`<span class="days" title=${title}>${said}</span>`;
}

/** Draw a share in percent with its words; nothing when it is not known. */
export function share(label: string, percent: number | null | undefined, high: number): TemplateResult {
  const known = typeof percent === "number";
  return html`<div class="share"><span class="what">${label}</span>
    ${known ? html`<progress class=${percent >= high ? "high" : ""} max="100" .value=${percent} aria-label=${label}></progress><span class="figure">${number(percent, 0)} %</span>`
      : html`<span class="none">${t("not_known")}</span>`}</div>`;
}

/** Say how a server's connection is. */
export function connection(connected: boolean | null | undefined): TemplateResult {
  if (connected === true) return badge(t("connected_on"), "good", "check");
  if (connected === false) return badge(t("connected_off"), "bad", "cross");
  return badge(t("not_known"), "calm", "question");
}

/** Say what is done on a server just now; nothing while it rests. */
export function atWork(state: string | null | undefined): TemplateResult | typeof nothing {
  return !state || state === "idle" ? nothing : badge(word("site", state), "busy", "update");
}

/** Say that files are not as they were deployed. */
export function touchedBadge(title = ""): TemplateResult {
  return html`<span title=${title || nothing}>${badge(t("proxy_touched"), "warn", "drift")}</span>`;
}

/** The head of a column that can be sorted by. */
export function sortHead(label: string, on: boolean, down: boolean, choose: () => void): TemplateResult {
  return html`<th role="columnheader" scope="col" aria-sort=${on ? (down ? "descending" : "ascending") : "none"}>
    <button type="button" class="plain sort" @click=${choose}>${label}${on ? icon(down ? "down" : "up", 14) : nothing}</button></th>`;
}

export const tables = css`
  .bar { display: flex; gap: 10px; flex-wrap: wrap; align-items: center; margin-block-end: 16px; }
  .bar .search { flex: 1 1 260px; margin: 0; }
  .bar select { inline-size: auto; min-block-size: 48px; border-radius: 16px; max-inline-size: 100%; }
  .frame { padding: 0; overflow: clip; }
  table { inline-size: 100%; border-collapse: collapse; font-size: 0.9375rem; }
  th { text-align: start; font-size: 0.8125rem; font-weight: 560; color: var(--muted); padding-block: 6px; padding-inline: 8px; border-block-end: 1px solid var(--line); white-space: nowrap; }
  th .sort { min-block-size: 32px; padding-block: 2px; padding-inline: 6px; margin-inline-start: -6px; font-size: inherit; color: inherit; border-radius: 8px; display: inline-flex; align-items: center; gap: 4px; }
  td { padding-block: 10px; padding-inline: 8px; border-block-end: 1px solid var(--line); vertical-align: middle; overflow-wrap: anywhere; }
  tr:last-child td { border-block-end: 0; }
  th:first-child, td:first-child { padding-inline-start: 20px; }
  th:last-child, td:last-child { padding-inline-end: 20px; }
  tbody tr:hover { background: color-mix(in srgb, var(--sunken) 45%, transparent); }
  .title { font-weight: 600; color: var(--text); text-decoration: none; }
  .title:hover { text-decoration: underline; }
  .sub { display: block; color: var(--muted); font-size: 0.8125rem; }
  .sub a { color: inherit; }
  .off .title { color: var(--muted); }
  .none { color: var(--muted); }
  .days, .figure { font-variant-numeric: tabular-nums; white-space: nowrap; color: var(--value); }
  .marks { display: inline-flex; flex-wrap: wrap; gap: 4px; align-items: center; }
  .problem { color: var(--bad); font-size: 0.8125rem; margin-block-start: 4px; }
  .share { display: grid; grid-template-columns: minmax(0, 5.5rem) minmax(30px, 1fr) 3.25rem; align-items: center; gap: 8px; font-size: 0.875rem; min-block-size: 28px; }
  .share .what { color: var(--muted); }
  .share .figure { text-align: end; }
  .share .none { grid-column: 2 / -1; }
  .share progress { appearance: none; inline-size: 100%; block-size: 8px; border: 0; border-radius: 4px; overflow: hidden; background: var(--sunken); }
  .share progress::-webkit-progress-bar { background: var(--sunken); }
  .share progress::-webkit-progress-value { background: var(--accent); border-radius: 4px; }
  .share progress::-moz-progress-bar { background: var(--accent); }
  .share progress.high::-webkit-progress-value { background: var(--bad); }
  .share progress.high::-moz-progress-bar { background: var(--bad); }
  .button.small, button.small { min-block-size: 34px; padding-inline: 12px; border-radius: 10px; font-size: 0.875rem; display: inline-flex; align-items: center; gap: 6px; }
  td .toggle { display: block; }
  .sorter { display: none; }
  .more { inline-size: 100%; margin-block-start: 12px; color: var(--accent); }
  @media (max-width: 1080px) {
    .sorter { display: block; }
    .frame { background: none; border: 0; box-shadow: none; border-radius: 0; overflow: visible; }
    table, tbody, tr, td { display: block; }
    thead { display: none; }
    tbody { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); }
    tr { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); box-shadow: var(--shadow); padding-block: 12px; padding-inline: 16px; position: relative; }
    td, td:first-child, td:last-child { display: grid; grid-template-columns: 104px minmax(0, 1fr); gap: 10px; align-items: center; padding: 0; padding-block: 4px; border: 0; min-block-size: 32px; }
    td::before { content: attr(data-label); color: var(--muted); font-size: 0.8125rem; }
    td.head { display: block; padding-block-end: 8px; }
    td.head::before, td.bare::before { content: none; }
    td.bare { display: block; min-block-size: 0; }
    td.empty-cell { display: none; }
    td > .cell { min-inline-size: 0; }
  }
`;
