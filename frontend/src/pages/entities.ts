/** Every entity in one list: search in the address, and only the visible rows in the document. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import "../components/entity-row";
import { icon } from "../components/icon";
import { searchEntities, visibleRange } from "../data/search";
import { hub } from "../hub";
import { t } from "../i18n";
import { go, here, onNavigate } from "../router";
import { base, card, fields } from "../styles/shared";
import { Watch, onIds, onPrefs, onRegistries } from "../watch";

const ROW = 60;

@customElement("hub-entities")
export class Entities extends LitElement {
  @state() private first = 0;
  @state() private last = 0;
  @query("ul") private list!: HTMLElement | null;
  #found: readonly string[] = [];
  /** What the present result was found for: scrolling alone searches nothing. */
  #asked: unknown[] = [];
  #stop: (() => void) | undefined;
  readonly #measure = () => this.#place();

  constructor() {
    super();
    new Watch(this, () => [onIds, onRegistries, onPrefs, (redraw) => onNavigate(redraw)]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("scroll", this.#measure, { passive: true });
    addEventListener("resize", this.#measure);
    this.#stop = () => {
      removeEventListener("scroll", this.#measure);
      removeEventListener("resize", this.#measure);
    };
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  static override styles = [base, fields, card, css`
    :host { display: block; max-inline-size: 960px; margin-inline: auto; }
    header { display: flex; align-items: baseline; justify-content: space-between; gap: 16px; margin-block-end: 16px; }
    .search { position: sticky; inset-block-start: calc(var(--bar, 64px) + 8px); z-index: 2; margin-block-end: 16px; }
    .search svg { position: absolute; inset-inline-start: 14px; inset-block-start: 13px; color: var(--muted); pointer-events: none; }
    .search input { padding-inline-start: 44px; min-block-size: 48px; border-radius: 16px; border-color: var(--line-strong); box-shadow: var(--shadow); }
    .card { padding-block: 6px; padding-inline: 18px; }
    ul { list-style: none; margin: 0; padding: 0; position: relative; overflow: clip; }
    li { position: absolute; inset-inline: 0; block-size: ${ROW}px; border-block-end: 1px solid var(--line); display: grid; grid-template-columns: minmax(0, 1fr); align-items: center; }
    .empty { padding-block: 48px; text-align: center; color: var(--muted); }
  `];

  protected override willUpdate(): void {
    const { store, registries } = hub();
    const query = here().searchParams.get("q") ?? "";
    const asked = [store.ids, registries.areas, query];
    if (asked.every((each, index) => each === this.#asked[index])) return;
    this.#asked = asked;
    this.#found = searchEntities(store, registries, query);
  }

  override render() {
    const query = here().searchParams.get("q") ?? "";
    const found = this.#found;
    const rows = found.slice(this.first, this.last);
    return html`<header><h1>${t("entities")}</h1>
        <p class="muted small" role="status">${t("entity_count", { count: found.length })}</p></header>
      <div class="search" role="search">${icon("search", 22)}<input type="search" aria-label=${t("search_entities")} placeholder=${t("search_hint")}
        autocomplete="off" spellcheck="false" .value=${query} @input=${this.#search}></div>
      <div class="card">${found.length ? nothing : html`<p class="empty">${t("nothing_found")}</p>`}
        <ul>${rows.map((id, index) => html`<li aria-setsize=${found.length} aria-posinset=${this.first + index + 1}>
          <hub-entity-row plain .entityId=${id}></hub-entity-row></li>`)}</ul></div>`;
  }

  protected override updated(): void {
    const total = this.#found.length;
    this.list?.style.setProperty("block-size", `${total * ROW}px`);
    this.renderRoot.querySelectorAll("li").forEach((row, index) => {
      row.style.setProperty("inset-block-start", `${(this.first + index) * ROW}px`);
    });
    this.#place();
  }

  #place(): void {
    if (!this.list) return;
    const above = -this.list.getBoundingClientRect().top;
    const range = visibleRange(above, innerHeight, ROW, this.#found.length);
    this.first = range.first;
    this.last = range.last;
  }

  #search(event: Event): void {
    const url = here();
    const text = (event.target as HTMLInputElement).value;
    if (text) url.searchParams.set("q", text);
    else url.searchParams.delete("q");
    go(url, true);
    scrollTo({ top: 0 });
  }
}
