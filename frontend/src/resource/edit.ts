/** Writing a resource: the form, the review of what comes of it, and what to do when somebody was faster. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { ask } from "../components/ask";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { asLinkError, type LinkError } from "../data/link";
import { addressOf, idOf, type Name, type Resource, type ResourceType, type Revision, type Spec, type Status } from "../data/resources";
import "../form/spec-form";
import type { SpecForm } from "../form/spec-form";
import { hub } from "../hub";
import { t } from "../i18n";
import { go, guarded } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";
import "./merge";
import "./review";
import type { Order } from "./review";

/** What the hub accepts as a key. */
const KEY = /^[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?$/;

@customElement("hub-resource-edit")
export class ResourceEdit extends LitElement {
  @property({ attribute: false }) type!: ResourceType;
  /** What is written anew; undefined = a resource that does not exist yet. */
  @property({ attribute: false }) resource: Resource | undefined;
  /** What a new one begins with. */
  @property({ attribute: false }) preset: Spec = {};
  @state() private stage: "form" | "review" | "merge" = "form";
  /** What the form began with, and the revision that was. */
  @state() private began: { spec: Spec; revision: number } = { spec: {}, revision: 0 };
  /** What the form shows at first: what it began with, or both changes put together. */
  @state() private shown: Spec = {};
  @state() private newer: Resource | undefined;
  @state() private who = "";
  @state() private problem = "";
  @state() private keyProblem = "";
  @state() private order: Order | undefined;
  @state() private dirty = false;
  @query("hub-spec-form") private form!: SpecForm | null;
  #key = "";
  #was: Status | undefined;
  #unguard: (() => void) | undefined;

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#guard(false);
  }

  static override styles = [base, buttons, card, fields, lists, css`
    :host { display: block; }
    .ends { position: sticky; inset-block-end: 0; z-index: 2; display: flex; gap: 10px; flex-wrap: wrap; align-items: center; margin-block-start: 24px; margin-inline: -20px; margin-block-end: -20px;
      padding: 14px; padding-inline: 20px; background: color-mix(in srgb, var(--surface) 94%, transparent); border-block-start: 1px solid var(--line);
      border-end-start-radius: var(--radius); border-end-end-radius: var(--radius); }
    .ends .muted { margin-inline-start: auto; font-size: 0.875rem; }
    .key { max-inline-size: 480px; }
    .key .hint { color: var(--muted); font-size: 0.8125rem; margin-block-start: 4px; }
    @media (max-width: 720px) { .ends { inset-block-end: calc(68px + env(safe-area-inset-bottom)); } }
    @media (max-width: 560px) { .ends { margin-inline: -16px; margin-block-end: -16px; padding-inline: 16px; } }
  `];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!this.hasUpdated && !this.resource) this.began = { spec: (this.shown = this.preset), revision: 0 };
    if (!changed.has("resource") || !this.resource) return;
    const { spec, revision } = this.resource;
    const first = this.began.revision === 0;
    if (revision === this.began.revision) return;
    if (!first && this.stage === "form" && this.dirty) this.newer = this.resource;
    else if (this.stage === "form") this.#begin(spec, revision);
  }

  override render() {
    return html`${this.stage === "review" && this.order ? this.#review(this.order) : nothing}
      ${this.stage === "merge" && this.newer ? html`<hub-merge .base=${this.began.spec} .mine=${this.form?.typed ?? this.shown} .theirs=${this.newer.spec}
        .revision=${this.newer.revision} .who=${this.who} @merged=${this.#merged} @reload=${this.#reload}></hub-merge>` : nothing}
      <section class="card" ?hidden=${this.stage !== "form"} aria-label=${t("configuration")}>
        ${this.newer && this.stage === "form" ? html`<div class="note warn" role="status">${icon("alert", 20)}<div><p>${t("changed_to", { revision: this.newer.revision })} ${t("nothing_lost")}</p>
          <button type="button" class="plain" @click=${() => this.#clash()}>${t("see_changes")}</button></div></div>` : nothing}
        ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
        <form @submit=${this.#submit} novalidate>
          ${this.resource ? nothing : this.#keyField()}
          <hub-spec-form .fields=${this.type.form} .spec=${this.shown} @changed=${this.#typed}></hub-spec-form>
          <div class="ends"><button class="primary" ?disabled=${hub().link.offline || (this.resource !== undefined && !this.dirty)}>${t("review")}</button>
            ${this.resource ? html`<button type="button" ?disabled=${!this.dirty} @click=${this.#discard}>${t("discard")}</button>` : html`<a class="button" href=${addressOf(this.type.resource_type)}>${t("back")}</a>`}
            ${this.dirty ? html`<span class="muted" role="status">${t("unsaved")}</span>` : nothing}</div>
        </form></section>`;
  }

  #keyField() {
    const take = (event: Event) => {
      this.#key = (event.target as HTMLInputElement).value.trim();
      this.keyProblem = "";
      this.#typed();
    };
    return html`<div class="field key"><label for="key">${t("key")} <span class="muted">${t("required")}</span></label>
      <input id="key" dir="ltr" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="63" @input=${take} aria-required="true"
        aria-invalid=${this.keyProblem ? "true" : nothing} aria-describedby="key-hint key-problem">
      <p class="hint" id="key-hint">${t("key_hint")}</p><p class="error" id="key-problem">${this.keyProblem}</p></div>`;
  }

  #review(order: Order) {
    const name = this.#name;
    return html`<hub-review .name=${name} .order=${order} .controlled=${this.type.has_controller} .was=${this.#was}
      heading=${t(this.resource ? "review_of" : "review_new", { name: idOf(name) })}
      @back=${this.#back} @done=${this.#done} @ordered=${this.#ordered} @refused=${this.#refused}></hub-review>`;
  }

  get #name(): Name {
    return { resource_type: this.type.resource_type, key: this.resource?.key ?? this.#key };
  }

  #begin(spec: Spec, revision: number, shown: Spec = spec): void {
    this.began = { spec, revision };
    this.shown = shown;
    this.newer = undefined;
    this.#mark(shown !== spec);
  }

  #typed(): void {
    this.#mark(this.#key !== "" || this.shown !== this.began.spec || (this.form?.dirty ?? false));
  }

  #mark(dirty: boolean): void {
    if (dirty !== this.dirty) this.#guard(dirty);
    this.dirty = dirty;
  }

  #guard(on: boolean): void {
    this.#unguard?.();
    const question = () => ask({ heading: t("leave_unsaved"), text: t("leave_unsaved_text"), yes: t("leave"), danger: true });
    this.#unguard = on ? guarded(question) : undefined;
  }

  async #submit(event: Event): Promise<void> {
    event.preventDefault();
    this.problem = "";
    if (!this.resource && !KEY.test(this.#key)) {
      this.keyProblem = t("key_hint");
      await this.updateComplete;
      this.renderRoot.querySelector<HTMLInputElement>("#key")?.focus();
      return;
    }
    const spec = await this.form?.check();
    if (!spec) return;
    this.#was = this.resource?.status;
    this.order = { do: "put", spec, if_revision: this.began.revision };
    this.stage = "review";
  }

  async #back(): Promise<void> {
    this.stage = "form";
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(".ends .primary")?.focus();
  }

  #ordered(): void {
    this.#mark(false);
  }

  #done(): void {
    const { resource_type, key } = this.#name;
    if (!this.resource) return go(addressOf(resource_type, key), true);
    this.#begin(this.resource.spec, this.resource.revision);
    this.stage = "form";
  }

  /** Deal with what a person can mend: wrong fields, a key that is taken, somebody who was faster. */
  #refused(event: CustomEvent<LinkError>): void {
    const { code, details } = event.detail;
    const problems = details.problems as { path: string; message: string }[] | undefined;
    if (code === "invalid_spec" && Array.isArray(problems)) {
      event.preventDefault();
      this.stage = "form";
      void this.updateComplete.then(() => this.form?.refuse(problems));
    } else if (code === "conflict") {
      event.preventDefault();
      if (this.resource) void this.#clash();
      else void this.#taken();
    }
  }

  async #taken(): Promise<void> {
    this.stage = "form";
    this.keyProblem = t("key_taken");
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>("#key")?.focus();
  }

  /** Fetch what is stored now and who wrote it, and show both sides. */
  async #clash(): Promise<void> {
    try {
      const [now, history] = await Promise.all([
        hub().link.ask<Resource>({ type: "resource/get", ...this.#name }),
        hub().link.ask<Revision[]>({ type: "resource/history", ...this.#name }).catch(() => []),
      ]);
      this.newer = now;
      this.who = history.find((each) => each.revision === now.revision)?.user_name ?? "";
      this.stage = "merge";
    } catch (error) {
      this.stage = "form";
      this.problem = failureText(asLinkError(error));
    }
  }

  #merged(event: CustomEvent<Spec>): void {
    const { spec, revision } = this.newer!;
    this.#begin(spec, revision, event.detail);
    this.stage = "form";
  }

  #reload(): void {
    this.#begin(this.newer!.spec, this.newer!.revision);
    this.stage = "form";
  }

  async #discard(): Promise<void> {
    if (!(await ask({ heading: t("discard_sure"), yes: t("discard"), danger: true }))) return;
    const latest = this.resource;
    if (latest) this.#begin({ ...latest.spec }, latest.revision);
  }
}
