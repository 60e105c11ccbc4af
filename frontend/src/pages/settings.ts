/** Settings: a person's own, and for administrators users, policies, the audit log and the recorder. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { TabsInSight } from "../components/tabs";
import { isAdmin } from "../data/rights";
import { t } from "../i18n";
import "../settings/mine";
import { lists } from "../styles/lists";
import { base } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";

const SECTIONS = [
  { path: "", label: "mine", load: () => Promise.resolve(), show: () => html`<hub-settings-mine></hub-settings-mine>` },
  { path: "users", label: "users", load: () => import("../settings/users"), show: () => html`<hub-users></hub-users>` },
  { path: "policies", label: "policies", load: () => import("../settings/policies"), show: () => html`<hub-policies></hub-policies>` },
  { path: "audit", label: "audit", load: () => import("../settings/audit"), show: () => html`<hub-audit></hub-audit>` },
  { path: "recorder", label: "recorder", load: () => import("../settings/recorder"), show: () => html`<hub-recorder></hub-recorder>` },
] as const;

@customElement("hub-settings")
export class Settings extends LitElement {
  @property() section = "";

  constructor() {
    super();
    new TabsInSight(this);
    new Watch(this, () => [onLink, onPrefs]);
  }

  static override styles = [base, lists, css`
    :host { display: block; max-inline-size: 720px; margin-inline: auto; }
    :host([wide]) { max-inline-size: 1120px; }
    h1 { margin-block-end: 16px; }
  `];

  override render() {
    const found = SECTIONS.find((each) => each.path === this.section) ?? SECTIONS[0];
    const denied = found.path !== "" && !isAdmin();
    this.toggleAttribute("wide", found.path === "audit" || found.path === "recorder");
    if (!denied) void found.load();
    return html`<h1>${t("settings")}</h1>
      ${isAdmin() ? html`<nav class="tabs" aria-label=${t("sections")}>${SECTIONS.map((each) => html`<a href=${each.path ? `/settings/${each.path}` : "/settings"}
        aria-current=${each === found ? "page" : nothing}>${t(each.label)}</a>`)}</nav>` : nothing}
      ${denied ? html`<p class="error" role="alert">${t("may_not")}</p>` : found.show()}`;
  }
}
