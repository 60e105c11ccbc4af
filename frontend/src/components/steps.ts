/** The picture of an automation: its parts one below the other, branches side by side. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Branch, Fate, Node, Picture } from "../automation/steps";
import { duration, t } from "../i18n";
import { base } from "../styles/shared";
import { Watch, onPrefs } from "../watch";
import { icon, type IconName } from "./icon";

const MARKS: Partial<Record<Fate, IconName>> = { passed: "check", stopped: "pause", failed: "cross", disabled: "minus" };

@customElement("hub-steps")
export class StepGraph extends LitElement {
  @property({ attribute: false }) picture: Picture = { triggers: [], conditions: [], actions: [] };
  /** True when a run is shown: then every part can be chosen. */
  @property({ type: Boolean }) traced = false;
  @property() selected = "";

  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
  }

  static override styles = [base, css`
    :host { display: block; min-inline-size: 0; }
    h2 { font-size: 0.8125rem; font-weight: 600; letter-spacing: 0; color: var(--muted); margin-block: 14px 6px; }
    section:first-child h2 { margin-block-start: 0; }
    ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); }
    li { position: relative; min-inline-size: 0; }
    li + li::before { content: ""; position: absolute; inset-inline-start: 25px; inset-block-start: -9px; block-size: 10px; border-inline-start: 2px solid var(--line-strong); opacity: 0.6; }
    .node { display: grid; grid-template-columns: 32px minmax(0, 1fr) auto; gap: 2px 10px; align-items: center; inline-size: 100%; text-align: start; font: inherit; color: var(--text); padding: 9px; border-radius: 14px;
      border: 1px solid var(--line); background: var(--surface); min-block-size: 52px; }
    .glyph { grid-row: 1 / span 2; align-self: start; }
    button.node { cursor: pointer; }
    button.node:hover { background: var(--sunken); }
    button.node[aria-pressed="true"] { border-color: var(--accent); outline: 1px solid var(--accent); }
    .glyph { display: grid; place-items: center; inline-size: 32px; block-size: 32px; border-radius: 10px; background: var(--sunken); color: var(--muted); }
    .title { font-weight: 580; overflow-wrap: anywhere; }
    .detail { color: var(--muted); font-size: 0.8125rem; overflow-wrap: anywhere; grid-column: 2 / -1; margin-block-start: -2px; }
    .title:nth-last-child(-n+2) { align-self: center; }
    .side { display: inline-flex; align-items: center; gap: 6px; color: var(--muted); font-size: 0.8125rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
    .passed > .glyph { background: var(--accent-tint); color: var(--accent); }
    .passed .mark { color: var(--good); }
    .stopped { border-color: var(--warn); }
    .stopped > .glyph { background: var(--warn-tint); color: var(--warn); }
    .stopped .mark { color: var(--warn); }
    .failed { border-color: var(--bad); background: var(--bad-tint); }
    .failed > .glyph { background: var(--bad-tint); color: var(--bad); }
    .failed .mark, .failed .detail, .failed .side { color: var(--bad); }
    .skipped, .disabled { border-style: dashed; background: transparent; }
    .skipped .title, .disabled .title { color: var(--muted); font-weight: 400; }
    .dry { color: var(--accent); background: var(--accent-tint); border-radius: 8px; padding-inline: 7px; font-weight: 560; }
    .branches { display: grid; gap: 10px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 190px), 1fr)); margin-block-start: 8px; margin-inline-start: 16px; padding-inline-start: 10px; border-inline-start: 2px solid var(--line); }
    .branch { min-inline-size: 0; }
    .branch > p { font-size: 0.8125rem; font-weight: 560; color: var(--muted); margin-block-end: 6px; display: flex; gap: 4px; align-items: center; }
    .branch.taken > p { color: var(--accent); }
    .nothing { color: var(--muted); font-size: 0.875rem; }
  `];

  override render() {
    const { triggers, conditions, actions } = this.picture;
    return html`${triggers.length ? html`<section aria-label=${t("trace_when")}><h2>${t("trace_when")}</h2>${this.#list(triggers)}</section>` : nothing}
      ${conditions.length ? html`<section aria-label=${t("trace_if")}><h2>${t("trace_if")}</h2>${this.#list(conditions)}</section>` : nothing}
      <section aria-label=${t("trace_then")}><h2>${t("trace_then")}</h2>${actions.length ? this.#list(actions) : html`<p class="nothing">${t("trace_nothing")}</p>`}</section>`;
  }

  #list(nodes: readonly Node[]): unknown {
    return html`<ol>${nodes.map((node) => html`<li>${this.#node(node)}${node.branches.length ? html`<div class="branches">${node.branches.map((branch) => this.#branch(branch))}</div>` : nothing}</li>`)}</ol>`;
  }

  #node(node: Node) {
    const inside = html`<span class="glyph">${icon(node.icon, 18)}</span><span class="title"><bdi>${node.title}</bdi></span>${this.#side(node)}${node.detail ? html`<span class="detail"><bdi>${node.detail}</bdi></span>` : nothing}`;
    if (!this.traced) return html`<div class="node ${node.fate}">${inside}</div>`;
    const choose = () => this.dispatchEvent(new CustomEvent("chosen", { detail: node.path }));
    return html`<button type="button" class="node ${node.fate}" data-path=${node.path} aria-pressed=${node.path === this.selected} @click=${choose}>${inside}</button>`;
  }

  #side(node: Node) {
    if (!this.traced) return node.fate === "disabled" ? html`<span class="side">${t("fate_disabled")}</span>` : nothing;
    const words = { neutral: "", passed: t("fate_passed"), skipped: t("fate_skipped"), stopped: t("fate_stopped"), failed: t("fate_failed"), disabled: t("fate_disabled") };
    const mark = MARKS[node.fate];
    const many = node.steps.length > 1 ? html`<span>${t("trace_rounds", { count: node.steps.length })}</span>` : nothing;
    const took = node.took !== undefined && node.took >= 0.001 ? html`<span>${duration(node.took)}</span>` : nothing;
    return html`<span class="side">${node.dry ? html`<span class="dry">${t("dry_call")}</span>` : nothing}${many}${took}<span class="mark">${mark ? icon(mark, 16) : nothing}</span><span class="visually-hidden">${words[node.fate]}</span></span>`;
  }

  #branch(branch: Branch) {
    const taken = this.traced && branch.taken;
    return html`<div class="branch ${taken ? "taken" : ""}">${branch.label ? html`<p>${taken ? icon("check", 15) : nothing}<bdi>${branch.label}</bdi></p>` : nothing}${this.#list(branch.nodes)}</div>`;
  }
}
