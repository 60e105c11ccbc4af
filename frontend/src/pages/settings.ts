/** A person's own choices: language, theme, sessions, tokens for other programs. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { failureText } from "../components/failure";
import { hub } from "../hub";
import { LANGUAGES, age, t } from "../i18n";
import { choose, digits, language, theme } from "../prefs";
import { base, buttons, card, fields } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";

interface Token {
  id: string;
  type: "normal" | "long_lived_access_token" | "system";
  client_id: string | null;
  client_name: string | null;
  created_at: string;
  last_used_at: string | null;
  last_used_ip: string | null;
  is_current: boolean;
}

const DAYS = 3650;

@customElement("hub-settings")
export class Settings extends LitElement {
  @state() private tokens: Token[] = [];
  @state() private fresh = "";
  @state() private problem = "";

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
  }

  static override styles = [base, buttons, card, fields, css`
    :host { display: grid; gap: 20px; max-inline-size: 720px; margin-inline: auto; }
    h2 { margin-block-end: 16px; }
    .pair { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); }
    .field { margin: 0; }
    ul { list-style: none; margin: 0; padding: 0; }
    li { display: flex; align-items: center; gap: 16px; padding-block: 10px; border-block-end: 1px solid var(--line); }
    li:last-child { border-block-end: 0; }
    li > div { flex: 1; min-inline-size: 0; overflow-wrap: anywhere; }
    .account { display: flex; align-items: center; gap: 16px; flex-wrap: wrap; }
    .account p { flex: 1; }
    .create { display: flex; gap: 12px; align-items: end; flex-wrap: wrap; margin-block-start: 16px; }
    .create .field { flex: 1 1 220px; }
    .fresh { margin-block-start: 16px; padding: 16px; border-radius: 12px; background: var(--good-tint); }
    .fresh textarea { margin-block-start: 8px; }
    .here { color: var(--good); }
    .error:empty { display: none; }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.tokens = await hub().link.ask<Token[]>({ type: "auth/refresh_tokens" });
    } catch (error) {
      this.problem = failureText(error);
    }
  }

  override render() {
    const normal = this.tokens.filter((token) => token.type === "normal");
    const lasting = this.tokens.filter((token) => token.type === "long_lived_access_token");
    return html`<h1>${t("settings")}</h1>
      ${this.#looks()} ${this.#account()}
      <p class="error" role="alert">${this.problem}</p>
      <section class="card" aria-labelledby="sessions"><h2 id="sessions">${t("sessions")}</h2>
        <ul>${normal.map((token) => this.#token(token))}</ul></section>
      <section class="card" aria-labelledby="tokens"><h2 id="tokens">${t("tokens")}</h2>
        <p class="muted small">${t("tokens_hint")}</p>
        <ul>${lasting.map((token) => this.#token(token))}</ul>
        <form class="create" @submit=${this.#create}>
          <div class="field"><label for="token-name">${t("token_name")}</label><input id="token-name" name="name" required autocomplete="off"></div>
          <button class="primary" ?disabled=${hub().link.offline}>${t("token_create")}</button>
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
      <div class="account"><p><bdi>${user?.name}</bdi>${user?.is_owner ? html` <span class="muted small">(${t("owner")})</span>` : nothing}
        <br><span class="muted small">${t("protocol", { version: config?.version ?? "" })}</span></p>
        <button type="button" @click=${() => hub().signOut()}>${t("sign_out")}</button></div></section>`;
  }

  #token(token: Token) {
    const name = token.client_name ?? token.client_id ?? "";
    const used = token.last_used_at ? t("last_used", { age: age(Date.parse(token.last_used_at) / 1000) }) : t("never_used");
    return html`<li><div><bdi dir="auto">${name}</bdi>${token.is_current ? html` <span class="here small">${t("this_session")}</span>` : nothing}
        <br><span class="muted small">${used} ${token.last_used_ip ? html`<bdi dir="ltr">${token.last_used_ip}</bdi>` : nothing}</span></div>
      <button type="button" class="danger" ?disabled=${hub().link.offline} aria-label=${t("revoke_of", { name })} @click=${() => this.#revoke(token)}>${t("revoke")}</button></li>`;
  }

  async #revoke(token: Token): Promise<void> {
    if (token.is_current) return hub().signOut();
    await this.#try(() => hub().link.ask({ type: "auth/delete_refresh_token", refresh_token_id: token.id }));
    await this.#load();
  }

  async #create(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const client_name = String(new FormData(form).get("name")).trim();
    if (!client_name) return;
    await this.#try(async () => {
      this.fresh = await hub().link.ask<string>({ type: "auth/long_lived_access_token", lifespan: DAYS, client_name });
      form.reset();
      await this.#load();
    });
  }

  async #try(action: () => Promise<unknown>): Promise<void> {
    this.problem = "";
    try {
      await action();
    } catch (error) {
      this.problem = failureText(error);
    }
  }
}
