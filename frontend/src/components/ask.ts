/** Questions in front of the page, answered with yes or no; Escape is no. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { t } from "../i18n";
import { base, buttons } from "../styles/shared";

@customElement("hub-ask")
export class Ask extends LitElement {
  @property() heading = "";
  @property() text = "";
  @property() yes = "";
  @property({ type: Boolean }) danger = false;
  @query("dialog") private dialog!: HTMLDialogElement;

  static override styles = [base, buttons, css`
    dialog { border: 0; padding: 24px; color: var(--text); background: var(--surface); border-radius: 24px; box-shadow: var(--shadow-high); inline-size: min(440px, 100vw - 24px); }
    dialog::backdrop { background: rgb(10 14 18 / 48%); }
    h2 { font-size: 1.1875rem; margin-block-end: 8px; overflow-wrap: anywhere; }
    p { color: var(--muted); overflow-wrap: anywhere; }
    div { display: flex; gap: 10px; flex-wrap: wrap; justify-content: end; margin-block-start: 24px; }
  `];

  override render() {
    const answer = (value: string) => () => this.dialog.close(value);
    return html`<dialog aria-labelledby="heading" aria-describedby=${this.text ? "text" : nothing} @close=${this.#closed}>
      <h2 id="heading">${this.heading}</h2>${this.text ? html`<p id="text">${this.text}</p>` : nothing}
      <div><button type="button" autofocus @click=${answer("")}>${t("no_stay")}</button>
        <button type="button" class=${this.danger ? "danger" : "primary"} @click=${answer("yes")}>${this.yes}</button></div></dialog>`;
  }

  protected override firstUpdated(): void {
    this.dialog.showModal();
  }

  #closed(): void {
    this.dispatchEvent(new CustomEvent("answer", { detail: this.dialog.returnValue === "yes" }));
    this.remove();
  }
}

/** Ask a question and wait for the answer. */
export function ask(question: { heading: string; text?: string; yes: string; danger?: boolean }): Promise<boolean> {
  const element = Object.assign(document.createElement("hub-ask") as Ask, question);
  return new Promise((resolve) => {
    element.addEventListener("answer", (event) => resolve((event as CustomEvent<boolean>).detail));
    document.body.append(element);
  });
}
