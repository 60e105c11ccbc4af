/** Changing one's own password. */
import { html } from "lit";
import { customElement, state } from "lit/decorators.js";
import { hub } from "../hub";
import { t } from "../i18n";
import { Section } from "./section";

type Name = "present" | "password" | "again";

@customElement("hub-password")
export class Password extends Section {
  @state() private wrong: Name | undefined;

  override render() {
    return html`<section class="card" aria-labelledby="change"><h2 id="change">${t("password_change")}</h2>
      <form @submit=${this.#submit} novalidate>
        <input name="username" autocomplete="username" .value=${hub().user?.name ?? ""} hidden>
        <div class="pair">${this.#field("present", t("password_present"), "current-password")}${this.#field("password", t("password_new"), "new-password")}${this.#field("again", t("password_again"), "new-password")}</div>
        <p class="error" id="problem" role="alert">${this.problem}</p>
        <div class="ends"><button ?disabled=${this.busy || hub().link.offline}>${t("password_change")}</button><span class="said" role="status">${this.said}</span></div>
      </form></section>`;
  }

  #field(name: Name, label: string, autocomplete: "current-password" | "new-password") {
    return html`<div class="field"><label for=${name}>${label}</label><input id=${name} name=${name} type="password" dir="auto" autocomplete=${autocomplete}
      aria-invalid=${this.wrong === name ? "true" : "false"} aria-describedby="problem"></div>`;
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const read = (name: Name) => String(new FormData(form).get(name) ?? "");
    this.said = "";
    for (const name of ["present", "password", "again"] as const) if (!read(name)) return this.#complain(name, t("fill_in"));
    if (read("password") !== read("again")) return this.#complain("again", t("passwords_differ"));
    this.wrong = undefined;
    const message = { type: "config/auth_provider/homeassistant/change_password", current_password: read("present"), new_password: read("password") };
    if (await this.try(() => hub().link.ask(message), t("password_changed"))) form.reset();
    else await this.#complain("present", this.problem);
  }

  async #complain(name: Name, problem: string): Promise<void> {
    this.wrong = name;
    this.problem = problem;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>(`#${name}`)?.focus();
  }
}
