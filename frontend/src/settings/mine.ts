/** A person's own account: appearance, password, second factor, sessions, tokens. */
import { html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { Token } from "../data/people";
import { role } from "../data/rights";
import { hub } from "../hub";
import { LANGUAGES, age, t, word } from "../i18n";
import { choose, digits, language, theme } from "../prefs";
import "./password";
import "./second-factor";
import { Section } from "./section";

const DAYS = 3650;

@customElement("hub-settings-mine")
export class Mine extends Section {
  @state() private tokens: Token[] = [];
  @state() private fresh = "";

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render() {
    const normal = this.tokens.filter((token) => token.type === "normal");
    const lasting = this.tokens.filter((token) => token.type === "long_lived_access_token");
    return html`${this.#looks()} ${this.#account()}
      <hub-password></hub-password>
      <hub-second-factor></hub-second-factor>
      <p class="error" role="alert">${this.problem}</p>
      <section class="card" aria-labelledby="sessions"><h2 id="sessions">${t("sessions")}</h2>
        <ul class="plain-list">${normal.map((token) => this.#token(token))}</ul></section>
      <section class="card" aria-labelledby="tokens"><h2 id="tokens">${t("tokens")}</h2>
        <p class="muted small">${t("tokens_hint")}</p>
        <ul class="plain-list">${lasting.map((token) => this.#token(token))}</ul>
        <form class="pair" @submit=${this.#create}>
          <div class="field"><label for="token-name">${t("token_name")}</label><input id="token-name" name="name" required autocomplete="off" maxlength="255"></div>
          <div><button class="primary" ?disabled=${hub().link.offline}>${t("token_create")}</button></div>
        </form>
        ${this.fresh ? html`<div class="fresh" role="status"><label for="fresh">${t("token_once")}</label>
          <textarea id="fresh" readonly rows="4" dir="ltr" .value=${this.fresh} @focus=${(event: FocusEvent) => (event.target as HTMLTextAreaElement).select()}></textarea></div>` : nothing}
      </section>`;
  }

  #looks() {
    const pick = (name: "language" | "digits" | "theme") => (event: Event) => void choose(name, (event.target as HTMLSelectElement).value);
    const option = (value: string, text: string, chosen: string) => html`<option value=${value} ?selected=${value === chosen} .selected=${value === chosen}>${text}</option>`;
    return html`<section class="card" aria-labelledby="looks"><h2 id="looks">${t("looks")}</h2><div class="pair">
      <div class="field"><label for="language">${t("language")}</label><select id="language" @change=${pick("language")}>
        ${Object.entries(LANGUAGES).map(([code, each]) => option(code, each.name, language()))}</select></div>
      ${language() === "ar" ? html`<div class="field"><label for="digits">${t("digits")}</label><select id="digits" @change=${pick("digits")}>
        ${option("latn", "123", digits())}${option("arab", "١٢٣", digits())}</select></div>` : nothing}
      <div class="field"><label for="theme">${t("theme")}</label><select id="theme" @change=${pick("theme")}>
        ${option("auto", t("theme_auto"), theme())}${option("light", t("theme_light"), theme())}${option("dark", t("theme_dark"), theme())}</select></div>
    </div></section>`;
  }

  #account() {
    const { user, config } = hub();
    return html`<section class="card" aria-labelledby="account"><h2 id="account">${t("account")}</h2>
      <div class="ends"><p class="grow"><bdi>${user?.name}</bdi> <span class="muted small">(${word("role", role())})</span>
        <br><span class="muted small">${t("protocol", { version: config?.version ?? "" })}</span></p>
        <button type="button" @click=${() => hub().signOut()}>${t("sign_out")}</button></div></section>`;
  }

  #token(token: Token) {
    const name = token.client_name ?? token.client_id ?? "";
    const used = token.last_used_at ? t("last_used", { age: age(Date.parse(token.last_used_at) / 1000) }) : t("never_used");
    return html`<li><div><bdi dir="auto">${name}</bdi>${token.is_current ? html` <span class="said">${t("this_session")}</span>` : nothing}
        <br><span class="muted small">${used} ${token.last_used_ip ? html`<bdi dir="ltr">${token.last_used_ip}</bdi>` : nothing}</span></div>
      <button type="button" class="danger" ?disabled=${hub().link.offline} aria-label=${t("revoke_of", { name })} @click=${() => this.#revoke(token)}>${t("revoke")}</button></li>`;
  }

  async #load(): Promise<void> {
    await this.try(async () => {
      this.tokens = await hub().link.ask<Token[]>({ type: "auth/refresh_tokens" });
    });
  }

  async #revoke(token: Token): Promise<void> {
    if (token.is_current) return hub().signOut();
    if (await this.try(() => hub().link.ask({ type: "auth/delete_refresh_token", refresh_token_id: token.id }))) await this.#load();
  }

  async #create(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const client_name = String(new FormData(form).get("name")).trim();
    if (!client_name) return;
    await this.try(async () => {
      this.fresh = await hub().link.ask<string>({ type: "auth/long_lived_access_token", lifespan: DAYS, client_name });
      form.reset();
      this.tokens = await hub().link.ask<Token[]>({ type: "auth/refresh_tokens" });
    });
  }
}
