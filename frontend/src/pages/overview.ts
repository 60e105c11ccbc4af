/** The first screen: is everything all right, and every room with its zones. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import "../components/entity-row";
import "../components/thermostat";
import { icon } from "../components/icon";
import { nameOf, stateText } from "../data/describe";
import { isPlain, rooms, type Room } from "../data/rooms";
import { hub } from "../hub";
import { t } from "../i18n";
import { entityAddress } from "../router";
import { base, buttons, card } from "../styles/shared";
import { Watch, onIds, onPrefs, onProblems, onRegistries } from "../watch";

/** Rows a room shows before it is opened. */
const ROWS = 6;
/** Problems named in the strip. */
const NAMED = 6;

@customElement("hub-overview")
export class Overview extends LitElement {
  @state() private open: ReadonlySet<string> = new Set();

  constructor() {
    super();
    new Watch(this, () => [onIds, onProblems, onRegistries, onPrefs]);
  }

  static override styles = [base, buttons, card, css`
    :host { display: block; }
    header { display: flex; align-items: baseline; justify-content: space-between; gap: 4px 24px; flex-wrap: wrap; margin-block-end: 20px; }
    .well { display: inline-flex; align-items: center; gap: 6px; color: var(--good); font-weight: 560; }
    .strip { background: var(--warn-tint); border-radius: var(--radius); padding: 14px; padding-inline: 18px; margin-block-end: 20px;
      display: flex; gap: 12px; color: var(--warn); }
    .strip svg { flex: none; margin-block-start: 1px; }
    .strip h2 { font-size: 1rem; }
    .strip ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 20px; margin-block-start: 4px; }
    .strip li { font-size: 0.875rem; padding-block: 3px; }
    .strip a { color: inherit; }
    .rooms { display: grid; gap: 20px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); align-items: start; }
    .rooms + .rooms { margin-block-start: 20px; }
    section.card { content-visibility: auto; contain-intrinsic-block-size: auto 280px; }
    section h2 { margin-block-end: 10px; }
    hub-thermostat + hub-thermostat { margin-block-start: 18px; padding-block-start: 18px; border-block-start: 1px solid var(--line); }
    .rows { list-style: none; margin: 0; padding: 0; }
    hub-thermostat ~ .rows { margin-block-start: 12px; border-block-start: 1px solid var(--line); padding-block-start: 6px; }
    .more { inline-size: 100%; margin-block-start: 6px; color: var(--accent); }
    .empty { text-align: center; padding-block: 64px; color: var(--muted); }
    @media (max-width: 600px) {
      .rooms { gap: 14px; }
      .rooms + .rooms { margin-block-start: 14px; }
      section.card { padding: 18px; }
    }
  `];

  override render() {
    const { store, registries, config } = hub();
    if (!store.loaded) return html`<p class="empty" role="status">${t("loading")}</p>`;
    const all = rooms(store, registries);
    return html`<header>
        <h1>${config?.location_name || t("home")}</h1>
        ${store.problems.size ? nothing : html`<p class="well">${icon("check", 20)}${t("all_well")}</p>`}
      </header>
      ${this.#strip()}
      ${all.length ? nothing : html`<p class="empty">${t("nothing_yet")}</p>`}
      ${this.#grid(all.filter(isPlain))} ${this.#grid(all.filter((room) => !isPlain(room)))}`;
  }

  #grid(some: Room[]) {
    return some.length ? html`<div class="rooms">${repeat(some, (room) => room.id, (room) => this.#room(room))}</div>` : nothing;
  }

  #strip() {
    const { store, registries } = hub();
    const problems = [...store.problems].sort();
    if (!problems.length) return nothing;
    const link = (id: string) => {
      const entity = store.get(id);
      return entity ? html`<li><a href=${entityAddress(id)}>${nameOf(entity)}</a>: ${stateText(entity)}</li>` : nothing;
    };
    const named = problems.filter((id) => registries.entries.get(id)?.hb !== true).slice(0, NAMED);
    return html`<section class="strip" aria-labelledby="problems">${icon("alert", 22)}
      <div><h2 id="problems">${t("problems", { count: problems.length })}</h2>
        <ul>${named.map(link)}${problems.length > named.length
          ? html`<li><a href="/entities?q=is:problem">${t("and_more", { count: problems.length - named.length })}</a></li>` : nothing}</ul>
      </div></section>`;
  }

  #room(room: Room) {
    const name = room.id ? room.name : t("no_room");
    const single = room.zones.length === 1 && room.id !== "";
    const shown = this.open.has(room.id) ? room.rows : room.rows.slice(0, ROWS);
    return html`<section class="card" aria-label=${name}>
      ${single ? nothing : html`<h2>${name}</h2>`}
      ${room.zones.map((id) => html`<hub-thermostat .entityId=${id} .room=${room.name} .heading=${single ? name : ""}></hub-thermostat>`)}
      ${room.rows.length ? html`<ul class="rows">${shown.map((id) => html`<li><hub-entity-row .entityId=${id} .room=${room.name}></hub-entity-row></li>`)}</ul>` : nothing}
      ${this.#more(room, name)}
    </section>`;
  }

  #more(room: Room, name: string) {
    if (room.rows.length <= ROWS) return nothing;
    if (room.rows.length > 10 * ROWS) return html`<a href="/entities">${t("all_entities")}</a>`;
    const open = this.open.has(room.id);
    const toggle = () => {
      const next = new Set(this.open);
      if (!next.delete(room.id)) next.add(room.id);
      this.open = next;
    };
    const what = open ? t("fewer") : t("and_more", { count: room.rows.length - ROWS });
    return html`<button type="button" class="plain more" aria-expanded=${open} aria-label=${t("more_of", { what, name })} @click=${toggle}>${what}</button>`;
  }
}
