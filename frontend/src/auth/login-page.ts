/** Signing in, for this page or for another program that sent the browser to /auth/authorize. */
import { LitElement, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { t } from "../i18n";
import { base, buttons, card, fields } from "../styles/shared";
import { Watch, onPrefs } from "../watch";
import { frame, frameStyles } from "./frame";
import { HttpError, answerLogin, beginLogin, exchangeCode, type AuthorizeRequest, type FlowStep } from "./http";
import { newSession } from "./session";
import { refusalText } from "./words";

@customElement("hub-login")
export class LoginPage extends LitElement {
  /** What is asked for: our own session, or another program's. */
  @property({ attribute: false }) asked!: AuthorizeRequest;
  /** True when the code goes back to another program. */
  @property({ type: Boolean }) foreign = false;
  @state() private problem = "";
  @state() private busy = false;
  @state() private step: FlowStep | undefined;
  @query("[name=password], [name=code]") private secret!: HTMLInputElement;

  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
  }

  static override styles = [base, buttons, card, fields, frameStyles];

  override render() {
    const code = this.step?.step_id === "mfa";
    return frame(t("sign_in"), html`
      <p class="lead">${this.foreign ? html`${t("sign_in_for")} <strong><bdi dir="ltr">${host(this.asked.client_id)}</bdi></strong>` : t("sign_in_lead")}</p>
      <form @submit=${this.#submit} novalidate>
        ${code ? this.#code() : this.#password()}
        <button class="primary" ?disabled=${this.busy}>${t("sign_in")}</button>
      </form>`);
  }

  #password() {
    return html`
      <div class="field"><label for="username">${t("username")}</label>
        <input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required dir="auto"></div>
      <div class="field"><label for="password">${t("password")}</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required dir="auto"
          aria-invalid=${this.problem ? "true" : "false"} aria-describedby="problem">
        ${this.#problem()}</div>
      ${this.foreign ? nothing : html`<label class="check"><input type="checkbox" name="stay">${t("stay")}</label>`}`;
  }

  #code() {
    // A recovery code has letters, so no numeric keyboard; browsers fill in six digits all the same.
    return html`<div class="field"><label for="code">${t("one_time_code")}</label>
      <input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="40" required dir="ltr"
        aria-invalid=${this.problem ? "true" : "false"} aria-describedby="problem code-help">${this.#problem()}
      <p class="small" id="code-help">${t("one_time_code_help")}</p></div>`;
  }

  #problem() {
    return html`<p class="error" id="problem" role="alert">${this.problem}</p>`;
  }

  protected override async firstUpdated(): Promise<void> {
    this.renderRoot.querySelector("input")?.focus();
    if (!this.foreign) return;
    try {
      this.step = await beginLogin(this.asked);
    } catch (error) {
      await this.#complain(refusalText(error));
    }
  }

  #keep = false;

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    this.#keep = this.#keep || form.has("stay");
    form.delete("stay");
    const answers = Object.fromEntries(form);
    if (Object.values(answers).includes("")) return this.#complain(t("fill_in"));
    this.busy = true;
    this.problem = "";
    try {
      this.step ??= await beginLogin(this.asked);
      await this.#take(await answerLogin(this.step.flow_id, this.asked.client_id, answers));
    } catch (error) {
      if (!(error instanceof HttpError) || error.code !== "throttled") this.step = undefined;
      this.#complain(refusalText(error));
    } finally {
      this.busy = false;
    }
  }

  async #take(step: FlowStep): Promise<void> {
    if (step.type === "create_entry" && step.result) return this.#finish(step.result);
    if (step.type === "abort") {
      this.step = undefined;
      return this.#complain(refusalText(new HttpError(step.reason ?? "login_expired", "")));
    }
    this.step = step;
    const code = step.errors?.base;
    if (code) return this.#complain(refusalText(new HttpError(code, "")));
    await this.updateComplete;
    this.secret?.focus();
  }

  async #finish(code: string): Promise<void> {
    if (!this.foreign) {
      const auth = newSession(await exchangeCode(code), this.#keep);
      this.dispatchEvent(new CustomEvent("signed-in", { detail: auth }));
      return;
    }
    const back = new URL(this.asked.redirect_uri);
    back.searchParams.set("code", code);
    if (this.asked.state !== undefined) back.searchParams.set("state", this.asked.state);
    location.assign(back);
  }

  async #complain(text: string): Promise<void> {
    this.problem = text;
    this.busy = false;
    await this.updateComplete;
    this.secret?.focus();
    this.secret?.select();
  }
}

function host(clientId: string): string {
  try {
    return new URL(clientId).host;
  } catch {
    return clientId;
  }
}
