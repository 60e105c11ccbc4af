/** Everything that takes its time: running and past jobs. */
import { LitElement, css, html } from "lit";
import { customElement } from "lit/decorators.js";
import "../components/job-list";
import { t } from "../i18n";
import { base } from "../styles/shared";
import { Watch, onPrefs } from "../watch";

@customElement("hub-jobs")
export class Jobs extends LitElement {
  constructor() {
    super();
    new Watch(this, () => [onPrefs]);
  }

  static override styles = [base, css`
    :host { display: block; max-inline-size: 960px; margin-inline: auto; }
    h1 { margin-block-end: 16px; }
  `];

  override render() {
    return html`<h1>${t("jobs")}</h1><hub-job-list></hub-job-list>`;
  }
}
