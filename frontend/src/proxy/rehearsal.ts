/** What each server would do with a change: whether nginx takes it, what stands against it, and the text that differs. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { badge, badgeStyles } from "../components/badge";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { addressOf, type Spec } from "../data/resources";
import { hub } from "../hub";
import { t } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";
import { nginxDiff, nginxDiffStyles } from "./diff-view";
import { call, type Flaw, type Rehearsal } from "./status";
import "./words";

/** What came of a rehearsal, for whoever shows it. */
export interface Verdict {
  /** Servers that would take the change. */
  good: number;
  /** Servers that refuse it, or could not be asked. */
  bad: number;
  /** Whether any text differs. */
  differs: boolean;
}

@customElement("hub-proxy-rehearsal")
export class ProxyRehearsal extends LitElement {
  /** `type/key`. */
  @property() resource = "";
  /** What is not saved yet; undefined = as it is saved. */
  @property({ attribute: false }) spec: Spec | undefined;
  @property({ attribute: false }) nameOf: (server: string) => string = (server) => server;
  /** Put a heading above. */
  @property({ type: Boolean }) titled = false;
  @state() private servers: Record<string, Rehearsal> | undefined;
  @state() private problem = "";
  @state() private busy = false;
  #asked = 0;

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
  }

  static override styles = [base, buttons, badgeStyles, lists, nginxDiffStyles, css`
    :host { display: block; }
    h3 { margin-block: 20px 12px; }
    .server + .server { margin-block-start: 20px; padding-block-start: 16px; border-block-start: 1px solid var(--line); }
    .who { display: flex; align-items: center; gap: 6px 12px; flex-wrap: wrap; margin: 0; font-size: 0.9375rem; font-weight: 600; overflow-wrap: anywhere; }
    .who .release { color: var(--muted); font-weight: 400; }
    .flaws { list-style: none; margin: 10px 0 0; padding: 0; display: grid; gap: 8px; }
    .flaws li { display: flex; gap: 10px; border-radius: 12px; padding: 10px; padding-inline: 14px; background: var(--bad-tint); color: var(--bad); overflow-wrap: anywhere; }
    .flaws svg { flex: none; margin-block-start: 2px; }
    .flaws a { color: inherit; }
    .flaws .field { font-family: var(--mono); font-size: 0.8125rem; font-weight: 600; margin: 0; }
    .flaws.notes li { background: var(--sunken); color: var(--text); }
    .server > p { margin-block-start: 8px; }
    button { margin-block-start: 10px; }
  `];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("resource") || changed.has("spec")) void this.rehearse();
  }

  override render() {
    return html`${this.titled ? html`<h3>${t("proxy_text")}</h3>` : nothing}${this.#body()}`;
  }

  #body() {
    if (this.problem) {
      return html`<p class="error" role="alert">${this.problem}</p><button type="button" ?disabled=${this.busy || hub().link.offline} @click=${() => void this.rehearse()}>${t("proxy_again")}</button>`;
    }
    if (!this.servers) return html`<p class="muted" role="status">${t("proxy_rehearses")}</p>`;
    const all = Object.entries(this.servers);
    if (!all.length) return html`<p class="muted">${t("proxy_nowhere")}</p>`;
    return html`${all.map(([key, told]) => this.#server(key, told))}`;
  }

  /** Let the servers test the change; nothing is deployed. */
  async rehearse(): Promise<void> {
    const turn = (this.#asked += 1);
    this.problem = "";
    this.servers = undefined;
    this.busy = true;
    try {
      const { servers } = await call<{ servers: Record<string, Rehearsal> }>("dry_run", { resource: this.resource, ...(this.spec ? { spec: this.spec } : {}) });
      if (turn === this.#asked) this.servers = servers;
    } catch (error) {
      if (turn === this.#asked) this.problem = failureText(error);
    }
    if (turn !== this.#asked) return;
    this.busy = false;
    const all = Object.values(this.servers ?? {});
    const good = all.filter(({ ok, error }) => ok && !error).length;
    const detail: Verdict = { good, bad: all.length - good + (this.problem ? 1 : 0), differs: all.some(({ diff }) => diff !== "") };
    this.dispatchEvent(new CustomEvent<Verdict>("told", { detail }));
  }

  #server(key: string, told: Rehearsal) {
    const mark = told.error ? badge(t("not_known"), "warn", "question") : told.ok ? badge(t("proxy_accepts"), "good", "check") : badge(t("proxy_refuses"), "bad", "cross");
    return html`<section class="server"><div class="who" role="heading" aria-level=${this.titled ? 4 : 3}><bdi>${this.nameOf(key)}</bdi>${mark}${told.release ? html`<span class="release small">${t("proxy_in_force")} <bdi dir="ltr" class="mono">${told.release}</bdi></span>` : nothing}</div>
      ${told.error ? html`<p class="error"><bdi dir="auto">${told.error}</bdi></p>` : nothing}
      ${told.flaws.length ? html`<ul class="flaws">${told.flaws.map((flaw) => this.#flaw(flaw, true))}</ul>` : nothing}
      ${told.notes.length ? html`<ul class="flaws notes">${told.notes.map((note) => this.#flaw(note, false))}</ul>` : nothing}
      ${told.error || (told.flaws.length && !told.diff) ? nothing : nginxDiff(told.diff)}</section>`;
  }

  #flaw({ part, field, message }: Flaw, bad: boolean) {
    const other = part !== this.resource && part !== "";
    const place = other ? html`<a href="${addressOf(part)}?tab=configuration"><bdi dir="ltr">${part}</bdi></a> ` : nothing;
    return html`<li>${icon(bad ? "alert" : "question", 18)}<div>${place}${field ? html`<bdi dir="ltr" class="field">${field}</bdi>: ` : nothing}<bdi dir="auto">${message}</bdi></div></li>`;
  }
}
