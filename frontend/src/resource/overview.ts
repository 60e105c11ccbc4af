/** How a resource is: what is wanted and what is there, what drifted, what uses it. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { badge, badgeStyles, outcomeBadge } from "../components/badge";
import { diffStyles, stepsView } from "../components/diff";
import "../components/job";
import { addressOf, type Condition, type Resource, type ResourceType } from "../data/resources";
import { written } from "../form/values";
import { age, moment, number, t, word } from "../i18n";
import { labelOf } from "../form/fields";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { Ticker, Watch, onPrefs } from "../watch";

@customElement("hub-resource-overview")
export class ResourceOverview extends LitElement {
  @property({ attribute: false }) resource!: Resource;
  @property({ attribute: false }) type!: ResourceType;

  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
    new Ticker(this);
  }

  static override styles = [base, buttons, card, badgeStyles, diffStyles, lists, css`
    :host { display: block; }
    .pair { display: grid; gap: 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); align-items: start; }
    .pair > .card { min-inline-size: 0; }
    .conditions { list-style: none; margin: 0; padding: 0; }
    .conditions li { padding-block: 10px; border-block-start: 1px solid var(--line); display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 12px; align-items: center; }
    .conditions li:first-child { border-block-start: 0; }
    .conditions p { grid-column: 1 / -1; color: var(--muted); font-size: 0.875rem; overflow-wrap: anywhere; }
    .uses { list-style: none; margin: 0; padding: 0; display: grid; gap: 8px; overflow-wrap: anywhere; }
    .log { margin-block-start: 4px; }
  `];

  override render() {
    const { status } = this.resource;
    const facts = Object.entries(status.facts);
    return html`<div class="sections">
      ${status.phase === "applying" && status.job_id ? html`<section class="card" aria-labelledby="now"><h2 id="now">${t("runs_now")}</h2><hub-job .jobId=${status.job_id}></hub-job></section>` : nothing}
      ${status.drift.length ? html`<section class="card" aria-labelledby="drift"><h2 id="drift">${t("drift")}</h2><p class="muted">${t("drift_lead")}</p>${stepsView(status.drift)}</section>` : nothing}
      <div class="pair">${this.#status()}
        <div class="sections">
          ${status.conditions.length ? html`<section class="card" aria-labelledby="conditions"><h2 id="conditions">${t("conditions")}</h2><ul class="conditions">${status.conditions.map((each) => this.#condition(each))}</ul></section>` : nothing}
          ${facts.length ? html`<section class="card" aria-labelledby="facts"><h2 id="facts">${t("observed")}</h2><dl class="facts">${facts.map(([name, value]) => html`<dt><bdi>${labelOf(name)}</bdi></dt><dd>${fact(value)}</dd>`)}</dl></section>` : nothing}
          ${this.#uses()}</div></div></div>`;
  }

  #status() {
    const { resource } = this;
    const { status } = resource;
    const rows: [string, unknown][] = [
      [t("revision"), number(resource.revision)],
      this.type.has_controller ? [t("live_revision"), status.observed_revision === null ? t("not_known") : number(status.observed_revision)] : ["", undefined],
      [t("last_apply"), status.outcome ? outcomeBadge(status.outcome) : undefined],
      [t("attempts"), status.attempts ? number(status.attempts) : undefined],
      [t("next_attempt"), status.retry_at ? time(status.retry_at) : undefined],
      [t("looked_at"), status.observed_at ? time(status.observed_at) : undefined],
      [t("changed_at"), time(resource.updated_at)],
      [t("created_at"), time(resource.created_at)],
    ];
    return html`<section class="card" aria-labelledby="status"><h2 id="status">${t("status")}</h2>
      <dl class="facts">${rows.map(([name, value]) => (value === undefined ? nothing : html`<dt>${name}</dt><dd>${value}</dd>`))}</dl></section>`;
  }

  #condition(each: Condition) {
    const mark = each.status === null ? badge(t("not_known"), "calm", "question") : each.status ? badge(t("yes"), "good", "check") : badge(t("no"), "warn", "alert");
    const said = each.message || each.reason;
    return html`<li><strong><bdi>${word("condition", each.type)}</bdi></strong>${mark}
      ${said || each.since ? html`<p><bdi dir="auto">${said}</bdi>${each.since ? html`${said ? " · " : nothing}${time(each.since)}` : nothing}</p>` : nothing}</li>`;
  }

  #uses() {
    const { used_by } = this.resource;
    if (!used_by.length) return nothing;
    return html`<section class="card" aria-labelledby="uses"><h2 id="uses">${t("used_by")}</h2>
      <ul class="uses">${used_by.map((id) => html`<li><a href=${addressOf(id)}><bdi dir="ltr">${id}</bdi></a></li>`)}</ul></section>`;
  }
}

function time(epoch: number) {
  return html`<time datetime=${new Date(epoch * 1000).toISOString()} title=${moment(epoch)}>${age(epoch)}</time>`;
}

function fact(value: unknown) {
  return typeof value === "object" && value !== null ? html`<pre dir="ltr">${written(value)}</pre>` : html`<bdi dir="auto">${String(value ?? "–")}</bdi>`;
}
