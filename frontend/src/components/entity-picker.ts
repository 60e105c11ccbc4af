/** Choosing several entities by typing: the chosen ones stand before the field, found ones below it. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { nameOf } from "../data/describe";
import { searchEntities } from "../data/search";
import { hub } from "../hub";
import { t } from "../i18n";
import { base, buttons, fields } from "../styles/shared";
import { Watch, onIds, onPrefs, onRegistries } from "../watch";
import { icon } from "./icon";

const SHOWN = 40;

@customElement("hub-entity-picker")
export class EntityPicker extends LitElement {
  @property({ attribute: false }) chosen: readonly string[] = [];
  @property({ attribute: false }) allowed: (entityId: string) => boolean = () => true;
  @state() private typed = "";
  @state() private open = false;
  @state() private active = -1;
  @query("input") private input!: HTMLInputElement;

  constructor() {
    super();
    new Watch(this, () => [onPrefs, onIds, onRegistries]);
  }

  static override styles = [base, buttons, fields, css`
    :host { display: block; position: relative; }
    .box { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; padding: 6px; border: 1px solid var(--line-strong); border-radius: 16px; background: var(--surface); min-block-size: 50px; cursor: text; }
    .box:focus-within { outline: 2px solid var(--accent); }
    .chosen { display: contents; list-style: none; }
    .chip { display: inline-flex; align-items: center; gap: 2px; background: var(--accent-tint); color: var(--accent); border-radius: 11px; padding-inline-start: 12px; font-size: 0.9375rem; font-weight: 560; max-inline-size: 100%; }
    .chip span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .chip button { inline-size: 34px; min-block-size: 34px; color: inherit; border-radius: 10px; }
    input { flex: 1 1 160px; border: 0; outline: none !important; background: transparent; min-block-size: 36px; padding-inline: 8px; }
    [role="listbox"] { position: absolute; inset-inline: 0; inset-block-start: calc(100% + 6px); z-index: 4; margin: 0; padding: 6px; list-style: none; max-block-size: 340px; overflow: auto; background: var(--surface);
      border: 1px solid var(--line); border-radius: 16px; box-shadow: var(--shadow-high); }
    [role="option"] { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 12px; padding-block: 8px; padding-inline: 12px; border-radius: 10px; cursor: pointer; }
    [role="option"] .mono { color: var(--muted); grid-column: 1; overflow-wrap: anywhere; }
    [role="option"] .room { color: var(--muted); font-size: 0.8125rem; grid-row: 1; grid-column: 2; }
    [role="option"][aria-selected="true"], [role="option"]:hover { background: var(--sunken); }
  `];

  override render() {
    const found = this.open ? this.#found : [];
    return html`<div class="box" @click=${this.#point}>
        <ul class="chosen" aria-label=${t("pick_entities")}>${this.chosen.map((id) => this.#chip(id))}</ul>
        <input role="combobox" autocomplete="off" autocapitalize="none" spellcheck="false" aria-label=${t("pick_hint")} placeholder=${t("pick_hint")} aria-autocomplete="list" aria-controls="list"
          aria-expanded=${found.length > 0} aria-activedescendant=${this.active >= 0 && found.length ? `option-${this.active}` : nothing} .value=${this.typed}
          @input=${this.#type} @keydown=${this.#key} @focus=${() => (this.open = true)} @blur=${() => (this.open = false)}></div>
      ${found.length ? html`<ul id="list" role="listbox" aria-label=${t("pick_entities")} @pointerdown=${(event: Event) => event.preventDefault()}>${found.map((id, index) => this.#option(id, index))}</ul>` : html`<div id="list"></div>`}
      <p class="visually-hidden" role="status">${this.open && this.typed ? t("pick_found", { count: found.length }) : ""}</p>`;
  }

  get #found(): string[] {
    const { store, registries } = hub();
    const taken = new Set(this.chosen);
    return searchEntities(store, registries, this.typed).filter((id) => !taken.has(id) && this.allowed(id)).slice(0, SHOWN);
  }

  #chip(id: string) {
    const entity = hub().store.get(id);
    const name = entity ? nameOf(entity) : id;
    return html`<li class="chip"><span><bdi>${name}</bdi></span><button type="button" class="icon plain" aria-label=${t("pick_remove", { name })} @click=${() => this.#tell(this.chosen.filter((each) => each !== id))}>${icon("close", 16)}</button></li>`;
  }

  #option(id: string, index: number) {
    const entity = hub().store.get(id);
    return html`<li id="option-${index}" role="option" aria-selected=${index === this.active} @click=${() => this.#take(id)}><bdi>${entity ? nameOf(entity) : id}</bdi>
      <bdi class="mono" dir="ltr">${id}</bdi><span class="room"><bdi>${hub().registries.areaName(id) ?? ""}</bdi></span></li>`;
  }

  #type(event: Event): void {
    this.typed = (event.target as HTMLInputElement).value;
    this.open = true;
    this.active = this.typed ? 0 : -1;
  }

  #key(event: KeyboardEvent): void {
    const found = this.open ? this.#found : [];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      this.open = true;
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.active = found.length ? (this.active + step + found.length) % found.length : -1;
      void this.updateComplete.then(() => this.renderRoot.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }));
    } else if (event.key === "Enter" && found[this.active]) this.#take(found[this.active]!);
    else if (event.key === "Escape" && this.open) this.open = false;
    else if (event.key === "Backspace" && !this.typed && this.chosen.length) return this.#tell(this.chosen.slice(0, -1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** A button in the box is no wish to type. */
  #point({ target, currentTarget }: Event): void {
    if (target !== currentTarget && target !== this.input) return;
    this.input.focus();
    this.open = true;
  }

  /** The list closes, for it lies over what has been asked for. */
  #take(id: string): void {
    this.typed = "";
    this.active = -1;
    this.#tell([...this.chosen, id]);
    this.input.focus();
    this.open = false;
  }

  #tell(ids: string[]): void {
    this.dispatchEvent(new CustomEvent("chosen", { detail: ids }));
  }
}
