/** The logbook: what happened, newest first, with what caused it; new entries come by themselves. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { itemAddress, type Kind } from "../automation/items";
import { becauseText, messageText } from "../automation/told";
import type { Entity } from "../data/decode";
import { domainOf, nameOf, stateText } from "../data/describe";
import { byDay, causeOf, serviceOf, takeEntries, userNames, type Entry, type LogEvent } from "../data/logbook";
import { iso, type Range } from "../data/range";
import { isAdmin } from "../data/rights";
import { hub } from "../hub";
import { isolate, number, t, when } from "../i18n";
import { entityAddress } from "../router";
import { base, buttons, card } from "../styles/shared";
import { Follow, Watch, onPrefs } from "../watch";
import { failureText } from "./failure";
import { icon, iconOf } from "./icon";

const SHOWN = 150;
/** Kinds whose state is only when something was done. */
const MOMENTS: Partial<Record<string, () => string>> = {
  button: () => t("log_pressed"),
  input_button: () => t("log_pressed"),
  scene: () => t("log_activated"),
  event: () => t("log_fired"),
};

@customElement("hub-logbook")
export class Logbook extends LitElement {
  /** Empty = all. */
  @property({ attribute: false }) entities: readonly string[] = [];
  @property({ attribute: false }) range!: Range;
  /** The form of an entity's details: fewer rows, no card. */
  @property({ type: Boolean }) small = false;
  @state() private entries: Entry[] | undefined;
  @state() private people: ReadonlyMap<string, string> = new Map();
  /** The kept runs by the id of their context. */
  @state() private runs: Record<string, { domain: Kind; item_id: string; run_id: string }> = {};
  @state() private shown = SHOWN;
  readonly #looked = new Set<string>();
  #asked = "";
  #start = 0;

