/** A zone: measured and wanted temperature, what it does, preset, fan; by keyboard, mouse and touch. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { Draft, commandPending } from "../data/draft";
import { digitsOf, hasValue, nameOf, numeric, withUnit } from "../data/describe";
import type { Entity } from "../data/decode";
import { hub } from "../hub";
import { number, readNumber, t, word } from "../i18n";
import { entityAddress } from "../router";
import { base, buttons, fields } from "../styles/shared";
import { WatchEntity, Watch, onLink, onPrefs } from "../watch";
import { failureText } from "./failure";
import { icon, type IconName } from "./icon";
import "./spark";

const STEP_KEYS: Record<string, number> = { ArrowUp: 1, ArrowDown: -1 };
const DEGREE_KEYS: Record<string, number> = { PageUp: 1, PageDown: -1 };
const TONES: Record<string, string> = { heating: "heat", cooling: "cool", drying: "cool" };

/** Return the colour of what a zone does; without a known action, of what its values suggest. */
function toneOf({ state, attributes }: Entity): string {
  if (attributes.hvac_action !== undefined) return TONES[String(attributes.hvac_action)] ?? "";
  const distance = Number(attributes.temperature ?? NaN) - Number(attributes.current_temperature ?? NaN);
  if (state === "heat" && distance > 0) return "heat";
  return state === "cool" && distance < 0 ? "cool" : "";
}

const ICONS: Record<string, IconName> = { heat: "flame", cool: "snow" };

@customElement("hub-thermostat")
export class Thermostat extends LitElement {
  @property() entityId = "";
  @property() room = "";
  /** The heading above the zone; its own name without the room's when this is empty. */
  @property() heading = "";
  @query("input") private input!: HTMLInputElement;
  @query(".track") private track!: HTMLElement;
  @state() private problem = "";
  @state() private typed: string | undefined;

