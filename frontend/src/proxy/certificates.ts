/** Every certificate: its names, who signed it, how long it is good for, who serves it, and what went wrong last. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { badgeStyles, phaseBadge } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import "../components/job";
import { ended, type Job } from "../data/jobs";
import { addressOf, type Resource } from "../data/resources";
import { denial, mayResource } from "../data/rights";
import { age, moment, t } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { daysLeft, tables } from "./parts";
import { CERTIFICATE, type Proxies } from "./source";
import { call, epoch } from "./status";

/** What was ordered for a certificate. */
interface Order {
  jobId: string;
  over: boolean;
  problem: string;
}

@customElement("hub-proxy-certificates")
export class ProxyCertificates extends LitElement {
  @property({ attribute: false }) proxies!: Proxies;
  @property({ type: Number }) turn = 0;
  @state() private orders: ReadonlyMap<string, Order> = new Map();

  static override styles = [base, buttons, card, badgeStyles, lists, tables, css`
    :host { display: block; max-inline-size: 1120px; margin-inline: auto; }
    .all { list-style: none; margin: 0; padding: 0; display: grid; gap: 16px; }
    .head { display: flex; align-items: center; gap: 6px 12px; flex-wrap: wrap; margin-block-end: 12px; }
    .head h2 { overflow-wrap: anywhere; }
    .head h2 a { color: inherit; text-decoration: none; }
    .head h2 a:hover { text-decoration: underline; }
    .head .push { margin-inline-start: auto; }
    .facts { grid-template-columns: repeat(auto-fill, minmax(min(100%, 190px), 1fr)); gap: 12px 20px; }
    .facts div { min-inline-size: 0; }
    .facts dt, .facts dd { border: 0; padding: 0; }
    .facts dt { font-size: 0.8125rem; }
    .said { margin-block: 12px 0; }
    .said pre { margin: 6px 0 0; font-family: var(--mono); font-size: 0.8125rem; white-space: pre-wrap; overflow-wrap: anywhere; text-align: start; }
    hub-job { margin-block-start: 14px; }
  `];

  override render() {
    const { proxies } = this;
    const all = [...proxies.certificates].sort((one, other) => (this.#end(one) ?? Infinity) - (this.#end(other) ?? Infinity));
    if (!all.length) {
      if (!proxies.loaded) return html`<p class="empty" role="status">${t("loading")}</p>`;
      const type = proxies.type(CERTIFICATE);
      return html`<div class="card empty"><p>${t("proxy_no_certificate")}</p>
        ${type && mayResource("write", type) ? html`<p><a class="button primary" href=${proxies.newAddress(CERTIFICATE)}>${icon("plus", 18)}${t("proxy_new_certificate")}</a></p>` : nothing}</div>`;
    }
    return html`<ul class="all">${repeat(all, ({ key }) => key, (each) => this.#one(each))}</ul>`;
  }

  #end({ key }: Resource): number | undefined {
    return epoch(this.proxies.certificate(key).not_after);
  }

  #one(resource: Resource) {
    const { key, title, spec, status } = resource;
    const told = this.proxies.certificate(key);
    const domains = Array.isArray(spec.domain_names) ? spec.domain_names.map(String) : (told.domains ?? []);
    const end = this.#end(resource);
    const renewal = epoch(told.next_renewal);
    const error = told.error || (status.phase === "failed" || status.phase === "unknown" ? status.message : "");
    const order = this.orders.get(key);
    const fact = (label: string, body: unknown) => html`<div><dt>${label}</dt><dd>${body}</dd></div>`;
    return html`<li class="card"><div class="head"><h2><a href=${addressOf(CERTIFICATE, key)}><bdi>${title}</bdi></a></h2>${phaseBadge(resource.deleting ? "deleting" : status.phase)}${daysLeft(end)}
        <div class="push">${spec.provider === "acme" ? this.#renew(resource, order) : nothing}</div></div>
      <dl class="facts">${fact(t("proxy_names"), html`<bdi dir="ltr">${domains.join(", ") || "–"}</bdi>`)}
        ${fact(t("proxy_issuer"), told.issuer ? html`<bdi dir="auto">${told.issuer}</bdi>` : t(spec.provider === "custom" ? "proxy_uploaded" : "not_known"))}
        ${fact(t("proxy_ends"), end === undefined ? t("proxy_not_issued") : html`<time datetime=${new Date(end * 1000).toISOString()}>${moment(end)}</time>`)}
        ${spec.provider === "custom" ? nothing : fact(t("proxy_renewal"), renewal === undefined ? "–" : html`<time datetime=${new Date(renewal * 1000).toISOString()} title=${moment(renewal)}>${age(renewal)}</time>`)}
        ${fact(t("proxy_served_by"), this.#served(key))}</dl>
      ${error ? html`<div class="note bad said">${icon("alert", 20)}<div><p>${t("proxy_ca_said")}</p><pre dir="auto">${error}</pre></div></div>` : nothing}
      ${order?.problem ? html`<p class="error" role="alert">${order.problem}</p>` : nothing}
      ${order?.jobId ? html`<hub-job .jobId=${order.jobId} @job=${(event: CustomEvent<Job>) => this.#put(key, { ...order, over: ended(event.detail) })}></hub-job>` : nothing}</li>`;
  }

  /** The servers of everything that refers to the certificate. */
  #served(key: string) {
    const users = this.proxies.rows.filter((row) => row.certificate?.key === key);
    const servers = [...new Set(users.flatMap((row) => row.servers))].sort();
    if (!servers.length) return html`<span class="none">${t("proxy_unused")}</span>`;
    return servers.map((server, index) => html`${index ? ", " : nothing}<a href="/proxies/servers/${server}"><bdi>${this.proxies.serverName(server)}</bdi></a>`);
  }

  #renew(resource: Resource, order: Order | undefined) {
    const { key, title } = resource;
    const why = denial("apply", this.proxies.type(CERTIFICATE));
    const first = this.#end(resource) === undefined;
    return html`<button type="button" class="small" aria-label=${first ? t("proxy_issue_of", { name: title }) : t("proxy_renew_of", { name: title })} title=${why || nothing} ?disabled=${why !== "" || (order !== undefined && !order.over)}
      @click=${() => void this.#order(key, first ? "issue" : "renew")}>${icon("update", 16)}${t(first ? "proxy_issue" : "proxy_renew")}</button>`;
  }

  #put(key: string, order: Order): void {
    if (JSON.stringify(this.orders.get(key)) === JSON.stringify(order)) return;
    if (order.over) void this.proxies.refresh();
    this.orders = new Map(this.orders).set(key, order);
  }

  async #order(key: string, deed: "issue" | "renew"): Promise<void> {
    this.#put(key, { jobId: "", over: false, problem: "" });
    try {
      const { job_id } = await call<{ job_id: string | null }>(deed, { certificate: key });
      this.#put(key, { jobId: job_id ?? "", over: job_id === null, problem: job_id === null ? t("nothing_to_do") : "" });
    } catch (error) {
      this.#put(key, { jobId: "", over: true, problem: failureText(error) });
    }
  }
}
