/** Automations, scripts and scenes, each list with what one does most; beside them helpers and dead references. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { entitiesOf, itemAddress, itemId, typeOf, type Kind } from "../automation/items";
import { badgeStyles } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { TabsInSight } from "../components/tabs";
import type { Entity } from "../data/decode";
import { idOf, placeOf, searchResources, take, typesOf, type Resource, type ResourceEvent, type ResourceType } from "../data/resources";
import { mayResource } from "../data/rights";
import { hub } from "../hub";
import { t, word } from "../i18n";
import { go, here, onNavigate } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Follow, Ticker, Watch, onIds, onLink, onPrefs } from "../watch";
import "../components/automation-row";

const SECTIONS = [
  { path: "automations", label: "automations", kind: "automation" },
  { path: "scripts", label: "scripts", kind: "script" },
  { path: "scenes", label: "scenes", kind: "scene" },
  { path: "helpers", label: "helpers", kind: undefined },
  { path: "references", label: "references", kind: undefined },
] as const;

@customElement("hub-automations")
export class Automations extends LitElement {
  @property() section = "";
  @state() private types: ResourceType[] = [];
  @state() private loaded = false;
  readonly #known = new Map<string, Resource>();

  readonly #follow = new Follow<ResourceEvent>(this, {
    message: () => (this.#kind ? { type: "resource/subscribe", resource_type: typeOf(this.#kind) } : undefined),
    take: (event) => {
      take(this.#known, event);
      this.loaded = true;
    },
    reset: () => {
      this.#known.clear();
      this.loaded = false;
    },
  });

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs, onIds, (redraw) => onNavigate(redraw)]);
    new Ticker(this, 30_000);
    new TabsInSight(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void typesOf(hub().link).then((types) => (this.types = types), () => undefined);
  }

  static override styles = [base, buttons, card, fields, badgeStyles, lists, css`
    :host { display: block; max-inline-size: 960px; margin-inline: auto; }
    .card.list { padding-block: 4px; padding-inline: 18px; }
    @media (max-width: 560px) { .card.list { padding-inline: 14px; } }
  `];

  get #kind(): Kind | undefined {
    return this.#shown.kind;
  }

  get #shown() {
    return SECTIONS.find(({ path }) => path === this.section) ?? SECTIONS[0];
  }

  override render() {
    const shown = this.#shown;
    return html`<div class="top"><h1>${t("automations")}</h1>${this.#new()}</div>
      <nav class="tabs" aria-label=${t("sections")}>${SECTIONS.map((each) => html`<a href=${each.path === "automations" ? "/automations" : `/automations/${each.path}`} aria-current=${each === shown ? "page" : nothing}>${t(each.label)}</a>`)}</nav>
      ${shown.kind ? this.#list(shown.kind) : this.#other(shown.path)}`;
  }

  #other(path: string) {
    if (path === "helpers") {
      void import("../automation/helpers");
      return html`<hub-helpers></hub-helpers>`;
    }
    void import("../automation/dead");
    return html`<hub-dead-references></hub-dead-references>`;
  }

  #new() {
    const kind = this.#kind;
    const type = kind && this.types.find((each) => each.resource_type === typeOf(kind));
    if (!type || !mayResource("write", type)) return nothing;
    return html`<div class="push"><a class="button primary" href="/automations/${kind}?new=1">${icon("plus", 18)}${t("automation_new")}</a></div>`;
  }

  #list(kind: Kind) {
    const failure = this.#follow.failure ? failureText(this.#follow.failure) : "";
    if (failure) return html`<p class="error" role="alert">${failure}</p>`;
    if (!this.loaded) return html`<p class="muted" role="status">${t("loading")}</p>`;
    const query = here().searchParams.get("q") ?? "";
    const found = searchResources(this.#known.values(), query, (phase) => word("phase", phase));
    const entities = entitiesOf(kind, hub().store);
    return html`${this.#known.size > 8 ? html`<div class="search" role="search">${icon("search", 22)}<input type="search" aria-label=${t("automation_search")} placeholder=${t("automation_search")} autocomplete="off" .value=${query} @input=${this.#search}></div>` : nothing}
      ${found.length ? html`<section class="card list" aria-label=${t(this.#shown.label)}><ul class="rows">${repeat(found, idOf, (each) => this.#row(kind, each, entities.get(itemId(each)) ?? entities.get(each.key)))}</ul></section>`
        : html`<p class="card empty">${t(this.#known.size ? "nothing_found" : "automation_none")}</p>`}`;
  }

  #row(kind: Kind, resource: Resource, entity: Entity | undefined) {
    return html`<li><hub-automation-row .kind=${kind} .entityId=${entity?.entity_id ?? ""} .heading=${resource.title} href=${itemAddress(kind, resource.key)} .notes=${this.#notes(resource)}></hub-automation-row></li>`;
  }

  #notes(resource: Resource) {
    return resource.source === "file" ? html`<span>${icon("file", 14)}<bdi dir="ltr">${placeOf(resource)}</bdi></span>` : nothing;
  }

  #search(event: Event): void {
    const url = here();
    const text = (event.target as HTMLInputElement).value;
    if (text) url.searchParams.set("q", text);
    else url.searchParams.delete("q");
    go(url, true);
  }
}

