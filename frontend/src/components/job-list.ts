/** Jobs, running ones first; each opens to its log. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { ended, inOrder, type Job, type JobEvent } from "../data/jobs";
import { addressOf } from "../data/resources";
import { hub } from "../hub";
import { age, moment, number, t, word } from "../i18n";
import { base, buttons, card } from "../styles/shared";
import { Follow, Ticker, Watch, onLink, onPrefs } from "../watch";
import { badgeStyles, jobBadge } from "./badge";
import { failureText } from "./failure";
import { icon } from "./icon";
import "./job";

const LIMIT = 100;

@customElement("hub-job-list")
export class JobList extends LitElement {
  /** Only the jobs of one resource: `type/key`. */
  @property() target = "";
  @state() private jobs: ReadonlyMap<string, Job> = new Map();
  @state() private open: ReadonlySet<string> = new Set();
  @state() private problem = "";
  @state() private loaded = false;

  readonly #follow = new Follow<JobEvent>(this, {
    message: () => ({ type: "job/subscribe" }),
    take: ({ job }) => job && this.#put([job]),
  });

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs, () => hub().link.onReconnect(() => void this.#load())]);
    new Ticker(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  static override styles = [base, buttons, card, badgeStyles, css`
    :host { display: block; }
    ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 12px; }
    li.card { padding: 0; overflow: clip; }
    .head { display: grid; grid-template-columns: minmax(0, 1fr) auto 24px; align-items: center; gap: 4px 14px; inline-size: 100%; text-align: start; border: 0;
      border-radius: var(--radius); padding: 14px; padding-inline: 18px; font-weight: 400; background: transparent; min-block-size: 64px; }
    .what { min-inline-size: 0; overflow-wrap: anywhere; }
    .what strong { font-weight: 600; }
    .what .about { display: block; color: var(--muted); font-size: 0.8125rem; }
    .turn { color: var(--muted); transition: rotate 120ms; }
    .turn:dir(rtl) { scale: -1 1; }
    [aria-expanded="true"] .turn { rotate: 90deg; }
    [aria-expanded="true"] .turn:dir(rtl) { rotate: -90deg; }
    progress { appearance: none; display: block; inline-size: 100%; block-size: 4px; border: 0; background: var(--sunken); }
    progress::-webkit-progress-bar { background: var(--sunken); }
    progress::-webkit-progress-value { background: var(--accent); }
    .body { padding: 16px 18px 18px; }
    .ends { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-block-start: 12px; font-size: 0.875rem; }
    .empty { text-align: center; padding-block: 48px; color: var(--muted); }
    @media (max-width: 560px) { .head { padding-inline: 14px; gap: 4px 8px; } .body { padding-inline: 14px; } }
  `];

  override render() {
    const problem = this.problem || (this.#follow.failure ? failureText(this.#follow.failure) : "");
    const jobs = inOrder(this.jobs.values());
    if (!jobs.length) {
      if (problem) return html`<p class="error" role="alert">${problem}</p>`;
      return html`<p class="empty" role="status">${t(this.loaded ? "no_jobs" : "loading")}</p>`;
    }
    return html`${problem ? html`<p class="error" role="alert">${problem}</p>` : nothing}
      <ul>${repeat(jobs, (job) => job.id, (job) => this.#job(job))}</ul>`;
  }

  #job(job: Job) {
    const open = this.open.has(job.id);
    const when = job.finished_at ?? job.created_at;
    const toggle = () => {
      const next = new Set(this.open);
      if (!next.delete(job.id)) next.add(job.id);
      this.open = next;
    };
    const percent = job.progress === null || ended(job) ? "" : ` · ${number(Math.floor(job.progress * 100))} %`;
    return html`<li class="card"><button type="button" class="head" aria-expanded=${open} @click=${toggle}>
        <span class="what"><strong>${word("deed", job.kind)}</strong> <bdi dir="ltr" class="mono">${job.target}</bdi>
          <span class="about"><time datetime=${new Date(when * 1000).toISOString()} title=${moment(when)}>${age(when)}</time>${percent}${job.message && !ended(job) ? html` · <bdi dir="auto">${job.message}</bdi>` : nothing}</span></span>
        ${jobBadge(job.state)}<span class="turn">${icon("open", 20)}</span></button>
      ${ended(job) ? nothing : html`<progress max="1" .value=${job.progress ?? 0} aria-label=${t("progress_of", { name: job.target })}></progress>`}
      ${open ? html`<div class="body"><hub-job .jobId=${job.id}></hub-job>${this.#ends(job)}</div>` : nothing}</li>`;
  }

  #ends(job: Job) {
    const link = job.target.includes("/") && !this.target;
    const result = job.result === null || job.result === undefined ? "" : typeof job.result === "string" ? job.result : JSON.stringify(job.result);
    return html`<p class="ends">${link ? html`<a href=${addressOf(job.target)}>${t("to_resource")}</a>` : nothing}
      ${result && result !== "{}" ? html`<span class="muted">${t("job_result")}: <bdi dir="auto" class="mono">${result}</bdi></span>` : nothing}</p>`;
  }

  #put(jobs: readonly Job[]): void {
    const next = new Map(this.jobs);
    for (const job of jobs) if (!this.target || job.target === this.target) next.set(job.id, job);
    this.jobs = next;
  }

  async #load(): Promise<void> {
    try {
      const jobs = await hub().link.ask<Job[]>({ type: "job/list", limit: LIMIT, ...(this.target ? { target: this.target } : {}) });
      this.problem = "";
      this.#put(jobs);
    } catch (error) {
      this.problem = failureText(error);
    } finally {
      this.loaded = true;
    }
  }
}
