/** The details of one entity, over the present page: state, attributes, and a service call. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import "../components/entity-row";
import "../components/service-form";
import "../components/thermostat";
import { itemAddress } from "../automation/items";
import { icon } from "../components/icon";
import type { Entity } from "../data/decode";
import { domainOf, nameOf, stateText } from "../data/describe";
import { hub } from "../hub";
import { rangeOf, type Range } from "../data/range";
import { isAdmin } from "../data/rights";
import { age, moment, t, word } from "../i18n";
import { closeEntity } from "../router";
import { base, buttons } from "../styles/shared";
import { Ticker, Watch, WatchEntity, onPrefs, onRegistries } from "../watch";

@customElement("hub-entity-details")
export class EntityDetails extends LitElement {
  @property() entityId = "";
  @query("dialog") private dialog!: HTMLDialogElement;
  @state() private renames = false;
  #range: Range = rangeOf("24h", Date.now() / 1000);
  #ids: readonly string[] = [];
  readonly #watch = new WatchEntity(this, () => this.entityId);

  constructor() {
    super();
    new Watch(this, () => [onPrefs, onRegistries]);
    new Ticker(this);
  }

  static override styles = [base, buttons, css`
    dialog { border: 0; padding: 0; color: var(--text); background: var(--surface); border-radius: 24px; box-shadow: var(--shadow-high);
      inline-size: min(560px, 100vw - 24px); max-block-size: min(860px, 100dvh - 24px); overflow: auto; overscroll-behavior: contain; }
    dialog::backdrop { background: rgb(10 14 18 / 48%); }
    .head { position: sticky; inset-block-start: 0; z-index: 3; background: var(--surface); display: flex; align-items: center; gap: 12px;
      padding: 20px; padding-block-end: 12px; padding-inline-start: 24px; }
    .head > div { flex: 1; min-inline-size: 0; }
    h2 { font-size: 1.25rem; overflow-wrap: anywhere; }
    .body { padding: 24px; padding-block-start: 4px; }
    .state { font-size: 1.75rem; font-weight: 600; overflow-wrap: anywhere; }
    .lead { margin-block-end: 20px; }
    h3 { margin-block: 24px 8px; font-size: 0.8125rem; color: var(--muted); font-weight: 600; }
    dl { display: grid; grid-template-columns: minmax(110px, auto) 1fr; margin: 0; font-size: 0.9375rem; }
    dt, dd { padding-block: 7px; border-block-end: 1px solid var(--line); margin: 0; overflow-wrap: anywhere; }
    dt { color: var(--muted); padding-inline-end: 16px; }
    dd { text-align: end; }
    .further { display: flex; gap: 6px 20px; flex-wrap: wrap; margin-block: 12px 16px; font-size: 0.9375rem; }
    .control { padding: 16px; border: 1px solid var(--line); border-radius: var(--radius); margin-block-end: 8px; }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    void import("../components/history-view");
    void import("../components/logbook");
  }

  /** Both stay the same objects while the same entity is shown. */
  protected override willUpdate(): void {
    if (this.#ids[0] === this.entityId) return;
    this.#ids = [this.entityId];
    this.#range = rangeOf("24h", Date.now() / 1000);
    this.renames = false;
  }

  override render() {
    const entity = this.#watch.entity;
    return html`<dialog aria-labelledby="name" @close=${this.#closed} @click=${this.#backdrop}>
      <div class="head">
        <div><h2 id="name">${entity ? nameOf(entity) : this.entityId}</h2>
          <bdi class="muted mono" dir="ltr">${this.entityId}</bdi></div>
        <button type="button" class="icon plain" aria-label=${t("close")} @click=${() => this.dialog.close()}>${icon("close")}</button>
      </div>
      <div class="body">${entity ? this.#body(entity) : html`<p class="muted">${t("no_such_entity")}</p>`}</div>
    </dialog>`;
  }

  #body(entity: Entity) {
    const { registries } = hub();
    const device = registries.deviceOf(this.entityId);
    const domain = domainOf(this.entityId);
    const changed = html`<time datetime=${new Date(entity.last_changed * 1000).toISOString()} title=${moment(entity.last_changed)}>${age(entity.last_changed)}</time>`;
    const facts: [string, unknown][] = [
      [t("last_changed"), changed],
      [t("room"), registries.areaName(this.entityId)],
      [t("device"), device && (device.name_by_user ?? device.name)],
      [t("maker"), device && [device.manufacturer, device.model].filter(Boolean).join(" ")],
      [t("kind"), word("domain", domain)],
    ];
    return html`
      ${domain === "climate"
        ? html`<div class="control"><hub-thermostat .entityId=${this.entityId}></hub-thermostat></div>`
        : html`<p class="state value lead"><bdi>${stateText(entity, registries.entries.get(this.entityId)?.dp)}</bdi></p>
            <hub-entity-row .entityId=${this.entityId}></hub-entity-row>`}
      ${this.#item(entity, domain)}${this.#past()}
      <dl>${facts.map(([name, value]) => (value ? html`<dt>${name}</dt><dd>${typeof value === "string" ? html`<bdi>${value}</bdi>` : value}</dd>` : nothing))}</dl>
      ${this.#rename()}
      <h3>${t("attributes")}</h3>
      <dl>
        <dt><bdi dir="ltr" class="mono">state</bdi></dt><dd><bdi dir="ltr" class="mono value">${entity.state}</bdi></dd>
        ${Object.entries(entity.attributes).map(([name, value]) => html`<dt><bdi dir="ltr" class="mono">${name}</bdi></dt>
          <dd><bdi dir="auto" class="mono value">${typeof value === "string" ? value : JSON.stringify(value)}</bdi></dd>`)}
      </dl>
      <h3>${t("call_service")}</h3>
      <hub-service-form .entityId=${this.entityId}></hub-service-form>`;
  }

  /** The way to the page of an automation, a script or a scene. */
  #item(entity: Entity, domain: string) {
    if (domain !== "automation" && domain !== "script" && domain !== "scene") return nothing;
    const key = typeof entity.attributes.id === "string" ? entity.attributes.id : this.entityId.slice(domain.length + 1);
    return html`<p class="further"><a href=${itemAddress(domain, key)}>${t("to_item")}</a></p>`;
  }

  /** The last day: drawn, and told. */
  #past() {
    const query = `?entities=${this.entityId}`;
    return html`<h3>${t("history_24h")}</h3><hub-history-view small .entities=${this.#ids} .range=${this.#range}></hub-history-view>
      <h3>${t("logbook")}</h3><hub-logbook small .entities=${this.#ids} .range=${this.#range}></hub-logbook>
      <p class="further"><a href="/history${query}&range=7d">${t("history_more")}</a> <a href="/logbook${query}&range=7d">${t("logbook_more")}</a></p>`;
  }

  #rename() {
    if (!isAdmin() || !hub().registries.entries.has(this.entityId)) return nothing;
    const open = () => {
      this.renames = true;
      void import("../components/rename");
    };
    return this.renames ? html`<hub-rename .entityId=${this.entityId}></hub-rename>` : html`<p class="further"><button type="button" @click=${open}>${t("rename")}</button></p>`;
  }

  protected override firstUpdated(): void {
    this.dialog.showModal();
  }

  #closed(): void {
    closeEntity();
  }

  #backdrop(event: MouseEvent): void {
    if (event.target === this.dialog) this.dialog.close();
  }
}
