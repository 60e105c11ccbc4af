/** A form for any service of an entity's kind, made from the hub's own descriptions. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { domainOf } from "../data/describe";
import { inputsOf, readInputs, type Input, type ServiceDescription, type Services } from "../data/services";
import { hub } from "../hub";
import { t } from "../i18n";
import { base, buttons, fields } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";
import { failureText } from "./failure";

let services: Promise<Services> | undefined;

@customElement("hub-service-form")
export class ServiceForm extends LitElement {
  @property() entityId = "";
  @state() private offered: Record<string, ServiceDescription> = {};
  @state() private chosen = "";
  @state() private typed: Record<string, string> = {};
  @state() private raw: string | undefined;
  @state() private busy = false;
  @state() private problem = "";
  @state() private done = false;

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
  }

  static override styles = [base, buttons, fields, css`
    :host { display: block; }
    form { display: grid; gap: 14px; }
    .field { margin: 0; }
    .hint { margin-block-start: 4px; }
    .ends { display: flex; align-items: center; gap: 12px; flex-wrap: wrap; }
    .said { flex: 1; min-inline-size: 120px; font-size: 0.875rem; color: var(--good); }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  async #load(): Promise<void> {
    services ??= hub().link.ask<Services>({ type: "get_services" });
    try {
      this.offered = (await services)[domainOf(this.entityId)] ?? {};
      this.chosen = Object.keys(this.offered)[0] ?? "";
    } catch (error) {
      services = undefined;
      this.problem = failureText(error);
    }
  }

  override render() {
    const service = this.offered[this.chosen];
    if (!service) return html`<p class="muted">${this.problem || t("no_services")}</p>`;
    const inputs = inputsOf(service);
    return html`<form @submit=${this.#submit} novalidate>
      <div class="field"><label for="service">${t("service")}</label>
        <select id="service" @change=${this.#choose}>${Object.entries(this.offered).map(
          ([key, each]) => html`<option value=${key} ?selected=${key === this.chosen}>${each.name ?? key}</option>`,
        )}</select>
        ${service.description ? html`<p class="hint small muted">${service.description}</p>` : nothing}</div>
      ${this.raw === undefined ? inputs.map((input) => this.#field(input)) : this.#json()}
      <label class="check"><input type="checkbox" .checked=${this.raw !== undefined} @change=${() => this.#flip(inputs)}>${t("as_json")}</label>
      <div class="ends">
        <button class="primary" ?disabled=${this.busy || hub().link.offline}>${t("call")}</button>
        <p class="said" role="status">${this.problem ? html`<span class="error">${this.problem}</span>` : this.done ? t("called") : nothing}</p>
      </div>
    </form>`;
  }

  #field(input: Input) {
    const label = html`${input.label}${input.required ? html` <span class="muted">(${t("required")})</span>` : nothing}${input.unit ? html` <bdi class="muted">${input.unit}</bdi>` : nothing}`;
    if (input.kind === "boolean") {
      return html`<label class="check"><input type="checkbox" @change=${(event: Event) => this.#type(input.key, String((event.target as HTMLInputElement).checked))}>${label}</label>`;
    }
    return html`<div class="field"><label for=${`f-${input.key}`}>${label}</label>${this.#input(input)}
      ${input.hint ? html`<p class="hint small muted">${input.hint}</p>` : nothing}</div>`;
  }

  #input(input: Input) {
    const id = `f-${input.key}`;
    const value = this.typed[input.key] ?? "";
    const take = (event: Event) => this.#type(input.key, (event.target as HTMLInputElement).value);
    if (input.kind === "select") {
      return html`<select id=${id} @change=${take}><option value=""></option>${input.options.map(
        (each) => html`<option value=${each.value} ?selected=${each.value === value}>${each.label}</option>`,
      )}</select>`;
    }
    if (input.kind === "json") return html`<textarea id=${id} rows="3" dir="ltr" .value=${value} @input=${take}></textarea>`;
    return html`<input id=${id} type=${input.kind} dir=${input.kind === "text" ? "auto" : "ltr"} step=${input.step ?? "any"} min=${input.min ?? nothing}
      max=${input.max ?? nothing} autocomplete="off" .value=${value} @input=${take}>`;
  }

  #json() {
    return html`<div class="field"><label for="raw">${t("service_data")}</label>
      <textarea id="raw" rows="6" dir="ltr" spellcheck="false" .value=${this.raw ?? ""}
        @input=${(event: Event) => (this.raw = (event.target as HTMLTextAreaElement).value)}></textarea></div>`;
  }

  #type(key: string, value: string): void {
    this.typed = { ...this.typed, [key]: value };
    this.done = false;
  }

  #choose(event: Event): void {
    this.chosen = (event.target as HTMLSelectElement).value;
    this.typed = {};
    if (this.raw !== undefined) this.raw = "{}";
    this.problem = "";
    this.done = false;
  }

  #flip(inputs: Input[]): void {
    if (this.raw !== undefined) this.raw = undefined;
    else this.raw = JSON.stringify(readInputs(inputs.filter((each) => each.kind !== "json"), this.typed), null, 2);
  }

  async #submit(event: Event): Promise<void> {
    event.preventDefault();
    this.problem = "";
    this.done = false;
    this.busy = true;
    try {
      const data = this.#data();
      await hub().link.call(domainOf(this.entityId), this.chosen, data, this.entityId);
      this.done = true;
    } catch (error) {
      this.problem = error instanceof SyntaxError ? t("bad_json", { reason: error.message }) : failureText(error);
    } finally {
      this.busy = false;
    }
  }

  #data(): Record<string, unknown> {
    if (this.raw === undefined) return readInputs(inputsOf(this.offered[this.chosen]!), this.typed);
    const data: unknown = JSON.parse(this.raw || "{}");
    if (typeof data !== "object" || data === null || Array.isArray(data)) throw new SyntaxError("{ }");
    return data as Record<string, unknown>;
  }
}
