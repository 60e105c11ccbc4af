/** Who did what, when and from where: filtered, paged, proved, exported. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { badge, badgeStyles, type Tone } from "../components/badge";
import { failureText } from "../components/failure";
import { icon, type IconName } from "../components/icon";
import { FILTERS, filterOf, wanted, type Filter, type Report, type Result, type Row } from "../data/audit";
import { addressOf } from "../data/resources";
import type { Person } from "../data/people";
import { written } from "../form/values";
import { hub } from "../hub";
import { moment, number, t, word } from "../i18n";
import { go, here, onNavigate } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Follow, Watch, onLink, onPrefs } from "../watch";

const PAGE = 50;
/** Below this width the filters are folded until somebody wants them. */
const WIDE = matchMedia("(min-width: 761px)");
const RESULTS: Record<Result, [Tone, IconName]> = { ok: ["good", "check"], denied: ["warn", "lock"], failed: ["bad", "cross"] };

@customElement("hub-audit")
export class Audit extends LitElement {
  @state() private rows: Row[] | undefined;
  @state() private more = false;
  @state() private people: Person[] = [];
  @state() private report: Report | undefined;
  @state() private busy = false;
  @state() private problem = "";
  @state() private wide = WIDE.matches;
  #asked = "";

  /** New rows come by themselves while nothing narrows the list. */
  readonly #follow = new Follow<{ rows: Row[] }>(this, {
    message: () => (Object.keys(this.#filter).length ? undefined : { type: "audit/subscribe" }),
    take: ({ rows }) => {
      const known = new Set(this.rows?.map((row) => row.seq));
      const fresh = rows.filter((row) => !known.has(row.seq)).reverse();
      if (this.rows) this.rows = [...fresh, ...this.rows];
    },
  });

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs, (redraw) => onNavigate(redraw), () => hub().link.onReconnect(() => void this.#load()), () => this.#width()]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void hub().link.ask<Person[]>({ type: "config/auth/list" }).then((people) => (this.people = people), () => undefined);
  }

  static override styles = [base, buttons, card, fields, badgeStyles, lists, css`
    :host { display: block; }
    .filter { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 200px), 1fr)); align-items: end; margin-block-end: 16px; }
    .filter .field { margin: 0; }
    .narrow summary { cursor: pointer; font-size: 0.9375rem; font-weight: 560; min-block-size: 40px; padding-block: 8px; color: var(--accent); }
    @media (min-width: 761px) { .narrow summary { display: none; } }
    .bar { display: flex; gap: 10px; flex-wrap: wrap; margin-block-end: 16px; }
    .list { padding: 0; overflow: clip; }
    table { border-collapse: collapse; inline-size: 100%; font-size: 0.9375rem; }
    th { text-align: start; font-size: 0.8125rem; font-weight: 560; color: var(--muted); padding-block: 12px; white-space: nowrap; }
    th, td { padding-inline: 10px; vertical-align: top; }
    td { padding-block: 11px; border-block-start: 1px solid var(--line); overflow-wrap: anywhere; }
    th:first-child, td:first-child { padding-inline-start: 20px; }
    th:last-child, td:last-child { padding-inline-end: 20px; }
    td time { white-space: nowrap; font-variant-numeric: tabular-nums; }
    td .about { color: var(--muted); font-size: 0.8125rem; margin-inline-start: 10px; }
    details summary { cursor: pointer; color: var(--muted); font-size: 0.8125rem; min-block-size: 24px; }
    details pre { margin: 4px 0 0; font-family: var(--mono); font-size: 0.75rem; white-space: pre-wrap; text-align: start; }
    .more { inline-size: 100%; margin-block-start: 12px; color: var(--accent); }
    .note ul { margin: 6px 0 0; padding-inline-start: 20px; }
    @media (max-width: 760px) {
      thead { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
      table, tbody, tr, td { display: block; }
      tr { padding: 12px; padding-inline: 16px; border-block-start: 1px solid var(--line); display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 12px; }
      tr:first-child { border-block-start: 0; }
      td, td:first-child, td:last-child { border: 0; padding: 0; }
      td.when, td.which, td.from { grid-column: 1 / -1; }
      td.who { order: -2; font-weight: 560; }
      td.how { order: -1; }
      td.when { color: var(--muted); font-size: 0.8125rem; }
    }
  `];

