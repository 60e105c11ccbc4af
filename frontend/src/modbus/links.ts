/** Every link with its devices: whether it is connected, how they fare, and the way to write them. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { badge, badgeStyles, phaseBadge } from "../components/badge";
import { icon } from "../components/icon";
import { addressOf, needsCare, type Resource } from "../data/resources";
import { mayResource } from "../data/rights";
import { age, duration, number, t } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { Ticker } from "../watch";
import { Glances } from "./glances";
import { transportOf, type DeviceHealth, type LinkHealth } from "./health";
import { ageText, count, figure, figures, linkBadge, stateBadge, tables } from "./parts";
import { DEVICE, LINK, type Park } from "./source";

@customElement("hub-modbus-links")
export class ModbusLinks extends LitElement {
  @property({ attribute: false }) park!: Park;
  /** Grows with each change of what is shown. */
  @property({ type: Number }) turn = 0;
  readonly #glances = new Glances(this, () => this.park.devices.map(({ key }) => key));

  constructor() {
    super();
    new Ticker(this, 1_000);
  }

  static override styles = [base, buttons, card, badgeStyles, lists, figures, tables, css`
    :host { display: grid; gap: 20px; grid-template-columns: minmax(0, 1fr); }
    section.card { padding: 0; overflow: clip; }
    .link { padding: 16px 20px; display: grid; gap: 8px; }
    .link h2 a { color: inherit; text-decoration: none; }
    .link h2 a:hover { text-decoration: underline; }
    .line { display: flex; align-items: center; gap: 8px 12px; flex-wrap: wrap; }
    .line .push { margin-inline-start: auto; }
    .line h2 { overflow-wrap: anywhere; }
    .devices { border-block-start: 1px solid var(--line); }
    .hint { padding-block: 14px; padding-inline: 20px; border-block-start: 1px solid var(--line); }
    .marks { display: inline-flex; flex-wrap: wrap; gap: 4px; align-items: center; }
    .link .problem { margin: 0; font-size: 0.875rem; }
    @media (min-width: 1081px) {
      table { table-layout: fixed; }
      th:nth-child(1) { inline-size: 27%; }
      th:nth-child(2) { inline-size: 7%; }
      th:nth-child(4) { inline-size: 12%; }
      th:nth-child(5) { inline-size: 12%; }
      th:nth-child(6) { inline-size: 20%; }
      th:last-child { inline-size: 68px; }
    }
    @media (max-width: 1080px) {
      table.devices { border-block-start: 0; }
      tbody { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); }
      tbody tr { position: relative; padding-block: 12px; padding-inline: 16px; border-block-start: 1px solid var(--line); }
      td.head { padding-inline-end: 48px; padding-block-end: 6px; }
      td.edit { position: absolute; inset-block-start: 10px; inset-inline-end: 12px; }
      .link { padding-inline: 16px; }
      .hint { padding-inline: 16px; }
    }
  `];

  override render() {
    const { park } = this;
    const { links } = park;
    const lost = park.on("");
    if (!links.length && !lost.length) return this.#nothing();
    return html`${repeat(links, ({ key }) => key, (each) => this.#link(each))}
      ${lost.length ? html`<section class="card" aria-label=${t("modbus_no_such_link")}><div class="link"><h2>${t("modbus_no_such_link")}</h2></div>${this.#devices(lost, t("modbus_no_such_link"))}</section>` : nothing}`;
  }

  #nothing() {
    const { park } = this;
    if (!park.loaded) return html`<p class="empty" role="status">${t("loading")}</p>`;
    const may = mayResource("write", park.type(LINK) ?? { may: [] });
    return html`<div class="card empty"><p>${t("modbus_no_link")}</p>
      ${may ? html`<p><a class="button primary" href=${park.newAddress(LINK)}>${icon("plus", 18)}${t("modbus_new_link")}</a></p>` : nothing}</div>`;
  }

  #link(resource: Resource) {
    const { key, title, spec } = resource;
    const health = this.park.linkHealth(resource);
    const devices = this.park.on(key);
    const may = mayResource("write", this.park.type(DEVICE) ?? { may: [] });
    return html`<section class="card" aria-labelledby="link-${key}"><div class="link">
        <div class="line"><h2 id="link-${key}"><a href=${addressOf(LINK, key)}><bdi>${title}</bdi></a></h2>${linkBadge(health.connected)}${this.#phase(resource)}
          <span class="muted">${transportOf(spec.transport)} <bdi dir="ltr" class="mono">${health.place}</bdi></span>
          <div class="push actions">${may ? html`<a class="button small" href=${this.park.newAddress(DEVICE, key)} aria-label=${t("modbus_new_device_on", { name: title })}>${icon("plus", 16)}${t("modbus_new_device")}</a>` : nothing}
            ${this.#edit(LINK, resource)}</div></div>
        ${health.reason ? html`<p class="problem"><bdi dir="auto">${health.reason}</bdi></p>` : nothing}
        ${this.#figures(health)}</div>
      ${devices.length ? this.#devices(devices, t("modbus_devices_of", { name: title })) : html`<p class="hint muted">${t("modbus_no_device")}</p>`}</section>`;
  }

  #figures({ requests, timeouts, badAnswers, reconnects, latency, gateway }: LinkHealth) {
    return html`<dl class="figures">${count(t("modbus_requests"), requests)}${count(t("modbus_timeouts"), timeouts)}${badAnswers ? count(t("modbus_bad_answers"), badAnswers) : nothing}${count(t("modbus_reconnects"), reconnects)}
      ${latency === undefined ? nothing : figure(t("modbus_latency"), duration(latency))}
      ${gateway ? figure(t("modbus_gateway"), gateway.error ? html`<span class="error"><bdi dir="auto">${gateway.error}</bdi></span>` : t("modbus_clients", { count: gateway.clients, port: String(gateway.port) })) : nothing}</dl>`;
  }

  #devices(devices: readonly Resource[], label: string) {
    const head = (text: string) => html`<th role="columnheader" scope="col">${text}</th>`;
    return html`<table class="devices" role="table" aria-label=${label}><thead role="rowgroup"><tr role="row">
        ${head(t("device"))}${head(t("modbus_unit"))}${head(t("status"))}${head(t("modbus_newest"))}${head(t("modbus_registers"))}${head(t("modbus_requests"))}<th role="columnheader" scope="col"><span class="visually-hidden">${t("configuration")}</span></th>
      </tr></thead><tbody role="rowgroup">${repeat(devices, ({ key }) => key, (each) => this.#device(each))}</tbody></table>`;
  }

  #device(resource: Resource) {
    const { key, title, spec, status } = resource;
    const health = this.park.deviceHealth(resource);
    const counts = this.#glances.counts(key);
    const told = ageText(this.#glances.age(key));
    const none = html`<span class="none">–</span>`;
    const cell = (label: string, body: unknown, kind = "") => html`<td role="cell" class=${kind} data-label=${label}><div class="cell">${body}</div></td>`;
    const model = [status.facts.manufacturer, status.facts.model].filter(Boolean).join(" ") || String(spec.definition ?? "");
    return html`<tr role="row"><td role="cell" class="head"><a class="title" href="/modbus/${key}"><bdi>${title}</bdi></a><span class="sub"><bdi>${model}</bdi></span></td>
      ${cell(t("modbus_unit"), html`<span class="figure">${number(Number(spec.unit ?? 1), 0)}</span>`)}
      ${cell(t("status"), html`<span class="marks">${stateBadge(health.state)}${this.#phase(resource)}${spec.read_only === true ? badge(t("modbus_read_only"), "calm", "lock") : nothing}</span>${this.#why(health)}`)}
      ${cell(t("modbus_newest"), told ? html`<span class="figure">${told}</span>` : none)}
      ${cell(t("modbus_registers"), counts ? html`<span class="figure">${t("modbus_good_of", counts)}</span>` : none)}
      ${cell(t("modbus_requests"), this.#counters(health) ?? none)}
      <td role="cell" class="bare edit">${this.#edit(DEVICE, resource)}</td></tr>`;
  }

  #why({ reason, retryAt }: DeviceHealth) {
    const next = retryAt !== undefined && retryAt > Date.now() / 1000 ? t("modbus_next_try", { age: age(retryAt) }) : "";
    return reason || next ? html`<p class="problem"><bdi dir="auto">${reason}</bdi>${next ? html`<span class="sub">${next}</span>` : nothing}</p>` : nothing;
  }

  #counters({ requests, timeouts, badAnswers, refused }: DeviceHealth) {
    if (requests === undefined) return undefined;
    const bad = [timeouts ? t("modbus_timeouts_count", { count: timeouts }) : "", badAnswers ? t("modbus_bad_count", { count: badAnswers }) : "", refused ? t("modbus_refused_count", { count: refused }) : ""].filter(Boolean);
    return html`<span class="figure">${number(requests, 0)}</span>${bad.length ? html`<span class="sub">${bad.join(" · ")}</span>` : nothing}`;
  }

  /** The phase of a resource, while it says more than the rest of the row. */
  #phase(resource: Resource) {
    const { phase } = resource.status;
    return resource.deleting ? phaseBadge("deleting") : needsCare(resource) || phase === "applying" ? phaseBadge(phase) : nothing;
  }

  #edit(type: string, { key, title }: Resource) {
    const label = t("modbus_edit_of", { name: title });
    return html`<a class="button only" href="${addressOf(type, key)}?tab=configuration" aria-label=${label} title=${label}>${icon("gear", 18)}</a>`;
  }
}
