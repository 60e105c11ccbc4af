/** History: several entities over one stretch of time; both stand in the address. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, query } from "lit/decorators.js";
import "../components/entity-picker";
import "../components/history-view";
import type { HistoryView } from "../components/history-view";
import { icon } from "../components/icon";
import "../components/range";
import { csvOf, save } from "../data/csv";
import { iso, readRange, writeRange, type Range } from "../data/range";
import { t } from "../i18n";
import { go, here, onNavigate } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { Watch, onPrefs } from "../watch";

@customElement("hub-history")
export class History extends LitElement {
  @query("hub-history-view") private view!: HistoryView | null;
  #range!: Range;
  #asked: string | undefined;
  #entities: readonly string[] = [];

  constructor() {
    super();
    new Watch(this, () => [onPrefs, (redraw) => onNavigate(redraw)]);
  }

  static override styles = [base, buttons, card, lists, css`
    :host { display: block; max-inline-size: 1120px; margin-inline: auto; }
    .choose { display: grid; gap: 14px; margin-block-end: 20px; position: relative; z-index: 2; }
    .top { margin-block-end: 8px; }
  `];

  /** Both stay the same objects until the address changes: time going on is the view's matter. */
  protected override willUpdate(): void {
    const { searchParams } = here();
    const asked = ["range", "from", "to", "entities"].map((name) => searchParams.get(name)).join("|");
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#range = readRange(searchParams, Date.now() / 1000);
    this.#entities = (searchParams.get("entities") ?? "").split(",").filter(Boolean);
  }

  override render() {
    const any = this.#entities.length > 0;
    return html`<div class="top"><h1>${t("history")}</h1>
        ${any ? html`<div class="push"><button type="button" class="with" @click=${this.#save}>${icon("down", 18)}${t("download_csv")}</button></div>` : nothing}</div>
      <p class="lead">${t("history_lead")}</p>
      <div class="choose"><hub-entity-picker .chosen=${this.#entities} @chosen=${this.#choose}></hub-entity-picker><hub-range .range=${this.#range}></hub-range></div>
      ${any ? html`<hub-history-view .entities=${this.#entities} .range=${this.#range} @zoom=${this.#zoom}></hub-history-view>` : html`<p class="card empty">${t("history_choose")}</p>`}`;
  }

  #choose(event: CustomEvent<string[]>): void {
    const url = here();
    if (event.detail.length) url.searchParams.set("entities", event.detail.join(","));
    else url.searchParams.delete("entities");
    go(url, true);
  }

  #zoom(event: CustomEvent<{ from: number; to: number }>): void {
    const url = here();
    writeRange(url.searchParams, event.detail);
    go(url);
  }

  #save(): void {
    const range = this.#range;
    if (!this.view) return;
    const to = range.live ? Date.now() / 1000 : range.to;
    save(`history-${iso(to).slice(0, 10)}.csv`, csvOf(this.view.lines, this.view.lanes, range.from, to));
  }
}
