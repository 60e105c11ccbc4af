/** Some entities over a stretch of time: charts by unit, bars for words, and what is new as it comes. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { byUnit, drawn, isNumeric, takeRows, trim, type HistoryEvent, type Lane, type Line, type Row } from "../data/history";
import { nameOf } from "../data/describe";
import { RAW_LIMIT, iso, type Range } from "../data/range";
import { askStatistics, metas, periodOf, statLine, type Meta, type Stat } from "../data/statistics";
import { hub } from "../hub";
import { t } from "../i18n";
import { base, card } from "../styles/shared";
import { Follow, Watch, onPrefs } from "../watch";
import "./chart";
import { Crosshair } from "./crosshair";
import { failureText } from "./failure";
import type { Span } from "./plot";

/** The least time between two drawings of what is new, in milliseconds. */
const PACE_MS = 1_000;
/** Rows that the hub thins a long past to, extremes kept; the form of an entity's details needs fewer. */
const MOST_POINTS = 4_000;
const SMALL_POINTS = 1_000;
/** Statistics of a live range are asked for again after this long. */
const STATISTICS_MS = 300_000;

@customElement("hub-history-view")
export class HistoryView extends LitElement {
  @property({ attribute: false }) entities: readonly string[] = [];
  @property({ attribute: false }) range!: Range;
  @property({ type: Boolean }) small = false;
  @state() private metas: Map<string, Meta> | undefined;
  @state() private stats: Record<string, Stat[]> | undefined;
  @state() private problem = "";
  @state() private span: Span = { from: 0, to: 1 };
  lines: Line[] = [];
  lanes: Lane[] = [];
  readonly #crosshair = new Crosshair();
  readonly #rows = new Map<string, Row[]>();
  #asked = "";
  #start = 0;
  #loaded = false;
  #stale = true;
  #drawnAt = 0;
  #timers: ReturnType<typeof setInterval>[] = [];