  get #filter(): Filter {
    return filterOf(here().searchParams);
  }

  protected override willUpdate(): void {
    const asked = JSON.stringify(this.#filter);
    if (asked === this.#asked) return;
    this.#asked = asked;
    void this.#load();
  }

  override render() {
    const problem = this.problem || (this.#follow.failure ? failureText(this.#follow.failure) : "");
    return html`<h2 class="visually-hidden">${t("audit")}</h2>
      <p class="lead">${t("audit_lead")}</p>
      <div class="bar"><button type="button" class="with" ?disabled=${this.busy || hub().link.offline} @click=${this.#verify}>${icon("shield", 18)}${t("audit_verify")}</button>
        <button type="button" class="with" ?disabled=${hub().link.offline} @click=${this.#export}>${icon("down", 18)}${t("audit_export")}</button></div>
      <div role="status">${this.report ? this.#proof(this.report) : nothing}</div>
      ${this.#filters()}
      ${problem ? html`<p class="error" role="alert">${problem}</p>` : nothing}
      ${this.rows ? this.#table(this.rows) : problem ? nothing : html`<p class="muted" role="status">${t("loading")}</p>`}`;
  }

  #filters() {
    const filter = this.#filter;
    const pick = (name: (typeof FILTERS)[number]) => (event: Event) => this.#narrow(name, (event.target as HTMLInputElement).value);
    const option = (value: string, text: string, chosen: string | undefined) => html`<option value=${value} ?selected=${value === (chosen ?? "")} .selected=${value === (chosen ?? "")}>${text}</option>`;
    const text = (name: "action" | "target", label: string) => html`<div class="field"><label for=${name}>${label}</label>
      <input id=${name} type="search" dir="auto" autocomplete="off" spellcheck="false" autocapitalize="none" placeholder=${t("audit_any")} .value=${filter[name] ?? ""} @change=${pick(name)}></div>`;
    const time = (name: "since" | "until", label: string) => html`<div class="field"><label for=${name}>${label}</label>
      <input id=${name} type="datetime-local" .value=${filter[name] ?? ""} @change=${pick(name)}></div>`;
    const open = this.wide || Object.keys(filter).length > 0;
    return html`<details class="narrow" ?open=${open}><summary>${t("audit_filter")}</summary><form class="filter" role="search" aria-label=${t("audit_filter")} @submit=${(event: Event) => event.preventDefault()}>
      <div class="field"><label for="user_id">${t("who")}</label><select id="user_id" @change=${pick("user_id")}>${option("", t("audit_anybody"), filter.user_id)}
        ${this.people.map((each) => option(each.id, each.name, filter.user_id))}</select></div>
      ${text("action", t("action_done"))}${text("target", t("target"))}
      <div class="field"><label for="result">${t("outcome")}</label><select id="result" @change=${pick("result")}>${option("", t("audit_all"), filter.result)}
        ${(["ok", "denied", "failed"] as const).map((each) => option(each, word("result", each), filter.result))}</select></div>
      ${time("since", t("since"))}${time("until", t("until"))}
      ${Object.keys(filter).length ? html`<button type="button" @click=${() => go(here().pathname)}>${t("clear_filter")}</button>` : nothing}</form></details>`;
  }

  #table(rows: readonly Row[]) {
    if (!rows.length) return html`<p class="empty card">${t("nothing_found")}</p>`;
    return html`<div class="card list"><table>
        <thead><tr><th scope="col">${t("time")}</th><th scope="col">${t("who")}</th><th scope="col">${t("action_done")}</th><th scope="col">${t("outcome")}</th><th scope="col">${t("from_where")}</th></tr></thead>
        <tbody>${repeat(rows, (row) => row.seq, (row) => this.#row(row))}</tbody></table></div>
      ${this.more ? html`<button type="button" class="plain more" ?disabled=${this.busy} @click=${() => this.#load(rows.at(-1)?.seq)}>${t("older")}</button>` : nothing}`;
  }

  #row(row: Row) {
    const [tone, name] = RESULTS[row.result] ?? ["calm", "question"];
    const link = /^[a-z0-9_]+\.[a-z0-9_]+\/[a-z0-9_.-]+$/.test(row.target) && row.action.startsWith("resource.");
    const details = Object.keys(row.data).length ? html`<details><summary>${t("details")}</summary><pre dir="ltr">${written(row.data)}</pre></details>` : nothing;
    return html`<tr><td class="when"><time datetime=${new Date(row.at * 1000).toISOString()}>${moment(row.at)}</time></td>
      <td class="who"><bdi>${row.user_name ?? (row.user_id ? row.user_id : t("the_hub"))}</bdi></td>
      <td class="which"><bdi dir="ltr" class="mono">${row.action}</bdi><span class="about">${link ? html`<a href=${addressOf(row.target)}><bdi dir="ltr">${row.target}</bdi></a>` : html`<bdi dir="ltr">${row.target}</bdi>`}</span>${details}</td>
      <td class="how">${badge(word("result", row.result), tone, name)}</td>
      <td class="from"><bdi dir="ltr" class="mono">${row.address ?? ""}</bdi></td></tr>`;
  }

  #proof(report: Report) {
    if (report.ok) return html`<div class="note good">${icon("check", 20)}<div>${t("audit_ok", { count: report.rows })}</div></div>`;
    return html`<div class="note bad">${icon("alert", 20)}<div><p>${t("audit_broken", { count: report.problem_count })}</p>
      <ul>${report.problems.map((each) => html`<li>${t("audit_row", { seq: number(each.seq) })}: <bdi dir="auto">${each.message}</bdi></li>`)}</ul></div></div>`;
  }

  #width(): () => void {
    const changed = () => (this.wide = WIDE.matches);
    WIDE.addEventListener("change", changed);
    return () => WIDE.removeEventListener("change", changed);
  }

  #narrow(name: string, value: string): void {
    const url = here();
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
    go(url, true);
  }

  async #load(before?: number): Promise<void> {
    const asked = this.#asked;
    this.busy = true;
    this.problem = "";
    try {
      const rows = await hub().link.ask<Row[]>({ type: "audit/list", limit: PAGE, ...wanted(this.#filter), ...(before === undefined ? {} : { before }) });
      if (asked !== this.#asked) return;
      this.rows = before === undefined ? rows : [...(this.rows ?? []), ...rows];
      this.more = rows.length === PAGE;
    } catch (error) {
      this.problem = failureText(error);
    } finally {
      this.busy = false;
    }
  }

  async #verify(): Promise<void> {
    this.busy = true;
    this.report = undefined;
    await this.#try(async () => {
      this.report = await hub().link.ask<Report>({ type: "audit/verify" });
    });
    this.busy = false;
  }

  /** Fetch the whole log as a file, over a link that holds for a moment. */
  async #export(): Promise<void> {
    await this.#try(async () => {
      const { path } = await hub().link.ask<{ path: string }>({ type: "auth/sign_path", path: "/api/audit/export" });
      const link = Object.assign(document.createElement("a"), { href: path, download: "audit.jsonl" });
      link.click();
    });
  }

  async #try(action: () => Promise<unknown>): Promise<void> {
    this.problem = "";
    try {
      await action();
    } catch (error) {
      this.problem = failureText(error);
    }
  }
}
