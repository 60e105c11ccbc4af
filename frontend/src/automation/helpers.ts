/** Helpers: values, timers and plans of one's own, by kind, each with its control. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import "../components/entity-row";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { domainOf } from "../data/describe";
import { addressOf, typesOf, type ResourceType } from "../data/resources";
import { mayResource } from "../data/rights";
import { hub } from "../hub";
import { t, word } from "../i18n";
import { go } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Watch, onIds, onLink, onPrefs } from "../watch";

const KINDS = ["input_boolean", "input_number", "input_select", "input_text", "input_datetime", "input_button", "counter", "timer", "schedule"];

@customElement("hub-helpers")
export class Helpers extends LitElement {
  @state() private types: ResourceType[] = [];
  @state() private problem = "";

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs, onIds]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void typesOf(hub().link).then((types) => (this.types = types.filter((each) => KINDS.includes(kindOf(each)))), (error: unknown) => (this.problem = failureText(error)));
  }

  static override styles = [base, buttons, card, fields, lists, css`
    :host { display: block; }
    .new { display: flex; gap: 10px; align-items: center; flex-wrap: wrap; margin-block-end: 16px; }
    .new select { inline-size: auto; }
    section + section { margin-block-start: 16px; }
    .card { padding-block-end: 10px; }
    h2 { margin-block-end: 4px; }
    .rows > li { display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: center; gap: 8px; padding-block: 4px; }
    .rows a.edit { display: grid; place-items: center; inline-size: 40px; block-size: 40px; border-radius: 12px; color: var(--muted); }
    .rows a.edit:hover { background: var(--sunken); }
    @media (max-width: 480px) { .rows > li { gap: 2px; } }
  `];

  override render() {
    const { store } = hub();
    const groups = KINDS.map((kind) => ({ kind, ids: store.ids.filter((id) => domainOf(id) === kind) })).filter(({ ids }) => ids.length);
    return html`<p class="lead">${t("helpers_lead")}</p>${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}${this.#new()}
      ${groups.length ? groups.map(({ kind, ids }) => html`<section class="card" aria-labelledby=${kind}><h2 id=${kind}>${word("domain", kind)}</h2><ul class="rows">${ids.map((id) => this.#row(kind, id))}</ul></section>`) : html`<p class="card empty">${t("helpers_none")}</p>`}`;
  }

  #new() {
    const types = this.types.filter((each) => mayResource("write", each));
    if (!types.length) return nothing;
    const begin = (event: Event) => {
      const { value } = event.target as HTMLSelectElement;
      if (value) go(`${addressOf(value)}?new=1`);
    };
    return html`<div class="new">${icon("plus", 20)}<select aria-label=${t("helpers_new")} @change=${begin}><option value="">${t("helpers_new")}</option>
      ${types.map((each) => html`<option value=${each.resource_type}>${word("domain", kindOf(each))}</option>`)}</select></div>`;
  }

  #row(kind: string, id: string) {
    const type = this.types.find((each) => kindOf(each) === kind);
    const key = id.slice(kind.length + 1);
    const name = String(hub().store.get(id)?.attributes.friendly_name ?? id);
    return html`<li><hub-entity-row .entityId=${id}></hub-entity-row>${type ? html`<a class="edit" href="${addressOf(type.resource_type, key)}?tab=configuration" aria-label=${t("edit_of", { name })} title=${t("edit_of", { name })}>${icon("gear", 18)}</a>` : nothing}</li>`;
  }
}

function kindOf(type: ResourceType): string {
  return type.resource_type.slice(type.resource_type.indexOf(".") + 1);
}
