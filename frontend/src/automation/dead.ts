/** What is named somewhere and does not exist. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { byOwner, ownerAddress, type Reference } from "../data/references";
import { hub } from "../hub";
import { t, word } from "../i18n";
import { lists } from "../styles/lists";
import { base, card } from "../styles/shared";
import { Watch, onPrefs } from "../watch";

/** Draw the places of some references, grouped by who names them. */
export function placesView(references: readonly Reference[]) {
  return html`<ul class="rows">${byOwner(references).map((group) => {
    const { owner } = group[0]!;
    const address = ownerAddress(owner);
    return html`<li><p><strong>${address ? html`<a href=${address}><bdi>${owner.name}</bdi></a>` : html`<bdi>${owner.name}</bdi>`}</strong> <span class="muted small">${word("domain", owner.type)}</span></p>
      <ul class="places">${group.map((each) => html`<li>${word("dead", each.kind)} <bdi dir="ltr" class="mono">${each.value}</bdi> <span class="muted">${t("dead_at")} <bdi dir="ltr" class="mono">${each.path}</bdi></span>${each.file
        ? html` <span class="muted">· <bdi dir="ltr" class="mono">${each.file}${each.line ? `:${each.line}` : ""}</bdi></span>` : nothing}</li>`)}</ul></li>`;
  })}</ul>`;
}

export const placesStyles = css`
  .rows > li { padding-block: 12px; }
  .places { margin: 4px 0 0; padding-inline-start: 20px; font-size: 0.9375rem; display: grid; gap: 4px; overflow-wrap: anywhere; }
`;

@customElement("hub-dead-references")
export class DeadReferences extends LitElement {
  @state() private dead: Reference[] | undefined;
  @state() private problem = "";

  constructor() {
    super();
    new Watch(this, () => [onPrefs, () => hub().link.onReconnect(() => void this.#load())]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  static override styles = [base, card, lists, placesStyles, css`:host { display: block; } .card { padding-block: 6px; } .well { display: flex; gap: 8px; align-items: center; color: var(--good); padding-block: 14px; }`];

  override render() {
    return html`<p class="lead">${t("dead_lead")}</p>${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : this.dead
      ? html`<section class="card" aria-label=${t("references")}>${this.dead.length ? placesView(this.dead) : html`<p class="well">${icon("check", 20)}${t("dead_none")}</p>`}</section>`
      : html`<p class="muted" role="status">${t("loading")}</p>`}`;
  }

  async #load(): Promise<void> {
    try {
      this.dead = await hub().link.ask<Reference[]>({ type: "references/dead" });
    } catch (error) {
      this.problem = failureText(error);
    }
  }
}
