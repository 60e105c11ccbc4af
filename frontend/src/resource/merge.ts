/** Two people changed one resource: what each of them did, and putting both together by hand. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { diffStyles, pathText, sides } from "../components/diff";
import { icon } from "../components/icon";
import type { Spec } from "../data/resources";
import { differences, same, taken, touches, type Place } from "../form/values";
import { t } from "../i18n";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Watch, onPrefs } from "../watch";

@customElement("hub-merge")
export class Merge extends LitElement {
  /** What the form began with. */
  @property({ attribute: false }) base: Spec = {};
  /** What was typed. */
  @property({ attribute: false }) mine: Spec = {};
  /** What is stored now. */
  @property({ attribute: false }) theirs: Spec = {};
  @property({ type: Number }) revision = 0;
  /** Who made the other change, when that is known. */
  @property() who = "";
  /** Paths where the stored value wins over the typed one. */
  @state() private theirWins: ReadonlySet<string> = new Set();

  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
  }

  static override styles = [base, buttons, card, fields, diffStyles, lists, css`
    :host { display: block; }
    h2 { margin-block-end: 6px; outline: none; }
    h3 { margin-block: 20px 4px; }
    ul { list-style: none; margin: 0; padding: 0; }
    li { padding-block: 12px; border-block-start: 1px solid var(--line); }
    li:first-child { border-block-start: 0; }
    .choice { display: grid; gap: 4px; border: 0; margin: 0; padding: 0; min-inline-size: 0; }
    .choice legend { padding: 0; margin-block-end: 4px; }
    .choice input { inline-size: 20px; min-block-size: 20px; block-size: 20px; flex: none; margin: 0; accent-color: var(--accent); }
    .choice .check { align-items: start; padding-block: 6px; min-block-size: 32px; }
    .choice .sides { margin: 0; }
    .choice label > div { flex: 1; min-inline-size: 0; }
    .ends { display: flex; gap: 10px; flex-wrap: wrap; margin-block-start: 20px; }
  `];

  override render() {
    const theirs = differences(this.base, this.theirs);
    const mine = differences(this.base, this.mine);
    const clashes = mine.filter((each) => this.#against(each, theirs));
    const others = theirs.filter((each) => !mine.some((one) => touches(one, each)));
    return html`<section class="card" aria-labelledby="merge"><h2 id="merge" tabindex="-1">${t("changed_meanwhile")}</h2>
      <p class="muted">${this.who ? t("changed_by", { name: this.who, revision: this.revision }) : t("changed_to", { revision: this.revision })} ${t("nothing_lost")}</p>
      ${clashes.length ? html`<h3>${t("both_changed")}</h3><ul>${clashes.map((each) => this.#choice(each, theirs))}</ul>` : nothing}
      ${others.length ? html`<h3>${t("they_changed")}</h3><ul>${others.map((each) => html`<li>${pathText(each.path)}${sides(each)}</li>`)}</ul>` : nothing}
      <div class="ends"><button type="button" class="primary" @click=${() => this.#merged(mine, theirs)}>${t("merge_both")}</button>
        <button type="button" @click=${() => this.dispatchEvent(new CustomEvent("reload"))}>${icon("undo", 18)} ${t("take_theirs")}</button></div>
    </section>`;
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLElement>("h2")?.focus();
  }

  #against(one: Place, theirs: readonly Place[]): Place | undefined {
    return theirs.find((each) => touches(one, each) && !(each.path === one.path && same(each.after, one.after)));
  }

  #choice(mine: Place, theirs: readonly Place[]) {
    const other = this.#against(mine, theirs)!;
    const wins = this.theirWins.has(mine.path);
    const choose = (their: boolean) => () => {
      const next = new Set(this.theirWins);
      if (their) next.add(mine.path);
      else next.delete(mine.path);
      this.theirWins = next;
    };
    const option = (their: boolean, label: string, change: Place) => html`<label class="check"><input type="radio" name=${mine.path} .checked=${wins === their} @change=${choose(their)}>
      <div>${label}${"after" in change ? sides({ after: change.after }) : html` <span class="muted">(${t("removed")})</span>`}</div></label>`;
    return html`<li><fieldset class="choice"><legend>${pathText(mine.path)}</legend>
      ${option(false, t("keep_mine"), mine)}${option(true, t("keep_theirs"), other)}</fieldset></li>`;
  }

  /** Take the stored spec, and on it those of the typed changes that shall win. */
  #merged(mine: readonly Place[], theirs: readonly Place[]): void {
    let spec: unknown = this.theirs;
    for (const each of mine) if (!(this.#against(each, theirs) && this.theirWins.has(each.path))) spec = taken(spec, each);
    this.dispatchEvent(new CustomEvent("merged", { detail: spec }));
  }
}
