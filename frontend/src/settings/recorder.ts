/** The recorder: how it is, how large its database is and what fills it, and cleaning it. */
import { css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { ask } from "../components/ask";
import { badge } from "../components/badge";
import { failureText } from "../components/failure";
import { nameOf } from "../data/describe";
import type { Info, Usage } from "../data/recorder";
import { addressOf } from "../data/resources";
import { hub } from "../hub";
import { age, bytes, moment, number, t, word } from "../i18n";
import { entityAddress } from "../router";
import { Section, sectionStyles } from "./section";

const RENEW_MS = 30_000;

@customElement("hub-recorder")
export class Recorder extends Section {
  @state() private info: Info | undefined;
  @state() private usage: Usage | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  static override styles = [...sectionStyles, css`
    meter { inline-size: 100%; block-size: 14px; }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; inline-size: 100%; font-size: 0.9375rem; }
    th { text-align: start; color: var(--muted); font-size: 0.8125rem; font-weight: 560; padding-block: 8px; white-space: nowrap; }
    td { border-block-start: 1px solid var(--line); padding-block: 9px; overflow-wrap: anywhere; vertical-align: baseline; }
    th, td { padding-inline-end: 16px; }
    .figure { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
    td .mono { color: var(--muted); }
    .share { display: block; inline-size: 100%; min-inline-size: 60px; block-size: 8px; accent-color: var(--accent); }
    .sized { margin-block-end: 16px; display: grid; gap: 6px; }
    input[type="number"] { inline-size: 7rem; }
    .bottom { margin-block-start: 20px; align-items: end; }
    .bottom .field { margin: 0; }
    @media (max-width: 640px) { .narrow { display: none; } th, td { padding-inline-end: 8px; } }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
    this.#timer = setInterval(() => !document.hidden && void this.#load(), RENEW_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  override render() {
    const { info, usage } = this;
    return html`<h2 class="visually-hidden">${t("recorder")}</h2>
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
      ${info ? this.#state(info, usage) : this.problem ? nothing : html`<p class="muted" role="status">${t("loading")}</p>`}
      ${usage ? this.#fills(usage) : nothing}`;
  }

  #state(info: Info, usage: Usage | undefined) {
    const size = usage?.size ?? info.size;
    const oldest = usage?.oldest ?? info.oldest;
    const rows: [string, unknown][] = [
      [t("recorder_state"), html`${badge(t(info.recording ? "recorder_recording" : "recorder_not"), info.recording ? "good" : "warn", info.recording ? "check" : "alert")}${info.recording || !info.reason ? nothing : html` <bdi>${info.reason}</bdi>`}`],
      [t("recorder_dialect"), html`<bdi dir="ltr">${info.dialect}</bdi>`],
      [t("recorder_oldest"), oldest ? moment(oldest) : undefined],
      [t("recorder_last"), info.last_flush ? age(info.last_flush) : undefined],
      [t("recorder_backlog"), info.backlog ? number(info.backlog) : undefined],
      [t("recorder_dropped"), info.dropped ? html`<span class="error">${number(info.dropped)}</span>` : undefined],
      [t("recorder_free"), usage?.free ? bytes(usage.free) : undefined],
      [t("recorder_disk"), usage?.disk_free ? bytes(usage.disk_free) : undefined],
    ];
    return html`<section class="card" aria-labelledby="state"><h2 id="state">${t("recorder")}</h2>
      ${size === null || size === undefined ? nothing : html`<div class="sized"><strong>${t("recorder_size")}: ${usage?.limit ? t("recorder_of", { size: bytes(size), limit: bytes(usage.limit) }) : html`${bytes(size)} <span class="muted small">${t("recorder_no_limit")}</span>`}</strong>
        ${usage?.limit ? html`<meter aria-label=${t("recorder_size")} min="0" max=${usage.limit} high=${usage.limit * 0.9} value=${size}></meter>` : nothing}</div>`}
      <dl class="facts">${rows.map(([name, value]) => (value === undefined ? nothing : html`<dt>${name}</dt><dd>${value}</dd>`))}</dl>
      <form class="ends bottom" @submit=${this.#purge}><div class="field"><label for="days">${t("recorder_purge_days")}</label><input id="days" name="days" type="number" min="0" max="3650" value="10" required></div>
        <button class="danger" ?disabled=${this.busy || !info.recording || hub().link.offline}>${t("recorder_purge")}</button>
        <a class="button" href=${addressOf("hub.recorder_policy")}>${t("recorder_policies")}</a></form>
      <p class="said" role="status">${this.said}</p></section>`;
  }

  #fills(usage: Usage) {
    const most = Math.max(1, ...usage.entities.map((each) => each.bytes));
    const tables = Object.entries(usage.tables).sort(([, one], [, other]) => other - one);
    return html`<section class="card" aria-labelledby="fills"><h2 id="fills">${t("recorder_fills")}</h2><p class="lead">${t("recorder_fills_lead")}</p>
        <div class="wide"><table><thead><tr><th scope="col">${t("pick_entities")}</th><th scope="col" class="figure">${t("recorder_size")}</th><th scope="col" class="figure">${t("recorder_rows")}</th>
          <th scope="col" class="figure narrow">${t("recorder_a_day")}</th><th scope="col" class="narrow">${t("recorder_policy")}</th></tr></thead>
        <tbody>${usage.entities.map((each) => {
          const entity = hub().store.get(each.entity_id);
          return html`<tr><td>${entity ? html`<a href=${entityAddress(each.entity_id)}><bdi>${nameOf(entity)}</bdi></a><br>` : nothing}<bdi dir="ltr" class="mono">${each.entity_id}</bdi>
              <progress class="share" max=${most} value=${each.bytes} aria-label=${t("recorder_size")}></progress></td>
            <td class="figure">${bytes(each.bytes)}</td><td class="figure">${number(each.rows)}</td><td class="figure narrow">${each.per_day === null ? "–" : number(Math.round(each.per_day))}</td>
            <td class="narrow"><bdi>${each.policy ?? ""}</bdi></td></tr>`;
        })}</tbody></table></div></section>
      <section class="card" aria-labelledby="tables"><h2 id="tables">${t("recorder_tables")}</h2><dl class="facts">${tables.map(([name, size]) => html`<dt>${word("table", name)}</dt><dd>${bytes(size)}</dd>`)}</dl></section>`;
  }

  async #load(): Promise<void> {
    const { link } = hub();
    try {
      this.info = await link.ask<Info>({ type: "recorder/info" });
      this.usage = await link.ask<Usage>({ type: "recorder/usage", limit: 50 });
      this.problem = "";
    } catch (error) {
      this.problem = failureText(error);
    }
  }

  async #purge(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const days = Number(new FormData(event.target as HTMLFormElement).get("days"));
    const sure = await ask({ heading: t("recorder_purge_sure", { count: days }), text: t("recorder_purge_text"), yes: t("recorder_purge_yes"), danger: true });
    if (!sure) return;
    await this.try(() => hub().link.call("recorder", "purge", { keep_days: days }), t("recorder_purge_begun"));
    void this.#load();
  }
}
