/** The first visit: creating the owner of the hub. */
import { LitElement, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { t } from "../i18n";
import { language } from "../prefs";
import { base, buttons, card, fields } from "../styles/shared";
import { Watch, onPrefs } from "../watch";
import { frame, frameStyles } from "./frame";
import { createOwner, exchangeCode, finishOnboarding } from "./http";
import { newSession } from "./session";
import { refusalText } from "./words";

type Name = "name" | "username" | "password" | "again";

@customElement("hub-owner")
export class OwnerPage extends LitElement {
  @state() private problem: { field: Name; text: string } | undefined;
  @state() private busy = false;

  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
  }

  static override styles = [base, buttons, card, fields, frameStyles];

  override render() {
    return frame(t("welcome"), html`
      <p class="lead">${t("welcome_lead")}</p>
      <form @submit=${this.#submit} novalidate>
        ${this.#field("name", t("your_name"), "text", "name")}
        ${this.#field("username", t("username"), "text", "username")}
        ${this.#field("password", t("password"), "password", "new-password")}
        ${this.#field("again", t("password_again"), "password", "new-password")}
        <button class="primary" ?disabled=${this.busy}>${t("create_owner")}</button>
      </form>`);
  }

  #field(name: Name, label: string, type: string, autocomplete: string) {
    const wrong = this.problem?.field === name;
    return html`<div class="field"><label for=${name}>${label}</label>
      <input id=${name} name=${name} type=${type} autocomplete=${autocomplete as "name"} required dir="auto" spellcheck="false"
        autocapitalize=${name === "name" ? "words" : "none"} aria-invalid=${wrong ? "true" : "false"} aria-describedby=${wrong ? "problem" : nothing}>
      ${wrong ? html`<p class="error" id="problem" role="alert">${this.problem?.text}</p>` : nothing}</div>`;
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector("input")?.focus();
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const read = (name: Name) => String(form.get(name) ?? "");
    for (const name of ["name", "username", "password"] as const) {
      if (!read(name).trim()) return this.#complain(name, t("fill_in"));
    }
    if (read("password") !== read("again")) return this.#complain("again", t("passwords_differ"));
    this.busy = true;
    this.problem = undefined;
    try {
      const code = await createOwner(read("name").trim(), read("username").trim(), read("password"), language());
      const tokens = await exchangeCode(code);
      await finishOnboarding(tokens.access_token);
      this.dispatchEvent(new CustomEvent("signed-in", { detail: newSession(tokens, false) }));
    } catch (error) {
      await this.#complain("username", refusalText(error));
    } finally {
      this.busy = false;
    }
  }

  async #complain(field: Name, text: string): Promise<void> {
    this.problem = { field, text };
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>(`#${field}`)?.focus();
  }
}
