/** Changes one register: its control, a question with what is there and what is to be, how it ended. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { ask } from "../components/ask";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { hub } from "../hub";
import { plainNumber, t } from "../i18n";
import { base, buttons, fields } from "../styles/shared";
import { toggleStyles } from "../styles/toggle";
import { call, type Register, type Value, type Written } from "./told";
import { controlOf, decimals, readTyped, valueText } from "./values";

@customElement("hub-modbus-write")
export class ModbusWrite extends LitElement {
  /** Key and name of the device. */
  @property() device = "";
  @property() deviceName = "";
  @property({ attribute: false }) register!: Register;
  @state() private open = false;
  /** What is typed or chosen; undefined = as it is. */
  @state() private typed: string | undefined;
  @state() private busy = false;
  /** What a switch is turned to until that is confirmed. */
  @state() private wanted: boolean | undefined;
  @state() private problem = "";
  @state() private done = "";
  @query("#value") private field!: HTMLElement | null;

  static override styles = [base, buttons, fields, toggleStyles, css`
    :host { display: block; }
    .editor { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
    .ends { display: flex; gap: 6px; }
    .typed { display: flex; align-items: center; gap: 6px; flex: 1 1 130px; min-inline-size: 0; max-inline-size: 260px; }
    .editor .leave { padding-inline: 9px; }
    .editor input, .editor select { min-block-size: 36px; border-radius: 10px; }
    .typed bdi { color: var(--muted); flex: none; }
    button { min-block-size: 36px; padding-inline: 12px; border-radius: 10px; font-size: 0.875rem; display: inline-flex; align-items: center; gap: 6px; }
    .toggle { padding: 0; border-radius: 14px; min-block-size: 28px; display: block; }
    .error, .done { font-size: 0.8125rem; margin-block-start: 4px; overflow-wrap: anywhere; }
    .done { color: var(--good); }
  `];

  override render() {
    const off = this.busy || hub().link.offline;
    const control = controlOf(this.register);
    const label = t("modbus_write_of", { name: this.register.name });
    const body = control === "switch" ? this.#switch(off)
      : this.open ? this.#editor(control, off)
      : html`<button type="button" aria-label=${label} ?disabled=${off} @click=${() => void this.#begin()}>${icon("wrench", 16)}${t(this.busy ? "modbus_writes" : "modbus_write")}</button>`;
    return html`${body}${this.problem ? html`<p class="error" role="alert"><bdi dir="auto">${this.problem}</bdi></p>` : nothing}
      <p class="done" role="status" ?hidden=${!this.done}>${this.done}</p>`;
  }

  #switch(off: boolean) {
    const { name, value } = this.register;
    const on = this.wanted ?? value === true;
    return html`<button type="button" role="switch" class="toggle ${this.wanted === undefined ? "" : "pending"}" aria-checked=${on} aria-label=${name} ?disabled=${off} @click=${() => void this.#turn(!on)}></button>`;
  }

  #editor(control: "select" | "number" | "text", off: boolean) {
    const { unit } = this.register;
    const leave = (event: KeyboardEvent) => {
      if (event.key === "Escape") void this.#end();
    };
    return html`<form class="editor" @keydown=${leave} @submit=${this.#submit}>
      <span class="typed">${control === "select" ? this.#select(off) : this.#field(control, off)}${unit && control === "number" ? html`<bdi dir="ltr">${unit}</bdi>` : nothing}</span>
      <span class="ends"><button type="submit" class="primary" ?disabled=${off}>${t(this.busy ? "modbus_writes" : "modbus_write_now")}</button>
      <button type="button" class="leave" aria-label=${t("modbus_leave")} title=${t("modbus_leave")} ?disabled=${this.busy} @click=${() => void this.#end()}>${icon("close", 16)}</button></span></form>`;
  }

  #select(off: boolean) {
    const { name, labels, value } = this.register;
    const chosen = this.typed ?? (typeof value === "string" ? value : "");
    return html`<select id="value" aria-label=${t("modbus_new_value", { name })} ?disabled=${off} @change=${this.#input}>
      ${chosen ? nothing : html`<option value="" selected></option>`}${labels!.map((each) => html`<option value=${each} ?selected=${each === chosen}>${each}</option>`)}</select>`;
  }

  #field(control: "number" | "text", off: boolean) {
    const { name } = this.register;
    return html`<input id="value" type="text" inputmode=${control === "number" ? "decimal" : "text"} dir=${control === "number" ? "ltr" : "auto"} autocomplete="off" spellcheck="false" aria-label=${t("modbus_new_value", { name })}
      aria-invalid=${this.problem ? "true" : nothing} ?disabled=${off} .value=${live(this.typed ?? this.#present)} @input=${this.#input}>`;
  }

  /** The value as it would be typed. */
  get #present(): string {
    const { value, precision } = this.register;
    if (typeof value === "number") return plainNumber(value, precision ?? decimals(value));
    return value === null ? "" : Array.isArray(value) ? value.join(", ") : String(value);
  }

  #input(event: Event): void {
    this.typed = (event.target as HTMLInputElement).value;
    this.problem = "";
  }

  async #begin(): Promise<void> {
    // What is typed is not moved under the fingers by what comes meanwhile.
    this.typed = controlOf(this.register) === "select" ? undefined : this.#present;
    this.problem = this.done = "";
    this.open = true;
    await this.updateComplete;
    this.field?.focus();
    if (this.field instanceof HTMLInputElement) this.field.select();
  }

  async #end(): Promise<void> {
    this.open = false;
    this.problem = "";
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>("button")?.focus();
  }

  async #turn(on: boolean): Promise<void> {
    this.wanted = on;
    await this.#write(on);
    this.wanted = undefined;
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.busy) return;
    const read = controlOf(this.register) === "select" ? this.#chosenLabel() : readTyped(this.register, this.typed ?? this.#present);
    if ("mistake" in read) this.problem = read.mistake;
    else if (await this.#write(read.value)) await this.#end();
    else this.field?.focus();
  }

  #chosenLabel(): { value: Value } | { mistake: string } {
    const { value } = this.register;
    const label = this.typed ?? (typeof value === "string" ? value : "");
    return label ? { value: label } : { mistake: t("fill_in") };
  }

  /** Ask, then write; tells whether it was written. */
  async #write(wanted: Value): Promise<boolean> {
    const { register, device } = this;
    const { key, name, value } = register;
    const text = t("modbus_write_text", { before: valueText(register, value), after: valueText(register, wanted) });
    this.problem = this.done = "";
    const sure = await ask({ heading: t("modbus_write_sure", { name, device: this.deviceName }), text, yes: t("modbus_write_now") });
    if (!sure) return false;
    this.busy = true;
    try {
      const { written, before, after } = await call<Written>("write_registers", { device, values: { [key]: wanted } });
      const said = (known: Record<string, Value | null>) => valueText(register, known[key] ?? null);
      this.done = written ? t("modbus_written", { before: said(before), after: said(after) }) : t("modbus_queued");
      return true;
    } catch (error) {
      this.problem = failureText(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
