/** What the sections of the settings share: how they look, and how an action that fails is told. */
import { LitElement, css, type CSSResultGroup } from "lit";
import { state } from "lit/decorators.js";
import { failureText } from "../components/failure";
import { badgeStyles } from "../components/badge";
import { lists } from "../styles/lists";
import { base, buttons, card, fields } from "../styles/shared";
import { Watch, onLink, onPrefs } from "../watch";

export const sectionStyles = [base, buttons, card, fields, badgeStyles, lists, css`
  :host { display: grid; gap: 20px; grid-template-columns: minmax(0, 1fr); }
  h2 { margin-block-end: 16px; }
  .pair { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 180px), 1fr)); align-items: end; }
  .pair .field { margin: 0; }
  form { display: grid; gap: 16px; }
  form .field { margin: 0; }
  .ends { display: flex; align-items: center; gap: 10px; flex-wrap: wrap; }
  .ends .grow { flex: 1 1 200px; }
  .plain-list { list-style: none; margin: 0; padding: 0; }
  .plain-list > li { display: flex; align-items: center; gap: 8px 16px; flex-wrap: wrap; padding-block: 10px; border-block-end: 1px solid var(--line); }
  .plain-list > li:last-child { border-block-end: 0; }
  .plain-list > li > div:first-child { flex: 1 1 220px; min-inline-size: 0; overflow-wrap: anywhere; }
  .top { margin: 0; }
  .top h2 { margin: 0; }
  .error:empty, .said:empty { display: none; }
  .said { color: var(--good); font-size: 0.875rem; font-weight: 560; }
  .hint { color: var(--muted); font-size: 0.8125rem; margin-block-start: 4px; }
  .fresh { margin-block-start: 16px; padding: 16px; border-radius: 12px; background: var(--good-tint); }
  .fresh textarea { margin-block-start: 8px; }
  .fresh .ends { margin-block-start: 10px; }
`];

export class Section extends LitElement {
  @state() protected problem = "";
  @state() protected said = "";
  @state() protected busy = false;

  constructor() {
    super();
    new Watch(this, () => [onLink, onPrefs]);
  }

  static override styles: CSSResultGroup = sectionStyles;

  /** Do something; a refusal is shown, `said` tells of success. */
  protected async try(action: () => Promise<unknown>, said = ""): Promise<boolean> {
    this.problem = this.said = "";
    this.busy = true;
    try {
      await action();
      this.said = said;
      return true;
    } catch (error) {
      this.problem = failureText(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
