/** The resources browser: all types with their counts, and the resources of one type. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { badge, badgeStyles, phaseBadge } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { addressOf, needsCare, placeOf, searchResources, take, typesOf, type Resource, type ResourceEvent, type ResourceType } from "../data/resources";
import { denial, mayResource } from "../data/rights";
import { hub } from "../hub";
import { age, moment, number, t, word } from "../i18n";
import { go, here, onNavigate } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Follow, Ticker, Watch, onLink, onPrefs } from "../watch";

/** With more resources than this the page of all types counts them only, and follows none. */
const FOLLOWED = 1_000;
/** Rows that are drawn before somebody asks for more. */
const SHOWN = 100;

@customElement("hub-resources")
export class Resources extends LitElement {
  /** The type whose resources are shown; empty = all types. */
  @property() type = "";
  @state() private types: ResourceType[] | undefined;
  @state() private problem = "";
  @state() private shown = SHOWN;
  @state() private loaded = false;
  readonly #known = new Map<string, Resource>();

  readonly #follow = new Follow<ResourceEvent>(this, {
    message: () => (this.type ? { type: "resource/subscribe", resource_type: this.type } : this.#few ? { type: "resource/subscribe" } : undefined),
    take: (event) => {
      take(this.#known, event);
      this.loaded = true;
    },
    reset: () => {
      this.#known.clear();
      this.loaded = false;
      this.shown = SHOWN;
    },
  });

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs, (redraw) => onNavigate(redraw), () => hub().link.onReconnect(() => void this.#load())]);
    new Ticker(this, 15_000);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  static override styles = [base, buttons, card, fields, badgeStyles, lists, css`
    :host { display: block; max-inline-size: 1120px; margin-inline: auto; }
    .types { list-style: none; margin: 0; padding: 0; display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); }
    .type { display: flex; flex-direction: column; gap: 6px; block-size: 100%; color: inherit; text-decoration: none; }
    .type:hover { border-color: var(--line-strong); }
    .type .name { display: flex; align-items: baseline; gap: 12px; }
    .type h2 { flex: 1; min-inline-size: 0; overflow-wrap: anywhere; }
    .type .count { font-size: 1.375rem; font-weight: 600; font-variant-numeric: tabular-nums; }
    .type .about { color: var(--muted); font-size: 0.875rem; flex: 1; }
    .type .foot { display: flex; align-items: center; gap: 8px; flex-wrap: wrap; min-block-size: 28px; margin-block-start: 6px; }
    .type .foot .mono { margin-inline-end: auto; color: var(--muted); overflow-wrap: anywhere; }
    .list { padding-block: 4px; padding-inline: 0; overflow: clip; }
    .list a { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 4px 16px; align-items: center; padding: 12px; padding-inline: 20px; color: inherit; text-decoration: none; }
    .list a:hover { background: var(--sunken); }
    .list a:focus-visible { outline-offset: -2px; }
    .what { min-inline-size: 0; overflow-wrap: anywhere; }
    .what strong { font-weight: 600; }
    .what .mono { color: var(--muted); margin-inline-start: 8px; }
    .said { display: block; font-size: 0.875rem; color: var(--muted); }
    .said.bad { color: var(--bad); }
    .side { display: flex; align-items: center; justify-content: end; gap: 8px 14px; flex-wrap: wrap; }
    .side .small { display: inline-flex; align-items: center; gap: 4px; color: var(--muted); }
    .more { inline-size: 100%; margin-block-start: 12px; color: var(--accent); }
    @media (max-width: 640px) {
      .list a { padding-inline: 16px; grid-template-columns: minmax(0, 1fr); }
      .side { justify-content: start; }
    }
  `];

  get #few(): boolean {
    return this.types !== undefined && this.types.reduce((sum, each) => sum + each.count, 0) <= FOLLOWED;
  }

  override render() {
    const problem = this.problem || (this.#follow.failure ? failureText(this.#follow.failure) : "");
    return html`${problem ? html`<p class="error" role="alert">${problem}</p>` : nothing}${this.type ? this.#one() : this.#all()}`;
  }

  #all() {
    const types = this.types ?? [];
    return html`<div class="top"><h1>${t("resources")}</h1></div>
      <p class="lead">${t("resources_lead")}</p>
      ${this.types && !types.length ? html`<p class="empty">${t("no_types")}</p>` : nothing}
      ${this.types || this.problem ? nothing : html`<p class="empty" role="status">${t("loading")}</p>`}
      <ul class="types">${types.map((type) => this.#type(type))}</ul>`;
  }