  readonly #draft = new Draft({
    attribute: "temperature",
    entity: () => this.#watch.entity,
    send: (value) => hub().link.call("climate", "set_temperature", { temperature: value }, this.entityId),
    changed: () => this.requestUpdate(),
  });
  readonly #watch = new WatchEntity(this, () => this.entityId, () => this.#draft.reconcile());
  #stopLoss: (() => void) | undefined;

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stopLoss = hub().link.onLoss(() => {
      if (this.#draft.phase === "editing") this.#draft.drop();
      this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopLoss?.();
  }

  static override styles = [base, buttons, fields, css`
    :host { display: block; }
    .head { display: flex; align-items: center; gap: 8px; margin-block-end: 8px; }
    .head h2 { flex: 1; min-inline-size: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .head a { color: inherit; text-decoration: none; }
    .head a:hover { text-decoration: underline; }
    .now { display: flex; align-items: center; justify-content: space-between; gap: 8px; }
    .measured { font-size: 2.625rem; font-weight: 300; letter-spacing: -0.03em; line-height: 1.1; }
    .measured .unit { font-size: 1.375rem; vertical-align: 0.7em; font-weight: 400; }
    .facts { display: flex; align-items: center; justify-content: space-between; gap: 4px 12px; flex-wrap: wrap; min-block-size: 1.5rem;
      margin-block-start: 4px; font-size: 0.875rem; color: var(--muted); }
    .facts hub-spark { margin-inline-start: auto; }
    .humidity { display: inline-flex; align-items: center; gap: 4px; }
    .set { display: flex; align-items: center; gap: 2px; padding: 4px; border-radius: 16px; background: var(--sunken); }
    .set button { border-color: transparent; background: var(--surface); min-block-size: 44px; inline-size: 44px; color: var(--text); }
    .set button:disabled { background: transparent; color: var(--muted); }
    .set .target { position: relative; }
    .set input { inline-size: 4.5rem; min-block-size: 44px; border-color: transparent; background: transparent; text-align: center;
      font-size: 1.25rem; font-weight: 620; font-variant-numeric: tabular-nums; padding-inline: 4px; color: var(--value); }
    .set.pending input { color: var(--accent); }
    .track { position: relative; block-size: 28px; margin-block-start: 6px; cursor: pointer; touch-action: pan-y; }
    .track.off { cursor: default; }
    .rail, .fill, .thumb, .mark { position: absolute; inset-block-start: 50%; translate: 0 -50%; }
    .rail { inset-inline: 0; block-size: 6px; border-radius: 3px; background: var(--sunken); }
    .fill { block-size: 6px; border-radius: 3px; background: var(--line-strong); opacity: 0.55; }
    .heat .fill { background: var(--heat-bar); opacity: 1; }
    .cool .fill { background: var(--cool-bar); opacity: 1; }
    .mark { inline-size: 3px; block-size: 14px; border-radius: 2px; background: var(--muted); margin-inline-start: -1.5px; }
    .thumb { inline-size: 20px; block-size: 20px; border-radius: 50%; background: var(--surface); border: 2px solid var(--text);
      margin-inline-start: -10px; box-shadow: var(--shadow); }
    .heat .thumb { border-color: var(--heat-bar); }
    .cool .thumb { border-color: var(--cool-bar); }
    .track.off .thumb { border-color: var(--line-strong); }
    .foot { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 8px; margin-block-start: 10px; }
    .foot select { background-color: transparent; border-color: var(--line); min-block-size: 40px; font-size: 0.9375rem; }
    .status { font-size: 0.8125rem; color: var(--accent); font-weight: 560; text-align: end; }
    .status .error { font-size: 0.8125rem; }
    .chip { flex: none; display: inline-flex; align-items: center; gap: 4px; font-size: 0.8125rem; font-weight: 560; color: var(--muted);
      min-block-size: 28px; padding-inline: 10px; border-radius: 14px; background: var(--sunken); }
    .chip.heat { color: var(--heat); background: var(--heat-tint); }
    .chip.cool { color: var(--cool); background: var(--cool-tint); }
  `];

  override render() {
    const entity = this.#watch.entity;
    if (!entity) return nothing;
    const tone = toneOf(entity);
    return html`<div class=${tone}>
      <div class="head"><h2><a href=${entityAddress(this.entityId)}>${this.heading || nameOf(entity, this.room)}</a></h2>${this.#chip(entity, tone)}</div>
      <div class="now">${this.#measured(entity)} ${this.#stepper(entity)}</div>
      <div class="facts">${this.#humidity(entity)}${this.#spark()}${this.#status(entity)}</div>
      ${this.#slider(entity)} ${this.#choices(entity)}
    </div>`;
  }

  #measured(entity: Entity) {
    const value = numeric(entity, "current_temperature");
    const text = value === undefined ? "–" : number(value, 1);
    const spoken = value === undefined ? t("not_known") : withUnit(text, "°C");
    return html`<div class="measured value" role="img" aria-label=${`${t("measured")}: ${spoken}`}
      ><bdi dir="ltr">${text}${value === undefined ? nothing : html`<span class="unit">°</span>`}</bdi></div>`;
  }

  #chip(entity: Entity, tone: string) {
    const action = entity.attributes.hvac_action;
    const words = hasValue(entity) ? (typeof action === "string" ? word("action", action) : word("mode", entity.state)) : word("state", entity.state);
    return html`<span class="chip ${tone}">${tone ? icon(ICONS[tone]!, 16) : nothing}${words}</span>`;
  }

  #humidity(entity: Entity) {
    const value = numeric(entity, "current_humidity");
    if (value === undefined) return html`<span></span>`;
    return html`<span class="humidity">${icon("drop", 16)}<span class="visually-hidden">${t("humidity")}</span><bdi dir="ltr">${number(value, 0)}&nbsp;%</bdi></span>`;
  }

  get #limits() {
    const entity = this.#watch.entity;
    return { min: numeric(entity, "min_temp") ?? 7, max: numeric(entity, "max_temp") ?? 35, step: numeric(entity, "target_temp_step") ?? 0.5 };
  }

  get #target(): number | undefined {
    return this.#draft.value ?? numeric(this.#watch.entity, "temperature");
  }

  get #locked(): boolean {
    return hub().link.offline || !this.#watch.entity || this.#watch.entity.state === "unavailable";
  }

  get #pending(): boolean {
    return this.#draft.phase !== "idle" || commandPending(this.#watch.entity);
  }

  #stepper(entity: Entity) {
    const { min, max, step } = this.#limits;
    const target = this.#target;
    const text = target === undefined ? "" : number(target, Math.max(1, digitsOf(step)));
    const name = nameOf(entity);
    const spoken = target === undefined ? t("not_known") : withUnit(text, "°C") + (this.#pending ? `, ${t("pending")}` : "");
    return html`<div class="set ${this.#pending ? "pending" : ""}" role="group" aria-label=${t("target_of", { name })}>
      <button type="button" class="icon" data-step="-1" ?disabled=${this.#locked || (target ?? max) <= min} aria-label=${t("lower_of", { name })}
        @click=${() => this.#step(-1)}>${icon("minus", 20)}</button>
      <div class="target"><input inputmode="decimal" autocomplete="off" role="spinbutton" dir="ltr" aria-label=${t("target_of", { name })}
        aria-valuemin=${min} aria-valuemax=${max} aria-valuenow=${target ?? nothing} aria-valuetext=${spoken}
        aria-invalid=${this.#draft.failure ? "true" : "false"} aria-describedby="status"
        .value=${this.typed ?? (text && `${text}°`)} placeholder="–" ?disabled=${this.#locked}
        @keydown=${this.#key} @input=${this.#type} @focus=${() => this.input.select()} @change=${this.#commit} @blur=${this.#commit}></div>
      <button type="button" class="icon" data-step="1" ?disabled=${this.#locked || (target ?? min) >= max} aria-label=${t("raise_of", { name })}
        @click=${() => this.#step(1)}>${icon("plus", 20)}</button>
    </div>`;
  }

  #slider(entity: Entity) {
    const measured = numeric(entity, "current_temperature");
    return html`<div class="track ${this.#locked || this.#target === undefined ? "off" : ""}" aria-hidden="true" @pointerdown=${this.#grab}>
      <div class="rail"></div>
      <div class="fill"></div>
      ${measured === undefined ? nothing : html`<div class="mark"></div>`}
      ${this.#target === undefined ? nothing : html`<div class="thumb"></div>`}
    </div>`;
  }

  #choices(entity: Entity) {
    const presets = entity.attributes.preset_modes as string[] | undefined;
    const modes = entity.attributes.hvac_modes as string[] | undefined;
    const fans = entity.attributes.fan_modes as string[] | undefined;
    const name = nameOf(entity);
    return html`<div class="foot">
      ${presets?.length ? this.#select(t("preset_of", { name }), "preset", presets, entity.attributes.preset_mode, "set_preset_mode", "preset_mode") : nothing}
      ${modes && modes.length > 1 ? this.#select(t("mode_of", { name }), "mode", modes, entity.state, "set_hvac_mode", "hvac_mode") : nothing}
      ${fans?.length ? this.#select(t("fan_of", { name }), "fan", fans, entity.attributes.fan_mode, "set_fan_mode", "fan_mode") : nothing}
    </div>`;
  }

  #select(label: string, group: "preset" | "mode" | "fan", options: string[], value: unknown, service: string, field: string) {
    const known = typeof value === "string" && options.includes(value);
    return html`<select aria-label=${label} ?disabled=${this.#locked} .value=${known ? value : ""}
      @change=${(event: Event) => this.#choose(event.target as HTMLSelectElement, service, field)}>
      ${known ? nothing : html`<option value="" selected>${t("not_known")}</option>`}
      ${options.map((each) => html`<option value=${each} ?selected=${each === value}>${word(group, each)}</option>`)}
    </select>`;
  }

  /** The last day of the thermometer beside the zone; zones themselves have no statistics. */
  #spark() {
    const { registries, store } = hub();
    const source = registries.besides(this.entityId).find((id) => id.startsWith("sensor.") && store.get(id)?.attributes.device_class === "temperature");
    return source ? html`<hub-spark .entityId=${source}></hub-spark>` : nothing;
  }

  #status(entity: Entity) {
    const failure = this.#draft.failure;
    let text: unknown = "";
    if (failure?.code === "out_of_range" || failure?.code === "not_a_number") {
      text = html`<span class="error">${failure.message}</span>`;
    } else if (failure) {
      const wanted = withUnit(number(failure.value, 1), "°C");
      text = html`<span class="error">${t("not_set", { wanted })} ${failureText(failure)}</span>`;
    } else if (this.problem) {
      text = html`<span class="error">${this.problem}</span>`;
    } else if (this.#pending) {
      text = t(entity.attributes.command_state === "delivered" ? "delivered" : "pending");
    }
    return html`<div class="status" id="status" role="status">${text}</div>`;
  }

  protected override updated(_changed: PropertyValues): void {
    const select = this.renderRoot.querySelectorAll("select");
    for (const each of select) each.value = each.querySelector<HTMLOptionElement>("option[selected]")?.value ?? each.value;
    const { min, max } = this.#limits;
    const place = (value: number) => Math.min(100, Math.max(0, ((value - min) / (max - min)) * 100));
    const target = this.#target;
    const measured = numeric(this.#watch.entity, "current_temperature");
    this.#move(".thumb", "inset-inline-start", target === undefined ? undefined : place(target));
    this.#move(".mark", "inset-inline-start", measured === undefined ? undefined : place(measured));
    const from = place(Math.min(target ?? min, measured ?? min));
    const to = place(Math.max(target ?? min, measured ?? min));
    const both = target !== undefined && measured !== undefined;
    this.#move(".fill", "inset-inline-start", from);
    this.#move(".fill", "inline-size", both ? to - from : 0);
  }

  #move(selector: string, property: string, percent: number | undefined): void {
    if (percent === undefined) return;
    this.renderRoot.querySelector<HTMLElement>(selector)?.style.setProperty(property, `${percent}%`);
  }

  #step(steps: number): void {
    const { min, max, step } = this.#limits;
    const from = this.#target ?? numeric(this.#watch.entity, "current_temperature") ?? min;
    this.#wish(Math.min(max, Math.max(min, Math.round(from / step + steps) * step)));
  }

  #wish(value: number, now = false): void {
    if (this.#locked) return;
    this.problem = "";
    this.typed = undefined;
    this.#draft.set(Number(value.toFixed(digitsOf(this.#limits.step))), now);
  }

  #key(event: KeyboardEvent): void {
    const { min, max, step } = this.#limits;
    const steps = STEP_KEYS[event.key];
    const degrees = DEGREE_KEYS[event.key];
    if (steps !== undefined) this.#step(steps);
    else if (degrees !== undefined) this.#step(degrees * Math.max(1, Math.round(1 / step)));
    else if (event.key === "Home") this.#wish(min);
    else if (event.key === "End") this.#wish(max);
    else if (event.key === "Enter") this.#commit();
    else if (event.key === "Escape" && this.typed !== undefined) this.typed = undefined;
    else return;
    event.preventDefault();
  }

  #type(): void {
    this.typed = this.input.value;
  }

  #commit(): void {
    const typed = this.typed?.replace(/[°\s]|C/g, "");
    this.typed = undefined;
    if (!typed) return;
    const value = readNumber(typed);
    const { min, max } = this.#limits;
    if (value === undefined) return this.#draft.refuse({ code: "not_a_number", message: t("not_a_number", { typed }), value: 0 });
    if (value < min || value > max) {
      const limits = { typed, min: withUnit(number(min), "°C"), max: withUnit(number(max), "°C") };
      return this.#draft.refuse({ code: "out_of_range", message: t("out_of_range", limits), value });
    }
    if (!this.#pending && value === this.#target) this.#draft.drop();
    else this.#wish(value, true);
  }

  #grab(down: PointerEvent): void {
    if (this.#locked || this.#target === undefined || down.button) return;
    down.preventDefault();
    const { min, max, step } = this.#limits;
    const follow = (event: PointerEvent) => {
      const box = this.track.getBoundingClientRect();
      const part = (event.clientX - box.x) / box.width;
      const along = getComputedStyle(this).direction === "rtl" ? 1 - part : part;
      this.#wish(Math.min(max, Math.max(min, Math.round((min + along * (max - min)) / step) * step)));
    };
    const track = this.track;
    track.setPointerCapture(down.pointerId);
    track.addEventListener("pointermove", follow);
    const end = () => track.removeEventListener("pointermove", follow);
    track.addEventListener("pointerup", end, { once: true });
    track.addEventListener("pointercancel", end, { once: true });
    follow(down);
  }

  async #choose(select: HTMLSelectElement, service: string, field: string): Promise<void> {
    this.problem = "";
    try {
      await hub().link.call("climate", service, { [field]: select.value }, this.entityId);
    } catch (error) {
      this.problem = failureText(error);
    }
    this.requestUpdate();
  }
}
