/** A change before it is made: what differs, what will be done; then the order, and what comes of it. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { diffStyles, diffView, stepsView } from "../components/diff";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { asLinkError, type LinkError } from "../data/link";
import { idOf, type Change, type Name, type Plan, type Resource, type Spec, type Status } from "../data/resources";
import { hub } from "../hub";
import { t } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";
import "./following";

/** What is to be done: write a spec, go back to a revision, or make the world match as it is. */
export type Order =
  | { do: "put"; spec: Spec; if_revision?: number }
  | { do: "rollback"; to: number; spec: Spec | null; if_revision: number }
  | { do: "apply" };

/** Types whose servers can tell beforehand what they would make of a change. */
const REHEARSED = new Set(["proxy.access_list", "proxy.dead_host", "proxy.host", "proxy.redirect", "proxy.stream"]);

@customElement("hub-review")
export class Review extends LitElement {
  @property({ attribute: false }) name!: Name;
  @property({ attribute: false }) order!: Order;
  @property() heading = "";
  /** Whether something outside follows from the spec. */
  @property({ type: Boolean }) controlled = false;
  /** The status before the change. */
  @property({ attribute: false }) was: Status | undefined;
  @state() private change: Change | undefined;
  @state() private plan: Plan | undefined;
  @state() private planProblem = "";
  @state() private problem = "";
  @state() private busy = true;
  @state() private ordered: { revision?: number; jobId: string; was: Status | undefined } | undefined;
  @state() private over = false;
  @query("h2") private head!: HTMLElement;

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#preview();
  }

  static override styles = [base, buttons, fields, card, diffStyles, lists, css`
    :host { display: block; }
    h2 { outline: none; margin-block-end: 16px; font-size: 1.25rem; }
    h3 { margin-block: 20px 4px; }
    .ends { display: flex; gap: 10px; flex-wrap: wrap; align-items: center; margin-block-start: 24px; }
    .field { margin-block: 20px 0; max-inline-size: 480px; }
    .error { margin-block-start: 12px; }
  `];

  override render() {
    return html`<section class="card" aria-labelledby="review"><h2 id="review" tabindex="-1">${this.heading}</h2>
      ${this.ordered ? this.#progress(this.ordered) : this.#question()}</section>`;
  }

  protected override firstUpdated(): void {
    this.head.focus();
    this.head.scrollIntoView({ block: "center" });
  }

  #question() {
    if (this.busy && !this.change && !this.plan) return html`<p class="muted" role="status">${t("previewing")}</p>${this.#ends(true)}`;
    const steps = this.plan?.steps ?? [];
    const nothingToDo = this.order.do === "apply" ? this.plan !== undefined && !steps.length : this.change?.action === "unchanged";
    return html`${this.change ? html`<h3>${t("what_changes")}</h3>${diffView(this.change.diff)}` : nothing}
      ${this.controlled ? html`<h3>${t("what_is_done")}</h3>${this.planProblem
        ? html`<div class="note warn">${icon("alert", 20)}<div><p>${t("no_plan")}</p><p class="small"><bdi>${this.planProblem}</bdi></p></div></div>`
        : this.plan ? (steps.length ? stepsView(steps) : html`<p class="muted">${t("nothing_to_do")}</p>`) : html`<p class="muted" role="status">${t("planning")}</p>`}` : nothing}
      ${this.controlled && !this.busy && !nothingToDo ? this.#rehearsal() : nothing}
      ${this.order.do === "put" && !nothingToDo ? html`<div class="field"><label for="note">${t("change_note")}</label><input id="note" maxlength="200" autocomplete="off" dir="auto"></div>` : nothing}
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
      ${this.#ends(nothingToDo)}`;
  }

  #rehearsal() {
    if (!REHEARSED.has(this.name.resource_type)) return nothing;
    void import("../proxy/rehearsal");
    const spec = this.order.do === "apply" ? undefined : (this.order.spec ?? undefined);
    return html`<hub-proxy-rehearsal titled .resource=${idOf(this.name)} .spec=${spec}></hub-proxy-rehearsal>`;
  }

  #ends(nothingToDo = false) {
    return html`<div class="ends">${nothingToDo ? nothing : html`<button type="button" class="primary" ?disabled=${this.busy || hub().link.offline} @click=${this.#commit}>${t(this.controlled ? "apply" : "save")}</button>`}
      <button type="button" @click=${() => this.dispatchEvent(new CustomEvent("back"))}>${t("back")}</button></div>`;
  }

  #progress({ revision, jobId, was }: NonNullable<typeof this.ordered>) {
    const done = () => this.dispatchEvent(new CustomEvent("done"));
    if (!this.controlled) {
      return html`<div class="note good" role="status">${icon("check", 20)}<div>${t("saved_as", { revision: revision ?? 0 })}</div></div>
        <div class="ends"><button type="button" class="primary" @click=${done}>${t("done")}</button></div>`;
    }
    return html`<hub-following .name=${this.name} .revision=${revision} .was=${was} .jobId=${jobId} @settled=${() => (this.over = true)}></hub-following>
      <div class="ends"><button type="button" class=${this.over ? "primary" : ""} @click=${done}>${t(this.over ? "done" : "in_background")}</button></div>`;
  }

  async #preview(): Promise<void> {
    const { link } = hub();
    const { order, name } = this;
    try {
      if (order.do !== "apply") this.change = await link.ask<Change>(this.#message(true));
    } catch (error) {
      return this.#refuse(asLinkError(error));
    }
    const spec = order.do === "apply" ? null : order.spec;
    if (this.controlled && this.change?.action !== "unchanged") {
      this.busy = order.do === "apply";
      try {
        this.plan = await link.ask<Plan>({ type: "resource/plan", ...name, ...(spec ? { spec } : {}) });
      } catch (error) {
        this.planProblem = failureText(error);
      }
    }
    this.busy = false;
  }

  /** Let whoever opened the review deal with what he can mend; show the rest here. */
  #refuse(error: LinkError): void {
    this.busy = false;
    const taken = !this.dispatchEvent(new CustomEvent("refused", { detail: error, cancelable: true }));
    if (!taken) this.problem = failureText(error);
  }

  #message(dry_run: boolean) {
    const { order, name } = this;
    const note = this.renderRoot.querySelector<HTMLInputElement>("#note")?.value.trim();
    const dry = dry_run ? { dry_run } : {};
    if (order.do === "rollback") return { type: "resource/rollback", ...name, to: order.to, if_revision: order.if_revision, ...dry };
    if (order.do === "apply") return { type: "resource/apply", ...name };
    const { spec, if_revision } = order;
    return { type: "resource/put", ...name, spec, ...(if_revision === undefined ? {} : { if_revision }), ...(note ? { note } : {}), ...dry };
  }

  async #commit(): Promise<void> {
    const { was } = this;
    this.busy = true;
    this.problem = "";
    try {
      const answer = await hub().link.ask<Partial<Change> & { job_id?: string | null; resource?: Resource }>(this.#message(false));
      this.ordered = { revision: answer.revision, jobId: answer.job_id ?? "", was };
      this.dispatchEvent(new CustomEvent("ordered", { detail: answer }));
      await this.updateComplete;
      this.head.focus();
    } catch (error) {
      this.#refuse(asLinkError(error));
    } finally {
      this.busy = false;
    }
  }
}