  #type(type: ResourceType) {
    const own = [...this.#known.values()].filter((each) => each.resource_type === type.resource_type);
    const count = this.loaded ? own.length : type.count;
    const care = own.filter(needsCare).length;
    return html`<li><a class="card type" href=${addressOf(type.resource_type)}>
      <div class="name"><h2><bdi>${type.title || type.resource_type}</bdi></h2><span class="count" aria-label=${t("resource_count", { count })}>${number(count)}</span></div>
      <p class="about"><bdi>${type.description}</bdi></p>
      <div class="foot"><bdi dir="ltr" class="mono">${type.resource_type}</bdi>
        ${care ? badge(t("need_care", { count: care }), "warn", "alert") : count && this.loaded ? badge(t("none_needs_care"), "good", "check") : nothing}</div>
    </a></li>`;
  }

  #one() {
    const type = this.types?.find((each) => each.resource_type === this.type);
    if (this.types && !type) return html`<h1>${t("no_such_type")}</h1><p class="lead"><a href=${addressOf()}>${t("resources")}</a></p>`;
    const query = here().searchParams.get("q") ?? "";
    const found = searchResources(this.#known.values(), query, (phase) => word("phase", phase));
    const title = type?.title || this.type;
    return html`<nav class="crumbs" aria-label=${t("path")}><a href=${addressOf()}>${t("resources")}</a>${icon("open", 14)}<span><bdi>${title}</bdi></span></nav>
      <div class="top"><h1><bdi>${title}</bdi></h1><p class="muted small" role="status">${this.loaded ? t("resource_count", { count: found.length }) : t("loading")}</p>
        <div class="push">${this.#create(type)}</div></div>
      ${type?.description ? html`<p class="lead"><bdi>${type.description}</bdi></p>` : nothing}
      ${this.#known.size ? this.#list(found, query) : this.loaded ? html`<div class="card empty"><p>${t("no_resources")}</p></div>` : nothing}`;
  }

  #create(type: ResourceType | undefined) {
    if (!type) return nothing;
    if (!mayResource("write", type)) return html`<span class="muted small">${denial("write", type)}</span>`;
    return html`<a class="button primary" href="${addressOf(this.type)}?new=1">${icon("plus", 18)}${t("create")}</a>`;
  }

  #list(found: Resource[], query: string) {
    return html`<div class="search" role="search">${icon("search", 22)}<input type="search" aria-label=${t("search_resources")} placeholder=${t("search_resources_hint")}
        autocomplete="off" spellcheck="false" .value=${query} @input=${this.#search}></div>
      <div class="card list">${found.length ? nothing : html`<p class="empty">${t("nothing_found")}</p>`}
        <ul class="rows">${repeat(found.slice(0, this.shown), (each) => each.key, (each) => this.#row(each))}</ul></div>
      ${found.length > this.shown ? html`<button type="button" class="plain more" @click=${() => (this.shown += SHOWN)}>${t("and_more", { count: found.length - this.shown })}</button>` : nothing}`;
  }

  #row(each: Resource) {
    const { status } = each;
    const drift = status.drift.length && status.phase !== "drifted" ? badge(word("phase", "drifted"), "warn", "drift") : nothing;
    return html`<li><a href=${addressOf(each.resource_type, each.key)}>
      <span class="what"><strong><bdi>${each.title}</bdi></strong>${each.title === each.key ? nothing : html`<bdi dir="ltr" class="mono">${each.key}</bdi>`}
        ${status.message ? html`<span class="said ${status.phase === "failed" ? "bad" : ""}"><bdi>${status.message}</bdi></span>` : nothing}</span>
      <span class="side">${each.source === "file" ? html`<span class="small">${icon("file", 16)}<bdi dir="ltr">${placeOf(each)}</bdi></span>` : nothing}
        <time class="small" datetime=${new Date(each.updated_at * 1000).toISOString()} title=${moment(each.updated_at)}>${age(each.updated_at)}</time>
        ${drift}${phaseBadge(each.deleting ? "deleting" : status.phase)}</span>
    </a></li>`;
  }

  #search(event: Event): void {
    const url = here();
    const text = (event.target as HTMLInputElement).value;
    if (text) url.searchParams.set("q", text);
    else url.searchParams.delete("q");
    go(url, true);
  }

  async #load(): Promise<void> {
    try {
      this.types = await typesOf(hub().link, true);
      this.problem = "";
    } catch (error) {
      this.problem = failureText(error);
    }
  }
}