  readonly #follow = new Follow<LogEvent>(this, {
    message: () => this.#message(),
    take: (event) => {
      const fresh = event.start_time !== undefined && event.partial === true;
      const waiting = event.partial === true && !event.events.length;
      if (waiting && !this.entries) return;
      this.entries = takeEntries(fresh ? [] : (this.entries ?? []), event.events);
      void this.#learn();
    },
    reset: () => {
      this.entries = undefined;
      this.shown = this.small ? 12 : SHOWN;
    },
  });

  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void userNames(hub().link).then((people) => (this.people = people));
  }

  static override styles = [base, buttons, card, css`
    :host { display: block; }
    h2 { margin-block: 20px 8px; font-size: 0.9375rem; color: var(--muted); }
    h2:first-of-type { margin-block-start: 0; }
    ol { list-style: none; margin: 0; padding: 0; }
    .card { padding-block: 6px; }
    :host([small]) .card { padding: 0; border: 0; box-shadow: none; background: none; }
    li { display: grid; grid-template-columns: 4.6rem 28px minmax(0, 1fr); gap: 0 10px; padding-block: 9px; border-block-start: 1px solid var(--line); align-items: start; }
    :host([small]) li { grid-template-columns: 4.6rem minmax(0, 1fr); }
    :host([small]) .glyph { display: none; }
    li:first-child { border-block-start: 0; }
    time { color: var(--muted); font-size: 0.875rem; font-variant-numeric: tabular-nums; padding-block-start: 2px; }
    .glyph { color: var(--muted); display: grid; place-items: center; block-size: 26px; }
    .what { overflow-wrap: anywhere; }
    .what a { color: var(--text); text-decoration: none; font-weight: 560; }
    .what a:hover { text-decoration: underline; }
    .why { color: var(--muted); font-size: 0.8125rem; overflow-wrap: anywhere; }
    .why a { color: inherit; }
    .empty { color: var(--muted); text-align: center; padding-block: 40px; }
    :host([small]) .empty { text-align: start; padding-block: 8px; }
    .more { inline-size: 100%; margin-block-start: 12px; color: var(--accent); }
    @media (max-width: 560px) { li { grid-template-columns: 3.9rem minmax(0, 1fr); } .glyph { display: none; } .card { padding-inline: 14px; } time { font-size: 0.8125rem; } }
  `];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("range") && !changed.has("entities")) return;
    const { preset, from, to, live } = this.range;
    const asked = JSON.stringify([this.entities, preset ?? [from, live ? 0 : to]]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#start = from;
  }

  override render() {
    const failure = this.#follow.failure ? failureText(this.#follow.failure) : "";
    if (failure) return html`<p class="error" role="alert">${failure}</p>`;
    const { entries } = this;
    if (!entries) return html`<p class="empty" role="status">${t("loading")}</p>`;
    if (!entries.length) return html`<p class="empty">${t("logbook_none")}</p>`;
    return html`${repeat(byDay(entries.slice(0, this.shown)), (each) => each.day, (each) => html`<h2>${when(each.day, { dateStyle: "full" })}</h2>
        <section class="card" aria-label=${when(each.day, { dateStyle: "long" })}><ol>${each.entries.map((entry) => this.#entry(entry))}</ol></section>`)}
      ${entries.length > this.shown ? html`<button type="button" class="plain more" @click=${() => (this.shown += SHOWN)}>${t("log_more")} (${number(entries.length - this.shown)})</button>` : nothing}`;
  }

  #message() {
    const end = this.range.live ? {} : { end_time: iso(this.range.to) };
    return { type: "logbook/event_stream", start_time: iso(this.#start), ...end, ...(this.entities.length ? { entity_ids: [...this.entities] } : {}) };
  }

  #entry(entry: Entry) {
    const entity = entry.entity_id ? hub().store.get(entry.entity_id) : undefined;
    const domain = entry.entity_id ? domainOf(entry.entity_id) : (entry.domain ?? "");
    return html`<li><time datetime=${new Date(entry.when * 1000).toISOString()}>${when(entry.when, { timeStyle: "medium", hourCycle: "h23" })}</time>
      <span class="glyph">${icon(iconOf(domain, entity?.attributes.device_class), 20)}</span>
      <div><p class="what">${this.#what(entry, entity)}</p>${this.#why(entry)}</div></li>`;
  }

  #what(entry: Entry, entity: Entity | undefined) {
    const name = entity ? nameOf(entity) : (entry.name ?? entry.entity_id ?? entry.domain ?? "");
    const shown = entry.entity_id && entity ? html`<a href=${entityAddress(entry.entity_id)}><bdi>${name}</bdi></a>` : html`<strong><bdi>${name}</bdi></strong>`;
    if (entry.message) return html`${shown} <bdi>${messageText(entry.domain ?? "", entry.message)}</bdi>`;
    if (entry.state === null || entry.state === undefined) return html`${shown} ${t("log_gone")}`;
    const moment = MOMENTS[domainOf(entry.entity_id ?? "")];
    if (moment) return html`${shown} ${moment()}`;
    const as = { ...(entity ?? { attributes: {} }), entity_id: entry.entity_id ?? "", state: entry.state } as Entity;
    return html`${shown}: <bdi>${stateText(as)}</bdi>`;
  }

  #why(entry: Entry) {
    const parts: unknown[] = [];
    const cause = causeOf(entry);
    if (cause) {
      const because = becauseText(cause.because);
      const words = { automation: t("log_automation"), script: t("log_script"), entity: t("log_entity") };
      parts.push(html`${words[cause.kind]} <a href=${entityAddress(cause.entityId)}><bdi>${cause.name}</bdi></a>${because ? html` (<bdi>${because}</bdi>)` : nothing}`);
    }
    // What an automation does is in its owner's name, which is not who did it.
    const own = cause?.kind === "automation" || Boolean(entry.source);
    if (entry.context_user_id && !own) parts.push(t("log_by", { name: isolate(this.#person(entry.context_user_id)) }));
    const service = serviceOf(entry);
    if (service && !cause) parts.push(html`<bdi>${t("log_service", { service: isolate(service) })}</bdi>`);
    const trace = this.#trace(entry);
    if (trace) parts.push(html`<a href=${trace}>${t("log_trace")}</a>`);
    if (!parts.length) return nothing;
    return html`<p class="why">${parts.map((part, index) => html`${index ? " · " : ""}${part}`)}</p>`;
  }

  /** Where the run that an entry tells of is drawn. */
  #trace({ domain, context_id }: Entry): string {
    const run = context_id ? this.runs[context_id] : undefined;
    if (!run || run.domain !== domain) return "";
    return `${itemAddress(run.domain, run.item_id, "traces")}&run=${run.run_id}`;
  }

  /** Learn which runs are kept: those that are shown and those that have just been. */
  async #learn(): Promise<void> {
    const missing = (entry: Entry) => (entry.domain === "automation" || entry.domain === "script") && entry.context_id && !this.#looked.has(entry.context_id);
    const fresh = (this.entries ?? []).filter(missing);
    if (!fresh.length || !isAdmin()) return;
    for (const entry of fresh) this.#looked.add(entry.context_id!);
    this.runs = await hub().link.ask<typeof this.runs>({ type: "trace/contexts" }).catch(() => this.runs);
  }

  #person(id: string): string {
    const { user } = hub();
    return this.people.get(id) ?? (user?.id === id ? user.name : t("log_someone"));
  }
}
