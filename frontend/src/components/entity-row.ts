/** One line for an entity: what it is, its state, and the control that fits its kind. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Entity } from "../data/decode";
import { digitsOf, domainOf, nameOf, numeric, stateText, withUnit } from "../data/describe";
import { hub } from "../hub";
import { number, plainNumber, readNumber, t, word } from "../i18n";
import { entityAddress } from "../router";
import { base, buttons, fields } from "../styles/shared";
import { toggleStyles } from "../styles/toggle";
import { Ticker, Watch, WatchEntity, onLink, onPrefs } from "../watch";
import { failureText } from "./failure";
import { icon, iconOf } from "./icon";
import "./spark";

const TOGGLES = new Set(["switch", "input_boolean", "light", "fan", "automation"]);
const SELECTS = new Set(["select", "input_select"]);
const NUMBERS = new Set(["number", "input_number"]);
/** Kinds whose controls are fetched when the first of them is shown. */
const HELPERS = new Set(["counter", "input_datetime", "input_number", "input_text", "schedule", "timer"]);
const PRESSES: Record<string, string> = { button: "press", input_button: "press", scene: "turn_on", script: "turn_on" };
/** How long a toggle is shown as wanted when its state does not follow, in milliseconds. */
const PATIENCE_MS = 5_000;

@customElement("hub-entity-row")
export class EntityRow extends LitElement {
  @property() entityId = "";
  @property() room = "";
  /** Show the id under the name and no controls: the form of the long list. */
  @property({ type: Boolean, reflect: true }) plain = false;
  @state() private wanted: string | undefined;
  @state() private problem = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly #watch = new WatchEntity(this, () => this.entityId, () => this.#confirm());

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
    new Ticker(this, 30_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  static override styles = [base, buttons, fields, toggleStyles, css`
    :host { display: block; container-type: inline-size; }
    .row { display: flex; align-items: center; gap: 12px; min-block-size: 52px; }
    .glyph { display: grid; place-items: center; inline-size: 36px; block-size: 36px; border-radius: 12px; flex: none;
      background: var(--sunken); color: var(--muted); }
    .glyph.on { background: var(--accent-tint); color: var(--accent); }
    .glyph.bad { background: var(--bad-tint); color: var(--bad); }
    .name { flex: 1 1 0; min-inline-size: 0; }
    .name a { display: block; color: var(--text); text-decoration: none; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .name a:hover { text-decoration: underline; }
    .id { display: block; color: var(--muted); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .state { color: var(--value); font-variant-numeric: tabular-nums; font-weight: 560; text-align: end; flex: none; max-inline-size: 48%;
      overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .state.away { color: var(--muted); font-weight: 400; }
    .control { flex: none; max-inline-size: 52%; }
    hub-helper.control { flex: 0 1 auto; max-inline-size: 100%; margin-inline-start: auto; }
    .row:has(hub-helper) { flex-wrap: wrap; row-gap: 2px; padding-block: 4px; }
    .row:has(hub-helper) .name { flex-basis: 60px; }
    select { inline-size: auto; max-inline-size: 100%; border-color: var(--line); background-color: transparent; }
    .number { display: flex; align-items: center; gap: 6px; }
    .number input { inline-size: 5.5rem; text-align: end; }
    .error { padding-block-end: 8px; padding-inline-start: 48px; }
    @container (max-width: 330px) { hub-spark { display: none; } }
    :host([plain]) .row { block-size: 100%; }
    :host([plain]) { block-size: 100%; }
  `];

  override render() {
    const entity = this.#watch.entity;
    if (!entity) return nothing;
    const domain = domainOf(this.entityId);
    const bad = hub().store.problems.has(this.entityId);
    const glyph = bad ? "bad" : entity.state === "on" ? "on" : "";
    const name = nameOf(entity, this.room);
    return html`<div class="row">
        <span class="glyph ${glyph}">${icon(iconOf(domain, entity.attributes.device_class), 20)}</span>
        <div class="name">
          <a href=${entityAddress(this.entityId)} title=${name}>${name}</a>
          ${this.plain ? html`<span class="id mono"><bdi dir="ltr">${this.entityId}</bdi></span>` : nothing}
        </div>
        ${domain === "sensor" && entity.attributes.state_class !== undefined ? html`<hub-spark .entityId=${this.entityId}></hub-spark>` : nothing}
        ${this.plain ? this.#text(entity) : this.#control(entity, domain, name)}
      </div>
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}`;
  }

  get #locked(): boolean {
    return hub().link.offline || this.#watch.entity?.state === "unavailable";
  }

