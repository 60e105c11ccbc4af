/** One long operation as it runs: progress bar, present step, live log, how it ended, cancel. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { addLines, ended, type Job, type JobEvent, type LogLine } from "../data/jobs";
import { hub } from "../hub";
import { clockTime, number, t } from "../i18n";
import { base, buttons } from "../styles/shared";
import { Follow, Watch, onLink, onPrefs } from "../watch";
import { badgeStyles, jobBadge } from "./badge";
import { failureText } from "./failure";
import { icon } from "./icon";

/** How far from the end of the log a reader counts as being at its end, in pixels. */
const NEAR_END = 24;

@customElement("hub-job")
export class JobView extends LitElement {
  @property() jobId = "";
  /** Hide the log until it is opened. */
  @property({ type: Boolean }) brief = false;
  @state() private job: Job | undefined;
  @state() private lines: readonly LogLine[] = [];
  @state() private problem = "";
  @state() private asked = false;
  @query(".log") private log!: HTMLElement | null;
  #atEnd = true;
  #stop: (() => void) | undefined;

  readonly #follow = new Follow<JobEvent>(this, {
    message: () => (this.jobId ? { type: "job/subscribe", job_id: this.jobId } : undefined),
    take: (event) => this.#take(event),
    reset: () => {
      this.job = undefined;
      this.lines = [];
      this.problem = "";
      this.asked = false;
      void this.#load();
    },
  });

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = hub().link.onReconnect(() => void this.#load());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  static override styles = [base, buttons, badgeStyles, css`
    :host { display: block; }
    .top { display: flex; align-items: center; gap: 12px; flex-wrap: wrap; }
    .top p { flex: 1 1 200px; min-inline-size: 0; overflow-wrap: anywhere; }
    progress { appearance: none; display: block; inline-size: 100%; block-size: 10px; margin-block: 12px; border: 0; border-radius: 5px; overflow: hidden; background: var(--sunken); }
    progress::-webkit-progress-bar { background: var(--sunken); }
    progress::-webkit-progress-value { background: var(--accent); border-radius: 5px; transition: inline-size 200ms; }
    progress::-moz-progress-bar { background: var(--accent); border-radius: 5px; }
    progress.failed::-webkit-progress-value, progress.interrupted::-webkit-progress-value { background: var(--bad); }
    progress.cancelled::-webkit-progress-value { background: var(--line-strong); }
    progress:indeterminate { background: linear-gradient(90deg, var(--sunken) 20%, var(--accent) 50%, var(--sunken) 80%) 0 0 / 200% 100%; animation: pass 1.6s linear infinite; }
    progress:indeterminate::-webkit-progress-bar { background: transparent; }
    @keyframes pass { from { background-position: 200% 0; } }
    .percent { font-variant-numeric: tabular-nums; color: var(--muted); font-size: 0.875rem; }
    .log { margin: 0; padding: 12px; padding-inline: 14px; border-radius: 12px; background: var(--sunken); max-block-size: 320px; overflow: auto; overscroll-behavior: contain;
      font-family: var(--mono); font-size: 0.8125rem; line-height: 1.55; direction: ltr; text-align: start; }
    .log div { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 12px; white-space: pre-wrap; overflow-wrap: anywhere; }
    .log time { color: var(--muted); user-select: none; }
    summary { cursor: pointer; color: var(--muted); font-size: 0.875rem; min-block-size: 32px; display: list-item; padding-block: 5px; }
    @media (prefers-reduced-motion: reduce) {
      progress:indeterminate, progress::-webkit-progress-value { animation: none; transition: none; }
    }
  `];

  override render() {
    const problem = this.problem || (this.#follow.failure ? failureText(this.#follow.failure) : "");
    const { job } = this;
    if (!job) return problem ? html`<p class="error" role="alert">${problem}</p>` : html`<p class="muted" role="status">${t("loading")}</p>`;
    const over = ended(job);
    const value = job.state === "done" ? 1 : job.progress;
    return html`<div class="top">${jobBadge(job.state)}
        <p role="status"><bdi dir="auto">${job.error?.message ?? job.message ?? ""}</bdi></p>
        ${value === null ? nothing : html`<span class="percent">${number(Math.floor(value * 100))} %</span>`}
        ${over || !job.cancellable ? nothing : html`<button type="button" ?disabled=${this.asked || hub().link.offline} @click=${this.#cancel}>${icon("close", 16)} ${t(this.asked ? "cancelling" : "cancel_job")}</button>`}
      </div>
      <progress class=${job.state} max="1" .value=${value ?? 0} aria-label=${t("progress_of", { name: job.kind })} ?hidden=${value === null && over}></progress>
      ${problem ? html`<p class="error" role="alert">${problem}</p>` : nothing}
      ${this.brief ? html`<details><summary>${t("log")}</summary>${this.#log()}</details>` : this.#log()}`;
  }

  #log() {
    if (!this.lines.length) return html`<p class="muted small">${t("log_empty")}</p>`;
    return html`<div class="log" role="region" aria-label=${t("log")} tabindex="0" @scroll=${this.#scrolled}>${this.lines.map(
      ({ at, line }) => html`<div><time>${clockTime(at)}</time><span dir="auto">${line}</span></div>`,
    )}</div>`;
  }

  protected override updated(): void {
    const bar = this.renderRoot.querySelector("progress");
    // A bar without a value is an unknown progress; Lit can not take a property away.
    if (bar && this.job && !ended(this.job) && this.job.progress === null) bar.removeAttribute("value");
    if (this.log && this.#atEnd) this.log.scrollTop = this.log.scrollHeight;
  }

  #scrolled(): void {
    const { log } = this;
    if (log) this.#atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - NEAR_END;
  }

  #take(event: JobEvent): void {
    if (event.job) {
      this.job = event.job;
      this.dispatchEvent(new CustomEvent("job", { detail: event.job }));
    }
    if (event.lines) this.lines = addLines(this.lines, event.lines);
    if (event.missed) void this.#load();
  }

  /** Read what the log holds already; the job itself comes with the subscription, and only from
   * there: an answer that was on its way would show an older state over a newer one. */
  async #load(): Promise<void> {
    const job_id = this.jobId;
    if (!job_id) return;
    try {
      const after = this.lines.at(-1)?.seq ?? 0;
      const lines = await hub().link.ask<LogLine[]>({ type: "job/log", job_id, after });
      if (job_id === this.jobId) this.#take({ lines });
    } catch (error) {
      if (job_id === this.jobId && !this.job) this.problem = failureText(error);
    }
  }

  async #cancel(): Promise<void> {
    this.asked = true;
    try {
      await hub().link.ask({ type: "job/cancel", job_id: this.jobId });
    } catch (error) {
      this.asked = false;
      this.problem = failureText(error);
    }
  }
}
