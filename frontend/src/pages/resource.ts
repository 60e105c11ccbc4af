/** One resource: how it is, what is wanted, what was, and what was done; or a new one. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { badgeStyles, phaseBadge } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import "../components/job-list";
import { TabsInSight } from "../components/tabs";
import { addressOf, idOf, placeOf, take, typesOf, type Name, type Resource, type ResourceEvent, type ResourceType, type Spec } from "../data/resources";
import { denial, mayResource } from "../data/rights";
import { isPlain, written } from "../form/values";
import { hub } from "../hub";
import { t } from "../i18n";
import "../resource/edit";
import "../resource/history";
import "../resource/overview";
import "../resource/remove";
import "../resource/review";
import { here, onNavigate } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { Follow, Watch, onLink, onPrefs } from "../watch";

const TABS = [{ label: "overview" }, { label: "configuration" }, { label: "history" }, { label: "jobs" }] as const;
type Tab = (typeof TABS)[number]["label"];

/** Return what the address gives a new resource to begin with. */
function preset(): Spec {
  try {
    const given: unknown = JSON.parse(here().searchParams.get("with") ?? "{}");
    return isPlain(given) ? given : {};
  } catch {
    return {};
  }
}

@customElement("hub-resource")
export class ResourcePage extends LitElement {
  @property() type = "";
  /** Empty = a new resource. */
  @property() key = "";
  @state() private known: ResourceType | undefined;
  @state() private problem = "";
  @state() private doing: "" | "apply" | "remove" = "";
  @state() private last: Resource | undefined;
  /** What the signed-in person may do with it; what is followed is the same for everybody. */
  @state() private may: readonly string[] | undefined;
  #loaded = false;
  #edited = false;
  readonly #found = new Map<string, Resource>();

