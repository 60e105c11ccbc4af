/** The moment that a pointer rests on: one for all charts of a page. */
export class Crosshair {
  /** Epoch seconds; undefined = the pointer is elsewhere. */
  at: number | undefined;
  readonly #listeners = new Set<(at: number | undefined) => void>();

  /** Move to a moment, and tell everybody. */
  move(at: number | undefined): void {
    if (at === this.at) return;
    this.at = at;
    for (const listener of [...this.#listeners]) listener(at);
  }

  /** Call back after each move. */
  listen(listener: (at: number | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
