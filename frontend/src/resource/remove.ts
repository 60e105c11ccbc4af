/** Taking a resource out of the world: what uses it, what goes with it, and a typed confirmation. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { asLinkError } from "../data/link";
import { addressOf, idOf, type Change, type Name, type Resource, type ResourceType, type Status } from "../data/resources";
import { hub } from "../hub";
import { t } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";
import "./following";

@customElement("hub-resource-remove")
export class ResourceRemove extends LitElement {
  @property({ attribute: false }) resource!: Resource;
  @property({ attribute: false }) type!: ResourceType;
  @state() private users: string[] = [];
  @state() private cascade = false;
  @state() private force = false;
  @state() private gone: Change[] | undefined;
  @state() private problem = "";
  @state() private typed = "";
  @state() private busy = false;
  @state() private ordered = false;
  @query("h2") private head!: HTMLElement;
  #was: Status | undefined;
  #name!: Name;

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.users = this.resource.used_by;
    const { resource_type, key, status } = this.resource;
    this.#name = { resource_type, key };
    this.#was = status;
    void this.#preview();
  }

  static override styles = [base, buttons, card, fields, lists, css`
    :host { display: block; }
    h2 { outline: none; font-size: 1.25rem; margin-block-end: 12px; overflow-wrap: anywhere; }
    ul { margin-block: 6px; padding-inline-start: 22px; overflow-wrap: anywhere; }
    .note { margin-block: 14px; }
    .field { margin-block: 20px 0; max-inline-size: 480px; }
    .ends { display: flex; gap: 10px; flex-wrap: wrap; margin-block-start: 20px; }
    button.danger:not(:disabled) { border-color: var(--bad); }
    .check { align-items: start; padding-block: 8px; }
    .error { margin-block-start: 12px; }
  `];

  override render() {
    return html`<section class="card" aria-labelledby="remove"><h2 id="remove" tabindex="-1">${t("delete_of", { name: this.resource.title })}</h2>
      ${this.ordered ? this.#progress() : this.#question()}</section>`;
  }

  protected override firstUpdated(): void {
    this.head.focus();
    this.head.scrollIntoView({ block: "center" });
  }

  #question() {
    const { key } = this.#name;
    const blocked = this.users.length > 0 && !this.cascade;
    const others = (this.gone ?? []).filter((each) => each.key !== key || each.resource_type !== this.#name.resource_type);
    return html`<p>${t(this.type.has_controller ? "delete_lead" : "delete_plain")}</p>
      ${this.users.length ? html`<div class="note warn">${icon("alert", 20)}<div><p>${t("is_used")}</p>
        <ul>${this.users.map((id) => html`<li><a href=${addressOf(id)}><bdi dir="ltr">${id}</bdi></a></li>`)}</ul>
        <label class="check"><input type="checkbox" .checked=${this.cascade} @change=${this.#flipCascade}>${t("delete_cascade")}</label></div></div>` : nothing}
      ${others.length ? html`<p>${t("deleted_too")}</p><ul>${others.map((each) => html`<li><bdi dir="ltr">${idOf(each)}</bdi></li>`)}</ul>` : nothing}
      ${this.type.has_controller && (this.resource.deleting || this.resource.status.phase === "failed" || this.resource.status.phase === "unknown")
        ? html`<label class="check"><input type="checkbox" .checked=${this.force} @change=${(event: Event) => (this.force = (event.target as HTMLInputElement).checked)}>${t("delete_force")}</label>` : nothing}
      <div class="field"><label for="confirm">${t("type_to_confirm")} <bdi dir="ltr" class="mono">${key}</bdi></label>
        <input id="confirm" dir="ltr" autocomplete="off" autocapitalize="none" spellcheck="false" .value=${this.typed}
          @input=${(event: Event) => (this.typed = (event.target as HTMLInputElement).value.trim())}></div>
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
      <div class="ends"><button type="button" class="danger with" ?disabled=${blocked || this.typed !== key || this.busy || hub().link.offline} @click=${this.#commit}>${icon("trash", 18)}${t("delete")}</button>
        <button type="button" @click=${() => this.dispatchEvent(new CustomEvent("back"))}>${t("back")}</button></div>`;
  }

  #progress() {
    return html`<hub-following .name=${this.#name} .was=${this.#was} .revision=${Infinity}></hub-following>
      <div class="ends"><a class="button" href=${addressOf(this.#name.resource_type)}>${t("to_list")}</a></div>`;
  }

  #flipCascade(event: Event): void {
    this.cascade = (event.target as HTMLInputElement).checked;
    void this.#preview();
  }

  #message() {
    return { type: "resource/delete", ...this.#name, ...(this.cascade ? { cascade: true } : {}), ...(this.force ? { force: true } : {}) };
  }

  async #preview(): Promise<void> {
    this.problem = "";
    this.gone = undefined;
    try {
      this.gone = await hub().link.ask<Change[]>({ ...this.#message(), dry_run: true });
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    const { code, details } = asLinkError(error);
    if (code === "in_use" && Array.isArray(details.users)) this.users = details.users as string[];
    else this.problem = failureText(error);
  }

  async #commit(): Promise<void> {
    this.busy = true;
    this.problem = "";
    try {
      await hub().link.ask(this.#message());
      this.ordered = true;
      this.dispatchEvent(new CustomEvent("ordered"));
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.busy = false;
    }
  }
}
