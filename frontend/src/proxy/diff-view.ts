/** A difference of configuration files, coloured; signs carry the meaning without the colours. */
import { css, html, nothing, type TemplateResult } from "lit";
import { icon } from "../components/icon";
import { t } from "../i18n";
import { readDiff, type FileDiff, type Line } from "./diff";

/** Lines from which on a file is shown folded. */
const LONG = 80;
/** Lines of one file that are drawn. */
const MOST = 2_000;

export const nginxDiffStyles = css`
  details.file { border: 1px solid var(--line); border-radius: 12px; overflow: clip; margin-block-start: 10px; background: var(--surface); }
  details.file > summary { box-sizing: border-box; display: flex; align-items: center; gap: 6px 12px; flex-wrap: wrap; cursor: pointer; padding: 8px; padding-inline: 14px; min-block-size: 40px; background: var(--sunken); list-style: none; }
  details.file > summary::-webkit-details-marker { display: none; }
  details.file > summary:focus-visible { outline-offset: -2px; }
  details.file > summary .turn { display: grid; color: var(--muted); transition: rotate 120ms; }
  details.file > summary .turn:dir(rtl) { scale: -1 1; }
  details.file[open] > summary .turn { rotate: 90deg; }
  details.file[open] > summary .turn:dir(rtl) { rotate: -90deg; }
  details.file .path { flex: 1; min-inline-size: 0; overflow-wrap: anywhere; font-weight: 400; }
  details.file > summary:dir(rtl) .path { text-align: end; }
  details.file .count { font-family: var(--mono); font-size: 0.8125rem; display: inline-flex; gap: 8px; }
  .count .plus { color: var(--good); }
  .count .minus { color: var(--bad); }
  .text { margin: 0; padding-block: 6px; direction: ltr; text-align: start; font-family: var(--mono); font-size: 0.8125rem; line-height: 1.55; overflow-x: auto; }
  .text:focus-visible { outline-offset: -2px; }
  .text > span { display: grid; grid-template-columns: 1.5rem minmax(max-content, 1fr); padding-inline: 10px; white-space: pre; }
  .text .add { background: var(--good-tint); color: var(--good); }
  .text .remove { background: var(--bad-tint); color: var(--bad); }
  .text .place { color: var(--muted); }
`;

/** Draw a unified difference, one fold for each file. */
export function nginxDiff(diff: string): TemplateResult {
  const files = readDiff(diff);
  if (!files.length) return html`<p class="muted">${t("proxy_no_change")}</p>`;
  return html`${files.map((file) => fileView(file, files.length > 4 || file.lines.length > LONG))}`;
}

/** Draw the lines of one file's difference. */
export function diffLines(file: FileDiff): TemplateResult {
  const left = file.lines.length - MOST;
  return html`<pre class="text" tabindex="0" role="region" aria-label=${file.path}>${file.lines.slice(0, MOST).map(lineView)}</pre>
    ${left > 0 ? html`<p class="muted small">${t("and_more", { count: left })}</p>` : nothing}`;
}

/** Say how many lines come and go. */
export function diffCount({ added, removed }: FileDiff): TemplateResult {
  return html`<span class="count" dir="ltr" aria-hidden="true">${added ? html`<span class="plus">+${added}</span>` : nothing}${removed ? html`<span class="minus">−${removed}</span>` : nothing}</span>
      <span class="visually-hidden">${t("proxy_lines", { added, removed })}</span>`;
}

function fileView(file: FileDiff, folded: boolean): TemplateResult {
  return html`<details class="file" ?open=${!folded}><summary><span class="turn">${icon("open", 16)}</span><bdi dir="ltr" class="path mono">${file.path}</bdi>
      ${diffCount(file)}</summary>${diffLines(file)}</details>`;
}

function lineView({ mark, text }: Line): TemplateResult {
  const sign = mark === "add" ? "+" : mark === "remove" ? "−" : " ";
  return html`<span class=${mark}><span>${mark === "place" ? "" : sign}</span><span>${text}</span></span>`;
}
