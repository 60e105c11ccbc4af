/** One user for administrators: role, policies, password, second factor, sessions, removal. */
import type { MessageBase } from "home-assistant-js-websocket";
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { ask } from "../components/ask";
import { icon } from "../components/icon";
import { rolesToGive, type Person, type Policy, type Token } from "../data/people";
import { hub } from "../hub";
import { age, t, word } from "../i18n";
import { Section, sectionStyles } from "./section";

@customElement("hub-user")
export class User extends Section {
  @property({ attribute: false }) person!: Person;
  @property({ attribute: false }) policies: Policy[] = [];
  @state() private tokens: Token[] | undefined;

  static override styles = [sectionStyles, css`
    :host { display: block; padding: 14px 18px 18px; }
    h3 { margin-block: 24px 10px; }
    fieldset { border: 0; margin: 0; padding: 0; min-inline-size: 0; }
    legend { padding: 0; font-size: 0.875rem; font-weight: 560; margin-block-end: 4px; }
    .checks { display: flex; flex-wrap: wrap; gap: 0 20px; }
    .away { margin-block-start: 24px; padding-block-start: 16px; border-block-start: 1px solid var(--line); }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#tokens();
  }

  override render() {
    const { person } = this;
    const own = person.id === hub().user?.id;
    const off = this.busy || hub().link.offline;
    return html`<p class="error" role="alert">${this.problem}</p><p class="said" role="status">${this.said}</p>
      <form @submit=${this.#save} novalidate><div class="pair">
          <div class="field"><label for="name">${t("name")}</label><input id="name" name="name" autocomplete="off" dir="auto" .value=${person.name}></div>
          <div class="field"><label for="role">${t("role")}</label>${person.is_owner
            ? html`<input id="role" .value=${word("role", "owner")} disabled>`
            : html`<select id="role" name="role">${rolesToGive(person.role).map((each) => html`<option value=${each} ?selected=${each === person.role}>${word("role", each)}</option>`)}</select>`}</div></div>
        <p class="hint">${t("roles_lead")}</p>
        ${this.policies.length ? html`<fieldset><legend>${t("policies")}</legend><div class="checks">${this.policies.map(
          ({ name }) => html`<label class="check"><input type="checkbox" name="policies" value=${name} ?checked=${person.policies.includes(name)}><bdi dir="ltr">${name}</bdi></label>`)}</div></fieldset>` : nothing}
        <div class="checks"><label class="check"><input type="checkbox" name="is_active" ?checked=${person.is_active} ?disabled=${own || person.is_owner}>${t("active")}</label>
          <label class="check"><input type="checkbox" name="local_only" ?checked=${person.local_only}>${t("local_only")}</label></div>
        <div class="ends"><button class="primary" ?disabled=${off}>${t("save")}</button></div></form>
      ${own ? nothing : this.#password(off)}
      ${person.second_factor && !own ? html`<h3>${t("second_factor")}</h3><button type="button" ?disabled=${off} @click=${this.#reset}>${t("second_reset")}</button>` : nothing}
      <h3>${t("sessions")}</h3>${this.#sessions(off)}
      ${own || person.is_owner ? nothing : html`<div class="away"><button type="button" class="danger with" ?disabled=${off} @click=${this.#remove}>${icon("trash", 18)}${t("user_remove")}</button></div>`}`;
  }

  #password(off: boolean) {
    return html`<h3>${t("password_set")}</h3><form class="pair" @submit=${this.#setPassword} novalidate>
      <div class="field"><label for="password">${t("password_new")}</label><input id="password" name="password" type="password" autocomplete="new-password" dir="auto"></div>
      <div><button ?disabled=${off}>${t("password_set")}</button></div></form>`;
  }

  #sessions(off: boolean) {
    if (!this.tokens) return html`<p class="muted small">${t("loading")}</p>`;
    const shown = this.tokens.filter((each) => each.type !== "system");
    if (!shown.length) return html`<p class="muted small">${t("no_sessions")}</p>`;
    return html`<ul class="plain-list">${shown.map((each) => {
      const name = each.client_name ?? each.client_id ?? "";
      const used = each.last_used_at ? t("last_used", { age: age(Date.parse(each.last_used_at) / 1000) }) : t("never_used");
      return html`<li><div><bdi dir="auto">${name}</bdi><br><span class="muted small">${used} ${each.last_used_ip ? html`<bdi dir="ltr">${each.last_used_ip}</bdi>` : nothing}</span></div>
        <button type="button" class="danger" ?disabled=${off || each.is_current} aria-label=${t("revoke_of", { name })} @click=${() => this.#revoke(each)}>${t("revoke")}</button></li>`;
    })}</ul>`;
  }

  async #tokens(): Promise<void> {
    await this.try(async () => {
      this.tokens = await hub().link.ask<Token[]>({ type: "config/auth/tokens", user_id: this.person.id });
    });
  }

  async #save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const { person } = this;
    const values = {
      name: String(form.get("name")).trim(),
      role: person.is_owner ? undefined : String(form.get("role")),
      is_active: person.is_owner || person.id === hub().user?.id ? undefined : form.has("is_active"),
      local_only: form.has("local_only"),
      policies: this.policies.length ? form.getAll("policies").map(String) : undefined,
    };
    const known: Partial<Record<string, unknown>> = { ...person };
    const changes = Object.fromEntries(Object.entries(values).filter(([key, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(known[key])));
    if (!Object.keys(changes).length) return;
    await this.#do({ type: "config/auth/update", user_id: person.id, ...changes }, t("saved"));
  }

  async #setPassword(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const password = String(new FormData(form).get("password"));
    if (!password) return this.renderRoot.querySelector<HTMLInputElement>("#password")?.focus();
    const { id, username } = this.person;
    const message = username === null ? undefined : { type: "config/auth_provider/homeassistant/admin_change_password", user_id: id, password };
    if (message && (await this.#do(message, t("password_changed")))) form.reset();
  }

  async #reset(): Promise<void> {
    if (!(await ask({ heading: t("second_reset_sure", { name: this.person.name }), text: t("second_reset_text"), yes: t("second_reset"), danger: true }))) return;
    await this.#do({ type: "config/auth/reset_mfa", user_id: this.person.id }, t("saved"));
  }

  async #revoke(token: Token): Promise<void> {
    await this.#do({ type: "config/auth/delete_token", user_id: this.person.id, refresh_token_id: token.id }, "");
    await this.#tokens();
  }

  async #remove(): Promise<void> {
    const { id, name } = this.person;
    if (!(await ask({ heading: t("user_remove_sure", { name }), text: t("user_remove_text"), yes: t("user_remove"), danger: true }))) return;
    if (await this.try(() => hub().link.ask({ type: "config/auth/delete", user_id: id }))) this.dispatchEvent(new CustomEvent("removed"));
  }

  async #do(message: MessageBase, said: string): Promise<boolean> {
    const done = await this.try(() => hub().link.ask(message), said);
    if (done) this.dispatchEvent(new CustomEvent("changed"));
    return done;
  }
}
