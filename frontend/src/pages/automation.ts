/** One automation, script or scene: its parts, its text, its runs, a rehearsal with the past, its revisions. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import "../automation/editor";
import { entityOf, itemAddress, itemId, typeOf, type Kind } from "../automation/items";
import { pictureOf } from "../automation/steps";
import "../components/automation-row";
import { badge, badgeStyles } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import "../components/steps";
import { TabsInSight } from "../components/tabs";
import type { Entity } from "../data/decode";
import { idOf, placeOf, take, typesOf, type Resource, type ResourceEvent, type ResourceType, type Spec } from "../data/resources";
import { mayResource } from "../data/rights";
import { isPlain, written } from "../form/values";
import { hub } from "../hub";
import { t } from "../i18n";
import "../resource/history";
import "../resource/remove";
import { go, here, onNavigate } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { toggleStyles } from "../styles/toggle";
import { Follow, Watch, WatchEntity, onIds, onLink, onPrefs } from "../watch";

const TABS = [{ label: "overview" }, { label: "configuration" }, { label: "traces" }, { label: "try_it" }, { label: "history" }] as const;
type Tab = (typeof TABS)[number]["label"];
const KINDS: Kind[] = ["automation", "script", "scene"];
const KEY = /^[a-z0-9_]{1,60}$/;

/** What a new one begins with. */
const DRAFTS: Record<Kind, Spec> = {
  automation: { alias: "", triggers: [{ trigger: "state", entity_id: "", to: "on" }], conditions: [], actions: [{ action: "", target: { entity_id: "" } }], mode: "single" },
  script: { alias: "", sequence: [{ action: "", target: { entity_id: "" } }], mode: "single" },
  scene: { name: "", entities: {} },
};

@customElement("hub-automation")
export class AutomationPage extends LitElement {
  @property() kind: Kind = "automation";
  /** Empty = a new one. */
  @property() key = "";
  @state() private type: ResourceType | undefined;
  @state() private problem = "";
  @state() private loaded = false;
  @state() private may: readonly string[] | undefined;
  @state() private removes = false;
  @state() private refused = "";
  @state() private edited: { spec: Spec | undefined; dirty: boolean } = { spec: undefined, dirty: false };
  @state() private newKey = "";
  @query("#key") private keyField!: HTMLInputElement | null;
  #edits = false;
  readonly #found = new Map<string, Resource>();

  readonly #follow = new Follow<ResourceEvent>(this, {
    message: () => (this.key ? { type: "resource/subscribe", ...this.#name } : undefined),
    take: (event) => {
      take(this.#found, event);
      this.loaded = true;
      if (event.resources) void this.#ask();
    },
    reset: () => {
      this.#found.clear();
      this.loaded = this.#edits = this.removes = false;
      this.may = undefined;
      this.edited = { spec: undefined, dirty: false };
    },
  });

  constructor() {
    super();
    new WatchEntity(this, () => this.#entity?.entity_id ?? "");
    new TabsInSight(this);
    new Watch(this, () => [onLink, onPrefs, onIds, (redraw) => onNavigate(redraw)]);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("kind")) void this.#load();
    if (changed.has("key")) this.newKey = "";
  }

  static override styles = [base, buttons, card, fields, badgeStyles, lists, toggleStyles, css`
    :host { display: block; max-inline-size: 1120px; margin-inline: auto; }
    .sections { grid-template-columns: minmax(0, 1fr); }
    @media (min-width: 900px) { .sections.wide { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); align-items: start; } }
    hub-resource-remove { display: block; margin-block-end: 20px; }
    .about { color: var(--muted); margin-block-end: 16px; max-inline-size: 72ch; }
    pre { margin: 0; font-family: var(--mono); font-size: 0.8125rem; line-height: 1.6; white-space: pre-wrap; overflow-wrap: anywhere; text-align: start; }
    .key { max-inline-size: 420px; }
    .key .hint { color: var(--muted); font-size: 0.8125rem; margin-block-start: 4px; }
    .dry { margin-block-start: 10px; padding-block-start: 12px; border-block-start: 1px solid var(--line); display: flex; align-items: center; gap: 8px 16px; flex-wrap: wrap; }
    .dry > div:first-child { flex: 1 1 160px; min-inline-size: 0; }
    .dry .error { flex-basis: 100%; }
  `];

  get #known(): Kind {
    return KINDS.includes(this.kind) ? this.kind : "automation";
  }

  get #name() {
    return { resource_type: typeOf(this.#known), key: this.key };
  }

  get #resource(): Resource | undefined {
    const found = this.#found.get(idOf(this.#name));
    return found && { ...found, may: this.may ?? this.type?.may };
  }

  get #entity(): Entity | undefined {
    return entityOf(this.#known, this.#found.get(idOf(this.#name)), hub().store);
  }

