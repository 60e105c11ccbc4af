/** A field for text with lines: numbers beside them, marks where something is wrong. */
import { LitElement, css, html } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { base } from "../styles/shared";

@customElement("hub-code")
export class Code extends LitElement {
  @property() value = "";
  @property() label = "";
  @property({ type: Boolean }) readonly = false;
  /** Lines with mistakes, from one. */
  @property({ attribute: false }) marked: readonly number[] = [];
  @query("textarea") private area!: HTMLTextAreaElement;
  @query(".lines") private gutter!: HTMLElement;

  static override styles = [base, css`
    :host { display: block; }
    .frame { display: grid; grid-template-columns: auto minmax(0, 1fr); direction: ltr; border: 1px solid var(--line-strong); border-radius: 14px; overflow: hidden; background: var(--surface); block-size: clamp(280px, 56dvh, 640px); }
    .frame:focus-within { outline: 2px solid var(--accent); }
    .lines, textarea { font-family: var(--mono); font-size: 0.8125rem; line-height: 20px; padding-block: 12px; margin: 0; tab-size: 2; }
    .lines { overflow: hidden; text-align: end; color: var(--muted); background: var(--sunken); padding-inline: 10px; user-select: none; min-inline-size: 3rem; list-style: none; }
    .lines .bad { color: var(--bad); font-weight: 700; background: var(--bad-tint); margin-inline: -10px; padding-inline: 10px; }
    .lines .bad::before { content: "● "; font-size: 0.625rem; }
    textarea { border: 0; outline: none; resize: none; color: var(--text); background: transparent; padding-inline: 14px; white-space: pre; overflow: auto; inline-size: 100%; block-size: 100%; text-align: start; }
    @media (max-width: 560px) { .lines { min-inline-size: 2.2rem; padding-inline: 6px; } textarea { padding-inline: 8px; } .lines, textarea { font-size: 16px; line-height: 24px; } }
  `];

  override render() {
    const bad = new Set(this.marked);
    const count = this.value.split("\n").length;
    return html`<div class="frame"><div class="lines" aria-hidden="true">${Array.from({ length: count }, (_each, index) => html`<div class=${bad.has(index + 1) ? "bad" : ""}>${index + 1}</div>`)}</div>
      <textarea dir="ltr" aria-label=${this.label} spellcheck="false" autocomplete="off" autocapitalize="none" wrap="off" ?readonly=${this.readonly} aria-invalid=${bad.size > 0}
        .value=${this.value} @input=${this.#input} @keydown=${this.#key} @scroll=${this.#scroll}></textarea></div>`;
  }

  protected override updated(): void {
    this.#scroll();
  }

  /** Put the cursor on a line and show it. */
  show(line: number): void {
    const before = this.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const end = this.value.indexOf("\n", before);
    this.area.focus();
    this.area.setSelectionRange(before, end < 0 ? this.value.length : end);
    this.area.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(this.area).lineHeight));
  }

  #input(): void {
    this.value = this.area.value;
    this.dispatchEvent(new CustomEvent("typed", { detail: this.value }));
  }

  /** A new line begins where the last one began; Tab leaves the field, as everywhere. */
  #key(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.isComposing || this.readonly) return;
    const { selectionStart, selectionEnd, value } = this.area;
    const line = value.slice(value.lastIndexOf("\n", selectionStart - 1) + 1, selectionStart);
    const indent = /^\s*/.exec(line)![0] + (/:\s*$/.test(line) ? "  " : "");
    if (!indent) return;
    event.preventDefault();
    this.area.setRangeText(`\n${indent}`, selectionStart, selectionEnd, "end");
    this.#input();
  }

  #scroll(): void {
    this.gutter.scrollTop = this.area.scrollTop;
  }
}
