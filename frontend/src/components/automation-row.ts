/** One automation, script or scene in its list: how it is, whether it listens, and starting it. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { momentOf, type Kind } from "../automation/items";
import type { Entity } from "../data/decode";
import { hub } from "../hub";
import { age, moment, t } from "../i18n";
import { base, buttons } from "../styles/shared";
import { toggleStyles } from "../styles/toggle";
import { Ticker, Watch, WatchEntity, onLink, onPrefs } from "../watch";
import { badge, badgeStyles } from "./badge";
import { failureText } from "./failure";
import { icon, type IconName } from "./icon";

const ICONS: Record<Kind, IconName> = { automation: "automation", script: "script", scene: "scene" };

@customElement("hub-automation-row")
export class AutomationRow extends LitElement {
  @property() kind: Kind = "automation";
  @property() entityId = "";
  @property() heading = "";
  @property() href = "";
  /** What stands beside the last run. */
  @property({ attribute: false }) notes: unknown = nothing;
  @state() private problem = "";
  @state() private busy = false;
  readonly #watch = new WatchEntity(this, () => this.entityId);

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
    new Ticker(this, 30_000);
  }

  static override styles = [base, buttons, badgeStyles, toggleStyles, css`
    :host { display: block; padding-block: 10px; }
    .row { display: flex; align-items: center; gap: 12px; flex-wrap: wrap; }
    .glyph { display: grid; place-items: center; inline-size: 36px; block-size: 36px; border-radius: 12px; flex: none; background: var(--sunken); color: var(--muted); }
    .glyph.on { background: var(--accent-tint); color: var(--accent); }
    .what { flex: 1 1 190px; min-inline-size: 0; }
    .what a { color: var(--text); text-decoration: none; font-weight: 560; overflow-wrap: anywhere; }
    .what a:hover { text-decoration: underline; }
    .about { display: flex; gap: 2px 12px; flex-wrap: wrap; color: var(--muted); font-size: 0.8125rem; }
    .about span { display: inline-flex; gap: 4px; align-items: center; }
    .side { margin-inline-start: auto; display: flex; align-items: center; gap: 10px; flex-wrap: wrap; }
    .side button:not(.toggle) { display: inline-flex; gap: 6px; align-items: center; padding-inline: 12px; }
  `];

  override render() {
    const entity = this.#watch.entity;
    const on = entity?.state === "on";
    const problem = this.problem || String(entity?.attributes.problem ?? "");
    return html`<div class="row"><span class="glyph ${on ? "on" : ""}">${icon(ICONS[this.kind], 20)}</span>
      <div class="what"><a href=${this.href}><bdi>${this.heading}</bdi></a><p class="about">${this.#about(entity)}${this.notes}</p></div>
      <div class="side">${entity?.attributes.dry_run === true ? badge(t("automation_dry_now"), "busy") : nothing}${this.#controls(entity)}</div></div>
      ${problem ? html`<p class="error" role="alert"><bdi>${problem}</bdi></p>` : nothing}`;
  }

  #about(entity: Entity | undefined) {
    if (!entity) return html`<span>${t("automation_away")}</span>`;
    const current = Number(entity.attributes.current ?? 0);
    const last = momentOf(this.kind === "scene" ? entity.state : entity.attributes.last_triggered);
    return html`${current > 0 ? html`<span>${t("automation_running", { count: current })}</span>` : nothing}
      <span title=${last ? moment(last) : ""}>${last ? t("automation_last", { age: age(last) }) : t("automation_never")}</span>`;
  }

  #controls(entity: Entity | undefined) {
    if (!entity) return nothing;
    const off = this.busy || hub().link.offline || entity.state === "unavailable";
    const name = this.heading;
    const run = html`<button type="button" ?disabled=${off} aria-label=${t("automation_run_of", { name })} @click=${this.#run}>${icon("play", 16)}${t("automation_run")}</button>`;
    if (this.kind === "script" && entity.state === "on") return html`<button type="button" ?disabled=${off} @click=${() => this.#call("turn_off")}>${t("automation_stop")}</button>`;
    if (this.kind !== "automation") return run;
    const on = entity.state === "on";
    return html`${run}<div class="touch"><button type="button" role="switch" class="toggle" aria-checked=${on} aria-label=${t("automation_on_of", { name })} ?disabled=${off} @click=${() => this.#call(on ? "turn_off" : "turn_on")}></button></div>`;
  }

  #run(): void {
    void (this.kind === "automation" ? this.#call("trigger", { skip_condition: true }) : this.#call("turn_on"));
  }

  async #call(service: string, data: object = {}): Promise<void> {
    this.problem = "";
    this.busy = true;
    try {
      await hub().link.call(this.kind, service, data, this.entityId);
    } catch (error) {
      this.problem = failureText(error);
    }
    this.busy = false;
  }
}