  override render() {
    const problem = this.problem || (this.#follow.failure ? failureText(this.#follow.failure) : "");
    if (problem) return html`<h1>${t("automations")}</h1><p class="error" role="alert">${problem}</p>`;
    if (!this.type) return html`<h1>${this.key || t("automation_new")}</h1><p class="muted" role="status">${t("loading")}</p>`;
    if (!this.key) return this.#create(this.type);
    const resource = this.#resource;
    if (!this.loaded) return html`<h1>${this.key}</h1><p class="muted" role="status">${t("loading")}</p>`;
    if (!resource && !this.removes) return html`${this.#crumbs(this.key)}<h1>${this.key}</h1><p class="lead">${t("no_such_resource")}</p><p><a href=${itemAddress(this.#known)}>${t("to_list")}</a></p>`;
    return resource ? this.#one(this.type, resource) : html`${this.#crumbs(this.key)}<h1>${this.key}</h1><p class="lead">${t("is_gone")}</p>`;
  }

  #crumbs(title: string) {
    const kind = this.#known;
    const plural = kind === "automation" ? t("automations") : kind === "script" ? t("scripts") : t("scenes");
    return html`<nav class="crumbs" aria-label=${t("path")}><a href=${itemAddress(kind)}>${plural}</a>${icon("open", 14)}<span><bdi>${title}</bdi></span></nav>`;
  }

