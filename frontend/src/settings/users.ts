/** Users for administrators: who there is, roles and policies, passwords, sessions, refused addresses. */
import { css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { ask } from "../components/ask";
import { badge } from "../components/badge";
import { icon } from "../components/icon";
import { rolesToGive, type Ban, type Person, type Policy } from "../data/people";
import { hub } from "../hub";
import { age, number, t, word } from "../i18n";
import { Section, sectionStyles } from "./section";
import "./user";

@customElement("hub-users")
export class Users extends Section {
  @state() private people: Person[] | undefined;
  @state() private policies: Policy[] = [];
  @state() private bans: Ban[] = [];
  @state() private open = "";
  @state() private adding = false;

  static override styles = [sectionStyles, css`
    ul.people { list-style: none; margin: 0; padding: 0; display: grid; gap: 12px; }
    li.card { padding: 0; overflow: clip; }
    .head { display: flex; align-items: center; gap: 6px 12px; flex-wrap: wrap; inline-size: 100%; text-align: start; border: 0; border-radius: var(--radius);
      padding: 14px; padding-inline: 18px; font-weight: 400; background: transparent; min-block-size: 64px; }
    .head > span:first-child { flex: 1 1 160px; min-inline-size: 0; overflow-wrap: anywhere; }
    .head strong { font-weight: 600; }
    .turn { color: var(--muted); transition: rotate 120ms; }
    .turn:dir(rtl) { scale: -1 1; }
    [aria-expanded="true"] .turn { rotate: 90deg; }
    [aria-expanded="true"] .turn:dir(rtl) { rotate: -90deg; }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render() {
    return html`<div class="top"><h2>${t("users")}</h2>
        <button type="button" class="primary with push" ?disabled=${hub().link.offline || this.adding} @click=${() => (this.adding = true)}>${icon("plus", 18)}${t("user_add")}</button></div>
      <p class="error" role="alert">${this.problem}</p><p class="said" role="status">${this.said}</p>
      ${this.adding ? this.#form() : nothing}
      <ul class="people">${repeat(this.people ?? [], (each) => each.id, (each) => this.#person(each))}</ul>
      ${this.people ? nothing : html`<p class="muted" role="status">${t("loading")}</p>`}
      ${this.bans.length ? html`<section class="card" aria-labelledby="bans"><h2 id="bans">${t("bans")}</h2><p class="muted small">${t("bans_lead")}</p>
        <ul class="plain-list">${this.bans.map((each) => this.#ban(each))}</ul></section>` : nothing}`;
  }

  #person(person: Person) {
    const open = this.open === person.id;
    return html`<li class="card"><button type="button" class="head" aria-expanded=${open} @click=${() => (this.open = open ? "" : person.id)}>
        <span><strong><bdi>${person.name}</bdi></strong>${person.id === hub().user?.id ? html` <span class="said">${t("you")}</span>` : nothing}
          <br><bdi class="muted small" dir="ltr">${person.username ?? ""}</bdi></span>
        ${person.is_active ? nothing : badge(t("inactive"), "warn", "lock")}${person.second_factor ? badge(t("second_short"), "good", "shield") : nothing}
        ${badge(word("role", person.role), person.role === "owner" || person.role === "admin" ? "busy" : "calm")}<span class="turn">${icon("open", 20)}</span></button>
      ${open ? html`<hub-user .person=${person} .policies=${this.policies} @changed=${() => this.#load()} @removed=${this.#removed}></hub-user>` : nothing}</li>`;
  }

  #form() {
    return html`<section class="card" aria-labelledby="add"><h2 id="add">${t("user_add")}</h2><form @submit=${this.#create} novalidate><div class="pair">
        <div class="field"><label for="name">${t("name")}</label><input id="name" name="name" autocomplete="off" dir="auto"></div>
        <div class="field"><label for="username">${t("username")}</label><input id="username" name="username" autocomplete="off" autocapitalize="none" spellcheck="false" dir="ltr"></div>
        <div class="field"><label for="password">${t("password")}</label><input id="password" name="password" type="password" autocomplete="new-password" dir="auto"></div>
        <div class="field"><label for="role">${t("role")}</label><select id="role" name="role">${rolesToGive().map((each) => html`<option value=${each} ?selected=${each === "viewer"}>${word("role", each)}</option>`)}</select></div></div>
      <p class="hint">${t("roles_lead")}</p>
      <div class="ends"><button class="primary" ?disabled=${this.busy || hub().link.offline}>${t("create")}</button><button type="button" @click=${() => (this.adding = false)}>${t("back")}</button></div></form></section>`;
  }

  #ban(ban: Ban) {
    return html`<li><div><bdi dir="ltr" class="mono">${ban.address}</bdi><br><span class="muted small">${t("ban_until", { age: age(Date.parse(ban.until) / 1000), attempts: number(ban.attempts) })}</span></div>
      <button type="button" ?disabled=${this.busy || hub().link.offline} @click=${() => this.#lift(ban)}>${t("ban_lift")}</button></li>`;
  }

  async #load(): Promise<void> {
    await this.try(async () => {
      const { link } = hub();
      [this.people, this.policies, this.bans] = await Promise.all([
        link.ask<Person[]>({ type: "config/auth/list" }),
        link.ask<Policy[]>({ type: "policy/list" }),
        link.ask<Ban[]>({ type: "auth/bans" }),
      ]);
    });
  }

  /** Make a user with a password; when the password is refused there is no half-made user left. */
  async #create(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const read = (name: string) => String(form.get(name) ?? "").trim();
    for (const name of ["name", "username", "password"]) {
      if (read(name)) continue;
      this.problem = t("fill_in");
      this.renderRoot.querySelector<HTMLInputElement>(`#${name}`)?.focus();
      return;
    }
    const { link } = hub();
    const done = await this.try(async () => {
      const { user } = await link.ask<{ user: Person }>({ type: "config/auth/create", name: read("name"), role: read("role") });
      try {
        await link.ask({ type: "config/auth_provider/homeassistant/create", user_id: user.id, username: read("username"), password: String(form.get("password")) });
      } catch (error) {
        await link.ask({ type: "config/auth/delete", user_id: user.id }).catch(() => undefined);
        throw error;
      }
      this.open = user.id;
    });
    if (!done) return;
    this.adding = false;
    await this.#load();
  }

  async #removed(): Promise<void> {
    this.open = "";
    await this.#load();
    this.said = t("user_removed");
  }

  async #lift(ban: Ban): Promise<void> {
    if (!(await ask({ heading: t("ban_lift_sure", { address: ban.address }), yes: t("ban_lift") }))) return;
    if (await this.try(() => hub().link.ask({ type: "auth/unban", address: ban.address }))) await this.#load();
  }
}
