/** From wish to release: what would change on each server, the order, the log as it runs, and how it ended. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { badgeStyles, phaseBadge } from "../components/badge";
import { failureText } from "../components/failure";
import { addressOf, type Status } from "../data/resources";
import { denial, mayResource } from "../data/rights";
import { t } from "../i18n";
import "../resource/following";
import { go, here } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import "./rehearsal";
import type { Verdict } from "./rehearsal";
import { isBehind, type Row } from "./rows";
import type { Proxies } from "./source";
import { call } from "./status";

/** Resources that are rehearsed without being asked for; each rehearsal keeps a server busy. */
const AT_ONCE = 5;

@customElement("hub-proxy-deploy")
export class ProxyDeploy extends LitElement {
  @property({ attribute: false }) proxies!: Proxies;
  @property({ type: Number }) turn = 0;
  /** What is deployed; chosen once, so that the list does not melt away while it is done. */
  @state() private chosen: string[] | undefined;
  @state() private verdicts: ReadonlyMap<string, Verdict> = new Map();
  @state() private opened: ReadonlySet<string> = new Set();
  @state() private jobs: Record<string, string | null> | undefined;
  @state() private problem = "";
  @state() private busy = false;
  #was = new Map<string, Status>();

  static override styles = [base, buttons, card, fields, badgeStyles, lists, css`
    :host { display: block; max-inline-size: 960px; margin-inline: auto; }
    .one { margin-block-end: 16px; }
    .one h2 { display: flex; align-items: center; gap: 8px 12px; flex-wrap: wrap; margin-block-end: 14px; overflow-wrap: anywhere; outline: none; }
    .one h2 a { color: inherit; text-decoration: none; }
    .one h2 a:hover { text-decoration: underline; }
    h3 { margin-block: 18px 10px; }
    .ends { display: flex; gap: 10px; flex-wrap: wrap; align-items: center; margin-block-start: 8px; }
    .pick { display: flex; gap: 10px; flex-wrap: wrap; align-items: end; justify-content: center; margin-block-start: 14px; text-align: start; }
    .pick > div { flex: 0 1 320px; }
    .error { margin-block-start: 12px; }
  `];

  override render() {
    const { proxies } = this;
    if (!proxies.loaded) return html`<p class="empty" role="status">${t("loading")}</p>`;
    const rows = this.#rows();
    return html`<p class="lead">${t("proxy_deploy_lead")}</p>
      ${rows.length ? repeat(rows, (row) => row.id, (row) => this.#one(row)) : this.#none()}
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
      ${rows.length ? this.#ends(rows) : nothing}`;
  }

  #rows(): Row[] {
    const all = this.proxies.rows;
    const asked = here().searchParams.getAll("resource");
    this.chosen ??= asked.length ? asked : all.filter(isBehind).map(({ id }) => id);
    return this.chosen.flatMap((id) => all.find((row) => row.id === id) ?? []);
  }

  #none() {
    const all = this.proxies.rows;
    const choose = (event: Event) => {
      const id = (event.target as HTMLSelectElement).value;
      if (!id) return;
      this.chosen = [id];
      go(`/proxies/deploy?resource=${id}`, true);
    };
    return html`<div class="card empty"><p>${t(all.length ? "proxy_all_deployed" : "proxy_no_host")}</p>
      ${all.length ? html`<div class="pick"><div><label for="pick">${t("proxy_pick")}</label><select id="pick" @change=${choose}><option value="">–</option>${all.map(({ id, resource }) => html`<option value=${id}>${resource.title}</option>`)}</select></div></div>` : nothing}</div>`;
  }

  #one(row: Row) {
    const { id, resource } = row;
    const name = { resource_type: resource.resource_type, key: resource.key };
    const job = this.jobs?.[id];
    const shown = this.jobs !== undefined || (this.chosen?.length ?? 0) <= AT_ONCE || this.opened.has(id);
    const open = () => (this.opened = new Set(this.opened).add(id));
    return html`<section class="card one" aria-labelledby="of-${resource.key}"><h2 id="of-${resource.key}" tabindex="-1"><a href=${addressOf(id)}><bdi>${resource.title}</bdi></a>${phaseBadge(resource.deleting ? "deleting" : resource.status.phase)}</h2>
      ${this.jobs === undefined ? (shown ? html`<hub-proxy-rehearsal .resource=${id} .nameOf=${(key: string) => this.proxies.serverName(key)} @told=${(event: CustomEvent<Verdict>) => this.#told(id, event.detail)}></hub-proxy-rehearsal>`
          : html`<button type="button" @click=${open}>${t("proxy_rehearse")}</button>`)
        : job ? html`<hub-following .name=${name} .jobId=${job} .was=${this.#was.get(id)}></hub-following>`
        : html`<p class="muted" role="status">${t(id in this.jobs ? "nothing_to_do" : "proxy_not_ordered")}</p>`}</section>`;
  }

  #ends(rows: Row[]) {
    if (this.jobs) {
      return html`<div class="ends"><a class="button primary" href="/proxies">${t("proxy_to_hosts")}</a><button type="button" @click=${this.#again}>${t("proxy_rehearse")}</button></div>`;
    }
    const why = rows.map(({ resource }) => denial("apply", this.proxies.type(resource.resource_type))).find(Boolean) ?? "";
    const refused = rows.every(({ id }) => this.#refused(id));
    return html`<div class="ends"><button type="button" class="primary" ?disabled=${this.busy || refused || why !== ""} @click=${() => void this.#deploy(rows)}>${t("proxy_deploy")}</button>
      <a class="button" href="/proxies">${t("back")}</a>
      ${why || refused ? html`<span class="muted small">${why || t("proxy_mend_first")}</span>` : nothing}</div>`;
  }

  #refused(id: string): boolean {
    const verdict = this.verdicts.get(id);
    return verdict !== undefined && verdict.bad > 0 && verdict.good === 0;
  }

  #told(id: string, verdict: Verdict): void {
    this.verdicts = new Map(this.verdicts).set(id, verdict);
  }

  #again(): void {
    this.jobs = undefined;
    this.verdicts = new Map();
  }

  async #deploy(rows: Row[]): Promise<void> {
    const wanted = rows.filter(({ id, resource }) => !this.#refused(id) && mayResource("apply", this.proxies.type(resource.resource_type)));
    this.busy = true;
    this.problem = "";
    this.#was = new Map(wanted.map(({ id, resource }) => [id, resource.status]));
    try {
      const { jobs } = await call<{ jobs: Record<string, string | null> }>("deploy", { resource: wanted.map(({ id }) => id) });
      this.jobs = jobs;
      await this.updateComplete;
      this.renderRoot.querySelector<HTMLElement>("h2")?.focus();
    } catch (error) {
      this.problem = failureText(error);
    } finally {
      this.busy = false;
    }
  }
}