  readonly #follow = new Follow<HistoryEvent>(this, {
    message: () => this.#message(),
    take: (event) => {
      takeRows(this.#rows, event);
      this.#loaded = this.#stale = true;
    },
    reset: () => {
      this.#rows.clear();
      this.#loaded = false;
      this.#stale = true;
    },
  });

  constructor() {
    super();
    new Watch(this, () => [onPrefs, () => this.#clock()]);
  }

  static override styles = [base, card, css`
    :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
    :host([small]) .card { padding: 0; border: 0; box-shadow: none; background: none; }
    .note { color: var(--muted); font-size: 0.8125rem; margin-block-start: 6px; }
    .empty { color: var(--muted); padding-block: 24px; text-align: center; }
    :host([small]) .empty { padding-block: 8px; text-align: start; }
    @media (max-width: 560px) { .card { padding: 14px; padding-inline: 10px; } }
  `];

  protected override willUpdate(changed: PropertyValues): void {
    const { preset, from, to, live } = this.range;
    const asked = JSON.stringify([this.entities, preset ?? [from, live ? 0 : to]]);
    if (asked !== this.#asked) {
      this.#asked = asked;
      this.#start = from;
      this.span = { from, to };
      this.stats = undefined;
      this.problem = "";
      this.#stale = true;
      if (this.#long) void this.#statistics();
    }
    if (changed.has("stats") || changed.has("metas")) this.#stale = true;
    const wait = this.#drawnAt + PACE_MS - performance.now();
    if (!this.#stale) return;
    if (wait > 0 && this.lines.length + this.lanes.length && !changed.has("entities") && !changed.has("range")) return void setTimeout(() => this.requestUpdate(), wait);
    this.#make();
  }

  override render() {
    const failure = this.problem || (this.#follow.failure ? failureText(this.#follow.failure) : "");
    const lines = this.lines.filter((line) => line.times.length);
    const lanes = this.lanes.filter((lane) => lane.bars.length);
    const waits = !failure && ((this.#rawIds.length > 0 && !this.#loaded) || (this.#long && !this.stats && this.#numeric.length > 0));
    const means = lines.some((line) => !line.steps);
    return html`${failure ? html`<p class="error" role="alert">${failure}</p>` : nothing}
      ${waits ? html`<p class="empty" role="status">${t("loading")}</p>` : lines.length + lanes.length || failure ? nothing : html`<p class="empty" role="status">${t("history_none")}</p>`}
      ${byUnit(lines).map((group) => html`<section class="card"><hub-chart ?small=${this.small} .lines=${group} .span=${this.span} .crosshair=${this.#crosshair}></hub-chart></section>`)}
      ${lanes.length ? html`<section class="card"><hub-chart ?small=${this.small} .lanes=${lanes} .span=${this.span} .crosshair=${this.#crosshair}></hub-chart></section>` : nothing}
      ${means && !this.small ? html`<p class="note">${t("history_means")}</p>` : nothing}`;
  }

  get #long(): boolean {
    return this.range.to - this.range.from > RAW_LIMIT;
  }

  get #numeric(): string[] {
    return this.entities.filter((id) => isNumeric(hub().store.get(id)));
  }

  /** The entities whose every change is drawn: all of a short range, of a long one those without statistics. */
  get #rawIds(): string[] {
    if (!this.#long) return [...this.entities];
    if (!this.metas && this.#numeric.length) return this.entities.filter((id) => !this.#numeric.includes(id));
    return this.entities.filter((id) => !this.metas?.has(id));
  }

  #message() {
    const ids = this.#rawIds;
    if (!ids.length) return undefined;
    const end = this.range.live ? {} : { end_time: iso(this.range.to) };
    return { type: "history/stream", entity_ids: ids, start_time: iso(this.#start), ...end, minimal_response: true, max_points: this.small ? SMALL_POINTS : MOST_POINTS };
  }

  #make(): void {
    this.#stale = false;
    this.#drawnAt = performance.now();
    const now = Date.now() / 1000;
    if (this.range.live) {
      const length = this.range.preset ? this.range.to - this.range.from : now - this.range.from;
      this.span = { from: now - length, to: now };
      trim(this.#rows, this.span.from);
    }
    this.lines = [];
    this.lanes = [];
    for (const id of this.entities) {
      const entity = hub().store.get(id);
      const stats = this.stats?.[id];
      const rows = this.#rows.get(id);
      if (stats) {
        const unit = this.metas?.get(id)?.display_unit_of_measurement ?? String(entity?.attributes.unit_of_measurement ?? "");
        this.lines.push(statLine(id, entity ? nameOf(entity) : id, unit, stats));
      } else if (rows?.length) {
        const made = drawn(id, rows, entity);
        this.lines.push(...made.lines);
        this.lanes.push(...made.lanes);
      }
    }
  }

  async #statistics(): Promise<void> {
    const asked = this.#asked;
    const { link } = hub();
    try {
      this.metas = await metas(link);
      const ids = this.entities.filter((id) => this.metas?.has(id));
      const end = this.range.live ? undefined : iso(this.range.to);
      const found = ids.length ? await askStatistics(link, ids, iso(this.#start), end, periodOf(this.range.to - this.range.from)) : {};
      if (asked === this.#asked) this.stats = found;
    } catch (error) {
      if (asked === this.#asked) this.problem = failureText(error);
    }
  }

  /** Let time go on: the end of a live range is now. */
  #clock(): () => void {
    const tick = () => {
      if (!this.range.live || document.hidden) return;
      this.#stale = true;
      this.requestUpdate();
    };
    const renew = () => {
      if (this.range.live && this.#long && !document.hidden) void this.#statistics();
    };
    this.#timers = [setInterval(tick, 10_000), setInterval(renew, STATISTICS_MS)];
    return () => this.#timers.splice(0).forEach(clearInterval);
  }
}
