/** The revisions of a resource: who, when, why; what differs between any two; going back. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { badge, badgeStyles } from "../components/badge";
import { diffStyles, diffView } from "../components/diff";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import type { Difference, Resource, ResourceType, Revision } from "../data/resources";
import { denial, mayResource } from "../data/rights";
import { hub } from "../hub";
import { age, moment, number, t, word } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Ticker, Watch, onLink, onPrefs } from "../watch";
import "./review";
import type { Order } from "./review";

@customElement("hub-resource-history")
export class ResourceHistory extends LitElement {
  @property({ attribute: false }) resource!: Resource;
  @property({ attribute: false }) type!: ResourceType;
  @state() private revisions: Revision[] | undefined;
  @state() private pair: [number, number] | undefined;
  @state() private diff: Difference[] | undefined;
  @state() private problem = "";
  @state() private order: Order | undefined;
  #loaded = 0;

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
    new Ticker(this, 30_000);
  }

  static override styles = [base, buttons, card, fields, badgeStyles, diffStyles, lists, css`
    :host { display: block; }
    .list { padding-block: 4px; }
    .list li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 6px 16px; align-items: center; padding-block: 12px; }
    .what { display: flex; align-items: center; gap: 4px 10px; flex-wrap: wrap; min-inline-size: 0; overflow-wrap: anywhere; }
    .what strong { font-variant-numeric: tabular-nums; }
    .about { grid-column: 1; color: var(--muted); font-size: 0.875rem; overflow-wrap: anywhere; }
    .actions { grid-row: 1 / span 2; grid-column: 2; justify-content: end; }
    .compare { display: flex; gap: 12px; align-items: end; flex-wrap: wrap; margin-block-end: 16px; }
    .compare .field { margin: 0; flex: 1 1 160px; }
    .compare h2 { flex: 1 1 100%; }
    section + section, hub-review { margin-block-end: 20px; display: block; }
    .card.compared { margin-block-end: 20px; }
    @media (max-width: 640px) {
      .list li { grid-template-columns: minmax(0, 1fr); }
      .actions { grid-row: auto; grid-column: 1; justify-content: start; }
    }
  `];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("resource") && this.resource.revision !== this.#loaded) {
      this.#loaded = this.resource.revision;
      void this.#load();
    }
  }

  override render() {
    const { revisions } = this;
    return html`${this.order ? this.#review(this.order) : nothing}
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
      ${this.pair && revisions ? this.#compare(this.pair, revisions) : nothing}
      <section class="card list" aria-label=${t("history")}>${revisions ? nothing : html`<p class="muted" role="status">${t("loading")}</p>`}
        <ul class="rows">${revisions?.map((each, index) => this.#revision(each, revisions[index + 1]))}</ul></section>`;
  }

  #revision(each: Revision, previous: Revision | undefined) {
    const { resource } = this;
    const present = each.revision === resource.revision;
    const live = each.revision === resource.status.observed_revision;
    const name = `${t("revision")} ${number(each.revision)}`;
    return html`<li><div class="what"><strong>${name}</strong><span>${word("deed", each.action)}</span>
        ${present ? badge(t("present"), "calm") : nothing}${live ? badge(t("is_live"), "good", "check") : nothing}</div>
      <p class="about"><time datetime=${new Date(each.at * 1000).toISOString()} title=${moment(each.at)}>${age(each.at)}</time> · <bdi>${each.user_name ?? t("the_hub")}</bdi>${each.note ? html` · <bdi dir="auto">${each.note}</bdi>` : nothing}</p>
      <div class="actions">${previous ? html`<button type="button" aria-label=${t("changes_of", { name })} @click=${() => this.#show(previous.revision, each.revision)}>${t("changes")}</button>` : nothing}
        ${this.#back(each, present)}</div></li>`;
  }

  #back(each: Revision, present: boolean) {
    const { resource } = this;
    if (present || each.action === "delete" || resource.deleting || resource.source === "file" || !mayResource("write", resource)) return nothing;
    const roll = () => {
      this.order = { do: "rollback", to: each.revision, spec: each.spec, if_revision: resource.revision };
    };
    return html`<button type="button" class="with" ?disabled=${denial("write", resource) !== "" || this.order !== undefined} aria-label=${t("back_to", { revision: each.revision })} @click=${roll}>${icon("undo", 16)}${t("roll_back")}</button>`;
  }

  #review(order: Order) {
    const to = order.do === "rollback" ? order.to : 0;
    const { resource_type, key } = this.resource;
    return html`<hub-review .name=${{ resource_type, key }} .order=${order} .controlled=${this.type.has_controller} .was=${this.resource.status}
      heading=${t("back_to", { revision: to })} @back=${() => (this.order = undefined)} @done=${() => (this.order = undefined)}></hub-review>`;
  }

  #compare([old, now]: [number, number], revisions: readonly Revision[]) {
    const pick = (side: 0 | 1) => (event: Event) => {
      const value = Number((event.target as HTMLSelectElement).value);
      void (side ? this.#show(old, value) : this.#show(value, now));
    };
    const options = (chosen: number) => revisions.map(({ revision }) => html`<option value=${revision} ?selected=${revision === chosen} .selected=${revision === chosen}>${t("revision")} ${number(revision)}</option>`);
    return html`<section class="card compared" aria-labelledby="compare"><div class="compare"><h2 id="compare" tabindex="-1">${t("differences")}</h2>
        <div class="field"><label for="old">${t("before")}</label><select id="old" @change=${pick(0)}>${options(old)}</select></div>
        <div class="field"><label for="now">${t("after")}</label><select id="now" @change=${pick(1)}>${options(now)}</select></div>
        <button type="button" @click=${() => (this.pair = undefined)}>${t("close")}</button></div>
      ${this.diff ? diffView(this.diff) : html`<p class="muted" role="status">${t("loading")}</p>`}</section>`;
  }

  async #show(old: number, now: number): Promise<void> {
    const first = !this.pair;
    this.pair = [old, now];
    this.diff = undefined;
    this.problem = "";
    const { resource_type, key } = this.resource;
    try {
      const diff = await hub().link.ask<Difference[]>({ type: "resource/diff", resource_type, key, old, new: now });
      if (this.pair?.[0] === old && this.pair[1] === now) this.diff = diff;
    } catch (error) {
      this.pair = undefined;
      this.problem = failureText(error);
    }
    if (!first) return;
    await this.updateComplete;
    const head = this.renderRoot.querySelector<HTMLElement>("#compare");
    head?.focus();
    head?.scrollIntoView({ block: "center" });
  }

  async #load(): Promise<void> {
    const { resource_type, key } = this.resource;
    try {
      this.revisions = await hub().link.ask<Revision[]>({ type: "resource/history", resource_type, key });
    } catch (error) {
      this.problem = failureText(error);
    }
  }
}
