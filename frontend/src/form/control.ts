/** The controls of a form: one template per kind of field. */
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { icon } from "../components/icon";
import { addressOf, type Resource } from "../data/resources";
import { t } from "../i18n";
import { labelOf, optionsOf, type Field } from "./fields";
import { defaultOf, rangeOf, type Leaf } from "./node";
import { isSealed } from "./values";

/** What a control needs from the form around it. */
export interface Around {
  /** Redraw, and tell that something was typed. */
  changed(): void;
  /** The resources that a reference may name; undefined while they are not known. */
  known(resourceType: string): readonly Resource[] | undefined;
}

/** Draw a leaf with its label, hint and problem; `label` replaces the field's own. */
export function control(node: Leaf, around: Around, label?: string): TemplateResult {
  const { field, id } = node;
  const hints = hintsOf(node);
  const described = [hints.length ? `${id}-hint` : "", node.problem ? `${id}-problem` : ""].filter(Boolean).join(" ") || nothing;
  const wide = field.type === "any" || field.multiline ? "wide" : "";
  const below = html`${hints.length ? html`<p class="hint" id="${id}-hint">${hints.map((each) => html`<bdi>${each}</bdi> `)}</p>` : nothing}
    ${node.problem ? html`<p class="error" id="${id}-problem">${node.problem}</p>` : nothing}${besides(node, around)}`;
  if (field.type === "boolean") {
    const on = node.typed === "" ? field.default === true : node.typed === "true";
    return html`<div class="field"><label class="check"><input id=${id} type="checkbox" .checked=${live(on)} aria-invalid=${node.problem ? "true" : nothing}
      aria-describedby=${described} @change=${(event: Event) => type(node, around, String((event.target as HTMLInputElement).checked))}>
      <bdi>${label ?? labelOf(field.name)}</bdi></label>${below}</div>`;
  }
  return html`<div class="field ${wide}"><label for=${id}><bdi>${label ?? labelOf(field.name)}</bdi>${marks(field)}</label>${input(node, around, described)}${below}</div>`;
}

function marks(field: Field) {
  return html`${field.unit ? html` <bdi class="muted">(${field.unit})</bdi>` : nothing}${field.required && field.default === undefined ? html` <span class="needed">${t("required")}</span>` : nothing}`;
}

function hintsOf(node: Leaf): string[] {
  const { field } = node;
  const preset = defaultOf(field);
  const hints = [field.description ?? "", rangeOf(field)];
  if (preset && field.type !== "boolean" && field.type !== "select") hints.push(t("form_empty", { value: preset }));
  if (isSealed(node.given)) hints.push(t("secret_set"));
  if (field.type === "any") hints.push(t("form_json_hint"));
  return hints.filter(Boolean).map((each) => (/[.!?…:؟]$/.test(each) ? each : `${each}.`));
}

function type(node: Leaf, around: Around, text: string): void {
  node.typed = text;
  node.touched = true;
  delete node.problem;
  around.changed();
}

function input(node: Leaf, around: Around, described: string | typeof nothing) {
  const { field, id, typed } = node;
  const take = (event: Event) => type(node, around, (event.target as HTMLInputElement).value);
  const invalid = node.problem ? "true" : nothing;
  const required = field.required === true && field.default === undefined ? "true" : nothing;
  if (field.type === "select" || (field.type === "reference" && around.known(field.reference_type ?? ""))) {
    const choices = field.type === "select" ? picks(field) : references(node, around);
    const known = typed === "" || choices.some((each) => each.value === typed);
    return html`<select id=${id} aria-invalid=${invalid} aria-required=${required} aria-describedby=${described} @change=${take}>
      <option value="" ?selected=${typed === ""}>${defaultOf(field) ? t("form_default", { value: defaultOf(field) }) : "–"}</option>
      ${known ? nothing : html`<option value=${typed} selected>${t("form_missing", { key: typed })}</option>`}
      ${choices.map((each) => html`<option value=${each.value} ?selected=${each.value === typed} .selected=${live(each.value === typed)}>${each.label}</option>`)}
    </select>`;
  }
  if (field.type === "any" || field.multiline) {
    const rows = Math.min(16, Math.max(4, typed.split("\n").length + 1));
    return html`<textarea id=${id} rows=${rows} dir="ltr" spellcheck="false" autocomplete="off" aria-invalid=${invalid} aria-required=${required}
      aria-describedby=${described} .value=${live(typed)} @input=${take}></textarea>`;
  }
  const figure = field.type === "integer" || field.type === "float";
  return html`<input id=${id} type=${field.type === "secret" ? "password" : "text"} inputmode=${field.type === "integer" ? "numeric" : figure ? "decimal" : "text"}
    dir=${figure ? "ltr" : "auto"} autocomplete=${field.type === "secret" ? "new-password" : "off"} spellcheck="false" autocapitalize="none"
    placeholder=${isSealed(node.given) ? "••••••" : defaultOf(field)} aria-invalid=${invalid} aria-required=${required}
    aria-describedby=${described} .value=${live(typed)} @input=${take}>`;
}

function picks(field: Field): { value: string; label: string }[] {
  return optionsOf(field).map((each) => ({ value: JSON.stringify(each.value), label: each.label }));
}

function references(node: Leaf, around: Around): { value: string; label: string }[] {
  const known = around.known(node.field.reference_type ?? "") ?? [];
  const own = known.map(({ key, title }) => ({ value: key, label: title === key ? key : `${title} (${key})` }));
  const taken = new Set(own.map((each) => each.value));
  const shipped = (node.field.shipped ?? []).filter((name) => !taken.has(name));
  return [...own, ...shipped.map((name) => ({ value: name, label: name }))];
}

/** Draw what stands below the control: making what a reference may name, removing a secret. */
function besides(node: Leaf, around: Around) {
  const { field } = node;
  if (field.type === "reference" && field.reference_type) {
    return html`<a class="aside" target="_blank" href="${addressOf(field.reference_type)}?new=1">${icon("plus", 16)}${t("form_create", { type: field.reference_type })}</a>`;
  }
  if (field.type !== "secret" || !isSealed(node.given) || field.required) return nothing;
  const clear = (event: Event) => {
    node.cleared = (event.target as HTMLInputElement).checked;
    type(node, around, node.typed);
  };
  return html`<label class="check small"><input type="checkbox" .checked=${node.cleared === true} @change=${clear}>${t("secret_remove")}</label>`;
}