  get #word(): string {
    const kind = this.#known;
    return kind === "automation" ? t("kind_automation") : kind === "script" ? t("kind_script") : t("kind_scene");
  }

  #create(type: ResourceType) {
    const heading = t("automation_new_of", { kind: this.#word });
    if (!mayResource("write", type)) return html`${this.#crumbs(t("automation_new"))}<h1>${heading}</h1><p class="note">${t("read_only")}</p>`;
    const begin = (event: SubmitEvent) => {
      event.preventDefault();
      const key = this.keyField?.value.trim() ?? "";
      if (KEY.test(key)) this.newKey = key;
      else this.keyField?.focus();
    };
    return html`${this.#crumbs(t("automation_new"))}<div class="top"><h1>${heading}</h1></div>
      ${this.newKey ? html`<hub-automation-editor .type=${type} .name=${{ ...this.#name, key: this.newKey }} .draft=${DRAFTS[this.#known]} @saved=${() => go(itemAddress(this.#known, this.newKey), true)}></hub-automation-editor>`
        : html`<form class="card key" @submit=${begin}><div class="field"><label for="key">${t("automation_key")}</label><input id="key" dir="ltr" autocomplete="off" autocapitalize="none" spellcheck="false" required pattern="[a-z0-9_]+" maxlength="60" aria-describedby="hint">
          <p class="hint" id="hint">${t("automation_key_hint")}</p></div><button class="primary">${t("automation_begin")}</button></form>`}`;
  }

  #one(type: ResourceType, resource: Resource) {
    const kind = this.#known;
    const entity = this.#entity;
    const tabs = TABS.filter(({ label }) => (kind === "scene" ? label !== "traces" && label !== "try_it" : kind === "script" ? label !== "try_it" : true));
    const tab = tabs.find(({ label }) => label === here().searchParams.get("tab"))?.label ?? "overview";
    const writes = mayResource("write", resource) && resource.source === "api";
    const file = resource.source === "file" ? html`<div class="note">${icon("file", 20)}<div><p>${t("from_file")} <bdi dir="ltr" class="mono">${placeOf(resource)}</bdi></p><p class="small">${t("from_file_hint")}</p></div></div>` : nothing;
    return html`${this.#crumbs(resource.title)}
      <div class="top"><h1><bdi>${resource.title}</bdi></h1>${entity?.attributes.dry_run === true ? badge(t("automation_dry_now"), "busy") : nothing}
        ${writes ? html`<div class="push"><button type="button" class="danger with" ?disabled=${hub().link.offline || this.removes} @click=${() => (this.removes = true)}>${icon("trash", 18)}${t("delete")}</button></div>` : nothing}</div>
      ${typeof resource.spec.description === "string" && resource.spec.description ? html`<p class="about"><bdi>${resource.spec.description}</bdi></p>` : nothing}${file}
      ${this.removes ? html`<hub-resource-remove .resource=${resource} .type=${type} @back=${() => (this.removes = false)}></hub-resource-remove>` : nothing}
      <nav class="tabs" aria-label=${t("sections")}>${tabs.map(({ label }) => html`<a href=${itemAddress(kind, this.key, label === "overview" ? "" : label)} aria-current=${label === tab ? "page" : nothing}>${t(label)}</a>`)}</nav>
      ${this.#section(tab, type, resource, entity, writes && !resource.deleting)}`;
  }

  #section(tab: Tab, type: ResourceType, resource: Resource, entity: Entity | undefined, writes: boolean) {
    // The editor stays while other sections are shown, so that nothing typed is lost.
    this.#edits ||= writes && tab === "configuration";
    const editor = this.#edits && writes ? html`<hub-automation-editor ?hidden=${tab !== "configuration"} .type=${type} .name=${this.#name} .resource=${resource}
      @changed=${(event: CustomEvent<typeof this.edited>) => (this.edited = event.detail)}></hub-automation-editor>` : nothing;
    const shown = {
      overview: () => this.#overview(resource, entity),
      configuration: () => (writes ? nothing : html`<section class="card" aria-label=${t("configuration")}><pre dir="ltr">${written(resource.spec)}</pre></section>`),
      traces: () => this.#traces(resource, entity),
      try_it: () => this.#try(entity),
      history: () => html`<hub-resource-history .resource=${resource} .type=${type}></hub-resource-history>`,
    };
    return html`${editor}${shown[tab]()}`;
  }

  #overview(resource: Resource, entity: Entity | undefined) {
    const { spec } = resource;
    const kind = this.#known;
    const blueprint = isPlain(spec.use_blueprint) ? String(spec.use_blueprint.path) : "";
    const rows: [string, unknown][] = [
      [t("rename_id"), entity ? html`<bdi dir="ltr" class="mono">${entity.entity_id}</bdi>` : undefined],
      [t("automation_mode"), spec.mode ?? entity?.attributes.mode],
      [t("automation_where"), blueprint ? t("automation_blueprint", { path: blueprint }) : undefined],
    ];
    return html`<div class="sections wide"><section class="card" aria-label=${t("automation_parts")}>${kind === "scene" ? html`<h2>${t("automation_sets")}</h2><pre dir="ltr">${written(spec.entities ?? {})}</pre>`
        : blueprint ? html`<pre dir="ltr">${written(spec.use_blueprint)}</pre>` : html`<hub-steps .picture=${pictureOf(kind, spec)}></hub-steps>`}</section>
      <section class="card" aria-labelledby="now"><h2 id="now">${t("status")}</h2><hub-automation-row .kind=${kind} .entityId=${entity?.entity_id ?? ""} .heading=${resource.title} href=${itemAddress(kind, this.key)}></hub-automation-row>
        <dl class="facts">${rows.map(([name, value]) => (value === undefined ? nothing : html`<dt>${name}</dt><dd>${typeof value === "string" ? html`<bdi>${value}</bdi>` : value}</dd>`))}</dl>${this.#dry(entity, spec)}</section></div>`;
  }

  /** Switching rehearsal on and off; where the text itself says so, only the text ends it. */
  #dry(entity: Entity | undefined, spec: Spec) {
    if (!entity || this.#known === "scene") return nothing;
    const on = entity.attributes.dry_run === true;
    const written = spec.dry_run === true;
    if (this.#known === "script" && !on) return nothing;
    const set = () => {
      this.refused = "";
      void hub().link.call(this.#known, "set_dry_run", { dry_run: !on }, entity.entity_id).catch((error: unknown) => (this.refused = failureText(error)));
    };
    return html`<div class="dry"><div><strong id="dry">${t("automation_dry")}</strong><p class="small muted" id="dry-hint">${t(written ? "automation_dry_written" : "automation_dry_hint")}</p></div>
      ${this.#known === "automation" ? html`<div class="touch"><button type="button" role="switch" class="toggle" aria-checked=${on} aria-labelledby="dry" aria-describedby="dry-hint" ?disabled=${written || hub().link.offline || entity.state === "unavailable"} @click=${set}></button></div>` : nothing}
      ${this.refused ? html`<p class="error" role="alert">${this.refused}</p>` : nothing}</div>`;
  }

  #traces(resource: Resource, entity: Entity | undefined) {
    void import("../automation/traces");
    return html`<hub-traces .domain=${this.#known} .item=${itemId(resource)} .entityId=${entity?.entity_id ?? ""}></hub-traces>`;
  }

  #try(entity: Entity | undefined) {
    void import("../automation/try");
    const { dirty, spec } = this.edited;
    if (!entity) return html`<p class="note">${t("automation_away")}</p>`;
    return html`<hub-automation-try .entityId=${entity.entity_id} .config=${dirty ? spec : undefined} ?broken=${dirty && !spec}></hub-automation-try>`;
  }

  async #load(): Promise<void> {
    try {
      const types = await typesOf(hub().link);
      this.type = types.find((each) => each.resource_type === this.#name.resource_type);
      this.problem = this.type ? "" : t("no_such_type");
    } catch (error) {
      this.problem = failureText(error);
    }
  }

  async #ask(): Promise<void> {
    const found = await hub().link.ask<Resource>({ type: "resource/get", ...this.#name }).catch(() => undefined);
    this.may = found?.may;
  }
}
