/** Every register of a device as the hub knows it now: words, value, age, worth, and what changes it. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { badge, badgeStyles } from "../components/badge";
import { icon } from "../components/icon";
import { t, word } from "../i18n";
import { go, here } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { ageText, qualityBadge, tables } from "./parts";
import type { Register } from "./told";
import { addressText, findRegisters, isTrouble, rawText, reasonText, valueText } from "./values";
import "./write";

/** Rows that are drawn before somebody asks for more. */
const SHOWN = 200;

@customElement("hub-modbus-registers")
export class ModbusRegisters extends LitElement {
  @property({ attribute: false }) registers: readonly Register[] = [];
  /** Return how old a value is by now. */
  @property({ attribute: false }) age: (register: Register) => number | undefined = () => undefined;
  @property() device = "";
  @property() deviceName = "";
  /** Whether this person may write. */
  @property({ type: Boolean }) writes = false;
  /** Grows with each change of what is shown. */
  @property({ type: Number }) turn = 0;
  @state() private shown = SHOWN;

  static override styles = [base, buttons, card, fields, badgeStyles, lists, tables, css`
    :host { display: block; }
    .bar { display: flex; gap: 8px 16px; flex-wrap: wrap; align-items: center; margin-block-end: 16px; }
    .bar .search { flex: 1 1 260px; margin: 0; }
    .frame { padding: 0; overflow: clip; }
    .key { font-family: var(--mono); font-size: 0.75rem; }
    .raw { font-family: var(--mono); font-size: 0.8125rem; }
    .value { font-weight: 560; overflow-wrap: anywhere; }
    .old .value { color: var(--muted); font-weight: 400; }
    .none { font-weight: 400; }
    .why { font-size: 0.8125rem; margin-block-start: 4px; }
    .trouble .why { color: var(--bad); }
    .marks { display: inline-flex; flex-wrap: wrap; gap: 4px; align-items: center; }
    .more { inline-size: 100%; margin-block-start: 12px; color: var(--accent); }
    @media (min-width: 1081px) {
      table { table-layout: fixed; }
      th:nth-child(1) { inline-size: 19%; }
      th:nth-child(2), th:nth-child(3) { inline-size: 11%; }
      th:nth-child(4) { inline-size: 13%; }
      th:nth-child(5) { inline-size: 8%; }
      th:nth-child(7) { inline-size: 7%; }
      th.write { inline-size: 18%; }
    }
    @media (max-width: 1080px) {
      .frame { background: none; border: 0; box-shadow: none; border-radius: 0; overflow: visible; }
      tbody { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); }
      tr { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); box-shadow: var(--shadow); padding-block: 12px; padding-inline: 16px; }
      td.head { padding-block-end: 6px; }
    }
  `];

  override render() {
    const { searchParams } = here();
    const query = searchParams.get("q") ?? "";
    const troubles = searchParams.has("troubles");
    const hex = searchParams.has("hex");
    const found = findRegisters(this.registers, query, troubles);
    const bad = this.registers.filter(isTrouble).length;
    const writes = this.writes && this.registers.some(({ writable }) => writable);
    const head = [t("modbus_register"), t("modbus_address"), t("modbus_raw"), t("modbus_value"), t("modbus_age"), t("modbus_quality"), t("modbus_rate")];
    return html`<div class="bar"><div class="search" role="search">${icon("search", 22)}<input type="search" aria-label=${t("modbus_search")} placeholder=${t("modbus_search_hint")}
          autocomplete="off" spellcheck="false" .value=${query} @input=${(event: Event) => put("q", (event.target as HTMLInputElement).value)}></div>
        <label class="check"><input type="checkbox" .checked=${troubles} @change=${(event: Event) => put("troubles", (event.target as HTMLInputElement).checked ? "1" : "")}>${t("modbus_only_troubles", { count: bad })}</label>
        <label class="check"><input type="checkbox" .checked=${hex} @change=${(event: Event) => put("hex", (event.target as HTMLInputElement).checked ? "1" : "")}>${t("modbus_hex")}</label></div>
      ${found.length ? html`<div class="card frame"><table role="table" aria-label=${t("modbus_registers_of", { name: this.deviceName })}><thead role="rowgroup"><tr role="row">
          ${head.map((each) => html`<th role="columnheader" scope="col">${each}</th>`)}${writes ? html`<th role="columnheader" scope="col" class="write">${t("modbus_change")}</th>` : nothing}
        </tr></thead><tbody role="rowgroup">${repeat(found.slice(0, this.shown), ({ key }) => key, (each) => this.#row(each, hex, writes))}</tbody></table></div>`
        : html`<p class="card empty">${t(troubles && !query ? "modbus_no_trouble" : "nothing_found")}</p>`}
      ${found.length > this.shown ? html`<button type="button" class="plain more" @click=${() => (this.shown += SHOWN)}>${t("and_more", { count: found.length - this.shown })}</button>` : nothing}`;
  }

  #row(register: Register, hex: boolean, writes: boolean) {
    const { key, name, table, address, words, raw, value, quality, reason, pending, rate, access, writable } = register;
    const why = reasonText(reason);
    const aged = ageText(this.age(register));
    const none = html`<span class="none">–</span>`;
    const cell = (label: string, body: unknown, kind = "") => html`<td role="cell" class=${kind} data-label=${label}><div class="cell">${body}</div></td>`;
    const span = words > 1 ? `${addressText(address, hex)}–${addressText(address + words - 1, hex)}` : addressText(address, hex);
    return html`<tr role="row" class="${quality === "stale" ? "old" : ""} ${isTrouble(register) ? "trouble" : ""}">
      <td role="cell" class="head"><span class="title"><bdi>${name}</bdi></span><span class="sub key"><bdi dir="ltr">${key}</bdi></span></td>
      ${cell(t("modbus_address"), html`${word("modbus", table)} <bdi dir="ltr" class="figure">${span}</bdi>`)}
      ${cell(t("modbus_raw"), raw === null ? none : html`<bdi dir="ltr" class="raw">${rawText(register)}</bdi>`)}
      ${cell(t("modbus_value"), html`${value === null && (access === "write" || raw === null) ? none : html`<span class=${value === null ? "none" : "value"}><bdi>${valueText(register, value)}</bdi></span>`}${pending === null ? nothing : html`<p class="why">${badge(t("modbus_pending", { value: valueText(register, pending) }), "busy", "clock")}</p>`}`)}
      ${cell(t("modbus_age"), aged ? html`<span class="figure">${aged}</span>` : none)}
      ${cell(t("modbus_quality"), html`${access === "write" && quality === "none" ? none : qualityBadge(register)}${why ? html`<p class="why">${why}</p>` : nothing}`)}
      ${cell(t("modbus_rate"), word("modbus", access === "write" ? "never_read" : rate))}
      ${writes ? (writable ? cell(t("modbus_change"), html`<hub-modbus-write .device=${this.device} .deviceName=${this.deviceName} .register=${register}></hub-modbus-write>`) : html`<td role="cell" class="empty-cell"></td>`) : nothing}</tr>`;
  }
}

/** Put a filter into the address. */
function put(name: string, value: string): void {
  const url = here();
  if (value) url.searchParams.set(name, value);
  else url.searchParams.delete(name);
  go(url, true);
}
