/** The form of a resource type, made from the hub's own description of it. */
import { LitElement, css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import { icon } from "../components/icon";
import type { Resource } from "../data/resources";
import { hub } from "../hub";
import { number, t, word } from "../i18n";
import { base, buttons, fields } from "../styles/shared";
import { Watch, onPrefs } from "../watch";
import { control, type Around } from "./control";
import { constantOf, kindOf, labelOf, type Field } from "./fields";
import { addEntry, addItem, buildForm, isSet, isWrong, mistakes, moveItem, peek, place, present, read, type ChoiceNode, type ListNode, type Mistake, type Node, type ObjectNode } from "./node";
import { same, type Plain } from "./values";

@customElement("hub-spec-form")
export class SpecForm extends LitElement implements Around {
  @property({ attribute: false }) fields: Field[] = [];
  /** What the form begins with; setting it anew forgets what was typed. */
  @property({ attribute: false }) spec: Plain = {};
  @state() private summary: Mistake[] = [];
  @state() private said = "";
  #root: ObjectNode = buildForm([], {});
  /** Names of the objects whose further fields are shown. */
  readonly #unfolded = new Set<string>();
  readonly #references = new Map<string, readonly Resource[] | undefined>();
  readonly #refresh = () => {
    for (const type of this.#references.keys()) void this.#load(type);
  };

  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("focus", this.#refresh);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("focus", this.#refresh);
  }

  static override styles = [base, buttons, fields, css`
    :host { display: block; }
    .grid { display: grid; gap: 16px 20px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 220px), 1fr)); align-items: start; }
    .wide, fieldset { grid-column: 1 / -1; }
    .field { margin: 0; min-inline-size: 0; }
    .field > label.check { min-block-size: 40px; }
    @media (min-width: 561px) { .grid > .field > label.check:first-child { margin-block-start: 26px; } }
    .needed { color: var(--muted); font-weight: 400; font-size: 0.8125rem; margin-inline-start: 4px; }
    .hint { color: var(--muted); font-size: 0.8125rem; margin-block-start: 4px; overflow-wrap: anywhere; }
    .aside { display: inline-flex; align-items: center; gap: 4px; font-size: 0.8125rem; min-block-size: 28px; margin-block-start: 2px; }
    textarea[aria-invalid="true"], select[aria-invalid="true"] { border-color: var(--bad); }
    fieldset { border: 0; margin: 0; padding: 0; min-inline-size: 0; }
    legend { padding: 0; font-weight: 620; font-size: 0.9375rem; margin-block-end: 10px; }
    .about { color: var(--muted); font-size: 0.8125rem; margin-block: -6px 10px; }
    .group { border-inline-start: 3px solid var(--line); padding-inline-start: 16px; }
    .items { display: grid; gap: 12px; }
    .item { border: 1px solid var(--line); border-radius: 14px; padding: 14px; padding-block-start: 8px; background: color-mix(in srgb, var(--canvas) 45%, var(--surface)); }
    .item > .head { display: flex; align-items: center; gap: 2px; margin-block-end: 6px; }
    .item > .head strong { flex: 1; min-inline-size: 0; font-weight: 600; font-size: 0.9375rem; overflow-wrap: anywhere; }
    .row { display: flex; align-items: start; gap: 6px; }
    .row > .field { flex: 1; }
    .row .tools { flex: none; display: flex; }
    .tools button, .head button { inline-size: 40px; color: var(--muted); }
    .tools button:disabled, .head button:disabled { opacity: 0.35; }
    .row label { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
    .add { display: inline-flex; align-items: center; gap: 6px; margin-block-start: 12px; color: var(--accent); }
    .none { color: var(--muted); font-size: 0.875rem; }
    .further > summary { box-sizing: border-box; display: flex; align-items: center; gap: 8px; min-block-size: 44px; cursor: pointer; font-weight: 620; font-size: 0.9375rem; list-style: none; border-block-start: 1px solid var(--line); }
    .further > summary::-webkit-details-marker { display: none; }
    .further > summary svg { color: var(--muted); transition: rotate 120ms; }
    .further > summary svg:dir(rtl) { scale: -1 1; }
    .further[open] > summary svg { rotate: 90deg; }
    .further[open] > summary svg:dir(rtl) { rotate: -90deg; }
    .further > .grid { padding-block: 8px; }
    .summary { border: 1px solid var(--bad); background: var(--bad-tint); color: var(--bad); border-radius: 14px; padding: 14px; padding-inline: 18px; margin-block-end: 20px; }
    .summary h2 { font-size: 1rem; margin-block-end: 6px; }
    .summary ul { margin: 0; padding-inline-start: 20px; font-size: 0.9375rem; }
    .summary a { color: inherit; }
    .entry { display: grid; gap: 8px 12px; grid-template-columns: minmax(0, 1fr) minmax(0, 2fr) auto; align-items: start; }
    @media (max-width: 560px) {
      .group { padding-inline-start: 10px; }
      .item { padding: 10px; }
      .entry { grid-template-columns: minmax(0, 1fr) auto; }
      .entry > :nth-child(2) { grid-column: 1 / -1; grid-row: 2; }
    }
  `];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("spec") && !changed.has("fields")) return;
    this.#root = buildForm(this.fields, this.spec);
    this.summary = [];
  }

  override render() {
    return html`${this.summary.length ? this.#mistakes() : nothing}
      <div class="grid">${this.#children(this.#root)}</div>
      <p class="visually-hidden" role="status">${this.said}</p>`;
  }

  /** True when something differs from what the form began with. */
  get dirty(): boolean {
    return !same(peek(this.#root), this.spec);
  }

  /** Return what was typed as a spec; it may hold mistakes. */
  get typed(): Plain {
    return peek(this.#root);
  }

  /** Return the spec, or nothing when there are mistakes: those are shown and get the focus. */
  async check(): Promise<Plain | undefined> {
    const spec = read(this.#root);
    await this.#complain();
    return this.summary.length ? undefined : spec;
  }

  /** Show the problems that the hub found, at their fields and together above. */
  async refuse(problems: readonly { path: string; message: string }[]): Promise<void> {
    read(this.#root);
    for (const each of problems) place(this.#root, each.path, each.message);
    await this.#complain();
  }

  changed(): void {
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent("changed"));
  }

  known(resourceType: string): readonly Resource[] | undefined {
    if (!this.#references.has(resourceType)) void this.#load(resourceType);
    return this.#references.get(resourceType);
  }

  async #load(resourceType: string): Promise<void> {
    this.#references.set(resourceType, this.#references.get(resourceType));
    try {
      this.#references.set(resourceType, await hub().link.ask<Resource[]>({ type: "resource/list", resource_type: resourceType }));
      this.requestUpdate();
    } catch {
      // Without the list the key is typed.
    }
  }

  async #complain(): Promise<void> {
    const label = (node: Node, above: string) => [above, labelOf(node.field.name)].filter(Boolean).join(" › ");
    this.summary = mistakes(this.#root, label);
    this.requestUpdate();
    await this.updateComplete;
    if (this.summary.length) this.renderRoot.querySelector<HTMLElement>(".summary")?.focus();
  }

  #mistakes() {
    const jump = (id: string) => (event: Event) => {
      event.preventDefault();
      this.#focus(id);
    };
    return html`<div class="summary" tabindex="-1" role="group" aria-labelledby="summary"><h2 id="summary">${t("form_mistakes", { count: this.summary.length })}</h2>
      <ul>${this.summary.map((each) => html`<li><a href="#${each.id}" @click=${jump(each.id)}>${each.label ? html`<bdi>${each.label}</bdi>: ` : nothing}<span dir="auto">${each.problem}</span></a></li>`)}</ul></div>`;
  }

  #children(node: ObjectNode): TemplateResult {
    const further = node.children.filter(({ field }) => field.advanced);
    const usual = further.length ? node.children.filter(({ field }) => !field.advanced) : node.children;
    return html`${usual.map((child) => this.#node(child))}${node.field.item ? this.#entries(node) : nothing}${further.length ? this.#further(node, further) : nothing}`;
  }

  /** What few people need, folded away until something of it is wrong; how much is set stands beside. */
  #further(node: ObjectNode, children: Node[]): TemplateResult {
    const id = node.field.name ?? "";
    if (children.some(isWrong)) this.#unfolded.add(id);
    const open = this.#unfolded.has(id);
    const set = children.filter(isSet).length;
    const fold = (event: Event) => {
      const now = (event.currentTarget as HTMLDetailsElement).open;
      if (now === this.#unfolded.has(id)) return;
      if (now) this.#unfolded.add(id);
      else this.#unfolded.delete(id);
      this.requestUpdate();
    };
    return html`<details class="wide further" ?open=${live(open)} @toggle=${fold}><summary>${icon("open", 18)}<span>${t("form_further")}</span>${set ? html`<span class="muted small">${t("form_further_set", { count: set })}</span>` : nothing}</summary>
      ${open ? html`<div class="grid">${children.map((child) => this.#node(child))}</div>` : nothing}</details>`;
  }

  #node(node: Node): TemplateResult {
    if (node.kind === "leaf") return control(node, this);
    if (node.kind === "choice") return this.#choice(node);
    return node.kind === "list" ? this.#list(node) : this.#object(node);
  }

  #frame(node: Node, body: unknown): TemplateResult {
    const { field, id, problem } = node;
    return html`<fieldset id=${id} tabindex="-1" aria-describedby=${problem ? `${id}-problem` : nothing}>
      <legend><bdi>${labelOf(field.name)}</bdi></legend>
      ${field.description ? html`<p class="about"><bdi>${field.description}</bdi></p>` : nothing}
      ${problem ? html`<p class="error" id="${id}-problem">${problem}</p>` : nothing}${body}</fieldset>`;
  }

  /** Which of several things a field is, then that one's own controls. */
  #choice(node: ChoiceNode, inside = false): TemplateResult {
    const chosen = node.nodes[node.chosen]!;
    const choose = (event: Event) => {
      node.chosen = Number((event.target as HTMLSelectElement).value);
      present(node);
      this.changed();
    };
    const hides = constantOf(chosen.field)?.name;
    const body = chosen.kind === "object" ? chosen.children.filter((child) => child.field.name !== hides).map((child) => this.#node(child)) : chosen.kind === "leaf" ? control(chosen, this, t("form_value")) : this.#node(chosen);
    const all = html`<div class="grid"><div class="field"><label for="${node.id}-kind">${t("form_kind")}</label><select id="${node.id}-kind" @change=${choose}>
      ${node.nodes.map((each, index) => html`<option value=${index} ?selected=${index === node.chosen}>${kindOf(each.field, (type) => word("type", type))}</option>`)}</select></div>${body}</div>`;
    return inside ? all : this.#frame(node, html`<div class="group">${all}</div>`);
  }

  #object(node: ObjectNode): TemplateResult {
    const optional = node.field.required !== true && node.field.default === undefined;
    const name = labelOf(node.field.name);
    if (optional && !node.present) return this.#frame(node, this.#adder(t("form_add_of", { name }), () => this.#present(node)));
    return this.#frame(node, html`<div class="group"><div class="grid">${this.#children(node)}</div>
      ${optional ? html`<button type="button" class="plain add danger" @click=${() => this.#absent(node)}>${icon("trash", 18)}${t("form_remove_of", { name })}</button>` : nothing}</div>`);
  }

  #adder(label: string, add: () => void): TemplateResult {
    return html`<button type="button" class="add" @click=${add}>${icon("plus", 18)}${label}</button>`;
  }

  #list(node: ListNode): TemplateResult {
    const { item } = node.field;
    const plain = item!.type !== "object" && item!.type !== "list";
    const rows = repeat(node.items, (each) => each.id, (each, index) => (plain ? this.#row(node, each, index) : this.#item(node, each, index)));
    return this.#frame(node, html`${node.items.length ? html`<div class="items">${rows}</div>` : html`<p class="none">${t("form_none")}</p>`}
      ${this.#adder(t("form_add"), () => this.#add(node))}`);
  }

  #row(list: ListNode, node: Node, index: number): TemplateResult {
    const name = `${labelOf(list.field.name)} ${number(index + 1)}`;
    return html`<div class="row">${node.kind === "leaf" ? control(node, this, name) : this.#node(node)}<div class="tools">${this.#tools(list, index, name)}</div></div>`;
  }

  #item(list: ListNode, node: Node, index: number): TemplateResult {
    const shown = node.kind === "choice" ? node.nodes[node.chosen]! : node;
    const own = shown.kind === "object" ? shown.children.find((child) => child.field.name === "name") : undefined;
    const name = (own?.kind === "leaf" && own.typed) || `${labelOf(list.field.name)} ${number(index + 1)}`;
    return html`<div class="item" id=${node.id} tabindex="-1" role="group" aria-label=${name}>
      <div class="head"><strong><bdi>${name}</bdi></strong>${this.#tools(list, index, name)}</div>
      ${node.problem ? html`<p class="error">${node.problem}</p>` : nothing}
      ${node.kind === "choice" ? this.#choice(node, true) : html`<div class="grid">${node.kind === "object" ? this.#children(node) : this.#node(node)}</div>`}</div>`;
  }

  #tools(list: ListNode, index: number, name: string): TemplateResult {
    const id = list.items[index]!.id;
    return html`<button type="button" class="icon plain" data-move="${id}-up" ?disabled=${index === 0} aria-label=${t("form_up", { name })} @click=${() => this.#move(list, index, -1)}>${icon("up", 18)}</button>
      <button type="button" class="icon plain" data-move="${id}-down" ?disabled=${index === list.items.length - 1} aria-label=${t("form_down", { name })} @click=${() => this.#move(list, index, 1)}>${icon("down", 18)}</button>
      <button type="button" class="icon plain" aria-label=${t("form_remove_of", { name })} @click=${() => this.#remove(list, list.items, index, name)}>${icon("trash", 18)}</button>`;
  }

  #entries(node: ObjectNode): TemplateResult {
    const type = (entry: ObjectNode["entries"][number]) => (event: Event) => {
      entry.key = (event.target as HTMLInputElement).value.trim();
      delete entry.problem;
      this.changed();
    };
    const row = (entry: ObjectNode["entries"][number], index: number) => html`<div class="item entry" role="group" aria-label=${entry.key || t("form_key")}>
      <div class="field"><label for=${entry.id}>${t("form_key")}</label><input id=${entry.id} dir="auto" autocomplete="off" .value=${entry.key} @input=${type(entry)}
        aria-invalid=${entry.problem ? "true" : nothing} aria-describedby=${entry.problem ? `${entry.id}-problem` : nothing}>
        ${entry.problem ? html`<p class="error" id="${entry.id}-problem">${entry.problem}</p>` : nothing}</div>
      <div>${entry.node.kind === "leaf" ? control(entry.node, this, t("form_value")) : html`<div class="grid">${entry.node.kind === "object" ? this.#children(entry.node) : this.#node(entry.node)}</div>`}</div>
      <button type="button" class="icon plain" aria-label=${t("form_remove_of", { name: entry.key })} @click=${() => this.#remove(node, node.entries, index, entry.key)}>${icon("trash", 18)}</button></div>`;
    return html`<div class="wide">${node.entries.length ? html`<div class="items">${repeat(node.entries, (each) => each.id, row)}</div>` : nothing}
      ${this.#adder(t("form_add"), () => {
        const entry = addEntry(node);
        this.changed();
        void this.updateComplete.then(() => this.#focus(entry.id));
      })}</div>`;
  }

  #present(node: ObjectNode): void {
    node.present = true;
    this.changed();
    void this.updateComplete.then(() => this.#focus(node.id));
  }

  #absent(node: ObjectNode): void {
    const empty = buildForm(node.field.fields ?? [], {});
    Object.assign(node, { present: false, children: empty.children, entries: [], rest: {} });
    this.changed();
    void this.updateComplete.then(() => this.#focus(node.id));
  }

  #add(list: ListNode): void {
    const node = addItem(list);
    this.changed();
    void this.updateComplete.then(() => this.#focus(node.id));
  }

  #move(list: ListNode, index: number, by: -1 | 1): void {
    const { id } = list.items[index]!;
    if (!moveItem(list, index, by)) return;
    this.said = t("form_moved", { place: index + by + 1, count: list.items.length });
    this.changed();
    void this.updateComplete.then(() => {
      const [same, other] = by < 0 ? ["up", "down"] : ["down", "up"];
      const find = (way: string) => this.renderRoot.querySelector<HTMLButtonElement>(`[data-move="${id}-${way}"]`);
      (find(same!)?.disabled ? find(other!) : find(same!))?.focus();
    });
  }

  #remove(holder: Node, items: unknown[], index: number, name: string): void {
    items.splice(index, 1);
    this.said = t("form_removed", { name });
    this.changed();
    void this.updateComplete.then(() => this.#focus(holder.id));
  }

  /** Focus a control, or the first one inside what an id names. */
  #focus(id: string): void {
    const found = this.renderRoot.querySelector<HTMLElement>(`#${id}`);
    const inside = (what: string) => (found?.matches("fieldset, .item") ? found.querySelector<HTMLElement>(what) : undefined);
    (inside("input, select, textarea") ?? inside("button:not(:disabled)") ?? found)?.focus();
    found?.scrollIntoView({ block: "center" });
  }
}
