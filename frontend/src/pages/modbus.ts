/** Modbus devices: the links that they hang on, and the registers of each. */
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";
import { failureText } from "../components/failure";
import { icon } from "../components/icon";
import { addressOf } from "../data/resources";
import { mayResource } from "../data/rights";
import { t } from "../i18n";
import "../modbus/device";
import "../modbus/links";
import { DEFINITION, LINK, Park } from "../modbus/source";
import "../modbus/words";
import { onNavigate } from "../router";
import { lists } from "../styles/lists";
import { base, buttons } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";

@customElement("hub-modbus")
export class ModbusPage extends LitElement {
  /** The parts of the address below the page. */
  @property({ attribute: false }) path: readonly string[] = [];
  readonly #park = new Park(this);
  #turn = 0;

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs, (redraw) => onNavigate(redraw)]);
  }

  static override styles = [base, buttons, lists, css`
    :host { display: block; }
  `];

  override render() {
    const [device] = this.path;
    const park = this.#park;
    this.#turn += 1;
    return html`${device === undefined ? html`<div class="top"><h1>${t("modbus")}</h1><div class="push actions">${this.#actions()}</div></div>` : nothing}
      ${park.failure ? html`<p class="error" role="alert">${failureText(park.failure)}</p>` : nothing}
      ${device === undefined ? html`<hub-modbus-links .park=${park} .turn=${this.#turn}></hub-modbus-links>`
        : keyed(device, html`<hub-modbus-device .park=${park} .turn=${this.#turn} .key=${device}></hub-modbus-device>`)}`;
  }

  #actions() {
    const park = this.#park;
    const may = mayResource("write", park.type(LINK) ?? { may: [] });
    return html`${park.type(DEFINITION) ? html`<a class="button" href=${addressOf(DEFINITION)}>${icon("book", 18)}${t("modbus_definitions")}</a>` : nothing}
      ${may ? html`<a class="button primary" href=${park.newAddress(LINK)}>${icon("plus", 18)}${t("modbus_new_link")}</a>` : nothing}`;
  }
}
