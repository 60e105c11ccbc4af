/** Reverse proxies: hosts, the servers they are deployed to, certificates, and deploying. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { TabsInSight } from "../components/tabs";
import { addressOf } from "../data/resources";
import { mayResource } from "../data/rights";
import { t, word } from "../i18n";
import "../proxy/certificates";
import "../proxy/deploy";
import "../proxy/host";
import "../proxy/hosts";
import { isBehind } from "../proxy/rows";
import "../proxy/server";
import "../proxy/servers";
import { CERTIFICATE, HOST, Proxies, SERVER } from "../proxy/source";
import "../proxy/words";
import { onNavigate } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { Ticker, Watch, onLink, onPrefs } from "../watch";

const SECTIONS = [
  { path: "", label: "proxy_hosts" },
  { path: "servers", label: "proxy_servers" },
  { path: "certificates", label: "proxy_certificates" },
] as const;

/** What else can be made, behind the button for a new host. */
const OTHERS = ["redirects", "dead_hosts", "streams", "access_list", "group"] as const;

@customElement("hub-proxies")
export class ProxiesPage extends LitElement {
  /** The parts of the address below the page. */
  @property({ attribute: false }) path: readonly string[] = [];
  readonly #proxies = new Proxies(this);
  #turn = 0;

  constructor() {
    super();
    new TabsInSight(this);
    new Ticker(this, 30_000);
    new Watch(this, () => [onLink, onPrefs, (redraw) => onNavigate(redraw)]);
  }

  static override styles = [base, buttons, card, lists, css`
    :host { display: block; }
    .menu { position: relative; }
    .menu summary { box-sizing: border-box; list-style: none; cursor: pointer; }
    .menu summary::-webkit-details-marker { display: none; }
    .menu ul { position: absolute; inset-inline-end: 0; inset-block-start: calc(100% + 6px); z-index: 4; min-inline-size: 220px; list-style: none; margin: 0; padding: 6px; background: var(--surface);
      border: 1px solid var(--line); border-radius: 16px; box-shadow: var(--shadow-high); }
    .menu li a { display: block; padding-block: 9px; padding-inline: 14px; border-radius: 10px; color: var(--text); text-decoration: none; }
    .menu li a:hover { background: var(--sunken); }
  `];

  override render() {
    const [section = "", key] = this.path;
    const proxies = this.#proxies;
    this.#turn += 1;
    const failure = proxies.failure ?? proxies.silence;
    const turn = this.#turn;
    const shown = section === "deploy" ? html`<hub-proxy-deploy .proxies=${proxies} .turn=${turn}></hub-proxy-deploy>`
      : section === "servers" && key ? html`<hub-proxy-server .proxies=${proxies} .turn=${turn} .key=${key}></hub-proxy-server>`
      : section === "hosts" && key ? html`<hub-proxy-host .proxies=${proxies} .turn=${turn} .key=${key}></hub-proxy-host>`
      : section === "servers" ? html`<hub-proxy-servers .proxies=${proxies} .turn=${turn}></hub-proxy-servers>`
      : section === "certificates" ? html`<hub-proxy-certificates .proxies=${proxies} .turn=${turn}></hub-proxy-certificates>`
      : html`<hub-proxy-hosts .proxies=${proxies} .turn=${turn}></hub-proxy-hosts>`;
    return html`<div class="top"><h1>${t("proxies")}</h1><div class="push actions">${section === "deploy" || section === "hosts" ? nothing : this.#actions(section)}</div></div>
      <nav class="tabs" aria-label=${t("sections")}>${SECTIONS.map(({ path, label }) => html`<a href=${path ? `/proxies/${path}` : "/proxies"} aria-current=${path === section || (section === "hosts" && !path) ? "page" : nothing}>${t(label)}</a>`)}
        ${section === "deploy" ? html`<a href="/proxies/deploy" aria-current="page">${t("proxy_deploy")}</a>` : nothing}</nav>
      ${failure ? html`<p class="error" role="alert">${failureText(failure)}</p>` : nothing}${shown}`;
  }

  #actions(section: string) {
    const proxies = this.#proxies;
    const type = section === "servers" ? SERVER : section === "certificates" ? CERTIFICATE : HOST;
    const known = proxies.type(type);
    const ready = proxies.servers.length > 0;
    const label = section === "servers" ? t("proxy_new_server") : section === "certificates" ? t("proxy_new_certificate") : t("proxy_new_host");
    const behind = proxies.rows.filter(isBehind).length;
    const deploys = section === "" && proxies.rows.length > 0 && mayResource("apply", known ?? { may: [] });
    const writes = known && mayResource("write", known) && (type !== HOST || ready);
    return html`${deploys ? html`<a class="button" href="/proxies/deploy">${icon("update", 18)}${behind ? t("proxy_deploy_count", { count: behind }) : t("proxy_deploy")}</a>` : nothing}
      ${writes ? html`<a class="button primary" href=${proxies.newAddress(type)}>${icon("plus", 18)}${label}</a>` : nothing}
      ${section === "" ? this.#menu() : nothing}`;
  }

  #menu() {
    const others = OTHERS.flatMap((name) => {
      const type = this.#proxies.type(`proxy.${name.replace(/s$/, "")}`);
      return type ? { address: addressOf(type.resource_type), label: word("proxy", name) } : [];
    });
    if (!others.length) return nothing;
    const close = (event: Event) => {
      const menu = event.currentTarget as HTMLDetailsElement;
      if (event instanceof KeyboardEvent ? event.key !== "Escape" : menu.contains((event as FocusEvent).relatedTarget as Node | null)) return;
      if (event instanceof KeyboardEvent) menu.querySelector<HTMLElement>("summary")?.focus();
      menu.open = false;
    };
    return html`<details class="menu" @keydown=${close} @focusout=${close}><summary class="button" aria-label=${t("proxy_more")}>${icon("dots", 18)}</summary>
      <ul>${others.map(({ address, label }) => html`<li><a href=${address}>${label}</a></li>`)}</ul></details>`;
  }
}
