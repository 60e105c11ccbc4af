/** The signed-in page: the bar, the banner, the present page, the details over it. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import "./pages/overview";
import { icon, type IconName } from "./components/icon";
import { offers, typesOf } from "./data/resources";
import { hub } from "./hub";
import { t } from "./i18n";
import { followLink, here, onNavigate } from "./router";
import { base } from "./styles/shared";
import { Watch, onLink, onPrefs } from "./watch";

interface Page {
  path: string;
  label: "overview" | "entities" | "history" | "logbook" | "automations" | "proxies" | "modbus" | "resources" | "jobs" | "settings";
  icon: IconName;
  load: () => Promise<unknown>;
  show: () => unknown;
  /** The integration without which nobody needs it in the bar. */
  of?: string;
}

const PAGES: Page[] = [
  { path: "/", label: "overview", icon: "home", load: () => Promise.resolve(), show: () => html`<hub-overview></hub-overview>` },
  { path: "/entities", label: "entities", icon: "list", load: () => import("./pages/entities"), show: () => html`<hub-entities></hub-entities>` },
  { path: "/history", label: "history", icon: "chart", load: () => import("./pages/history"), show: () => html`<hub-history></hub-history>` },
  { path: "/automations", label: "automations", icon: "automation", load: () => (one() ? import("./pages/automation") : import("./pages/automations")), show: automations },
  { path: "/logbook", label: "logbook", icon: "book", load: () => import("./pages/logbook"), show: () => html`<hub-logbook-page></hub-logbook-page>` },
  { path: "/proxies", label: "proxies", icon: "globe", of: "proxy", load: () => import("./pages/proxies"), show: () => html`<hub-proxies .path=${below()}></hub-proxies>` },
  { path: "/modbus", label: "modbus", icon: "branch", of: "modbus", load: () => import("./pages/modbus"), show: () => html`<hub-modbus .path=${below()}></hub-modbus>` },
  { path: "/resources", label: "resources", icon: "boxes", load: () => (resource() ? import("./pages/resource") : import("./pages/resources")), show: resources },
  { path: "/jobs", label: "jobs", icon: "tasks", load: () => import("./pages/jobs"), show: () => html`<hub-jobs></hub-jobs>` },
  { path: "/settings", label: "settings", icon: "gear", load: () => import("./pages/settings"), show: () => html`<hub-settings .section=${below()[0] ?? ""}></hub-settings>` },
];

/** How long the first page has before the bar is completed, in milliseconds. */
const LOOK_MS = 600;

/** Pages that a phone's bar has room for; the others are behind its last button. */
const IN_BAR = 4;

/** Return the parts of the address below its page. */
function below(): string[] {
  return here().pathname.split("/").filter(Boolean).slice(1);
}

/** Tell whether one resource is shown, or a new one is made, instead of a list. */
function resource(): boolean {
  const [type, key] = below();
  return key !== undefined || (type !== undefined && here().searchParams.has("new"));
}

function resources() {
  const [type = "", key = ""] = below();
  return resource() ? html`<hub-resource .type=${type} .key=${key}></hub-resource>` : html`<hub-resources .type=${type}></hub-resources>`;
}

/** Tell whether one automation, script or scene is shown, or a new one is made, instead of a list. */
function one(): boolean {
  const { searchParams } = here();
  return searchParams.has("id") || searchParams.has("new");
}

function automations() {
  const [kind = "automations"] = below();
  const key = here().searchParams.get("id") ?? "";
  return one() ? html`<hub-automation .kind=${kind} .key=${key}></hub-automation>` : html`<hub-automations .section=${kind}></hub-automations>`;
}

/** Return the page of the present address; an unknown one shows the overview. */
function present(): Page {
  const { pathname } = here();
  return PAGES.find(({ path }) => path === pathname || (path !== "/" && pathname.startsWith(`${path}/`))) ?? PAGES[0]!;
}

