/** The signed-in page: the bar, the banner, the present page, the details over it. */
import { LitElement, css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import "./pages/overview";
import { icon, type IconName } from "./components/icon";
import { hub } from "./hub";
import { t } from "./i18n";
import { followLink, here, onNavigate } from "./router";
import { base } from "./styles/shared";
import { Watch, onLink, onPrefs } from "./watch";

interface Page {
  path: string;
  label: "overview" | "entities" | "resources" | "jobs" | "settings";
  icon: IconName;
  load: () => Promise<unknown>;
  show: () => unknown;
}

const PAGES: Page[] = [
  { path: "/", label: "overview", icon: "home", load: () => Promise.resolve(), show: () => html`<hub-overview></hub-overview>` },
  { path: "/entities", label: "entities", icon: "list", load: () => import("./pages/entities"), show: () => html`<hub-entities></hub-entities>` },
  { path: "/resources", label: "resources", icon: "boxes", load: () => (resource() ? import("./pages/resource") : import("./pages/resources")), show: resources },
  { path: "/jobs", label: "jobs", icon: "tasks", load: () => import("./pages/jobs"), show: () => html`<hub-jobs></hub-jobs>` },
  { path: "/settings", label: "settings", icon: "gear", load: () => import("./pages/settings"), show: () => html`<hub-settings .section=${below()[0] ?? ""}></hub-settings>` },
];

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

/** Return the page of the present address; an unknown one shows the overview. */
function present(): Page {
  const { pathname } = here();
  return PAGES.find(({ path }) => path === pathname || (path !== "/" && pathname.startsWith(`${path}/`))) ?? PAGES[0]!;
}

@customElement("hub-app")
export class App extends LitElement {
  #shown = "";

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs, (redraw) => onNavigate(redraw)]);
    this.addEventListener("click", followLink);
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
    .banner { background: var(--warn-tint); color: var(--warn); font-size: 0.9375rem; font-weight: 560; }
    .banner p { max-inline-size: 1440px; margin-inline: auto; padding-block: 10px; padding-inline: 24px; }
    main { display: block; max-inline-size: 1440px; margin-inline: auto; padding-block: 28px 48px;
      padding-inline: max(24px, env(safe-area-inset-left)) max(24px, env(safe-area-inset-right)); outline: none; }
    @media (max-width: 720px) {
      .bar { block-size: 55px; padding-inline: 16px; }
      :host { --bar: 56px; }
      nav { position: fixed; inset-inline: 0; inset-block-end: 0; z-index: 5; background: var(--surface); border-block-start: 1px solid var(--line);
        padding: 6px; padding-block-end: calc(6px + env(safe-area-inset-bottom)); gap: 6px; }
      nav a { flex: 1; flex-direction: column; gap: 2px; padding-block: 6px; padding-inline: 4px; font-size: 0.75rem; }
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
          <nav aria-label=${t("pages")}>${PAGES.map((each) => html`<a href=${each.path} aria-current=${each === page ? "page" : nothing}
            >${icon(each.icon)}<span>${t(each.label)}</span></a>`)}</nav>
        </div>
        <div role="status">${hub().link.offline ? html`<div class="banner"><p>${t("reconnecting")}</p></div>` : nothing}</div>
      </header>
      <main id="main" tabindex="-1">${page.show()}</main>
      ${entity ? html`<hub-entity-details .entityId=${entity}></hub-entity-details>` : nothing}`;
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

  #skip(): void {
    this.renderRoot.querySelector<HTMLElement>("main")?.focus();
  }
}
