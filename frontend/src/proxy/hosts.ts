/** Every host, redirection, 404 host and stream: where it leads, how it is, and the switch that turns it off. */
import { LitElement, css, html, nothing, svg } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { badge, badgeStyles, phaseBadge } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { addressOf } from "../data/resources";
import { mayResource } from "../data/rights";
import { hub } from "../hub";
import { duration, number, t, word } from "../i18n";
import { go, here } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { toggleStyles } from "../styles/toggle";
import { daysLeft, sortHead, tables, touchedBadge } from "./parts";
import { cares, find, isBehind, maintained, siteOf, sorted, SORTS, total, type Row, type Sort } from "./rows";
import { HOST, SERVER, type Proxies } from "./source";

/** Rows that are drawn before somebody asks for more. */
const SHOWN = 100;
/** Domain names and servers that a row names. */
const NAMED = 3;
const CLASSES = ["2xx", "3xx", "4xx", "5xx"] as const;

@customElement("hub-proxy-hosts")
export class ProxyHosts extends LitElement {
  @property({ attribute: false }) proxies!: Proxies;
  /** Grows with each change of what is shown. */
  @property({ type: Number }) turn = 0;
  @state() private shown = SHOWN;
  /** Switches that were turned and are not yet confirmed, and why some could not be, by id. */
  @state() private wanted: ReadonlyMap<string, boolean> = new Map();
  @state() private problems: ReadonlyMap<string, string> = new Map();

  static override styles = [base, buttons, card, fields, badgeStyles, lists, toggleStyles, tables, css`
    :host { display: block; }
    .goes { font-size: 0.8125rem; }
    @media (min-width: 1081px) {
      table { table-layout: fixed; }
      th:nth-child(1) { inline-size: 19%; }
      th:nth-child(2) { inline-size: 16%; }
      th:nth-child(3) { inline-size: 10%; }
      th:nth-child(4), th:nth-child(5), th:nth-child(6) { inline-size: 9%; }
      th:last-child { inline-size: 122px; }
    }
    .rate { display: grid; gap: 3px; }
    .rate svg { display: block; inline-size: 72px; block-size: 6px; border-radius: 3px; background: var(--sunken); }
    .c2xx { fill: var(--good); } .c3xx { fill: var(--series-3); } .c4xx { fill: var(--series-2); } .c5xx { fill: var(--bad); }
    .fails { color: var(--bad); font-size: 0.8125rem; white-space: nowrap; }
    .ends { display: flex; align-items: center; gap: 10px; }
    .more-of { padding: 0; inline-size: 36px; min-block-size: 36px; flex: none; }
    @media (max-width: 1080px) {
      td.head { padding-inline-end: 104px; }
      td.on { position: absolute; inset-block-start: 6px; inset-inline-end: 14px; min-block-size: 0; }
      tr.on-problem td.on { position: static; }
    }
  `];

