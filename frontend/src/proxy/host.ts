/** What is done with one host beside writing it: its page of maintenance, asking its upstreams, its cache. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { ask } from "../components/ask";
import { badge, badgeStyles, phaseBadge } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { addressOf, type Resource } from "../data/resources";
import { denial, mayResource } from "../data/rights";
import { duration, t } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { tables } from "./parts";
import { maintained } from "./rows";
import { HOST, type Proxies } from "./source";
import { call, type Answer } from "./status";

type Deed = "maintenance" | "test" | "purge";
type Told<T> = Record<string, T | { error: string }>;

@customElement("hub-proxy-host")
export class ProxyHost extends LitElement {
  @property({ attribute: false }) proxies!: Proxies;
  @property({ type: Number }) turn = 0;
  @property() key = "";
  /** What is done now, and why something could not be. */
  @state() private busy: Deed | undefined;
  @state() private problems: Partial<Record<Deed, string>> = {};
  /** The message as it is typed; undefined = as it is saved. */
  @state() private words: string | undefined;
  @state() private answers: Told<Answer[]> | undefined;
  @state() private purged: Told<number> | undefined;

  static override styles = [base, buttons, card, fields, badgeStyles, lists, tables, css`
    :host { display: block; max-inline-size: 960px; margin-inline: auto; }
    .top h2 { font-size: 1.375rem; overflow-wrap: anywhere; }
    h3 { display: flex; align-items: center; gap: 8px 12px; flex-wrap: wrap; margin-block-end: 8px; font-size: 1.0625rem; }
    .lead { margin-block-end: 14px; font-size: 0.9375rem; }
    .ends { display: flex; gap: 10px; flex-wrap: wrap; align-items: center; margin-block-start: 14px; }
    .error { margin-block-start: 10px; }
    textarea { font: inherit; }
    table { margin-block-start: 16px; }
    ul { list-style: none; margin: 14px 0 0; padding: 0; display: grid; gap: 6px; overflow-wrap: anywhere; }
    @media (min-width: 1081px) {
      th:first-child, td:first-child { padding-inline-start: 0; }
      th:last-child, td:last-child { padding-inline-end: 0; }
    }
    @media (max-width: 1080px) {
      tr { box-shadow: none; border-radius: 12px; }
    }
  `];

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has("key") || changed.get("key") === undefined) return;
    this.busy = this.words = this.answers = this.purged = undefined;
    this.problems = {};
  }

  override render() {
    const { proxies, key } = this;
    const resource = proxies.get(HOST, key);
    if (!resource) {
      return proxies.loaded ? html`<p class="card empty">${t("no_such_resource")}</p>` : html`<p class="empty" role="status">${t("loading")}</p>`;
    }
    const { status } = resource;
    return html`<nav class="crumbs" aria-label=${t("path")}><a href="/proxies">${t("proxy_hosts")}</a>${icon("open", 14)}<span><bdi>${resource.title}</bdi></span></nav>
      <div class="top"><h2><bdi>${resource.title}</bdi></h2><span class="marks">${phaseBadge(resource.deleting ? "deleting" : status.phase)}</span>
        <div class="push actions">${mayResource("apply", proxies.type(HOST)) ? html`<a class="button" href="/proxies/deploy?resource=${HOST}/${key}">${icon("update", 18)}${t("proxy_deploy")}</a>` : nothing}
          <a class="button" href=${addressOf(HOST, key)}>${icon("gear", 18)}${t("configuration")}</a></div></div>
      ${status.phase === "failed" && status.message ? html`<div class="note bad">${icon("alert", 20)}<div><bdi dir="auto">${status.message}</bdi></div></div>` : nothing}
      <div class="sections">${this.#maintenance(resource)}${this.#upstreams(resource)}${resource.spec.caching_enabled === true ? this.#cache(resource) : nothing}</div>`;
  }

  #maintenance(resource: Resource) {
    const on = maintained(resource.spec);
    const saved = String((resource.spec.maintenance as { message?: unknown } | null | undefined)?.message ?? "");
    const words = this.words ?? saved;
    const why = resource.source === "file" ? t("from_file_hint") : denial("write", this.proxies.type(HOST));
    const off = why !== "" || resource.deleting || this.busy !== undefined;
    const set = (enabled: boolean) => () => void this.#do("maintenance", () => this.#keep(enabled, words, saved));
    return html`<section class="card" aria-labelledby="maintenance"><h3 id="maintenance">${t("proxy_maintenance")}${on ? badge(t("proxy_maintenance_on"), "warn", "wrench") : nothing}</h3>
      <p class="lead">${t("proxy_maintenance_lead")}</p>
      <label for="words">${t("proxy_maintenance_words")}</label><textarea id="words" rows="3" dir="auto" maxlength="2000" ?disabled=${off} .value=${words} @input=${(event: Event) => (this.words = (event.target as HTMLTextAreaElement).value)}></textarea>
      <div class="ends"><button type="button" class="${on ? "" : "primary"} with" ?disabled=${off} @click=${set(!on)}>${icon(on ? "play" : "wrench", 18)}${t(on ? "proxy_maintenance_end" : "proxy_maintenance_begin")}</button>
        ${on && words !== saved ? html`<button type="button" class="primary" ?disabled=${off} @click=${set(true)}>${t("proxy_maintenance_change")}</button>` : nothing}</div>
      ${this.#end("maintenance", why)}</section>`;
  }

  #upstreams(resource: Resource) {
    const why = denial("apply", this.proxies.type(HOST));
    const test = () => this.#do("test", async () => {
      this.answers = undefined;
      this.answers = (await call<{ servers: Told<Answer[]> }>("test_upstream", { host: this.key })).servers;
    });
    return html`<section class="card" aria-labelledby="upstreams"><h3 id="upstreams">${t("proxy_upstream")}</h3>
      <p class="lead">${t("proxy_test_lead")}</p>
      <button type="button" class="with" ?disabled=${why !== "" || resource.deleting || this.busy !== undefined} @click=${() => void test()}>${icon("search", 18)}${t(this.busy === "test" ? "proxy_tests" : "proxy_test")}</button>
      ${this.#end("test", why)}${this.answers ? this.#table(this.answers) : nothing}</section>`;
  }

  #table(answers: Told<Answer[]>) {
    const none = html`<span class="none">–</span>`;
    const head = [t("proxy_server"), t("proxy_upstream"), t("status"), t("proxy_time"), t("proxy_error")];
    const cell = (index: number, body: unknown) => html`<td role="cell" class=${body === none ? "empty-cell" : ""} data-label=${head[index]!}><div class="cell">${body}</div></td>`;
    const line = (key: string, answer?: Answer, error?: string | null) => html`<tr role="row">${cell(0, html`<bdi>${this.proxies.serverName(key)}</bdi>`)}
      ${cell(1, answer ? html`<bdi dir="ltr" class="mono">${answer.upstream}</bdi>` : none)}
      ${cell(2, html`<span class="marks">${answer?.ok ? badge(t("proxy_healthy"), "good", "check") : badge(t("proxy_failing"), "bad", "cross")}${answer?.status == null ? nothing : html`<span class="figure">${answer.status}</span>`}</span>`)}
      ${cell(3, answer?.milliseconds == null ? none : html`<span class="figure">${duration(answer.milliseconds / 1000)}</span>`)}
      ${cell(4, error ? html`<bdi dir="auto">${error}</bdi>` : none)}</tr>`;
    return html`<table role="table" aria-label=${t("proxy_test")}><thead role="rowgroup"><tr role="row">${head.map((each) => html`<th role="columnheader" scope="col">${each}</th>`)}</tr></thead>
      <tbody role="rowgroup">${Object.entries(answers).map(([key, told]) => Array.isArray(told) ? told.map((each) => line(key, each, each.error)) : line(key, undefined, told.error))}</tbody></table>
      <p class="visually-hidden" role="status">${t("proxy_tested", { count: Object.values(answers).flat().length })}</p>`;
  }

  #cache(resource: Resource) {
    const why = denial("apply", this.proxies.type(HOST));
    const purge = async () => {
      const sure = await ask({ heading: t("proxy_purge"), text: t("proxy_purge_sure", { name: resource.title }), yes: t("proxy_purge"), danger: true });
      if (!sure) return;
      await this.#do("purge", async () => {
        this.purged = undefined;
        this.purged = (await call<{ servers: Told<number> }>("purge_cache", { host: this.key })).servers;
      });
    };
    return html`<section class="card" aria-labelledby="cache"><h3 id="cache">${t("proxy_cache")}</h3><p class="lead">${t("proxy_cache_lead")}</p>
      <button type="button" class="danger with" ?disabled=${why !== "" || resource.deleting || this.busy !== undefined} @click=${() => void purge()}>${icon("trash", 18)}${t("proxy_purge")}</button>
      ${this.#end("purge", why)}
      ${this.purged ? html`<ul role="status">${Object.entries(this.purged).map(([key, told]) => html`<li><bdi>${this.proxies.serverName(key)}</bdi>: ${typeof told === "number" ? t("proxy_purged", { count: told }) : html`<bdi dir="auto" class="error">${told.error}</bdi>`}</li>`)}</ul>` : nothing}</section>`;
  }

  #end(deed: Deed, why: string) {
    const problem = this.problems[deed];
    return html`${problem ? html`<p class="error" role="alert"><bdi dir="auto">${problem}</bdi></p>` : nothing}${why ? html`<p class="muted small">${why}</p>` : nothing}`;
  }

  async #keep(enabled: boolean, words: string, saved: string): Promise<void> {
    await call("set_maintenance", { host: this.key, enabled, ...(words === saved ? {} : { message: words }) });
    this.words = undefined;
  }

  /** Do one thing at a time; what goes wrong is said where it was ordered, unless another host is shown by then. */
  async #do(deed: Deed, work: () => Promise<void>): Promise<void> {
    const { key } = this;
    this.busy = deed;
    this.problems = { ...this.problems, [deed]: "" };
    try {
      await work();
    } catch (error) {
      if (key === this.key) this.problems = { ...this.problems, [deed]: failureText(error) };
    } finally {
      if (key === this.key) this.busy = undefined;
    }
  }
}
