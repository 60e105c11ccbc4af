/** A chart: lines of one unit, or bars of words, over one stretch of time; a table for who can not see it. */
import { LitElement, css, html, nothing, unsafeCSS, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type uPlot from "uplot";
import plotStyles from "uplot/dist/uPlot.min.css?inline";
import { valueAt, type Lane, type Line } from "../data/history";
import { withUnit } from "../data/describe";
import { duration, moment, number, t } from "../i18n";
import { base } from "../styles/shared";
import { Watch, onPrefs } from "../watch";
import { Crosshair } from "./crosshair";
import { colourOf, laneHeight, optionsOf, paintLanes, paletteOf, saidOf, stateWord, tableOf, type Palette, type Span } from "./plot";

/** Rows of the table that are written; the rest is in the download. */
const TABLE_ROWS = 200;

@customElement("hub-chart")
export class Chart extends LitElement {
  @property({ attribute: false }) lines: readonly Line[] = [];
  @property({ attribute: false }) lanes: readonly Lane[] = [];
  @property({ attribute: false }) span: Span = { from: 0, to: 1 };
  @property({ attribute: false }) crosshair = new Crosshair();
  /** The form of an entity's details: lower. */
  @property({ type: Boolean }) small = false;
  @query(".plot") private frame!: HTMLElement;
  @state() private at: number | undefined;
  @state() private tabled = false;
  #plot: uPlot | undefined;
  #library: typeof uPlot | undefined;
  #palette: Palette | undefined;
  #shape = "";
  #stops: (() => void)[] = [];

  constructor() {
    super();
    new Watch(this, () => [onPrefs, () => this.#follow()]);
  }

  static override styles = [base, unsafeCSS(plotStyles), css`
    :host { display: block; min-inline-size: 0; }
    .plot { direction: ltr; min-block-size: 60px; line-height: 0; }
    .plot .u-select { background: color-mix(in srgb, var(--accent) 16%, transparent); }
    .plot .u-cursor-x { border-inline-end: 1px solid var(--line-strong); }
    .legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0 0 4px; padding: 0; list-style: none; font-size: 0.875rem; }
    .legend li { display: inline-flex; align-items: center; gap: 7px; min-inline-size: 0; }
    .legend .name { overflow-wrap: anywhere; }
    .legend svg { flex: none; }
    .legend .value { font-weight: 600; }
    .moment { font-size: 0.8125rem; color: var(--muted); font-variant-numeric: tabular-nums; margin-inline-start: auto; }
    details { margin-block: 2px -6px; font-size: 0.875rem; }
    summary { cursor: pointer; color: var(--muted); font-size: 0.8125rem; padding-block: 4px; inline-size: fit-content; }
    .scroll { max-block-size: 320px; overflow: auto; border: 1px solid var(--line); border-radius: 12px; margin-block-start: 6px; }
    table { border-collapse: collapse; inline-size: 100%; }
    caption { text-align: start; font-weight: 600; padding: 8px; padding-inline: 12px; }
    th, td { text-align: start; padding-block: 5px; padding-inline: 12px; border-block-start: 1px solid var(--line); font-variant-numeric: tabular-nums; }
    th { font-weight: 560; color: var(--muted); }
  `];

  override render() {
    const said = saidOf(this.lines, this.lanes, this.span, (line) => this.#name(line));
    return html`${this.lines.length ? this.#legend() : nothing}
      <div class="plot" dir="ltr" role="img" aria-label=${said}></div>
      <details @toggle=${(event: Event) => (this.tabled = (event.target as HTMLDetailsElement).open)}><summary>${t("as_table")}</summary>${this.tabled ? this.#table() : nothing}</details>`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#shape = "";
    if (this.hasUpdated) this.#observe();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.#stops.splice(0)) stop();
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  protected override firstUpdated(): void {
    this.#observe();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("lines") || changed.has("lanes") || changed.has("span")) this.#draw();
  }

  #name(line: Line): string {
    if (line.what === "state") return line.name;
    const what = line.what === "current_temperature" ? t("measured") : line.what === "temperature" ? t("chart_target") : line.what === "target_temp_low" ? t("chart_target_low") : t("chart_target_high");
    return this.lines.every((each) => each.entityId === line.entityId) ? what : `${line.name} · ${what}`;
  }

  #legend() {
    const at = Math.min(this.at ?? this.span.to, this.span.to);
    const item = (line: Line, index: number) => {
      const value = valueAt(line, at);
      const text = value === null || value === undefined ? t("not_known") : withUnit(number(value), line.unit);
      return html`<li>${this.#swatch(line, index)}<span class="name"><bdi>${this.#name(line)}</bdi></span> <span class="value">${text}</span></li>`;
    };
    return html`<ul class="legend" aria-hidden="true">${this.lines.map(item)}${this.at === undefined ? nothing : html`<li class="moment">${moment(this.at)}</li>`}</ul>`;
  }

  #swatch(line: Line, index: number) {
    const colour = this.#palette ? colourOf(this.#palette, index) : "currentColor";
    const dash = line.what === "state" || line.what === "current_temperature" ? nothing : "4 3";
    return html`<svg width="18" height="8" viewBox="0 0 18 8" aria-hidden="true"><path d="M1 4h16" stroke=${colour} stroke-width="3" stroke-linecap="round" stroke-dasharray=${dash} /></svg>`;
  }

  #table() {
    const { from, to } = this.span;
    return html`<div class="scroll" tabindex="0" role="group" aria-label=${t("as_table")}>${this.lines.map((line) => {
      const rows = line.times.map((at, index) => [at, line.values[index]] as const).filter(([at]) => at <= to).slice(-TABLE_ROWS).reverse();
      return html`<table><caption><bdi>${this.#name(line)}</bdi>${line.unit ? html` (<bdi>${line.unit}</bdi>)` : nothing}</caption>
        <thead><tr><th scope="col">${t("time")}</th><th scope="col">${t("value")}</th></tr></thead>
        <tbody>${rows.map(([at, value]) => html`<tr><td>${moment(Math.max(at, from))}</td><td>${value === null || value === undefined ? t("not_known") : number(value)}</td></tr>`)}</tbody></table>`;
    })}${this.lanes.map((lane) => {
      const rows = lane.bars.map((bar, index) => ({ ...bar, end: lane.bars[index + 1]?.from ?? to })).slice(-TABLE_ROWS).reverse();
      return html`<table><caption><bdi>${lane.name}</bdi></caption>
        <thead><tr><th scope="col">${t("time")}</th><th scope="col">${t("value")}</th><th scope="col">${t("how_long")}</th></tr></thead>
        <tbody>${rows.map((bar) => html`<tr><td>${moment(Math.max(bar.from, from))}</td><td>${stateWord(bar.state)}</td><td>${duration(Math.max(0, bar.end - Math.max(bar.from, from)))}</td></tr>`)}</tbody></table>`;
    })}</div>`;
  }

  /** Fetch the library when the chart comes into sight, and draw anew when its width or the theme changes. */
  #observe(): void {
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      void import("uplot").then((found) => {
        this.#library = found.default;
        this.#draw();
      });
    }, { rootMargin: "200px" });
    seen.observe(this.frame);
    const sized = new ResizeObserver(() => this.#fit());
    sized.observe(this.frame);
    this.#stops.push(() => seen.disconnect(), () => sized.disconnect(), onPrefs(() => {
      this.#shape = "";
      this.#draw();
    }));
  }

  #follow(): () => void {
    return this.crosshair.listen((at) => {
      this.at = at;
      const plot = this.#plot;
      if (!plot) return;
      const left = at === undefined ? -10 : plot.valToPos(at, "x");
      plot.setCursor({ left, top: at === undefined ? -10 : 10 }, false);
      if (this.lanes.length) plot.redraw(false);
    });
  }

  get #height(): number {
    if (this.lanes.length) return laneHeight(this.lanes.length);
    return this.small ? 170 : 240;
  }

  #fit(): void {
    const width = this.frame.clientWidth;
    if (this.#plot && width && width !== this.#plot.width) this.#plot.setSize({ width, height: this.#height });
    else if (!this.#plot) this.#draw();
  }

  /** Give the present data to the plot; it is made anew when what it shows is of another shape. */
  #draw(): void {
    const library = this.#library;
    const width = this.frame?.clientWidth;
    if (!library || !width || !this.isConnected) return;
    const shape = JSON.stringify([this.lines.map((line) => [line.entityId, line.what, line.steps]), this.lanes.length]);
    const data = this.#data(library, width);
    if (this.#plot && shape === this.#shape) return this.#plot.setData(data);
    this.#plot?.destroy();
    this.#shape = shape;
    this.#palette = paletteOf(this);
    const options = optionsOf(library, this.lines, this.lanes, this.#palette, () => this.span);
    this.#plot = new library({ ...options, width, height: this.#height, hooks: this.#hooks() }, data, this.frame);
    this.requestUpdate();
  }

  #data(library: typeof uPlot, width: number): uPlot.AlignedData {
    const { span } = this;
    if (!this.lines.length) return [[span.from, span.to], [null, null]];
    const tables = this.lines.map((line) => tableOf(line, span, Date.now() / 1000, width));
    return library.join(tables);
  }

  #hooks(): uPlot.Hooks.Arrays {
    return {
      setCursor: [(plot) => {
        const { left = -1 } = plot.cursor;
        this.crosshair.move(left < 0 ? undefined : plot.posToVal(left, "x"));
      }],
      setSelect: [(plot) => {
        const { left, width } = plot.select;
        if (width < 8) return;
        const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        this.dispatchEvent(new CustomEvent("zoom", { detail: { from, to }, bubbles: true, composed: true }));
      }],
      draw: this.lanes.length ? [(plot) => paintLanes(plot, this.lanes, this.#palette!, this.span, this.at, Date.now() / 1000)] : [],
    };
  }
}
