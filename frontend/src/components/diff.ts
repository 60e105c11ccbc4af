/** Differences and steps for people: where, what it was, what it becomes. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { Difference, Step } from "../data/resources";
import { isPlain, isSealed, readable, written } from "../form/values";
import { knows, t, word } from "../i18n";

export const diffStyles = css`
  .diff, .steps { list-style: none; margin: 0; padding: 0; }
  .diff > li { padding-block: 12px; border-block-start: 1px solid var(--line); }
  .diff > li:first-child, .steps > li:first-child { border-block-start: 0; }
  .path { font-weight: 560; overflow-wrap: anywhere; }
  .path .sep { color: var(--muted); padding-inline: 6px; }
  .kind { color: var(--muted); font-size: 0.8125rem; font-weight: 400; margin-inline-start: 8px; }
  .sides { display: grid; gap: 6px; margin-block-start: 8px; }
  .sides del, .sides ins { display: grid; grid-template-columns: 1.25rem minmax(0, 1fr); text-decoration: none; direction: ltr; border-radius: 8px; padding: 6px;
    padding-inline: 10px; font-family: var(--mono); font-size: 0.8125rem; line-height: 1.5; }
  .sides del { background: var(--bad-tint); color: var(--bad); }
  .sides ins { background: var(--good-tint); color: var(--good); }
  .sides pre { margin: 0; font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; text-align: start; }
  .steps { counter-reset: step; }
  .steps > li { counter-increment: step; display: grid; grid-template-columns: 28px minmax(0, 1fr); gap: 4px 12px; padding-block: 12px;
    border-block-start: 1px solid var(--line); }
  .steps > li::before { content: counter(step); display: grid; place-items: center; inline-size: 28px; block-size: 28px; border-radius: 50%;
    background: var(--sunken); color: var(--muted); font-size: 0.8125rem; font-weight: 600; }
  .steps .what { overflow-wrap: anywhere; }
  .steps .about { color: var(--muted); font-size: 0.8125rem; margin-block-start: 2px; overflow-wrap: anywhere; }
  @media (min-width: 720px) {
    .sides.pair { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
  }
`;

/** Write a path so that it can be read: its parts with a mark between. */
export function pathText(path: string): TemplateResult {
  const parts = readable(path);
  if (!parts.length) return html`<span class="path">${t("whole_spec")}</span>`;
  return html`<span class="path">${parts.map((part, index) => html`${index ? html`<span class="sep" aria-hidden="true">›</span>` : nothing}<bdi>${part}</bdi>`)}</span>`;
}

/** Draw the differences between two specs. */
export function diffView(diff: readonly Difference[]): TemplateResult {
  if (!diff.length) return html`<p class="muted">${t("no_difference")}</p>`;
  return html`<ul class="diff">${diff.map((each) => html`<li>${pathText(each.path)}<span class="kind">${word("change", kindOf(each))}</span>${sides(each)}</li>`)}</ul>`;
}

function kindOf(each: Difference): "added" | "removed" | "changed" {
  if (!("before" in each) || each.before === undefined) return "added";
  return !("after" in each) || each.after === undefined ? "removed" : "changed";
}

/** Draw what was and what becomes; the signs carry the meaning without the colours. */
export function sides(each: { before?: unknown; after?: unknown }): TemplateResult {
  const [before, after] = [each.before, each.after].map((side) => (side === undefined ? undefined : valueText(side)));
  const pair = before !== undefined && after !== undefined && before.length + after.length < 400;
  return html`<div class="sides ${pair ? "pair" : ""}">
    ${before === undefined ? nothing : html`<del><span aria-hidden="true">−</span><pre dir="auto"><span class="visually-hidden">${t("before")}: </span>${before}</pre></del>`}
    ${after === undefined ? nothing : html`<ins><span aria-hidden="true">+</span><pre dir="auto"><span class="visually-hidden">${t("after")}: </span>${after}</pre></ins>`}
  </div>`;
}

function valueText(value: unknown): string {
  if (isSealed(value)) return isPlain(value) && value.changed ? t("secret_new") : t("secret_kept");
  return value === "" ? t("empty_text") : written(value);
}

/** Draw what is to be done, in order. */
export function stepsView(steps: readonly Step[]): TemplateResult {
  return html`<ol class="steps">${steps.map((step) => html`<li><div>
    <p class="what"><bdi dir="auto">${step.summary}</bdi></p>
    <p class="about">${knows("step", step.action) ? word("step", step.action) : html`<bdi>${word("step", step.action)}</bdi>`} · <bdi dir="ltr" class="mono">${step.target}</bdi></p>
    ${step.before == null && step.after == null ? nothing : sides({ before: step.before ?? undefined, after: step.after ?? undefined })}
  </div></li>`)}</ol>`;
}
