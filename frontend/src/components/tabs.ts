/** Keeps the present one of a row of tabs in sight where the row is wider than the screen. */
import type { LitElement, ReactiveController } from "lit";

export class TabsInSight implements ReactiveController {
  #shown: Element | undefined;

  constructor(private readonly host: LitElement) {
    host.addController(this);
  }

  hostUpdated(): void {
    const current = this.host.renderRoot.querySelector(".tabs [aria-current]");
    const row = current?.parentElement;
    if (!current || !row || current === this.#shown) return;
    this.#shown = current;
    const [own, whole] = [current.getBoundingClientRect(), row.getBoundingClientRect()];
    if (own.left < whole.left || own.right > whole.right) row.scrollLeft += (own.left + own.right - whole.left - whole.right) / 2;
  }
}