@customElement("hub-app")
export class App extends LitElement {
  @state() private more = false;
  /** Integrations with something for this person. */
  @state() private offered: ReadonlySet<string> = new Set();
  #shown = "";

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs, (redraw) => onNavigate(redraw)]);
    this.addEventListener("click", followLink);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // What is in the bar beside the usual can wait until the first page is drawn.
    setTimeout(() => void this.#look(), present().of ? 0 : LOOK_MS);
  }

  static override styles = [base, css`
    :host { display: block; min-block-size: 100dvh; --bar: 64px; }
    .skip { position: absolute; inset-inline-start: 16px; inset-block-start: -80px; z-index: 9; padding: 10px; font: inherit; color: var(--text); background: var(--surface);
      border: 1px solid var(--line); border-radius: 10px; }
    .skip:focus { inset-block-start: 10px; }
    header { position: sticky; inset-block-start: 0; z-index: 5; background: color-mix(in srgb, var(--canvas) 92%, transparent); backdrop-filter: blur(12px);
      padding-block-start: env(safe-area-inset-top); border-block-end: 1px solid var(--line); }
    .bar { display: flex; align-items: center; gap: 28px; block-size: 63px; padding-inline: max(24px, env(safe-area-inset-left)) max(24px, env(safe-area-inset-right));
      max-inline-size: 1440px; margin-inline: auto; }
    .brand { display: flex; align-items: center; gap: 10px; font-weight: 650; font-size: 1.0625rem; color: var(--text); text-decoration: none; }
    .brand img { border-radius: 9px; }
    nav { display: flex; gap: 4px; }
    nav a { display: flex; align-items: center; gap: 8px; padding-block: 8px; padding-inline: 14px; border-radius: 12px; color: var(--muted);
      text-decoration: none; font-weight: 560; font-size: 0.9375rem; min-block-size: 40px; }
    nav a:hover { background: var(--sunken); }
    nav a[aria-current] { color: var(--accent); background: var(--accent-tint); }
    .rest { display: contents; }
    .more { display: none; }
    @media (max-width: 1400px) {
      .bar { gap: 14px; }
      nav a { padding-inline: 10px; }
      nav svg { display: none; }
    }
    @media (max-width: 1020px) {
      .brand { font-size: 0; gap: 0; }
      nav { gap: 0; }
      nav a { padding-inline: 7px; font-size: 0.875rem; }
    }
    @media (max-width: 830px) {
      nav a { padding-inline: 5px; font-size: 0.8125rem; }
    }
    .banner { background: var(--warn-tint); color: var(--warn); font-size: 0.9375rem; font-weight: 560; }
    .banner p { max-inline-size: 1440px; margin-inline: auto; padding-block: 10px; padding-inline: 24px; }
    main { display: block; max-inline-size: 1440px; margin-inline: auto; padding-block: 28px 48px;
      padding-inline: max(24px, env(safe-area-inset-left)) max(24px, env(safe-area-inset-right)); outline: none; }
    @media (max-width: 720px) {
      .bar { block-size: 55px; padding-inline: 16px; }
      :host { --bar: 56px; }
      nav { position: fixed; inset-inline: 0; inset-block-end: 0; z-index: 5; background: var(--surface); border-block-start: 1px solid var(--line);
        padding: 6px; padding-block-end: calc(6px + env(safe-area-inset-bottom)); gap: 2px; }
      nav a, .more { flex: 1 1 0; min-inline-size: 0; display: flex; flex-direction: column; align-items: center; gap: 2px; padding-block: 6px; padding-inline: 2px; font-size: 0.6875rem; white-space: nowrap; }
      nav svg { display: block; }
      .more { font: inherit; font-size: 0.6875rem; font-weight: 560; color: var(--muted); background: none; border: 0; border-radius: 12px; cursor: pointer; min-block-size: 40px; }
      .more.current { color: var(--accent); background: var(--accent-tint); }
      .brand { font-size: 1.0625rem; gap: 10px; }
      .rest { display: none; position: absolute; inset-inline-end: 8px; inset-block-end: calc(100% + 8px); min-inline-size: 200px; padding: 6px; background: var(--surface); border: 1px solid var(--line);
        border-radius: 18px; box-shadow: var(--shadow-high); }
      .rest.open { display: grid; gap: 2px; }
      .rest a { flex-direction: row; gap: 12px; font-size: 0.9375rem; padding-block: 10px; padding-inline: 14px; }
      header { backdrop-filter: none; background: var(--canvas); }
      main { padding-block: 18px calc(96px + env(safe-area-inset-bottom)); padding-inline: 16px; }
    }
  `];

  override render() {
    const page = present();
    const entity = here().searchParams.get("entity");
    void page.load();
    if (entity) void import("./pages/entity");
    return html`<header>
        <button type="button" class="skip" @click=${this.#skip}>${t("skip")}</button>
        <div class="bar">
          <a class="brand" href="/"><img src="/icon.svg" alt="" width="32" height="32">Hub</a>
          <nav aria-label=${t("pages")} @keydown=${this.#leave} @focusout=${this.#leave}>${PAGES.slice(0, IN_BAR).map((each) => this.#link(each, page))}
            <button type="button" class="more ${PAGES.indexOf(page) >= IN_BAR ? "current" : ""}" aria-expanded=${this.more} @click=${() => (this.more = !this.more)}>${icon("dots")}<span>${t("more_pages")}</span></button>
            <div class="rest ${this.more ? "open" : ""}" @click=${() => (this.more = false)}>${PAGES.slice(IN_BAR).map((each) => (each.of && each !== page && !this.offered.has(each.of) ? nothing : this.#link(each, page)))}</div></nav>
        </div>
        <div role="status">${hub().link.offline ? html`<div class="banner"><p>${t("reconnecting")}</p></div>` : nothing}</div>
      </header>
      <main id="main" tabindex="-1">${page.show()}</main>
      ${entity ? html`<hub-entity-details .entityId=${entity}></hub-entity-details>` : nothing}`;
  }

  async #look(): Promise<void> {
    const types = await typesOf(hub().link).catch(() => []);
    this.offered = new Set(PAGES.flatMap(({ of }) => (of && offers(types, of) ? of : [])));
  }

  #link(each: Page, page: Page) {
    return html`<a href=${each.path} aria-current=${each === page ? "page" : nothing}>${icon(each.icon)}<span>${t(each.label)}</span></a>`;
  }

  protected override updated(): void {
    const place = hub().config?.location_name;
    const { pathname } = here();
    document.title = [below().at(-1), t(present().label), place ?? "Hub"].filter(Boolean).join(" · ");
    if (this.#shown && this.#shown !== pathname) {
      scrollTo({ top: 0 });
      this.renderRoot.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
    }
    this.#shown = pathname;
  }

  /** Close the phone's further pages by Escape, or when the focus goes elsewhere. */
  #leave(event: KeyboardEvent | FocusEvent): void {
    if (event instanceof KeyboardEvent ? event.key !== "Escape" : (event.currentTarget as Node).contains(event.relatedTarget as Node | null)) return;
    this.more = false;
  }

  #skip(): void {
    this.renderRoot.querySelector<HTMLElement>("main")?.focus();
  }
}
