/** The second factor: a QR code for an app, the first code as a proof, recovery codes shown once. */
import { html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { ask } from "../components/ask";
import { badge } from "../components/badge";
import { icon } from "../components/icon";
import { hub } from "../hub";
import { t, word } from "../i18n";
import { css } from "lit";
import { Section, sectionStyles } from "./section";

const MODULE = "totp";

/** One answer of the set-up. */
interface Step {
  type: "form" | "create_entry" | "abort";
  flow_id: string;
  errors?: Record<string, string>;
  reason?: string;
  recovery_codes?: string[];
  description_placeholders?: { code: string; url: string; qr_code: string } | null;
}

@customElement("hub-second-factor")
export class SecondFactor extends Section {
  @state() private step: Step | undefined;
  @state() private codes: readonly string[] = [];

  static override styles = [sectionStyles, css`
    .scan { display: grid; gap: 20px; grid-template-columns: auto minmax(0, 1fr); align-items: start; }
    .scan img { inline-size: 200px; block-size: 200px; border-radius: 12px; background: white; }
    .scan code { overflow-wrap: anywhere; font-size: 0.9375rem; }
    .codes { columns: 2; font-family: var(--mono); list-style: none; margin-block: 12px; padding: 0; }
    .codes li { padding-block: 3px; }
    input[name="code"] { max-inline-size: 12rem; font-size: 1.25rem; letter-spacing: 0.15em; }
    @media (max-width: 560px) { .scan { grid-template-columns: minmax(0, 1fr); } .codes { columns: 1; } }
  `];

  get #on(): boolean {
    return hub().user?.mfa_modules?.some((each) => each.id === MODULE && each.enabled) === true;
  }

  override render() {
    return html`<section class="card" aria-labelledby="second"><h2 id="second">${t("second_factor")}</h2>
      ${this.codes.length ? this.#recovery() : this.step ? this.#setup(this.step) : this.#state()}
      <p class="error" role="alert">${this.problem}</p></section>`;
  }

  #state() {
    if (this.#on) {
      return html`<div class="ends"><p>${badge(t("second_on"), "good", "shield")}</p><button type="button" class="danger" ?disabled=${this.busy || hub().link.offline} @click=${this.#remove}>${t("second_remove")}</button></div>`;
    }
    return html`<p class="muted">${t("second_lead")}</p><div class="ends"><button type="button" class="with" ?disabled=${this.busy || hub().link.offline} @click=${this.#begin}>${icon("shield", 18)}${t("second_begin")}</button></div>`;
  }

  #setup(step: Step) {
    const told = step.description_placeholders;
    const wrong = step.errors?.base ? word("error", step.errors.base) : "";
    return html`<div class="scan">${told ? html`<img alt=${t("second_qr")} src="data:image/svg+xml,${encodeURIComponent(svg(told.qr_code))}">` : nothing}
      <form @submit=${this.#prove} novalidate><p>${t("second_scan")}</p>
        <p class="small">${t("second_by_hand")} <bdi dir="ltr"><code>${told?.code}</code></bdi></p>
        <div class="field"><label for="code">${t("second_code")}</label><input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" dir="ltr" maxlength="7"
          aria-invalid=${wrong ? "true" : "false"} aria-describedby="wrong"><p class="error" id="wrong" role="alert">${wrong}</p></div>
        <div class="ends"><button class="primary" ?disabled=${this.busy || hub().link.offline}>${t("second_prove")}</button><button type="button" @click=${() => (this.step = undefined)}>${t("back")}</button></div></form></div>`;
  }

  #recovery() {
    const text = this.codes.join("\n");
    return html`<div class="fresh" role="status"><p><strong>${t("second_done")}</strong> ${t("recovery_once")}</p>
      <ul class="codes" dir="ltr">${this.codes.map((each) => html`<li>${each}</li>`)}</ul>
      <div class="ends"><button type="button" class="with" @click=${() => navigator.clipboard?.writeText(text).then(() => (this.said = t("copied")), () => undefined)}>${icon("copy", 18)}${t("copy")}</button>
        <a class="button" download="hub-recovery-codes.txt" href="data:text/plain,${encodeURIComponent(`${text}\n`)}">${icon("down", 18)}${t("download")}</a>
        <button type="button" class="primary" @click=${() => (this.codes = [])}>${t("recovery_kept")}</button><span class="said" role="status">${this.said}</span></div></div>`;
  }

  async #begin(): Promise<void> {
    await this.try(async () => {
      this.step = await hub().link.ask<Step>({ type: "auth/setup_mfa", mfa_module_id: MODULE });
    });
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>("#code")?.focus();
  }

  async #prove(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const code = String(new FormData(event.target as HTMLFormElement).get("code")).replace(/\s/g, "");
    const flow_id = this.step!.flow_id;
    await this.try(async () => {
      const step = await hub().link.ask<Step>({ type: "auth/setup_mfa", flow_id, user_input: { code } });
      this.step = step.type === "form" ? step : undefined;
      if (step.type === "abort") this.problem = word("error", step.reason ?? "login_expired");
      if (step.type !== "create_entry") return;
      this.codes = step.recovery_codes ?? [];
      await hub().refreshUser();
    });
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>("#code")?.select();
  }

  async #remove(): Promise<void> {
    if (!(await ask({ heading: t("second_remove_sure"), text: t("second_remove_text"), yes: t("second_remove"), danger: true }))) return;
    await this.try(async () => {
      await hub().link.ask({ type: "auth/depose_mfa", mfa_module_id: MODULE });
      await hub().refreshUser();
    });
  }
}

/** An image needs a name space that a drawing inside a page can do without. */
function svg(text: string): string {
  return text.includes("xmlns=") ? text : text.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
}
