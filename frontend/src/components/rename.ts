/** Another name or id for an entity; what names the old id is told first, and changed along when wanted. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { placesStyles, placesView } from "../automation/dead";
import type { Reference, Renamed } from "../data/references";
import { domainOf, nameOf } from "../data/describe";
import { hub } from "../hub";
import { t } from "../i18n";
import { here, go } from "../router";
import { lists } from "../styles/lists";
import { base, buttons, fields } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";
import { failureText } from "./failure";

@customElement("hub-rename")
export class Rename extends LitElement {
  @property() entityId = "";
  @state() private used: Reference[] | undefined;
  @state() private plan: Renamed | undefined;
  @state() private busy = false;
  @state() private problem = "";
  @state() private done: Renamed | undefined;

  constructor() {
    super();
    new Watch(this, () => [onPrefs, onLink]);
  }

  static override styles = [base, buttons, fields, lists, placesStyles, css`
    :host { display: block; }
    form { display: grid; gap: 14px; padding: 16px; border: 1px solid var(--line); border-radius: var(--radius); margin-block-start: 8px; }
    .field { margin: 0; }
    .ends { display: flex; gap: 10px; flex-wrap: wrap; }
    .used { border: 1px solid var(--line); border-radius: 14px; padding: 12px; padding-inline: 16px; max-block-size: 300px; overflow: auto; }
    .note { margin: 0; }
  `];

  override render() {
    const { done, used } = this;
    const entity = hub().store.get(this.entityId);
    const entry = hub().registries.entries.get(this.entityId);
    if (done) {
      return html`<div class="note ${done.refused.length ? "warn" : "good"}" role="status"><div><p>${t("rename_done", { count: done.changed.length })}</p>
        ${byHand(done)}</div></div>`;
    }
    return html`<form @submit=${this.#submit} novalidate>
      <div class="field"><label for="name">${t("rename_name")}</label><input id="name" name="name" dir="auto" autocomplete="off" placeholder=${entity ? nameOf(entity) : ""} .value=${entry?.en ?? ""}></div>
      <div class="field"><label for="id">${t("rename_id")}</label><input id="id" name="id" class="mono" dir="ltr" autocomplete="off" autocapitalize="none" spellcheck="false" .value=${this.entityId} @input=${() => (this.used = undefined)}></div>
      ${used?.length ? html`<div class="used" role="status"><strong>${t("rename_used", { count: used.length })}</strong>${placesView(used)}</div>
        ${this.plan?.refused.length ? html`<div class="note warn" role="status"><div>${byHand(this.plan)}</div></div>` : nothing}
        <label class="check"><input type="checkbox" name="follow" checked>${t("rename_follow")}</label>` : nothing}
      ${this.problem ? html`<p class="error" role="alert">${this.problem}</p>` : nothing}
      <div class="ends"><button class="primary" ?disabled=${this.busy || hub().link.offline}>${t("rename_go")}</button></div></form>`;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("used") && this.used?.length) this.renderRoot.querySelector(".ends")?.scrollIntoView({ block: "nearest" });
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const [old, next] = [this.entityId, String(data.get("id") ?? "").trim()];
    const name = String(data.get("name") ?? "").trim();
    this.busy = true;
    this.problem = "";
    try {
      await this.#rename(old, next.includes(".") ? next : `${domainOf(old)}.${next}`, name, data.get("follow") !== null);
    } catch (error) {
      this.problem = failureText(error);
    }
    this.busy = false;
  }

  /** Ask first who names the old id; go on when that is known, or nobody does. */
  async #rename(old: string, next: string, name: string, follow: boolean): Promise<void> {
    const { link } = hub();
    if (old !== next && !this.used) {
      const used = await link.ask<Reference[]>({ type: "references/of", entity_id: old });
      this.plan = used.length ? await link.ask<Renamed>({ type: "references/rename", old_entity_id: old, new_entity_id: next, dry_run: true }) : undefined;
      this.used = used;
      if (used.length) return;
    }
    const other = old === next ? {} : { new_entity_id: next };
    const named = name === (hub().registries.entries.get(old)?.en ?? "") ? {} : { name: name || null };
    await link.ask({ type: "config/entity_registry/update", entity_id: old, ...named, ...other });
    this.done = { changed: [], refused: [] };
    if (old === next) return;
    if (follow && this.used?.length) this.done = await link.ask<Renamed>({ type: "references/rename", old_entity_id: old, new_entity_id: next });
    const url = here();
    url.searchParams.set("entity", next);
    go(url, true);
  }
}

/** What the hub can not change along, and where it stands. */
function byHand({ refused }: Renamed) {
  if (!refused.length) return nothing;
  return html`<p>${t("rename_by_hand")}</p><ul>${refused.map((each) => html`<li><bdi dir="ltr" class="mono">${each.id}</bdi>: <bdi>${each.reason}</bdi>${each.file ? html` (<bdi dir="ltr" class="mono">${each.file}${each.line ? `:${each.line}` : ""}</bdi>)` : nothing}</li>`)}</ul>`;
}
