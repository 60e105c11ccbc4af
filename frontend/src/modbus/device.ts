/** One device: how it fares, its registers as they change, and what can be done with it. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { ask } from "../components/ask";
import { badge, badgeStyles, phaseBadge } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import "../components/job";
import { addressOf, needsCare, type Resource } from "../data/resources";
import { mayResource, role } from "../data/rights";
import { hub } from "../hub";
import { age, number, t } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { Ticker } from "../watch";
import type { DeviceHealth } from "./health";
import { Live } from "./live";
import { count, figure, figures, stateBadge } from "./parts";
import "./registers";
import { DEVICE, LINK, type Park } from "./source";
import { call } from "./told";

type Deed = "read" | "forget" | "learn";

@customElement("hub-modbus-device")
export class ModbusDevice extends LitElement {
  @property({ attribute: false }) park!: Park;
  @property({ type: Number }) turn = 0;
  @property() key = "";
  /** What is done now, why something could not be, and what was done. */
  @state() private busy: Deed | undefined;
  @state() private problem = "";
  @state() private done = "";
  @state() private jobId = "";
  /** Whether registers are asked for although the role hardly allows it. */
  @state() private insists = false;
  #turn = 0;
  readonly #live = new Live(this, () => this.key, () => (this.insists || role() !== "viewer") && this.#exists);

  constructor() {
    super();
    new Ticker(this, 1_000);
  }

  static override styles = [base, buttons, card, badgeStyles, lists, figures, css`
    :host { display: block; }
    .marks { display: inline-flex; flex-wrap: wrap; gap: 4px; align-items: center; }
    .about { display: grid; gap: 10px; margin-block-end: 20px; }
    .deeds { display: flex; gap: 10px; flex-wrap: wrap; align-items: center; }
    .done { color: var(--good); font-size: 0.875rem; }
    .job { margin-block-end: 20px; }
    .job h3 { margin-block-end: 12px; font-size: 1.0625rem; }
    .ends { margin-block-start: 14px; }
    .gone { margin-block-start: 16px; }
    .note p + p { margin-block-start: 10px; }
  `];

  override render() {
    const { park, key } = this;
    const resource = park.get(DEVICE, key);
    if (!resource && !park.loaded) return html`<p class="empty" role="status">${t("loading")}</p>`;
    const name = resource?.title ?? this.#live.told?.name ?? key;
    return html`<nav class="crumbs" aria-label=${t("path")}><a href="/modbus">${t("modbus")}</a>${icon("open", 14)}<span><bdi>${name}</bdi></span></nav>
      ${resource ? this.#head(resource) : html`<h1><bdi>${name}</bdi></h1><div class="note gone">${icon("alert", 20)}<div>${t("modbus_gone", { name })}</div></div>`}
      ${resource ? this.#registers(resource) : nothing}`;
  }

  #head(resource: Resource) {
    const { park, key } = this;
    const health = park.deviceHealth(resource);
    const { spec, status, title } = resource;
    const link = String(spec.link ?? "");
    const model = [status.facts.manufacturer, status.facts.model].filter(Boolean).join(" ");
    const next = health.retryAt !== undefined && health.retryAt > Date.now() / 1000 ? t("modbus_next_try", { age: age(health.retryAt) }) : "";
    return html`<div class="top"><h1><bdi>${title}</bdi></h1><span class="marks">${stateBadge(health.state)}${resource.deleting ? phaseBadge("deleting") : needsCare(resource) ? phaseBadge(status.phase) : nothing}${spec.read_only === true ? badge(t("modbus_read_only"), "calm", "lock") : nothing}</span>
        <div class="push actions"><a class="button" href=${addressOf(DEVICE, key)}>${icon("gear", 18)}${t("configuration")}</a></div></div>
      ${health.reason ? html`<div class="note ${health.state === "incomplete" ? "warn" : "bad"}">${icon("alert", 20)}<div><bdi dir="auto">${health.reason}</bdi>${next ? html`<div class="small">${next}</div>` : nothing}</div></div>` : nothing}
      <div class="card about"><dl class="figures">${figure(t("modbus_link"), html`<a href=${addressOf(LINK, link)}><bdi>${park.get(LINK, link)?.title ?? link}</bdi></a>`)}${figure(t("modbus_unit"), number(Number(spec.unit ?? 1), 0))}
          ${figure(t("modbus_definition"), html`<bdi dir="ltr">${String(spec.definition ?? "")}</bdi>`)}${model ? figure(t("maker"), html`<bdi>${model}</bdi>`) : nothing}</dl>
        ${this.#counters(health)}${this.#deeds(resource)}</div>
      ${this.jobId ? html`<section class="card job" aria-labelledby="job"><h3 id="job">${t("modbus_learn")}</h3><hub-job .jobId=${this.jobId}></hub-job>
        <div class="ends"><button type="button" @click=${() => (this.jobId = "")}>${t("done")}</button></div></section>` : nothing}`;
  }

  #counters({ requests, timeouts, badAnswers, refused, missed, lacking }: DeviceHealth) {
    return html`<dl class="figures">${count(t("modbus_requests"), requests)}${count(t("modbus_timeouts"), timeouts)}${count(t("modbus_bad_answers"), badAnswers)}${count(t("modbus_refused"), refused)}${count(t("modbus_missed"), missed)}${lacking ? count(t("modbus_lacking"), lacking) : nothing}</dl>`;
  }

  #deeds(resource: Resource) {
    const { park, key } = this;
    const applies = mayResource("apply", park.type(DEVICE));
    const button = role() === "viewer" ? undefined : park.readNow(key);
    const off = this.busy !== undefined || hub().link.offline || resource.deleting;
    const deed = (name: Deed, symbol: "update" | "trash" | "search", label: string, act: () => Promise<void>) => html`<button type="button" class="with" ?disabled=${off} @click=${() => void this.#do(name, act)}>${icon(symbol, 18)}${label}</button>`;
    if (!button && !applies) return nothing;
    return html`<div class="deeds">${button ? deed("read", "update", t(this.busy === "read" ? "modbus_reads" : "modbus_read_now"), () => hub().link.call("button", "press", {}, button)) : nothing}
        ${applies ? html`${deed("learn", "search", t("modbus_learn"), () => this.#learn())}${deed("forget", "trash", t("modbus_forget"), () => this.#forget(resource))}` : nothing}
        <span class="done" role="status">${this.done}</span></div>
      ${this.problem ? html`<p class="error" role="alert"><bdi dir="auto">${this.problem}</bdi></p>` : nothing}`;
  }

  #registers({ title }: Resource) {
    const live = this.#live;
    const denied = live.failure?.code === "unauthorized";
    if (!live.told && (denied || (role() === "viewer" && !this.insists))) return this.#closed(title, denied);
    if (!live.told && !live.failure) return html`<p class="empty" role="status">${t("loading")}</p>`;
    const failure = live.failure && live.failure.code !== "connection_lost" ? failureText(live.failure) : "";
    this.#turn += 1;
    return html`${failure ? html`<div class="note warn" role="alert">${icon("alert", 20)}<div><bdi dir="auto">${failure}</bdi></div></div>` : nothing}
      ${live.told ? html`<hub-modbus-registers .registers=${live.told.registers} .age=${(register: { age: number | null }) => live.age(register)} .turn=${this.#turn}
        .device=${this.key} .deviceName=${title} ?writes=${mayResource("apply", this.park.type(DEVICE))}></hub-modbus-registers>` : nothing}`;
  }

  /** What there is for those who may not call services. */
  #closed(title: string, denied: boolean) {
    return html`<div class="note">${icon("lock", 20)}<div><p>${t("modbus_closed")}</p>
      <p><a href="/entities?q=${encodeURIComponent(title)}">${t("modbus_to_entities")}</a></p>
      ${denied ? nothing : html`<p><button type="button" @click=${() => (this.insists = true)}>${t("modbus_ask")}</button></p>`}</div></div>`;
  }

  /** Whether there is such a device, or nobody knows yet. */
  get #exists(): boolean {
    return this.park !== undefined && (!this.park.loaded || this.park.get(DEVICE, this.key) !== undefined);
  }

  async #forget({ title }: Resource): Promise<void> {
    const sure = await ask({ heading: t("modbus_forget_sure", { name: title }), text: t("modbus_forget_text"), yes: t("modbus_forget") });
    if (!sure) return;
    await call("forget", { device: this.key });
    this.done = t("modbus_forgotten");
  }

  async #learn(): Promise<void> {
    const sure = await ask({ heading: t("modbus_learn_sure"), text: t("modbus_learn_text"), yes: t("modbus_learn") });
    if (sure) this.jobId = (await call<{ job_id: string }>("learn", { device: this.key })).job_id;
  }

  /** Do one thing at a time; what goes wrong is said where it was ordered. */
  async #do(deed: Deed, act: () => Promise<void>): Promise<void> {
    this.busy = deed;
    this.problem = this.done = "";
    try {
      await act();
      if (deed === "read") this.done = t("modbus_read");
    } catch (error) {
      this.problem = failureText(error);
    } finally {
      this.busy = undefined;
    }
  }
}
