/** One run: the picture with the way it took, and what was known and found at a chosen step. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { badge, badgeStyles, type Tone } from "../components/badge";
import type { IconName } from "../components/icon";
import "../components/steps";
import { written } from "../form/values";
import { clockTime, duration, moment, t, word } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Watch, onPrefs } from "../watch";
import { nodesOf, pictureOf, startOf, type Node, type Trace, type TraceShort } from "./steps";
import { triggerText } from "./told";

const ENDS: Record<string, [Tone, IconName]> = {
  finished: ["good", "check"],
  failed_conditions: ["calm", "pause"],
  aborted: ["calm", "pause"],
  failed_single: ["warn", "alert"],
  failed_max_runs: ["warn", "alert"],
  cancelled: ["warn", "close"],
  error: ["bad", "cross"],
  disallowed_recursion_detected: ["bad", "cross"],
  running: ["busy", "update"],
};

/** Draw how a run ended. */
export function endBadge(run: Pick<TraceShort, "state" | "script_execution">) {
  const end = run.script_execution ?? (run.state === "running" ? "running" : "finished");
  const [tone, name] = ENDS[end] ?? ["calm", "question"];
  return badge(word("execution", end), tone, name);
}

@customElement("hub-trace")
export class TraceView extends LitElement {
  @property({ attribute: false }) trace!: Trace;
  @state() private path = "";
  @state() private round = -1;

  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
  }

  static override styles = [base, buttons, card, fields, badgeStyles, lists, css`
    :host { display: block; min-inline-size: 0; container-type: inline-size; }
    .head { display: flex; gap: 6px 12px; align-items: center; flex-wrap: wrap; margin-block-end: 14px; font-size: 0.9375rem; }
    .head .muted { font-size: 0.875rem; }
    .both { display: grid; gap: 20px; grid-template-columns: minmax(0, 1fr); align-items: start; }
    @container (min-width: 720px) { .both { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); } .about { position: sticky; inset-block-start: calc(var(--bar, 64px) + 16px); max-block-size: calc(100dvh - 120px); overflow: auto; } }
    .about { background: var(--sunken); border-radius: var(--radius); padding: 16px; min-inline-size: 0; }
    .about h3 { overflow-wrap: anywhere; }
    .about h4 { margin: 14px 0 4px; font-size: 0.8125rem; color: var(--muted); font-weight: 600; }
    pre { margin: 0; font-family: var(--mono); font-size: 0.8125rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; text-align: start; }
    .error { white-space: pre-wrap; overflow-wrap: anywhere; }
    select { inline-size: auto; margin-block-start: 8px; }
  `];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("trace")) return;
    const before = changed.get("trace") as Trace | undefined;
    if (before?.run_id === this.trace.run_id) return;
    this.path = startOf(this.#picture, this.trace)?.path ?? "";
    this.round = -1;
  }

  override render() {
    const { trace } = this;
    const picture = this.#picture;
    const node = nodesOf(picture).find((each) => each.path === this.path);
    const [start, finish] = [trace.timestamp.start, trace.timestamp.finish].map((each) => (each ? Date.parse(each) / 1000 : undefined));
    return html`<div class="head"><strong>${moment(start!)}</strong>${endBadge(trace)}
        ${trace.trigger ? html`<span class="muted"><bdi>${triggerText(trace.trigger)}</bdi></span>` : nothing}
        ${finish === undefined ? nothing : html`<span class="muted">${t("trace_took", { time: duration(finish - start!) })}</span>`}</div>
      ${trace.error ? html`<p class="note bad"><bdi>${trace.error}</bdi></p>` : nothing}
      ${trace.steps_left_out ? html`<p class="note">${t("trace_left_out", { count: trace.steps_left_out })}</p>` : nothing}
      <div class="both"><hub-steps traced .picture=${picture} .selected=${this.path} @chosen=${this.#choose}></hub-steps>${node ? this.#about(node) : nothing}</div>`;
  }

  get #picture() {
    return pictureOf(this.trace.domain === "script" ? "script" : "automation", this.trace.config, this.trace);
  }

  #choose(event: CustomEvent<string>): void {
    this.path = event.detail;
    this.round = -1;
  }

  #about(node: Node) {
    const { steps } = node;
    const step = steps.at(this.round);
    const pick = (event: Event) => (this.round = Number((event.target as HTMLSelectElement).value));
    return html`<section class="about" aria-label=${t("trace_step")} role="region" tabindex="0"><h3><bdi>${node.title}</bdi></h3>
      ${steps.length > 1 ? html`<select aria-label=${t("trace_rounds", { count: steps.length })} @change=${pick}>${steps.map((_each, index) => html`<option value=${index} ?selected=${index === (this.round + steps.length) % steps.length}>${t("trace_round", { number: index + 1 })}</option>`)}</select>` : nothing}
      ${step ? html`<p class="muted small">${clockTime(Date.parse(step.timestamp) / 1000)}${node.took === undefined ? nothing : html` · ${t("trace_took", { time: duration(node.took) })}`}${node.dry ? html` · ${t("dry_call")}` : nothing}</p>
          ${step.error ? html`<h4>${t("trace_error")}</h4><p class="error"><bdi dir="auto">${step.error}</bdi></p>` : nothing}
          ${step.result ? html`<h4>${t("trace_result")}</h4><pre dir="ltr">${written(step.result)}</pre>` : nothing}
          ${step.changed_variables ? html`<h4>${t("trace_variables")}</h4><pre dir="ltr">${written(step.changed_variables)}</pre>` : nothing}` : html`<p class="muted small">${t("trace_not_reached")}</p>`}
      <h4>${t("trace_config")}</h4><pre dir="ltr">${written(node.config)}</pre></section>`;
  }
}
