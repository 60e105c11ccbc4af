/** Writing an automation as text: checked by the hub while one types, reviewed before it is saved. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { ask } from "../components/ask";
import "../components/code";
import type { Code } from "../components/code";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { asLinkError, type LinkError } from "../data/link";
import type { Name, Resource, ResourceType, Revision, Spec } from "../data/resources";
import { same } from "../form/values";
import { hub } from "../hub";
import { t } from "../i18n";
import "../resource/merge";
import "../resource/review";
import type { Order } from "../resource/review";
import { guarded } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";
import type { Mistake, Reading } from "./text";

/** Quiet before the hub is asked to check, in milliseconds. */
const QUIET_MS = 600;

@customElement("hub-automation-editor")
export class AutomationEditor extends LitElement {
  @property({ attribute: false }) type!: ResourceType;
  @property({ attribute: false }) name!: Name;
  /** What is written anew; undefined = one that does not exist yet. */
  @property({ attribute: false }) resource: Resource | undefined;
  /** What a new one begins with. */
  @property({ attribute: false }) draft: Spec = {};
  @state() private text = "";
  @state() private mistakes: Mistake[] = [];
  @state() private checked: "" | "busy" | "good" = "";
  @state() private order: Order | undefined;
  @state() private newer: Resource | undefined;
  @state() private who = "";
  @state() private merging = false;
  @state() private problem = "";
  @query("hub-code") private code!: Code;
  #yaml: typeof import("./text") | undefined;
  #began: { spec: Spec; revision: number; text: string } | undefined;
  #reading: Reading | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unguard: (() => void) | undefined;

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void import("./text").then((found) => {
      this.#yaml = found;
      this.#begin();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.#unguard?.();
  }

  static override styles = [base, buttons, card, fields, lists, css`
    :host { display: block; }
    .ends { display: flex; gap: 10px; flex-wrap: wrap; align-items: center; margin-block-start: 14px; }
    .ends .muted { margin-inline-start: auto; font-size: 0.875rem; }
    .mistakes { border: 1px solid var(--bad); background: var(--bad-tint); color: var(--bad); border-radius: 14px; padding: 12px; padding-inline: 16px; margin-block-start: 12px; font-size: 0.9375rem; }
    .mistakes ul { margin: 6px 0 0; padding: 0; list-style: none; display: grid; gap: 4px; }
    .mistakes button { font: inherit; color: inherit; background: none; border: 0; padding: 2px; min-block-size: 28px; text-align: start; cursor: pointer; text-decoration: underline; text-underline-offset: 3px; overflow-wrap: anywhere; }
    .well { display: inline-flex; gap: 6px; align-items: center; color: var(--good); font-size: 0.875rem; }
    .lead { margin-block-end: 12px; font-size: 0.875rem; }
    hub-review, hub-merge { display: block; }
  `];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("resource") || !this.#yaml) return;
    const revision = this.resource?.revision ?? 0;
    if (!this.#began || revision === this.#began.revision) return;
    if (this.dirty || this.order) this.newer = this.resource;
    else this.#begin();
  }

  /** True when the text differs from what it began with. */
  get dirty(): boolean {
    return this.#began !== undefined && this.text !== this.#began.text;
  }

  /** What the text says now; undefined while it has mistakes of writing. */
  get spec(): Spec | undefined {
    return this.#reading?.spec;
  }

  override render() {
    if (this.order) return this.#review(this.order);
    if (this.merging && this.newer && this.#began) {
      return html`<hub-merge .base=${this.#began.spec} .mine=${this.spec ?? this.#began.spec} .theirs=${this.newer.spec} .revision=${this.newer.revision} .who=${this.who}
        @merged=${(event: CustomEvent<Spec>) => this.#take(event.detail)} @reload=${() => this.#take(this.newer!.spec)}></hub-merge>`;
    }
    const { dirty } = this;
    return html`<section class="card" aria-label=${t("editor")}><p class="lead">${t("editor_lead")}</p>
      ${this.newer ? html`<div class="note warn" role="status">${icon("alert", 20)}<div><p>${t("editor_newer", { revision: this.newer.revision })} ${t("nothing_lost")}</p>
        <button type="button" class="plain" @click=${() => this.#clash()}>${t("see_changes")}</button></div></div>` : nothing}
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
      <hub-code .value=${this.text} .label=${t("editor")} .marked=${this.mistakes.map((each) => each.line)} @typed=${this.#typed}></hub-code>
      <div role="status">${this.mistakes.length ? this.#wrong() : nothing}</div>
      <div class="ends"><button type="button" class="primary" ?disabled=${hub().link.offline || !this.#yaml || (this.resource !== undefined && !dirty)} @click=${this.#submit}>${t("review")}</button>
        ${this.resource ? html`<button type="button" ?disabled=${!dirty} @click=${this.#discard}>${t("discard")}</button>` : nothing}
        ${this.mistakes.length ? nothing : this.checked === "good" ? html`<span class="well" role="status">${icon("check", 18)}${t("editor_valid")}</span>` : this.checked === "busy" ? html`<span class="small muted">${t("editor_checking")}</span>` : nothing}
        ${dirty ? html`<span class="muted">${t("unsaved")}</span>` : nothing}</div></section>`;
  }

  #wrong() {
    return html`<div class="mistakes"><strong>${t("editor_mistakes", { count: this.mistakes.length })}</strong>
      <ul>${this.mistakes.map((each) => html`<li>${each.line ? html`<button type="button" @click=${() => this.code.show(each.line)}>${t("editor_line", { line: each.line })}: <bdi dir="auto">${each.message}</bdi></button>` : html`<bdi dir="auto">${each.message}</bdi>`}</li>`)}</ul></div>`;
  }

  #review(order: Order) {
    return html`<hub-review .name=${this.name} .order=${order} .controlled=${this.type.has_controller} .was=${this.resource?.status}
      heading=${t(this.resource ? "review_of" : "review_new", { name: this.resource?.title ?? this.name.key })}
      @back=${() => (this.order = undefined)} @ordered=${() => this.#guard(false)} @done=${this.#done} @refused=${this.#refused}></hub-review>`;
  }

  #begin(spec: Spec = this.resource?.spec ?? this.draft, revision = this.resource?.revision ?? 0): void {
    if (!this.#yaml) return;
    const text = this.#yaml.write(spec);
    this.#began = { spec, revision, text };
    this.newer = undefined;
    this.merging = false;
    this.#set(text);
    this.checked = "";
  }

  /** Go on from what somebody else saved, with the text of both. */
  #take(spec: Spec): void {
    const { newer } = this;
    if (!newer || !this.#yaml) return;
    this.#begin(newer.spec, newer.revision);
    if (!same(spec, newer.spec)) this.#set(this.#yaml.write(spec));
  }

  #typed(event: CustomEvent<string>): void {
    this.#set(event.detail);
    this.checked = "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), QUIET_MS);
  }

  #set(text: string): void {
    this.text = text;
    this.#reading = this.#yaml!.read(text);
    this.mistakes = this.#reading.mistakes;
    this.#guard(this.dirty);
    this.dispatchEvent(new CustomEvent("changed", { detail: { spec: this.spec, dirty: this.dirty } }));
  }

  #guard(on: boolean): void {
    if (on === (this.#unguard !== undefined)) return;
    this.#unguard?.();
    this.#unguard = on ? guarded(() => ask({ heading: t("leave_unsaved"), text: t("leave_unsaved_text"), yes: t("leave"), danger: true })) : undefined;
  }

  /** Let the hub check what is written; nothing is saved. */
  async #check(): Promise<void> {
    const { text, spec } = this;
    if (!spec || hub().link.offline) return;
    this.checked = "busy";
    try {
      await hub().link.ask({ type: "resource/put", ...this.name, spec, dry_run: true });
      if (text === this.text) this.checked = "good";
    } catch (error) {
      if (text !== this.text) return;
      this.checked = "";
      this.#place(asLinkError(error));
    }
  }

  #place(error: LinkError): void {
    const problems = error.details.problems as { path: string; message: string }[] | undefined;
    if (!Array.isArray(problems)) {
      this.mistakes = [{ line: 0, message: failureText(error) }];
      return;
    }
    this.mistakes = problems.map(({ path, message }) => ({ line: this.#reading?.lineOf(path) ?? 0, message: path ? `${path}: ${message}` : message }));
  }

  #submit(): void {
    const { spec } = this;
    this.problem = "";
    clearTimeout(this.#timer);
    if (!spec) return this.code.show(this.mistakes[0]?.line || 1);
    this.order = { do: "put", spec, if_revision: this.#began?.revision ?? 0 };
  }

  #refused(event: CustomEvent<LinkError>): void {
    const { code } = event.detail;
    if (code !== "invalid_spec" && code !== "conflict") return;
    event.preventDefault();
    this.order = undefined;
    if (code === "conflict" && this.resource) void this.#clash();
    else if (code === "conflict") this.problem = t("key_taken");
    else this.#place(event.detail);
  }

  async #clash(): Promise<void> {
    try {
      const [now, history] = await Promise.all([
        hub().link.ask<Resource>({ type: "resource/get", ...this.name }),
        hub().link.ask<Revision[]>({ type: "resource/history", ...this.name }).catch(() => []),
      ]);
      this.newer = now;
      this.who = history.find((each) => each.revision === now.revision)?.user_name ?? "";
      this.merging = true;
    } catch (error) {
      this.problem = failureText(error);
    }
  }

  #done(): void {
    this.order = undefined;
    this.dispatchEvent(new CustomEvent("saved"));
    if (this.resource) this.#begin();
  }

  async #discard(): Promise<void> {
    if (await ask({ heading: t("discard_sure"), yes: t("discard"), danger: true })) this.#begin();
  }
}
