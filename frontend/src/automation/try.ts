/** An automation lived through again with the recorded past: what it would have done, beside what was done. */
import { LitElement, css, html, nothing, svg, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { failureText } from "../components/failure";
import type { Spec } from "../data/resources";
import { iso } from "../data/range";
import { nameOf } from "../data/describe";
import { written } from "../form/values";
import { hub } from "../hub";
import { moment, t, when } from "../i18n";
import { badgeStyles } from "../components/badge";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";
import { pairs, type Pair, type Replay, type ReplayCall, type ReplayRun } from "./replay";
import { noteText, triggerText } from "./told";
import "./trace-view";
import { endBadge } from "./trace-view";

const DAY = 86_400;
/** Rows that are drawn before somebody asks for more. */
const SHOWN = 30;

@customElement("hub-automation-try")
export class AutomationTry extends LitElement {
  @property() entityId = "";
  /** The text as edited; undefined = as it is saved. */
  @property({ attribute: false }) config: Spec | undefined;
  /** True when what is edited has mistakes of writing. */
  @property({ type: Boolean }) broken = false;
  @state() private replay: Replay | undefined;
  @state() private busy = false;
  @state() private problem = "";
  @state() private open: ReplayRun | undefined;
  @state() private shown = SHOWN;

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
  }

  static override styles = [base, buttons, card, badgeStyles, lists, css`
    :host { display: grid; gap: 20px; grid-template-columns: minmax(0, 1fr); }
    .lead { margin-block-end: 4px; }
    .ends { display: flex; gap: 10px; flex-wrap: wrap; margin-block-start: 14px; }
    .sums { display: flex; gap: 6px 24px; flex-wrap: wrap; align-items: baseline; margin-block-end: 14px; }
    .sums h2 { margin: 0; }
    .notes { margin: 8px 0 16px; padding: 12px; padding-inline: 30px 16px; background: var(--sunken); border-radius: 14px; font-size: 0.8125rem; display: grid; gap: 4px; overflow-wrap: anywhere; }
    svg.lanes { display: block; inline-size: 100%; block-size: 74px; direction: ltr; color: var(--muted); margin-block-end: 12px; }
    .would { fill: var(--series-1); }
    .did { fill: var(--series-2); }
    .rail { fill: var(--sunken); }
    .key { display: flex; gap: 6px 18px; flex-wrap: wrap; font-size: 0.875rem; margin-block-end: 6px; }
    .key span { display: inline-flex; gap: 6px; align-items: center; }
    .key i { inline-size: 12px; block-size: 12px; border-radius: 3px; background: var(--series-1); }
    .key .old i { background: var(--series-2); }
    table { border-collapse: collapse; inline-size: 100%; font-size: 0.9375rem; }
    th { text-align: start; font-size: 0.8125rem; color: var(--muted); font-weight: 560; padding-block: 8px; }
    td { vertical-align: top; border-block-start: 1px solid var(--line); padding-block: 10px; overflow-wrap: anywhere; }
    th, td { padding-inline-end: 14px; }
    td:first-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
    .calls { list-style: none; margin: 6px 0 0; padding: 0; font-size: 0.8125rem; color: var(--muted); display: grid; gap: 2px; }
    .run { display: flex; gap: 4px 10px; align-items: center; flex-wrap: wrap; }
    .link { min-block-size: 30px; padding-block: 0; padding-inline: 11px; font-size: 0.8125rem; }
    .more { inline-size: 100%; margin-block-start: 12px; color: var(--accent); }
    @media (max-width: 640px) {
      thead { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
      table, tbody, tr, td { display: block; }
      tr { border-block-start: 1px solid var(--line); padding-block: 10px; }
      td { border: 0; padding-block: 2px; }
      td:first-child { font-weight: 600; }
      td[data-head]::before { content: attr(data-head) ": "; color: var(--muted); font-size: 0.8125rem; }
    }
  `];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("entityId")) this.replay = this.open = undefined;
  }

  override render() {
    const off = this.busy || this.broken || hub().link.offline;
    return html`<section class="card" aria-label=${t("try_it")}><p class="lead">${t("try_lead")}</p>
        <p class="small muted">${this.broken ? t("try_mistakes") : this.config ? t("try_edited") : t("try_saved")}</p>
        <div class="ends"><button type="button" class="primary" ?disabled=${off} @click=${() => this.#yesterday()}>${t("try_yesterday")}</button>
          <button type="button" ?disabled=${off} @click=${() => this.#back(DAY)}>${t("try_today")}</button>
          <button type="button" ?disabled=${off} @click=${() => this.#back(7 * DAY)}>${t("try_week")}</button></div>
        ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
        <p role="status" class="muted small">${this.busy ? t("try_busy") : ""}</p></section>
      ${this.replay ? this.#result(this.replay) : nothing}
      ${this.open?.trace ? html`<section class="card" id="run" tabindex="-1" aria-label=${t("traces")}><hub-trace .trace=${this.open.trace}></hub-trace></section>` : nothing}`;
  }

  #result(replay: Replay) {
    const all = pairs(replay);
    const [from, to] = [replay.start, replay.end].map((each) => moment(typeof each === "number" ? each : Date.parse(each) / 1000));
    return html`<section class="card" aria-labelledby="came"><div class="sums"><h2 id="came">${t("try_would", { count: replay.runs.length })}</h2><h2 class="muted">${t("try_did", { count: replay.recorded.length })}</h2></div>
      <p class="small muted">${t("try_from", { count: replay.states, from: from!, to: to! })}</p>
      ${replay.notes.length ? html`<ul class="notes">${replay.notes.map((note) => html`<li><bdi>${noteText(note)}</bdi></li>`)}</ul>` : nothing}
      ${all.length ? html`${this.#lanes(replay)}${this.#table(all.slice(0, this.shown))}${all.length > this.shown ? html`<button type="button" class="plain more" @click=${() => (this.shown += SHOWN)}>${t("try_more", { count: all.length - this.shown })}</button>` : nothing}` : html`<p class="empty">${t("try_none")}</p>`}</section>`;
  }

  #lanes(replay: Replay) {
    const [from, to] = [replay.start, replay.end].map((each) => (typeof each === "number" ? each : Date.parse(each) / 1000)) as [number, number];
    const place = (at: number) => ((at - from) / (to - from)) * 1000;
    const mark = (at: number, y: number, name: string) => svg`<rect class=${name} x=${Math.max(0, place(at) - 2)} y=${y} width="4" height="22" rx="2" />`;
    return html`<div class="key"><span><i></i>${t("try_col_would")}</span><span class="old"><i></i>${t("try_col_did")}</span></div>
      <svg class="lanes" viewBox="0 0 1000 74" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" x="0" y="8" width="1000" height="22" rx="4" /><rect class="rail" x="0" y="44" width="1000" height="22" rx="4" />
        ${replay.runs.map((run) => mark(run.time, 8, "would"))}${replay.recorded.map((run) => mark(run.time, 44, "did"))}</svg>`;
  }

  #table(all: readonly Pair[]) {
    const many = all.length && all.at(-1)!.time - all[0]!.time > DAY;
    const at = (time: number) => when(time, many ? { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" } : { timeStyle: "medium", hourCycle: "h23" });
    return html`<table><thead><tr><th scope="col">${t("time")}</th><th scope="col">${t("try_col_would")}</th><th scope="col">${t("try_col_did")}</th></tr></thead>
      <tbody>${all.map((pair) => html`<tr><td>${at(pair.time)}</td>
        <td data-head=${t("try_col_would")}>${pair.would ? this.#would(pair.would) : html`<span class="muted">${t("try_would_not")}</span>`}</td>
        <td data-head=${t("try_col_did")}>${pair.did ? html`<bdi>${pair.did.source ? triggerText(pair.did.source) : t("try_by_hand")}</bdi>` : html`<span class="muted">${t("try_not")}</span>`}</td></tr>`)}</tbody></table>`;
  }

  #would(run: ReplayRun) {
    return html`<span class="run"><bdi>${run.trigger ? triggerText(run.trigger) : ""}</bdi>${endBadge({ state: "stopped", script_execution: run.execution })}
        ${run.trace ? html`<button type="button" class="link" aria-pressed=${this.open === run} @click=${() => this.#show(run)}>${t("try_show")}</button>` : nothing}</span>
      <ul class="calls">${run.calls.length ? run.calls.map((call) => html`<li><bdi dir="ltr" class="mono">${call.domain}.${call.service}</bdi> <bdi>${said(call)}</bdi></li>`) : html`<li>${t("try_no_calls")}</li>`}</ul>`;
  }

  async #show(run: ReplayRun): Promise<void> {
    this.open = run;
    await this.updateComplete;
    const shown = this.renderRoot.querySelector<HTMLElement>("#run");
    shown?.focus({ preventScroll: true });
    shown?.scrollIntoView({ block: "start" });
  }

  #yesterday(): void {
    const now = new Date();
    const midnight = (days: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - days).getTime() / 1000;
    void this.#ask(midnight(1), midnight(0));
  }

  #back(seconds: number): void {
    const now = Date.now() / 1000;
    void this.#ask(now - seconds, now);
  }

  async #ask(start: number, end: number): Promise<void> {
    this.busy = true;
    this.problem = "";
    this.open = undefined;
    this.shown = SHOWN;
    try {
      const config = this.config ? { config: this.config } : {};
      this.replay = await hub().link.ask<Replay>({ type: "automation/replay", entity_id: this.entityId, start: iso(start), end: iso(end), ...config });
    } catch (error) {
      this.replay = undefined;
      this.problem = failureText(error);
    }
    this.busy = false;
  }
}

function said(call: ReplayCall): string {
  const ids = call.target?.entity_id ?? call.data?.entity_id;
  const names = (Array.isArray(ids) ? ids : ids === undefined ? [] : [ids]).map((id) => {
    const entity = hub().store.get(String(id));
    return entity ? nameOf(entity) : String(id);
  });
  const data = Object.entries(call.data ?? {}).filter(([key]) => key !== "entity_id").map(([key, value]) => `${key}: ${written(value).replaceAll("\n", ", ")}`);
  return [...names, ...data].join(" · ");
}
