/** The controls of helpers that need more than a switch: slider, text, date and time, count, timer. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Entity } from "../data/decode";
import { digitsOf, domainOf, hasValue, nameOf, numeric, withUnit } from "../data/describe";
import { hub } from "../hub";
import { age, duration, isolate, number, t, word } from "../i18n";
import { base, buttons, fields } from "../styles/shared";
import { Ticker, Watch, WatchEntity, onLink, onPrefs } from "../watch";
import { failureText } from "./failure";
import { icon, type IconName } from "./icon";

@customElement("hub-helper")
export class HelperControl extends LitElement {
  @property() entityId = "";
  @state() private problem = "";
  @state() private sliding: number | undefined;
  readonly #watch = new WatchEntity(this, () => this.entityId, () => (this.sliding = undefined));

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
    new Ticker(this, 1_000);
  }

  static override styles = [base, buttons, fields, css`
    :host { display: block; max-inline-size: 100%; }
    .line { display: flex; align-items: center; justify-content: end; gap: 8px; }
    .state { font-weight: 560; font-variant-numeric: tabular-nums; white-space: nowrap; }
    button { min-block-size: 40px; }
    button.icon { inline-size: 40px; flex: none; }
    input { inline-size: auto; max-inline-size: 100%; border-color: var(--line); }
    input[type="text"], input[type="password"] { inline-size: 11rem; }
    input[type="range"] { padding: 0; border: 0; background: transparent; accent-color: var(--accent); inline-size: 8rem; min-inline-size: 60px; flex: 0 1 auto; }
    .error { text-align: end; margin-block-start: 4px; }
  `];

  override render() {
    const entity = this.#watch.entity;
    if (!entity) return nothing;
    return html`<div class="line">${this.#control(entity, nameOf(entity))}</div>${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}`;
  }

  get #off(): boolean {
    return hub().link.offline || this.#watch.entity?.state === "unavailable";
  }

  #control(entity: Entity, name: string) {
    switch (domainOf(this.entityId)) {
      case "input_number":
        return this.#slider(entity, name);
      case "input_text":
        return this.#text(entity, name);
      case "input_datetime":
        return this.#moment(entity, name);
      case "counter":
        return this.#count(entity, name);
      case "timer":
        return this.#timer(entity, name);
      default:
        return this.#plan(entity);
    }
  }

  #slider(entity: Entity, name: string) {
    const step = numeric(entity, "step") ?? 1;
    const value = this.sliding ?? Number(entity.state);
    const text = Number.isFinite(value) ? withUnit(number(value, digitsOf(step)), entity.attributes.unit_of_measurement) : word("state", entity.state);
    const read = (event: Event) => Number((event.target as HTMLInputElement).value);
    return html`<input type="range" aria-label=${name} aria-valuetext=${text} min=${numeric(entity, "min") ?? 0} max=${numeric(entity, "max") ?? 100} step=${step} .value=${String(value)} ?disabled=${this.#off}
      @input=${(event: Event) => (this.sliding = read(event))} @change=${(event: Event) => this.#call("set_value", { value: read(event) })}><bdi class="state">${text}</bdi>`;
  }

  #text(entity: Entity, name: string) {
    const shown = hasValue(entity) ? entity.state : "";
    const change = async (event: Event) => {
      const input = event.target as HTMLInputElement;
      if (!(await this.#call("set_value", { value: input.value }))) input.value = shown;
    };
    return html`<input type=${entity.attributes.mode === "password" ? "password" : "text"} dir="auto" autocomplete="off" aria-label=${name} maxlength=${numeric(entity, "max") ?? 255} .value=${shown} ?disabled=${this.#off} @change=${change}>`;
  }

  #moment(entity: Entity, name: string) {
    const { has_date, has_time } = entity.attributes;
    const type = has_date && has_time ? "datetime-local" : has_date ? "date" : "time";
    const key = { "datetime-local": "datetime", date: "date", time: "time" }[type];
    const change = (event: Event) => {
      const { value } = event.target as HTMLInputElement;
      if (value) void this.#call("set_datetime", { [key]: value.replace("T", " ") });
    };
    return html`<input type=${type} step=${type === "date" ? nothing : 60} aria-label=${name} .value=${hasValue(entity) ? entity.state.replace(" ", "T").replace(/:\d\d$/, type === "date" ? "$&" : "") : ""} ?disabled=${this.#off} @change=${change}>`;
  }

  #count(entity: Entity, name: string) {
    const value = Number(entity.state);
    const at = (limit: string) => numeric(entity, limit) === value;
    return html`${this.#button("minus", t("helper_down", { name }), "decrement", at("minimum"))}<bdi class="state">${Number.isFinite(value) ? number(value) : word("state", entity.state)}</bdi>
      ${this.#button("plus", t("helper_up", { name }), "increment", at("maximum"))}${this.#button("undo", t("helper_reset", { name }), "reset", value === numeric(entity, "initial"))}`;
  }

  #button(name: IconName, label: string, service: string, off = false) {
    return html`<button type="button" class="icon" aria-label=${label} title=${label} ?disabled=${this.#off || off} @click=${() => this.#call(service)}>${icon(name, 18)}</button>`;
  }

  #timer(entity: Entity, name: string) {
    const runs = entity.state === "active";
    const label = (what: string) => `${what}: ${name}`;
    return html`<bdi class="state">${this.#left(entity)}</bdi>
      ${runs ? this.#button("pause", label(t("helper_pause")), "pause") : this.#button("play", label(t("helper_start")), "start")}
      ${entity.state === "idle" ? nothing : this.#button("close", label(t("helper_cancel")), "cancel")}`;
  }

  /** What is left of a timer: by its end while it runs, as it was told while it is paused. */
  #left(entity: Entity): string {
    const end = Date.parse(String(entity.attributes.finishes_at ?? "")) / 1000;
    if (entity.state === "active" && Number.isFinite(end)) return t("helper_left", { time: clock(Math.max(0, end - Date.now() / 1000)) });
    const told = entity.state === "paused" ? entity.attributes.remaining : undefined;
    return typeof told === "string" ? t("helper_left", { time: isolate(told) }) : word("state", entity.state);
  }

  #plan(entity: Entity) {
    const next = Date.parse(String(entity.attributes.next_event ?? "")) / 1000;
    return html`<span class="state">${word("state", entity.state)}</span>${Number.isFinite(next) ? html`<span class="muted small">${t("helper_next", { time: age(next) })}</span>` : nothing}`;
  }

  async #call(service: string, data: object = {}): Promise<boolean> {
    this.problem = "";
    try {
      await hub().link.call(domainOf(this.entityId), service, data, this.entityId);
      return true;
    } catch (error) {
      this.sliding = undefined;
      this.problem = failureText(error);
      return false;
    }
  }
}

function clock(seconds: number): string {
  if (seconds >= 86_400) return duration(seconds);
  const part = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return isolate(`${seconds >= 3_600 ? `${part(seconds / 3_600)}:` : ""}${part((seconds % 3_600) / 60)}:${part(seconds % 60)}`);
}
