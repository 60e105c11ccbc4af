/** Policies: named rules that widen or narrow what users may do. */
import { css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { ask } from "../components/ask";
import { icon } from "../components/icon";
import { asLinkError } from "../data/link";
import { SELECTORS, VERBS, type Person, type Policy, type Rule } from "../data/people";
import { hub } from "../hub";
import { t, word } from "../i18n";
import { Section, sectionStyles } from "./section";

/** Return the texts of a list that was typed with commas between. */
function texts(typed: string): string[] {
  return typed.split(",").map((each) => each.trim()).filter(Boolean);
}

@customElement("hub-policies")
export class Policies extends Section {
  @state() private policies: Policy[] | undefined;
  @state() private people: Person[] = [];
  /** The policy that is written; a new one has no name in the list. */
  @state() private draft: Policy | undefined;
  @state() private fresh = false;
  @state() private problems: { path: string; message: string }[] = [];

  static override styles = [sectionStyles, css`
    .rule { border: 1px solid var(--line); border-radius: 14px; padding: 14px; margin: 0; display: grid; gap: 14px; min-inline-size: 0; }
    .rule legend { padding-inline: 6px; font-weight: 600; }
    .verbs { display: flex; flex-wrap: wrap; gap: 0 18px; border: 0; margin: 0; padding: 0; }
    .verbs legend { padding: 0; font-size: 0.875rem; font-weight: 560; }
    .selectors { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 190px), 1fr)); }
    .rules { display: grid; gap: 16px; }
    .list { padding-block: 6px; }
    .list ul { list-style: none; margin: 4px 0 0; padding: 0; font-size: 0.875rem; color: var(--muted); }
    strong { font-weight: 600; }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render() {
    return html`<div class="top"><h2>${t("policies")}</h2><button type="button" class="primary with push" ?disabled=${hub().link.offline || this.draft !== undefined} @click=${this.#new}>${icon("plus", 18)}${t("policy_add")}</button></div>
      <p class="muted">${t("policies_lead")}</p>
      <p class="error" role="alert">${this.problem}</p><p class="said" role="status">${this.said}</p>
      ${this.draft ? this.#form(this.draft) : nothing}
      ${this.policies?.length ? html`<section class="card list" aria-label=${t("policies")}><ul class="plain-list">${this.policies.map((each) => this.#policy(each))}</ul></section>` : this.policies ? html`<p class="empty">${t("no_policies")}</p>` : nothing}`;
  }

  #policy(policy: Policy) {
    const edit = () => {
      this.draft = structuredClone({ name: policy.name, description: policy.description, rules: policy.rules });
      this.fresh = false;
      this.problems = [];
    };
    return html`<li><div><strong><bdi dir="ltr">${policy.name}</bdi></strong> <span class="muted" dir="auto">${policy.description}</span>
        <ul>${policy.rules.map((rule) => html`<li>${this.#sentence(rule)}</li>`)}</ul>
        ${policy.user_ids?.length ? html`<p class="small muted">${t("used_by")}: <bdi>${policy.user_ids.map((id) => this.people.find((each) => each.id === id)?.name ?? id).join(", ")}</bdi></p>` : nothing}</div>
      <div class="ends"><button type="button" aria-label=${t("edit_of", { name: policy.name })} ?disabled=${hub().link.offline} @click=${edit}>${t("edit")}</button>
      <button type="button" class="danger" aria-label=${t("delete_of", { name: policy.name })} ?disabled=${hub().link.offline} @click=${() => this.#delete(policy)}>${t("delete")}</button></div></li>`;
  }

  #sentence(rule: Rule) {
    const verbs = rule.verbs.map((verb) => word("verb", verb)).join(", ");
    const where = SELECTORS.flatMap((name) => (Array.isArray(rule[name]) ? [html` · ${word("selector", name)} <bdi dir="ltr" class="mono">${(rule[name] as string[]).join(", ")}</bdi>`] : []));
    return html`${t(rule.effect === "allow" ? "rule_allow" : "rule_deny", { verbs })}${where}${rule.except?.length ? html` · ${t("rule_except")}` : nothing}`;
  }

  #form(draft: Policy) {
    const change = (values: Partial<Policy>) => (this.draft = { ...draft, ...values });
    return html`<section class="card" aria-labelledby="policy"><h2 id="policy">${this.fresh ? t("policy_add") : html`<bdi dir="ltr">${draft.name}</bdi>`}</h2>
      <form @submit=${this.#save} novalidate><div class="pair">
          ${this.fresh ? html`<div class="field"><label for="name">${t("name")}</label><input id="name" dir="ltr" autocomplete="off" autocapitalize="none" spellcheck="false" .value=${draft.name}
            @input=${(event: Event) => change({ name: (event.target as HTMLInputElement).value.trim() })}></div>` : nothing}
          <div class="field"><label for="description">${t("description")}</label><input id="description" dir="auto" autocomplete="off" .value=${draft.description}
            @input=${(event: Event) => change({ description: (event.target as HTMLInputElement).value })}></div></div>
        ${this.problems.length ? html`<div class="note bad" role="alert">${icon("alert", 20)}<div>${this.problems.map((each) => html`<p><bdi dir="ltr" class="mono">${each.path}</bdi>: <span dir="auto">${each.message}</span></p>`)}</div></div>` : nothing}
        <div class="rules">${draft.rules.map((rule, index) => this.#rule(draft, rule, index))}</div>
        <div class="ends"><button type="button" class="with" @click=${() => change({ rules: [...draft.rules, { effect: "allow", verbs: ["read"] }] })}>${icon("plus", 18)}${t("rule_add")}</button></div>
        <div class="ends"><button class="primary" ?disabled=${this.busy || hub().link.offline}>${t("save")}</button><button type="button" @click=${() => (this.draft = undefined)}>${t("back")}</button></div></form></section>`;
  }

  #rule(draft: Policy, rule: Rule, index: number) {
    const set = (next: Rule | undefined) => {
      this.draft = { ...draft, rules: draft.rules.flatMap((each, at) => (at === index ? (next ? [next] : []) : [each])) };
    };
    const flip = (verb: string) => (event: Event) => {
      const on = (event.target as HTMLInputElement).checked;
      set({ ...rule, verbs: VERBS.filter((each) => (each === verb ? on : rule.verbs.includes(each))) });
    };
    const select = (name: string) => (event: Event) => {
      const { [name]: _old, ...rest } = rule;
      const found = texts((event.target as HTMLInputElement).value);
      set({ ...(rest as Rule), ...(found.length ? { [name]: found } : {}) });
    };
    return html`<fieldset class="rule"><legend>${t("rule_number", { number: index + 1 })}</legend>
      <div class="pair"><div class="field"><label for="effect-${index}">${t("rule_effect")}</label><select id="effect-${index}" @change=${(event: Event) => set({ ...rule, effect: (event.target as HTMLSelectElement).value as Rule["effect"] })}>
        <option value="allow" ?selected=${rule.effect === "allow"}>${t("allow")}</option><option value="deny" ?selected=${rule.effect === "deny"}>${t("deny")}</option></select></div>
        <div><button type="button" class="plain danger with" @click=${() => set(undefined)}>${icon("trash", 18)}${t("rule_remove")}</button></div></div>
      <fieldset class="verbs"><legend>${t("rule_verbs")}</legend>${VERBS.map((verb) => html`<label class="check"><input type="checkbox" .checked=${rule.verbs.includes(verb)} @change=${flip(verb)}>${word("verb", verb)}</label>`)}</fieldset>
      <div><p class="label">${t("rule_where")}</p><div class="selectors">${SELECTORS.map((name) => html`<div class="field"><label for="${name}-${index}">${word("selector", name)}</label>
        <input id="${name}-${index}" dir="ltr" autocomplete="off" autocapitalize="none" spellcheck="false" .value=${((rule[name] as string[] | undefined) ?? []).join(", ")} @change=${select(name)}></div>`)}</div>
        <p class="hint">${t("rule_where_hint")}</p></div></fieldset>`;
  }

  #new(): void {
    this.draft = { name: "", description: "", rules: [{ effect: "allow", verbs: ["read"] }] };
    this.fresh = true;
    this.problems = [];
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLInputElement>("#name")?.focus());
  }

  async #load(): Promise<void> {
    await this.try(async () => {
      const { link } = hub();
      [this.policies, this.people] = await Promise.all([link.ask<Policy[]>({ type: "policy/list" }), link.ask<Person[]>({ type: "config/auth/list" })]);
    });
  }

  async #save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    this.problems = [];
    const { draft } = this;
    const done = await this.try(async () => {
      try {
        await hub().link.ask({ type: "policy/put", ...draft });
      } catch (error) {
        const { problems } = asLinkError(error).details;
        if (!Array.isArray(problems)) throw error;
        this.problems = problems as { path: string; message: string }[];
        return;
      }
      this.draft = undefined;
    });
    if (!done || this.problems.length) return;
    await this.#load();
    this.said = t("saved");
  }

  async #delete(policy: Policy): Promise<void> {
    if (!(await ask({ heading: t("delete_of", { name: policy.name }), yes: t("delete"), danger: true }))) return;
    if (await this.try(() => hub().link.ask({ type: "policy/delete", name: policy.name }))) await this.#load();
  }
}
