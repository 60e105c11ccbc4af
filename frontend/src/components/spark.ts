/** A tiny line of the last 24 hours; it asks for nothing before it is seen, and adds nothing for a screen reader. */
import { LitElement, css, html, nothing, svg } from "lit";
import { customElement, property } from "lit/decorators.js";
import { pathOf, sparksOf } from "../data/sparks";
import { hub } from "../hub";
import { base } from "../styles/shared";

const WIDTH = 76;
const HEIGHT = 24;

const seen = new WeakMap<Element, (visible: boolean) => void>();
const sight = new IntersectionObserver((entries) => {
  for (const entry of entries) seen.get(entry.target)?.(entry.isIntersecting);
});

@customElement("hub-spark")
export class SparkLine extends LitElement {
  /** The sensor whose statistics are drawn. */
  @property() entityId = "";
  #stop: (() => void) | undefined;
  #wanted = "";

  static override styles = [base, css`
    :host { display: block; inline-size: ${WIDTH}px; block-size: ${HEIGHT}px; flex: none; direction: ltr; }
    svg { display: block; color: var(--series-1); }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    seen.set(this, (visible) => this.#see(visible));
    sight.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    sight.unobserve(this);
    this.#see(false);
  }

  override render() {
    const spark = sparksOf(hub().link).get(this.entityId);
    if (!spark?.length) return nothing;
    return html`<svg width=${WIDTH} height=${HEIGHT} viewBox="0 0 ${WIDTH} ${HEIGHT}" fill="none" aria-hidden="true" focusable="false">${svg`<path d=${pathOf(spark, WIDTH, HEIGHT)}
      stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" />`}</svg>`;
  }

  protected override updated(): void {
    if (this.#stop && this.#wanted !== this.entityId) this.#see(true);
  }

  #see(visible: boolean): void {
    this.#stop?.();
    this.#wanted = this.entityId;
    this.#stop = visible && this.entityId ? sparksOf(hub().link).want(this.entityId, () => this.requestUpdate()) : undefined;
  }
}
