/** What comes of a change: its job while it runs, then how it ended. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { badgeStyles, outcomeBadge, phaseBadge } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import "../components/job";
import { ended, type Job } from "../data/jobs";
import { idOf, take, type Name, type Resource, type ResourceEvent, type Status } from "../data/resources";
import { age, t, word } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card } from "../styles/shared";
import { Follow, Ticker, Watch, onPrefs } from "../watch";

@customElement("hub-following")
export class Following extends LitElement {
  @property({ attribute: false }) name!: Name;
  /** The revision that shall become live; undefined = the job alone decides. */
  @property({ type: Number }) revision: number | undefined;
  /** The status before the change: only what is newer counts. */
  @property({ attribute: false }) was: Status | undefined;
  /** The job, when the hub told it at once. */
  @property() jobId = "";
  @state() private job: Job | undefined;
  readonly #known = new Map<string, Resource>();
  #seen = false;
  #told = false;

  readonly #follow = new Follow<ResourceEvent>(this, {
    message: () => ({ type: "resource/subscribe", ...this.name }),
    take: (event) => {
      take(this.#known, event);
      this.#seen = true;
    },
    reset: () => {
      this.#known.clear();
      this.#seen = false;
    },
  });

  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
    new Ticker(this);
  }

  static override styles = [base, buttons, card, badgeStyles, lists, css`
    :host { display: block; }
    .note { margin-block: 0 16px; }
    .state { display: flex; align-items: center; gap: 12px; flex-wrap: wrap; margin-block-end: 14px; }
    .ending { display: grid; gap: 4px; }
  `];

  override render() {
    const resource = this.#known.get(idOf(this.name));
    const failure = this.#follow.failure ? failureText(this.#follow.failure) : "";
    const jobId = this.#jobOf(resource);
    return html`${failure ? html`<p class="error" role="alert">${failure}</p>` : nothing}
      <div role="status">${this.#seen ? this.#said(resource) : html`<p class="muted">${t("loading")}</p>`}</div>
      ${jobId ? html`<hub-job .jobId=${jobId} @job=${(event: CustomEvent<Job>) => (this.job = event.detail)}></hub-job>` : nothing}`;
  }

  /** True when nothing more will come of the change by itself. */
  get settled(): boolean {
    const resource = this.#known.get(idOf(this.name));
    if (!this.#seen) return false;
    if (!resource) return true;
    if (this.revision === undefined) return this.job !== undefined && ended(this.job);
    return this.#live(resource) || this.#failed(resource);
  }

  protected override updated(): void {
    if (this.#told || !this.settled) return;
    this.#told = true;
    this.dispatchEvent(new CustomEvent("settled"));
  }

  #jobOf(resource: Resource | undefined): string {
    if (this.jobId) return this.jobId;
    const found = resource?.status.job_id ?? "";
    return found === (this.was?.job_id ?? "") ? "" : found;
  }

  #live({ status }: Resource): boolean {
    return status.phase === "in_sync" && (status.observed_revision ?? 0) >= (this.revision ?? Infinity);
  }

  #failed({ status }: Resource): boolean {
    if (status.phase !== "failed") return false;
    return status.job_id !== this.was?.job_id || status.attempts !== this.was.attempts || status.message !== this.was.message;
  }

  #said(resource: Resource | undefined) {
    if (!resource) return html`<div class="note good">${icon("check", 20)}<div>${t("is_gone")}</div></div>`;
    const { status } = resource;
    if (this.revision !== undefined && this.#live(resource)) {
      return html`<div class="note good">${icon("check", 20)}<div class="ending"><p>${t("revision_live", { revision: status.observed_revision ?? 0 })}</p></div></div>`;
    }
    const over = this.revision === undefined ? this.settled : this.#failed(resource);
    if (over && status.outcome) {
      const good = status.phase !== "failed";
      return html`<div class="note ${good ? "good" : status.outcome === "half_applied" ? "bad" : "warn"}">${icon(good ? "check" : "alert", 20)}<div class="ending">
        <p>${outcomeBadge(status.outcome)}</p><p>${word("ending", status.outcome)}</p>
        ${good ? nothing : html`<p class="small"><bdi>${status.message}</bdi></p>`}
        ${status.retry_at ? html`<p class="small">${t("next_try", { age: age(status.retry_at) })}</p>` : nothing}</div></div>`;
    }
    if (this.#jobOf(resource)) return nothing;
    return html`<div class="state">${phaseBadge(resource.deleting ? "deleting" : status.phase)}<span class="muted" dir="auto">${status.message || t("waits_for_turn")}</span></div>`;
  }
}
