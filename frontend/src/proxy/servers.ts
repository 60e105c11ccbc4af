/** Every nginx that is deployed to: whether it answers, what is in force, and what was changed by hand. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { badgeStyles, phaseBadge } from "../components/badge";
import { icon } from "../components/icon";
import type { Resource } from "../data/resources";
import { mayResource } from "../data/rights";
import { number, t } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { atWork, connection, share, tables, touchedBadge } from "./parts";
import { SERVER, type Proxies } from "./source";
import { drifted } from "./status";

/** Percent from which on a bar is drawn as a problem; the thresholds of the alerts that come with the hub. */
export const HIGH = { cpu: 80, memory: 80, disk: 85 } as const;

@customElement("hub-proxy-servers")
export class ProxyServers extends LitElement {
  @property({ attribute: false }) proxies!: Proxies;
  @property({ type: Number }) turn = 0;

  static override styles = [base, buttons, card, fields, badgeStyles, lists, tables, css`
    :host { display: block; }
    @media (min-width: 1081px) { .loads { min-inline-size: 210px; } }
  `];

  override render() {
    const { proxies } = this;
    const { servers } = proxies;
    if (!servers.length) {
      if (!proxies.loaded) return html`<p class="empty" role="status">${t("loading")}</p>`;
      const may = mayResource("write", proxies.type(SERVER) ?? { may: [] });
      return html`<div class="card empty"><p>${t("proxy_no_server")}</p>
        ${may ? html`<p><a class="button primary" href=${proxies.newAddress(SERVER)}>${icon("plus", 18)}${t("proxy_new_server")}</a></p>` : nothing}</div>`;
    }
    const counts = new Map<string, number>();
    for (const row of proxies.rows) for (const key of row.servers) counts.set(key, (counts.get(key) ?? 0) + 1);
    const head = (label: string) => html`<th role="columnheader" scope="col">${label}</th>`;
    return html`<div class="card frame"><table role="table" aria-label=${t("proxy_servers")}><thead role="rowgroup"><tr role="row">
        ${head(t("proxy_server"))}${head(t("proxy_connection"))}${head("nginx")}${head(t("proxy_release"))}${head(t("proxy_hosts"))}${head(t("proxy_load"))}${head(t("status"))}
      </tr></thead><tbody role="rowgroup">${repeat(servers, ({ key }) => key, (each) => this.#row(each, counts.get(each.key) ?? 0))}</tbody></table></div>`;
  }

  #row(resource: Resource, count: number) {
    const { key, title, status, spec } = resource;
    const told = this.proxies.server(key);
    const drift = drifted(told.drift);
    const cell = (label: string, body: unknown, kind = "") => html`<td role="cell" class=${kind} data-label=${label}><div class="cell">${body}</div></td>`;
    const where = typeof spec.server === "string" ? html`<bdi dir="ltr">${spec.server}</bdi>` : t("proxy_here");
    const nothingKnown = html`<span class="none">${t("not_known")}</span>`;
    return html`<tr role="row"><td role="cell" class="head"><a class="title" href="/proxies/servers/${key}"><bdi>${title}</bdi></a><span class="sub">${where}</span></td>
      ${cell(t("proxy_connection"), html`<span class="marks">${connection(told.connected)}${atWork(told.state)}</span>${told.error ? html`<p class="problem"><bdi dir="auto">${told.error}</bdi></p>` : nothing}`)}
      ${cell("nginx", told.version ? html`<bdi dir="ltr">${told.version}</bdi>` : nothingKnown)}
      ${cell(t("proxy_release"), told.release ? html`<bdi dir="ltr" class="mono">${told.release}</bdi>` : html`<span class="none">–</span>`)}
      ${cell(t("proxy_hosts"), html`<a href="/proxies?server=${key}">${number(count)}<span class="visually-hidden"> ${t("proxy_hosts_of", { name: title })}</span></a>`)}
      ${cell(t("proxy_load"), html`<div class="loads">${share(t("proxy_cpu"), told.cpu, HIGH.cpu)}${share(t("proxy_memory"), told.memory, HIGH.memory)}${share(t("proxy_disk"), told.disk, HIGH.disk)}</div>`)}
      ${cell(t("status"), html`<span class="marks">${phaseBadge(resource.deleting ? "deleting" : status.phase)}${drift.length ? touchedBadge(drift.map(({ path }) => path).join("\n")) : nothing}</span>
        ${status.phase === "failed" || status.phase === "unknown" ? (status.message ? html`<p class="problem"><bdi dir="auto">${status.message}</bdi></p>` : nothing) : nothing}`)}</tr>`;
  }
}
