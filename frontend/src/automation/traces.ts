/** The runs of an automation or a script that the hub has kept, newest first, and one of them drawn. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { badgeStyles } from "../components/badge";
import { failureText } from "../components/failure";
import { hub } from "../hub";
import { age, clockTime, moment, t } from "../i18n";
import { go, here, onNavigate } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { Ticker, Watch, WatchEntity, onPrefs } from "../watch";
import type { Trace, TraceShort } from "./steps";
import { triggerText } from "./told";
import "./trace-view";
import { endBadge } from "./trace-view";

@customElement("hub-traces")
export class Traces extends LitElement {
  @property() domain = "automation";
  @property() item = "";
  @property() entityId = "";
  @state() private runs: TraceShort[] | undefined;
  @state() private trace: Trace | undefined;
  @state() private problem = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    // A run begins and ends with a change of its entity.
    new WatchEntity(this, () => this.entityId, () => this.#soon());
    new Watch(this, () => [onPrefs, () => onNavigate(() => void this.#show())]);
    new Ticker(this, 15_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  static override styles = [base, buttons, card, badgeStyles, lists, css`
    :host { display: grid; gap: 20px; grid-template-columns: minmax(0, 1fr); align-items: start; }
    @media (min-width: 1080px) { :host { grid-template-columns: 280px minmax(0, 1fr); } }
    .runs { padding: 8px; max-block-size: 70dvh; overflow: auto; }
    @media (max-width: 1079px) { .runs { max-block-size: 240px; } }
    .runs button { inline-size: 100%; text-align: start; display: grid; gap: 2px; border-color: transparent; background: transparent; padding: 10px; font-weight: 400; }
    .runs button[aria-pressed="true"] { background: var(--accent-tint); }
    .runs .line { display: flex; justify-content: space-between; align-items: center; gap: 8px; flex-wrap: wrap; }
    .runs .small { color: var(--muted); overflow-wrap: anywhere; }
    ul { list-style: none; margin: 0; padding: 0; }
  `];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("item") || changed.has("domain")) void this.#load();
  }

  override render() {
    const { runs } = this;
    if (this.problem) return html`<p class="error" role="alert">${this.problem}</p>`;
    if (!runs) return html`<p class="muted" role="status">${t("loading")}</p>`;
    if (!runs.length) return html`<p class="card empty">${t("traces_none")}</p>`;
    return html`<nav class="card runs" aria-label=${t("trace_runs")}><ul>${repeat(runs, (run) => run.run_id, (run) => this.#run(run))}</ul></nav>
      <section class="card" aria-label=${t("traces")} @click=${this.#keep}>${this.trace ? html`<hub-trace .trace=${this.trace}></hub-trace>` : html`<p class="muted" role="status">${t("loading")}</p>`}</section>`;
  }

  #run(run: TraceShort) {
    const at = Date.parse(run.timestamp.start) / 1000;
    return html`<li><button type="button" aria-pressed=${run.run_id === this.trace?.run_id} @click=${() => this.#choose(run.run_id)}>
      <span class="line"><strong title=${moment(at)}>${clockTime(at)}</strong>${endBadge(run)}</span>
      <span class="small">${age(at)}${run.trigger ? html` · <bdi>${triggerText(run.trigger)}</bdi>` : nothing}</span></button></li>`;
  }

  #choose(run: string): void {
    const url = here();
    url.searchParams.set("run", run);
    go(url, true);
  }

  /** Stay with a run that somebody looks into, also when newer ones come. */
  #keep(): void {
    if (this.trace && !here().searchParams.get("run")) this.#choose(this.trace.run_id);
  }

  /** Ask once for the changes that come together. */
  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(), 300);
  }

  async #load(): Promise<void> {
    const { domain, item } = this;
    if (!item) return;
    try {
      const runs = await hub().link.ask<TraceShort[]>({ type: "trace/list", domain, item_id: item });
      if (item !== this.item) return;
      this.runs = runs.sort((one, other) => Date.parse(other.timestamp.start) - Date.parse(one.timestamp.start));
      await this.#show();
    } catch (error) {
      this.problem = failureText(error);
    }
  }

  /** Show the run of the address, else the newest; one that goes on is asked for again. */
  async #show(): Promise<void> {
    const asked = here().searchParams.get("run");
    const run = this.runs?.find((each) => each.run_id === asked) ?? this.runs?.[0];
    if (!run || (run.run_id === this.trace?.run_id && this.trace.state !== "running")) return;
    try {
      this.trace = await hub().link.ask<Trace>({ type: "trace/get", domain: this.domain, item_id: this.item, run_id: run.run_id });
    } catch (error) {
      this.problem = failureText(error);
    }
  }
}