  override render() {
    const { proxies } = this;
    const rows = proxies.rows;
    if (!rows.length) return this.#nothing();
    const { searchParams } = here();
    const query = searchParams.get("q") ?? "";
    const server = searchParams.get("server") ?? "";
    const { by, down } = this.#order;
    const found = sorted(find(rows, query, server, (phase) => word("phase", phase)), by, down);
    const head = (label: string, sort: Sort) => sortHead(label, by === sort, down, () => this.#sort(sort));
    const plain = (label: string) => html`<th role="columnheader" scope="col">${label}</th>`;
    return html`${this.#bar(query, server, by, down)}
      <p class="visually-hidden" role="status">${t("proxy_found", { count: found.length })}</p>
      ${found.length ? html`<div class="card frame"><table role="table" aria-label=${t("proxy_hosts")}><thead role="rowgroup"><tr role="row">
          ${head(t("proxy_host"), "name")}${plain(t("proxy_goes"))}${plain(t("proxy_servers"))}${head(t("proxy_certificate"), "certificate")}${plain(t("proxy_upstream"))}${head(t("proxy_requests"), "requests")}${head(t("status"), "state")}${plain(t("proxy_on"))}
        </tr></thead><tbody role="rowgroup">${repeat(found.slice(0, this.shown), (row) => row.id, (row) => this.#row(row))}</tbody></table></div>`
        : html`<p class="card empty">${t("nothing_found")}</p>`}
      ${found.length > this.shown ? html`<button type="button" class="plain more" @click=${() => (this.shown += SHOWN)}>${t("and_more", { count: found.length - this.shown })}</button>` : nothing}`;
  }

  get #order(): { by: Sort; down: boolean } {
    const asked = here().searchParams.get("sort") ?? "name";
    const by = SORTS.find((each) => each === asked.replace(/^-/, "")) ?? "name";
    return { by, down: asked.startsWith("-") };
  }

  #nothing() {
    const { proxies } = this;
    if (!proxies.loaded) return html`<p class="empty" role="status">${t("loading")}</p>`;
    const first = proxies.servers.length === 0;
    const type = proxies.type(first ? SERVER : HOST);
    const may = type !== undefined && mayResource("write", type);
    return html`<div class="card empty"><p>${t(first ? "proxy_no_server" : "proxy_no_host")}</p>
      ${may ? html`<p><a class="button primary" href=${proxies.newAddress(first ? SERVER : HOST)}>${icon("plus", 18)}${t(first ? "proxy_new_server" : "proxy_new_host")}</a></p>` : nothing}</div>`;
  }

  #bar(query: string, server: string, by: Sort, down: boolean) {
    const { servers } = this.proxies;
    const names: Record<Sort, string> = { name: t("proxy_host"), certificate: t("proxy_certificate"), requests: t("proxy_requests"), state: t("status") };
    return html`<div class="bar"><div class="search" role="search">${icon("search", 22)}<input type="search" aria-label=${t("proxy_search")} placeholder=${t("proxy_search_hint")}
        autocomplete="off" spellcheck="false" .value=${query} @input=${(event: Event) => this.#put("q", (event.target as HTMLInputElement).value)}></div>
      ${servers.length > 1 || server ? html`<select aria-label=${t("proxy_by_server")} @change=${(event: Event) => this.#put("server", (event.target as HTMLSelectElement).value)}>
        <option value="" ?selected=${!server}>${t("proxy_all_servers")}</option>${servers.map(({ key, title }) => html`<option value=${key} ?selected=${key === server}>${title}</option>`)}</select>` : nothing}
      <select class="sorter" aria-label=${t("proxy_sort")} @change=${(event: Event) => this.#put("sort", (event.target as HTMLSelectElement).value)}>
        ${SORTS.map((each) => html`<option value=${each} ?selected=${each === by && !down}>${names[each]}</option>`)}</select></div>`;
  }

  #row(row: Row) {
    const { resource } = row;
    const problem = this.problems.get(row.id);
    const cell = (label: string, body: unknown, kind = "") => html`<td role="cell" class=${kind || (body === nothing ? "empty-cell" : "")} data-label=${label}><div class="cell">${body}</div></td>`;
    return html`<tr role="row" class="${row.enabled ? "" : "off"} ${problem ? "on-problem" : ""}">
      <td role="cell" class="head"><a class="title" href=${addressOf(resource.resource_type, resource.key)}><bdi>${resource.title}</bdi></a>
        ${row.kind === "host" ? nothing : html` <span class="small muted">${word("proxy", row.kind)}</span>`}
        <span class="sub">${this.#names(row)}</span></td>
      ${cell(t("proxy_goes"), html`${row.goes.map((each) => html`<div><bdi dir="ltr" class="mono goes">${each}</bdi></div>`)}${row.kind === "redirect" ? html` <span class="small muted">${String(resource.spec.forward_http_code ?? "")}</span>` : nothing}`)}
      ${cell(t("proxy_servers"), this.#servers(row))}
      ${cell(t("proxy_certificate"), this.#certificate(row))}
      ${cell(t("proxy_upstream"), this.#upstream(row))}
      ${cell(t("proxy_requests"), this.#rates(row))}
      ${cell(t("status"), this.#state(row))}
      <td role="cell" class="on bare"><div class="ends">${this.#switch(row)}${this.#more(row)}</div>${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}</td></tr>`;
  }

  #names(row: Row) {
    if (row.kind === "stream") return html`<bdi dir="ltr">:${row.names[0]}</bdi>`;
    const { spec } = row.resource;
    const at = this.proxies.get(SERVER, row.servers[0] ?? "")?.spec;
    const ports = { http: at?.http_port, https: at?.https_port };
    const one = (name: string) => {
      const site = row.enabled ? siteOf(name, spec.certificate_id != null, ports) : undefined;
      return site ? html`<a href=${site} target="_blank" rel="noreferrer noopener"><bdi dir="ltr">${name}</bdi></a>` : html`<bdi dir="ltr">${name}</bdi>`;
    };
    const names = row.names.slice(0, NAMED);
    return html`${names.map((name, index) => html`${index ? ", " : nothing}${one(name)}`)}${row.names.length > NAMED ? html` <span title=${row.names.join(", ")}>${t("and_more", { count: row.names.length - NAMED })}</span>` : nothing}`;
  }

  #servers({ servers }: Row) {
    if (!servers.length) return html`<span class="none">–</span>`;
    const shown = servers.slice(0, NAMED);
    return html`${shown.map((key, index) => html`${index ? ", " : nothing}<a href="/proxies/servers/${key}"><bdi>${this.proxies.serverName(key)}</bdi></a>`)}${servers.length > NAMED ? html` <span class="muted small" title=${servers.join(", ")}>${t("and_more", { count: servers.length - NAMED })}</span>` : nothing}`;
  }

  #certificate({ kind, certificate, resource }: Row) {
    if (kind === "stream" && !certificate) return nothing;
    if (!certificate) return html`<span class="none">${t("proxy_plain")}</span>`;
    const forced = resource.spec.ssl_forced === true ? html`<span class="muted" title=${t("proxy_forced")}>${icon("lock", 14)}<span class="visually-hidden">${t("proxy_forced")}</span></span> ` : nothing;
    return html`${forced}${certificate.notAfter === undefined ? html`<a href=${addressOf("proxy.certificate", certificate.key)}><bdi dir="ltr">${certificate.key}</bdi></a>` : daysLeft(certificate.notAfter)}`;
  }

  #upstream({ kind, healthy, responseTime }: Row) {
    if (kind !== "host") return nothing;
    if (healthy === undefined) return html`<span class="none">${t("not_known")}</span>`;
    return html`<span class="marks">${healthy ? badge(t("proxy_healthy"), "good", "check") : badge(t("proxy_failing"), "bad", "cross")}${!healthy || responseTime === undefined ? nothing : html`<span class="figure small">${duration(responseTime)}</span>`}</span>`;
  }

  #rates({ kind, rates }: Row) {
    if (kind !== "host") return nothing;
    const all = total(rates);
    if (all === undefined) return html`<span class="none">${t("not_known")}</span>`;
    const fails = rates!.rate_5xx ?? 0;
    const parts = CLASSES.map((name) => ({ name, rate: rates![`rate_${name}`] ?? 0 }));
    const words = parts.filter(({ rate }) => rate > 0).map(({ name, rate }) => `${name}: ${number(rate, 1)}`).join(", ");
    let from = 0;
    const bars = all > 0 ? parts.map(({ name, rate }) => {
      const width = (72 * rate) / all;
      from += width;
      return svg`<rect class="c${name}" x=${from - width} y="0" width=${width} height="6"></rect>`;
    }) : nothing;
    return html`<div class="rate" title=${words || nothing}><span class="figure">${t("proxy_per_minute", { rate: number(all, all > 0 && all < 10 ? 1 : 0) })}</span>
      <svg viewBox="0 0 72 6" preserveAspectRatio="none" aria-hidden="true">${bars}</svg>
      ${fails > 0 ? html`<span class="fails">${t("proxy_fails", { rate: number(fails, 1) })}</span>` : nothing}</div>`;
  }

  #state(row: Row) {
    const { status, deleting } = row.resource;
    const drift = row.touched.length ? touchedBadge(row.touched.map((key) => this.proxies.serverName(key)).join(", ")) : nothing;
    const behind = isBehind(row) && mayResource("apply", this.proxies.type(row.resource.resource_type));
    return html`<span class="marks">${row.enabled ? nothing : badge(t("proxy_off"), "calm", "pause")}${row.kind === "host" && maintained(row.resource.spec) ? badge(t("proxy_maintenance"), "warn", "wrench") : nothing}${row.behind.length ? badge(t("proxy_behind", { servers: row.behind.map((key) => this.proxies.serverName(key)).join(", ") }), "warn", "clock") : phaseBadge(deleting ? "deleting" : status.phase)}${drift}
        ${behind ? html`<a class="button small" href="/proxies/deploy?resource=${row.id}">${t("proxy_deploy")}</a>` : nothing}</span>
      ${cares(row) && status.message ? html`<p class="problem"><bdi>${status.message}</bdi></p>` : nothing}`;
  }

  #switch(row: Row) {
    const { resource } = row;
    const may = mayResource("write", this.proxies.type(resource.resource_type)) && resource.source === "api" && !resource.deleting;
    const wanted = this.wanted.get(row.id);
    const on = wanted ?? row.enabled;
    const why = resource.source === "file" ? t("from_file_hint") : may ? "" : t("may_not");
    return html`<button type="button" role="switch" class="toggle ${wanted === undefined ? "" : "pending"}" aria-checked=${on} aria-label=${t("proxy_on_of", { name: resource.title })}
      title=${why || nothing} ?disabled=${!may || wanted !== undefined || hub().link.offline} @click=${() => void this.#turn(row, !on)}></button>`;
  }

  /** The way to what else can be done with a host, for those who may do some of it. */
  #more({ kind, resource }: Row) {
    const type = this.proxies.type(resource.resource_type);
    if (kind !== "host" || !(mayResource("apply", type) || mayResource("write", type))) return nothing;
    const label = t("proxy_more_of", { name: resource.title });
    return html`<a class="button more-of" href="/proxies/hosts/${resource.key}" aria-label=${label} title=${label}>${icon("dots", 18)}</a>`;
  }

  async #turn({ id, resource }: Row, on: boolean): Promise<void> {
    this.wanted = new Map(this.wanted).set(id, on);
    this.#complain(id, "");
    const { resource_type, key, revision, spec } = resource;
    try {
      await hub().link.ask({ type: "resource/put", resource_type, key, spec: { ...spec, enabled: on }, if_revision: revision });
    } catch (error) {
      this.#complain(id, failureText(error));
    } finally {
      const left = new Map(this.wanted);
      left.delete(id);
      this.wanted = left;
    }
  }

  #complain(id: string, text: string): void {
    const next = new Map(this.problems);
    if (text) next.set(id, text);
    else next.delete(id);
    this.problems = next;
  }

  #sort(by: Sort): void {
    const { by: now, down } = this.#order;
    this.#put("sort", by === now && !down ? `-${by}` : by === "name" ? "" : by);
  }

  #put(name: string, value: string): void {
    const url = here();
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
    go(url, true);
  }
}