  #text(entity: Entity) {
    const away = entity.state === "unavailable" || entity.state === "unknown";
    const text = stateText(entity, hub().registries.entries.get(this.entityId)?.dp);
    return html`<span class="state ${away ? "away" : ""}"><bdi>${text}</bdi></span>`;
  }

  #control(entity: Entity, domain: string, name: string) {
    if (entity.state === "unavailable") return this.#text(entity);
    if (HELPERS.has(domain) && !(domain === "input_number" && entity.attributes.mode === "box")) {
      void import("./helper");
      return html`<hub-helper class="control" .entityId=${this.entityId}></hub-helper>`;
    }
    if (TOGGLES.has(domain)) return this.#toggle(entity, domain, name);
    if (SELECTS.has(domain)) return this.#choice(entity, domain, name);
    if (NUMBERS.has(domain)) return this.#number(entity, domain, name);
    const press = PRESSES[domain];
    if (press) {
      return html`<button type="button" class="control" ?disabled=${this.#locked} aria-label=${t("press_of", { name })}
        @click=${() => this.#call(domain, press)}>${t("press")}</button>`;
    }
    return this.#text(entity);
  }

  #toggle(entity: Entity, domain: string, name: string) {
    const on = (this.wanted ?? entity.state) === "on";
    return html`<div class="touch"><button type="button" role="switch" class="toggle ${this.wanted ? "pending" : ""}" aria-checked=${on}
      aria-label=${name} ?disabled=${this.#locked} @click=${() => this.#want(on ? "off" : "on", domain, on ? "turn_off" : "turn_on")}></button></div>`;
  }

  #choice(entity: Entity, domain: string, name: string) {
    const options = (entity.attributes.options as string[] | undefined) ?? [];
    const shown = this.wanted ?? entity.state;
    const change = (event: Event) => {
      const option = (event.target as HTMLSelectElement).value;
      void this.#want(option, domain, "select_option", { option });
    };
    return html`<select class="control" aria-label=${name} ?disabled=${this.#locked} @change=${change}>
      ${options.includes(shown) ? nothing : html`<option value="" selected disabled>${word("state", shown)}</option>`}
      ${options.map((each) => html`<option value=${each} ?selected=${each === shown} .selected=${each === shown}>${word("state", each)}</option>`)}
    </select>`;
  }

  #number(entity: Entity, domain: string, name: string) {
    const step = numeric(entity, "step") ?? 1;
    const value = Number(this.wanted ?? entity.state);
    const text = Number.isFinite(value) ? plainNumber(value, digitsOf(step)) : "";
    return html`<div class="control number"><input inputmode="decimal" dir="ltr" aria-label=${name} .value=${text} ?disabled=${this.#locked}
      @change=${(event: Event) => this.#typed(event.target as HTMLInputElement, domain, entity)}
      ><bdi class="muted small">${withUnit("", entity.attributes.unit_of_measurement).trim()}</bdi></div>`;
  }

  #typed(input: HTMLInputElement, domain: string, entity: Entity): void {
    const typed = input.value;
    const value = readNumber(typed);
    const min = numeric(entity, "min") ?? -Infinity;
    const max = numeric(entity, "max") ?? Infinity;
    if (value === undefined) this.problem = t("not_a_number", { typed });
    else if (value < min || value > max) this.problem = t("out_of_range", { typed, min: number(min), max: number(max) });
    else return void this.#want(String(value), domain, "set_value", { value });
    input.value = plainNumber(Number(this.wanted ?? entity.state), digitsOf(numeric(entity, "step") ?? 1));
  }

  async #want(wanted: string, domain: string, service: string, data: object = {}): Promise<void> {
    this.wanted = wanted;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.wanted = undefined), PATIENCE_MS);
    if (!(await this.#call(domain, service, data))) this.wanted = undefined;
    else this.#confirm();
  }

  #confirm(): void {
    const now = this.#watch.entity?.state;
    if (now === this.wanted || (this.wanted !== undefined && Number(now) === Number(this.wanted))) this.wanted = undefined;
  }

  async #call(domain: string, service: string, data: object = {}): Promise<boolean> {
    this.problem = "";
    try {
      await hub().link.call(domain, service, data, this.entityId);
      return true;
    } catch (error) {
      this.problem = failureText(error);
      return false;
    }
  }
}
