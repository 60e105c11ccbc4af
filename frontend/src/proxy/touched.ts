/** The files that were changed by hand; each unfolds what differs from what was deployed. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { badge, badgeStyles } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { t, word } from "../i18n";
import { base, buttons } from "../styles/shared";
import { Watch, onPrefs } from "../watch";
import { readDiff } from "./diff";
import { diffCount, diffLines, nginxDiffStyles } from "./diff-view";
import { call, type TouchedFile } from "./status";

type Name = Pick<TouchedFile, "how" | "path">;

const ICONS = { modified: "drift", missing: "minus", extra: "plus" } as const;

@customElement("hub-proxy-touched")
export class ProxyTouched extends LitElement {
  @property() server = "";
  @property({ attribute: false }) files: readonly Name[] = [];
  /** How often the server was looked at on demand: the texts may be others then. */
  @property({ type: Number }) looks = 0;
  /** Whether the signed-in person may see the texts. */
  @property({ type: Boolean }) shows = false;
  @state() private found: ReadonlyMap<string, TouchedFile> | undefined;
  @state() private problem = "";
  @state() private opened: ReadonlySet<string> = new Set();
  #asked = 0;
  #busy = false;
  #names = "";

  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
  }

  static override styles = [base, buttons, badgeStyles, nginxDiffStyles, css`
    :host { display: block; }
    ul { list-style: none; margin: 0; padding: 0; }
    li + li { margin-block-start: 10px; }
    li details.file { margin: 0; }
    .plain { display: flex; align-items: center; gap: 6px 12px; flex-wrap: wrap; border: 1px solid var(--line); border-radius: 12px; padding: 8px; padding-inline: 14px; background: var(--sunken); }
    .plain .path { min-inline-size: 0; overflow-wrap: anywhere; }
    .plain:dir(rtl) .path { text-align: end; }
    li .path, li details.file .path { flex: 1 1 180px; }
    .count:empty { display: none; }
    .said { font-size: 0.875rem; padding: 10px; padding-inline: 14px; overflow-wrap: anywhere; }
    .said + .text { border-block-start: 1px solid var(--line); }
    .said button { margin-block-start: 8px; }
  `];

  protected override willUpdate(changed: PropertyValues<this>): void {
    const names = JSON.stringify([this.server, this.looks, this.files]);
    if (names === this.#names) return;
    if (changed.has("server")) this.opened = new Set();
    this.#names = names;
    this.#asked += 1;
    this.#busy = false;
    this.found = undefined;
    this.problem = "";
    if (this.opened.size) void this.#load();
  }

  override render() {
    return html`<ul>${this.files.map((file) => html`<li>${this.shows ? this.#fold(file) : html`<div class="plain">${this.#head(file)}</div>`}</li>`)}</ul>`;
  }

  #head({ how, path }: Name) {
    return html`<bdi dir="ltr" class="path mono">${path}</bdi>${badge(word("proxy", how), "warn", ICONS[how])}`;
  }

  #fold(file: Name) {
    const told = this.found?.get(file.path);
    const diff = told?.diff ? readDiff(told.diff)[0] : undefined;
    return html`<details class="file" ?open=${this.opened.has(file.path)} @toggle=${(event: Event) => this.#turn(file.path, (event.target as HTMLDetailsElement).open)}>
      <summary><span class="turn">${icon("open", 16)}</span>${this.#head(file)}${diff ? diffCount(diff) : nothing}</summary>
      ${this.#said(told)}${diff ? diffLines(diff) : nothing}</details>`;
  }

  #said(told: TouchedFile | undefined) {
    if (this.problem) return html`<div class="said"><p class="error" role="alert"><bdi dir="auto">${this.problem}</bdi></p><button type="button" @click=${() => void this.#load()}>${t("proxy_again")}</button></div>`;
    if (!this.found) return html`<p class="said muted" role="status">${t("loading")}</p>`;
    if (!told) return html`<p class="said muted">${t("proxy_touched_gone")}</p>`;
    return told.note ? html`<p class="said muted"><bdi dir="auto">${told.note}</bdi></p>` : nothing;
  }

  #turn(path: string, open: boolean): void {
    const opened = new Set(this.opened);
    if (open) opened.add(path);
    else opened.delete(path);
    this.opened = opened;
    if (open && !this.found && !this.#busy) void this.#load();
  }

  async #load(): Promise<void> {
    const turn = (this.#asked += 1);
    this.#busy = true;
    this.problem = "";
    try {
      const { files } = await call<{ files: TouchedFile[] }>("drift", { server: this.server });
      if (turn === this.#asked) this.found = new Map(files.map((file) => [file.path, file]));
    } catch (error) {
      if (turn === this.#asked) this.problem = failureText(error);
    }
    if (turn === this.#asked) this.#busy = false;
  }
}
