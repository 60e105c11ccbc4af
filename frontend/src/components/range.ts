/** Which stretch of time is shown: the usual ones, or any; what is chosen goes into the address. */
import { LitElement, css, html } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { PRESETS, local, writeRange, type Preset, type Range } from "../data/range";
import { t } from "../i18n";
import { go, here } from "../router";
import { base, buttons, fields } from "../styles/shared";
import { Watch, onPrefs } from "../watch";
import { icon } from "./icon";

@customElement("hub-range")
export class RangePicker extends LitElement {
  @property({ attribute: false }) range!: Range;
  @state() private open = false;

  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
  }

  static override styles = [base, buttons, fields, css`
    :host { display: block; }
    .bar { display: flex; gap: 6px; flex-wrap: wrap; align-items: center; }
    .set { display: inline-flex; padding: 3px; gap: 2px; border-radius: 14px; background: var(--sunken); flex-wrap: wrap; }
    .set button { border-color: transparent; background: transparent; padding-inline: 13px; min-block-size: 38px; font-size: 0.9375rem; }
    .set button[aria-pressed="true"] { background: var(--surface); box-shadow: var(--shadow); color: var(--accent); }
    .icon svg:dir(rtl) { scale: -1 1; }
    form { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 190px), 1fr)); align-items: end; margin-block-start: 12px; max-inline-size: 560px; }
    .field { margin: 0; }
    @media (max-width: 480px) { .set button { padding-inline: 9px; font-size: 0.875rem; } .bar { gap: 4px; } }
  `];

  override render() {
    const { preset } = this.range;
    const free = preset === undefined;
    const names: Record<Preset, string> = { "1h": t("range_1h"), "24h": t("range_24h"), "7d": t("range_7d"), "30d": t("range_30d") };
    return html`<div class="bar" role="group" aria-label=${t("range")}>
        <div class="set">${(Object.keys(PRESETS) as Preset[]).map((each) => html`<button type="button" aria-pressed=${each === preset} @click=${() => this.#choose(each)}>${names[each]}</button>`)}
          <button type="button" aria-pressed=${free} aria-expanded=${this.open || free} @click=${() => (this.open = !this.open)}>${t("range_custom")}</button></div>
        <button type="button" class="icon plain" aria-label=${t("range_earlier")} title=${t("range_earlier")} @click=${() => this.#shift(-1)}>${icon("back", 20)}</button>
        <button type="button" class="icon plain" aria-label=${t("range_later")} title=${t("range_later")} ?disabled=${this.range.live} @click=${() => this.#shift(1)}>${icon("open", 20)}</button></div>
      ${this.open || free ? this.#form() : ""}`;
  }

  #form() {
    const { from, to } = this.range;
    return html`<form @submit=${this.#typed}>
      <div class="field"><label for="from">${t("range_from")}</label><input id="from" name="from" type="datetime-local" required .value=${local(from)}></div>
      <div class="field"><label for="to">${t("range_to")}</label><input id="to" name="to" type="datetime-local" .value=${this.range.live ? "" : local(to)}></div>
      <button class="primary">${t("range_show")}</button></form>`;
  }

  #choose(chosen: Preset | { from: number; to?: number }): void {
    const url = here();
    writeRange(url.searchParams, chosen);
    this.open = false;
    go(url, true);
  }

  #shift(by: -1 | 1): void {
    const { from, to } = this.range;
    const span = to - from;
    this.#choose({ from: from + by * span, to: to + by * span });
  }

  #typed(event: SubmitEvent): void {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const [from, to] = ["from", "to"].map((name) => Date.parse(String(data.get(name) ?? "")) / 1000);
    if (!Number.isFinite(from)) return;
    this.#choose(Number.isFinite(to) && to! > from! ? { from: from!, to: to! } : { from: from! });
  }
}
