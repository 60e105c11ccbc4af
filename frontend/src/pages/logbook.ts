/** The logbook of the house, or of some entities; range and entities stand in the address. */
import { LitElement, css, html } from "lit";
import { customElement } from "lit/decorators.js";
import "../components/entity-picker";
import "../components/logbook";
import "../components/range";
import { readRange, type Range } from "../data/range";
import { t } from "../i18n";
import { go, here, onNavigate } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { Watch, onPrefs } from "../watch";

@customElement("hub-logbook-page")
export class LogbookPage extends LitElement {
  #range!: Range;
  #asked: string | undefined;
  #entities: readonly string[] = [];

  constructor() {
    super();
    new Watch(this, () => [onPrefs, (redraw) => onNavigate(redraw)]);
  }

  static override styles = [base, buttons, card, lists, css`
    :host { display: block; max-inline-size: 960px; margin-inline: auto; }
    .choose { display: grid; gap: 14px; margin-block-end: 20px; position: relative; z-index: 2; }
    .top { margin-block-end: 8px; }
  `];

  protected override willUpdate(): void {
    const { searchParams } = here();
    const asked = ["range", "from", "to", "entities"].map((name) => searchParams.get(name)).join("|");
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#range = readRange(searchParams, Date.now() / 1000);
    this.#entities = (searchParams.get("entities") ?? "").split(",").filter(Boolean);
  }

  override render() {
    return html`<div class="top"><h1>${t("logbook")}</h1></div><p class="lead">${t("logbook_lead")}</p>
      <div class="choose"><hub-entity-picker .chosen=${this.#entities} @chosen=${this.#choose}></hub-entity-picker><hub-range .range=${this.#range}></hub-range></div>
      <hub-logbook .entities=${this.#entities} .range=${this.#range}></hub-logbook>`;
  }

  #choose(event: CustomEvent<string[]>): void {
    const url = here();
    if (event.detail.length) url.searchParams.set("entities", event.detail.join(","));
    else url.searchParams.delete("entities");
    go(url, true);
  }
}
