/** One nginx: how it is, which releases it keeps, what was changed by hand, and what to do about it. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { ask } from "../components/ask";
import { badge, badgeStyles, phaseBadge } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import "../components/job";
import { ended, type Job } from "../data/jobs";
import { addressOf, type Resource } from "../data/resources";
import { denial, mayResource } from "../data/rights";
import { hub } from "../hub";
import { number, t } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { atWork, connection, share, tables } from "./parts";
import { HIGH } from "./servers";
import { SERVER, type Proxies } from "./source";
import { call, drifted, type ServerStatus } from "./status";
import "./touched";

type Deed = "rollback" | "adopt" | "overwrite";

@customElement("hub-proxy-server")
export class ProxyServer extends LitElement {
  @property({ attribute: false }) proxies!: Proxies;
  @property({ type: Number }) turn = 0;
  @property() key = "";
  /** What was ordered here last, and how that goes on. */
  @state() private doing: { deed: Deed; release?: string } | undefined;
  @state() private jobId = "";
  @state() private problem = "";
  @state() private busy = false;
  /** Whether the server is looked at now, and why it could not be. */
  @state() private looking = false;
  @state() private blind = "";
  @state() private looks = 0;

  static override styles = [base, buttons, card, badgeStyles, lists, tables, css`
    :host { display: block; max-inline-size: 960px; margin-inline: auto; }
    .top h2 { font-size: 1.375rem; overflow-wrap: anywhere; }
    .pair { display: grid; gap: 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); align-items: start; }
    .plain-rows { list-style: none; margin: 0; padding: 0; }
    .plain-rows li { display: flex; align-items: center; gap: 6px 12px; flex-wrap: wrap; padding-block: 8px; border-block-start: 1px solid var(--line); overflow-wrap: anywhere; }
    .plain-rows li:first-child { border-block-start: 0; }
    .plain-rows li > :first-child { flex: 1 1 150px; min-inline-size: 0; }
    .plain-rows li:dir(rtl) > [dir="ltr"]:first-child { text-align: end; }
    .ends { display: flex; gap: 10px; flex-wrap: wrap; margin-block-start: 14px; }
    .error { margin-block-start: 10px; }
    .doing { margin-block-end: 20px; }
    .sections > .note { margin: 0; }
    h3 { margin-block-end: 12px; font-size: 1.0625rem; }
    .lead { margin-block-end: 10px; font-size: 0.9375rem; }
  `];

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("key") && changed.get("key") !== undefined) this.#rest();
  }

  override render() {
    const { proxies, key } = this;
    const resource = proxies.get(SERVER, key);
    if (!resource) {
      return proxies.loaded ? html`<p class="card empty">${t("no_such_resource")}</p>` : html`<p class="empty" role="status">${t("loading")}</p>`;
    }
    const told = proxies.server(key);
    const { status } = resource;
    return html`<nav class="crumbs" aria-label=${t("path")}><a href="/proxies/servers">${t("proxy_servers")}</a>${icon("open", 14)}<span><bdi>${resource.title}</bdi></span></nav>
      <div class="top"><h2><bdi>${resource.title}</bdi></h2><span class="marks">${phaseBadge(resource.deleting ? "deleting" : status.phase)}${connection(told.connected)}${atWork(told.state)}</span>
        <div class="push actions">${mayResource("apply", proxies.type(SERVER)) ? html`<button type="button" class="with" ?disabled=${this.looking || hub().link.offline} @click=${() => void this.#look()}>${icon("search", 18)}${t(this.looking ? "proxy_looks" : "proxy_look")}</button>` : nothing}
          <a class="button" href=${addressOf(SERVER, key)}>${icon("gear", 18)}${t("configuration")}</a></div></div>
      ${this.blind ? html`<p class="error" role="alert"><bdi dir="auto">${this.blind}</bdi></p>` : nothing}
      ${told.error || (status.phase === "failed" || status.phase === "unknown" ? status.message : "") ? html`<div class="note bad">${icon("alert", 20)}<div><bdi dir="auto">${told.error || status.message}</bdi></div></div>` : nothing}
      ${this.doing ? this.#progress(this.doing) : nothing}
      <div class="sections">${this.#drift(resource, told)}<div class="pair">${this.#load(told)}${this.#releases(resource, told)}</div>${this.#hosts()}</div>`;
  }

  #load(told: ServerStatus) {
    return html`<section class="card" aria-labelledby="load"><h3 id="load">${t("proxy_load")}</h3>
      ${share(t("proxy_cpu"), told.cpu, HIGH.cpu)}${share(t("proxy_memory"), told.memory, HIGH.memory)}${share(t("proxy_disk"), told.disk, HIGH.disk)}
      <dl class="facts"><dt>${t("proxy_connections")}</dt><dd>${typeof told.active_connections === "number" ? number(told.active_connections) : t("not_known")}</dd>
        <dt>nginx</dt><dd>${told.version ? html`<bdi dir="ltr">${told.version}</bdi>` : t("not_known")}</dd></dl></section>`;
  }

  #releases(resource: Resource, told: ServerStatus) {
    const kept = [...(told.releases ?? [])].reverse();
    const why = denial("apply", this.proxies.type(SERVER));
    return html`<section class="card" aria-labelledby="releases"><h3 id="releases">${t("proxy_releases")}</h3>
      ${kept.length ? html`<ul class="plain-rows">${kept.map((release) => html`<li><bdi dir="ltr" class="mono">${release}</bdi>
        ${release === told.release ? badge(t("proxy_in_force"), "good", "check")
          : html`<button type="button" class="small" title=${why || nothing} ?disabled=${why !== "" || this.#waits} aria-label=${t("proxy_back_to", { release })} @click=${() => void this.#rollback(resource, release)}>${icon("undo", 16)}${t("proxy_back")}</button>`}</li>`)}</ul>`
        : html`<p class="muted">${t("proxy_no_release")}</p>`}</section>`;
  }

  #drift({ status }: Resource, told: ServerStatus) {
    const found = drifted(told.drift);
    if (told.drift == null || !found.length) {
      return status.phase === "in_sync" && told.drift != null ? html`<div class="note good">${icon("check", 20)}<div>${t("proxy_untouched")}</div></div>` : nothing;
    }
    const why = denial("apply", this.proxies.type(SERVER));
    const adoptable = found.some(({ how, path }) => how === "modified" && path.endsWith(".conf"));
    const off = why !== "" || this.#waits;
    return html`<section class="card" aria-labelledby="drift"><h3 id="drift">${t("proxy_touched")}</h3><p class="lead">${t("proxy_drift_lead")}</p>
      <hub-proxy-touched .server=${this.key} .files=${found} .looks=${this.looks} ?shows=${mayResource("apply", this.proxies.type(SERVER))}></hub-proxy-touched>
      <div class="ends"><button type="button" class="primary with" title=${why || nothing} ?disabled=${off} @click=${() => void this.#order("overwrite")}>${icon("wrench", 18)}${t("proxy_overwrite")}</button>
        <button type="button" class="with" title=${why || nothing} ?disabled=${off || !adoptable} @click=${() => void this.#order("adopt")}>${icon("check", 18)}${t("proxy_adopt")}</button></div>
      ${why ? html`<p class="muted small">${why}</p>` : nothing}</section>`;
  }

  #hosts() {
    const rows = this.proxies.rows.filter(({ servers }) => servers.includes(this.key));
    return html`<section class="card" aria-labelledby="hosts"><h3 id="hosts">${t("proxy_hosts")}</h3>
      ${rows.length ? html`<ul class="plain-rows">${rows.map(({ id, resource, names, goes }) => html`<li><span><a class="title" href=${addressOf(id)}><bdi>${resource.title}</bdi></a><span class="sub"><bdi dir="ltr">${names.slice(0, 3).join(", ")}</bdi></span></span><bdi dir="ltr" class="mono muted">${goes.join(", ")}</bdi>${phaseBadge(resource.deleting ? "deleting" : resource.status.phase)}</li>`)}</ul>`
        : html`<p class="muted">${t("proxy_none_here")}</p>`}</section>`;
  }

  #progress({ deed, release }: NonNullable<typeof this.doing>) {
    const over = this.problem !== "" || this.jobId === "" || !this.#waits;
    const heading = deed === "rollback" ? t("proxy_back_to", { release: release ?? "" }) : t(deed === "adopt" ? "proxy_adopt" : "proxy_overwrite");
    return html`<section class="card doing" aria-labelledby="doing"><h3 id="doing" tabindex="-1">${heading}</h3>
      ${this.problem ? html`<p class="error" role="alert"><bdi dir="auto">${this.problem}</bdi></p>` : nothing}
      ${this.jobId ? html`<hub-job .jobId=${this.jobId} @job=${this.#job}></hub-job>` : !this.problem && !this.busy ? html`<p class="muted" role="status">${t("nothing_to_do")}</p>` : nothing}
      ${over && !this.busy ? html`<div class="ends"><button type="button" @click=${this.#rest}>${t("done")}</button></div>` : nothing}</section>`;
  }

  /** Whether something that was ordered here is still under way. */
  get #waits(): boolean {
    return this.busy || hub().link.offline || (this.jobId !== "" && !this.#over);
  }

  #over = false;

  #job(event: CustomEvent<Job>): void {
    const over = ended(event.detail);
    if (over && !this.#over) void this.proxies.refresh();
    this.#over = over;
    this.requestUpdate();
  }

  #rest(): void {
    this.doing = undefined;
    this.jobId = this.problem = this.blind = "";
  }

  /** Compare every file with what was deployed. */
  async #look(): Promise<void> {
    this.looking = true;
    this.blind = "";
    try {
      await hub().link.ask({ type: "resource/plan", resource_type: SERVER, key: this.key });
    } catch (error) {
      this.blind = failureText(error);
    }
    await this.proxies.refresh();
    this.looks += 1;
    this.looking = false;
  }

  async #rollback(resource: Resource, release: string): Promise<void> {
    const sure = await ask({ heading: t("proxy_back_to", { release }), text: t("proxy_back_sure", { name: resource.title }), yes: t("proxy_back") });
    if (sure) await this.#order("rollback", release);
  }

  async #order(deed: Deed, release?: string): Promise<void> {
    this.#rest();
    this.#over = false;
    this.doing = { deed, release };
    this.busy = true;
    try {
      const { job_id } = await call<{ job_id: string | null }>(deed, { server: this.key, ...(release ? { release } : {}) });
      this.jobId = job_id ?? "";
    } catch (error) {
      this.problem = failureText(error);
    } finally {
      this.busy = false;
    }
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>("#doing")?.focus();
  }
}