  readonly #follow = new Follow<ResourceEvent>(this, {
    message: () => (this.key ? { type: "resource/subscribe", ...this.#name } : undefined),
    take: (event) => {
      take(this.#found, event);
      this.#loaded = true;
      this.last = this.#found.get(idOf(this.#name)) ?? this.last;
      if (event.resources) void this.#ask();
    },
    reset: () => {
      this.#found.clear();
      this.#loaded = this.#edited = false;
      this.last = this.may = undefined;
      this.doing = "";
    },
  });

  constructor() {
    super();
    new TabsInSight(this);
    new Watch(this, () => [onLink, onPrefs, (redraw) => onNavigate(redraw)]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  static override styles = [base, buttons, card, badgeStyles, lists, css`
    :host { display: block; max-inline-size: 960px; margin-inline: auto; }
    hub-review, hub-resource-remove { display: block; margin-block-end: 20px; }
    .id { color: var(--muted); }
    .said { color: var(--muted); margin-block-end: 16px; overflow-wrap: anywhere; }
    .said.bad { color: var(--bad); }
    @media (max-width: 640px) { .top .push { flex: 1 1 100%; } }
    pre { margin: 0; font-family: var(--mono); font-size: 0.875rem; line-height: 1.6; white-space: pre-wrap; overflow-wrap: anywhere; text-align: start; }
  `];

  override render() {
    const problem = this.problem || (this.#follow.failure ? failureText(this.#follow.failure) : "");
    if (problem) return html`<h1>${t("resources")}</h1><p class="error" role="alert">${problem}</p>`;
    const { known } = this;
    if (!known) return html`<h1>${this.key || t("create")}</h1><p class="muted" role="status">${t("loading")}</p>`;
    if (!this.key) return this.#create(known);
    if (!this.#loaded) return html`<h1>${this.key}</h1><p class="muted" role="status">${t("loading")}</p>`;
    const resource = this.#found.get(idOf(this.#name));
    if (!resource && !(this.doing === "remove" && this.last)) {
      return html`${this.#crumbs(known, this.key)}<h1>${this.key}</h1><p class="lead">${t(this.last ? "is_gone" : "no_such_resource")}</p>
        <p><a href=${addressOf(this.type)}>${t("to_list")}</a></p>`;
    }
    return this.#one(known, { ...(resource ?? this.last!), may: this.may ?? known.may }, resource === undefined);
  }

  get #name(): Name {
    return { resource_type: this.type, key: this.key };
  }

  #crumbs(known: ResourceType, title: string) {
    return html`<nav class="crumbs" aria-label=${t("path")}><a href=${addressOf()}>${t("resources")}</a>${icon("open", 14)}
      <a href=${addressOf(this.type)}><bdi>${known.title || this.type}</bdi></a>${icon("open", 14)}<span><bdi>${title}</bdi></span></nav>`;
  }

  #create(known: ResourceType) {
    const why = mayResource("write", known) ? "" : denial("write", known);
    return html`${this.#crumbs(known, t("create"))}<div class="top"><h1>${t("create_of", { type: known.title || this.type })}</h1></div>
      ${known.description ? html`<p class="lead"><bdi>${known.description}</bdi></p>` : nothing}
      ${why ? html`<div class="note">${icon("lock", 20)}<div>${why}</div></div>` : html`<hub-resource-edit .type=${known} .preset=${preset()}></hub-resource-edit>`}`;
  }

  #one(known: ResourceType, resource: Resource, gone: boolean) {
    const { status } = resource;
    const tab = TABS.find(({ label }) => label === here().searchParams.get("tab"))?.label ?? "overview";
    return html`${this.#crumbs(known, resource.title)}
      <div class="top"><h1><bdi>${resource.title}</bdi></h1>${gone ? nothing : phaseBadge(resource.deleting ? "deleting" : status.phase)}
        ${gone ? nothing : html`<div class="push">${this.#actions(known, resource)}</div>`}</div>
      ${status.message && !gone ? html`<p class="said ${status.phase === "failed" ? "bad" : ""}"><bdi>${status.message}</bdi></p>` : nothing}
      ${this.#notes(resource)}
      ${this.doing === "remove" ? html`<hub-resource-remove .resource=${resource} .type=${known} @back=${this.#rest}></hub-resource-remove>` : nothing}
      ${this.doing === "apply" ? html`<hub-review .name=${this.#name} .order=${{ do: "apply" }} controlled .was=${status} heading=${t(status.drift.length ? "repair" : "apply_now")} @back=${this.#rest} @done=${this.#rest}></hub-review>` : nothing}
      ${gone ? nothing : html`<nav class="tabs" aria-label=${t("sections")}>${TABS.map(({ label }) => html`<a href=${this.#tab(label)} aria-current=${label === tab ? "page" : nothing}>${t(label)}</a>`)}</nav>
        ${this.#section(tab, known, resource)}`}`;
  }

  #tab(tab: Tab): string {
    return addressOf(this.type, this.key) + (tab === "overview" ? "" : `?tab=${tab}`);
  }

  #actions(known: ResourceType, resource: Resource) {
    const applies = known.has_controller && mayResource("apply", resource);
    const writes = mayResource("write", resource) && resource.source === "api";
    const start = (what: "apply" | "remove") => () => (this.doing = what);
    const off = hub().link.offline || this.doing !== "";
    return html`<div class="actions">
      ${applies ? html`<button type="button" class="with ${resource.status.drift.length ? "primary" : ""}" ?disabled=${off || resource.deleting} @click=${start("apply")}>${icon(resource.status.drift.length ? "wrench" : "update", 18)}${t(resource.status.drift.length ? "repair" : "apply_now")}</button>` : nothing}
      ${writes ? html`<button type="button" class="danger with" ?disabled=${off} @click=${start("remove")}>${icon("trash", 18)}${t("delete")}</button>` : nothing}</div>`;
  }

  #notes(resource: Resource) {
    const file = resource.source === "file" ? html`<div class="note">${icon("file", 20)}<div><p>${t("from_file")} <bdi dir="ltr" class="mono">${placeOf(resource)}</bdi></p><p class="small">${t("from_file_hint")}</p></div></div>` : nothing;
    const reader = resource.source === "api" && !mayResource("write", resource) ? html`<div class="note">${icon("lock", 20)}<div>${t("read_only")}</div></div>` : nothing;
    return html`${file}${reader}`;
  }

  #section(tab: Tab, known: ResourceType, resource: Resource) {
    const edits = resource.source === "api" && !resource.deleting && mayResource("write", resource);
    // The form stays while other sections are shown, so that nothing typed is lost.
    this.#edited ||= edits && tab === "configuration";
    const form = this.#edited && edits ? html`<hub-resource-edit ?hidden=${tab !== "configuration"} .type=${known} .resource=${resource}></hub-resource-edit>` : nothing;
    const shown = {
      overview: () => html`<hub-resource-overview .resource=${resource} .type=${known}></hub-resource-overview>`,
      configuration: () => (edits ? nothing : html`<section class="card" aria-label=${t("configuration")}><pre dir="ltr">${written(resource.spec)}</pre></section>`),
      history: () => html`<hub-resource-history .resource=${resource} .type=${known}></hub-resource-history>`,
      jobs: () => html`<hub-job-list .target=${idOf(this.#name)}></hub-job-list>`,
    };
    return html`${form}${shown[tab]()}`;
  }

  async #ask(): Promise<void> {
    const name = this.#name;
    const found = await hub().link.ask<Resource>({ type: "resource/get", ...name }).catch(() => undefined);
    if (idOf(name) === idOf(this.#name)) this.may = found?.may;
  }

  #rest(): void {
    this.doing = "";
  }

  async #load(): Promise<void> {
    try {
      const types = await typesOf(hub().link);
      this.known = types.find((each) => each.resource_type === this.type) ?? (await typesOf(hub().link, true)).find((each) => each.resource_type === this.type);
      if (!this.known) this.problem = t("no_such_type");
    } catch (error) {
      this.problem = failureText(error);
    }
  }
}
