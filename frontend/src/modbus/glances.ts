/** How many registers of each device are good and how old the newest is: one device is asked at a time, now and then. */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import { asLinkError } from "../data/link";
import { role } from "../data/rights";
import { hub } from "../hub";
import { call, type Told } from "./told";

/** Between two questions, and between two about the same device, in milliseconds. */
const STEP_MS = 500;
const EACH_MS = 10_000;

interface Glance {
  good: number;
  total: number;
  /** Seconds, when it was told. */
  age: number | undefined;
  at: number;
}

export class Glances implements ReactiveController {
  readonly #known = new Map<string, Glance>();
  readonly #asked = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #denied = false;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly devices: () => readonly string[],
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    // Who may not call services is not asked for: each refusal would stand in the audit log.
    this.#denied = role() === "viewer";
    this.#later(0);
  }

  hostDisconnected(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Return how many registers are good, of how many; undefined = not told. */
  counts(device: string): { good: number; total: number } | undefined {
    return this.#known.get(device);
  }

  /** Return how old the newest value of a device is by now, in seconds. */
  age(device: string): number | undefined {
    const found = this.#known.get(device);
    return found?.age === undefined ? undefined : found.age + (performance.now() - found.at) / 1000;
  }

  #later(milliseconds: number): void {
    if (!this.#denied) this.#timer = setTimeout(() => void this.#next(), milliseconds);
  }

  async #next(): Promise<void> {
    const timer = this.#timer;
    const now = performance.now();
    const [device] = this.devices().filter((key) => now - (this.#asked.get(key) ?? -Infinity) >= EACH_MS).sort((one, other) => (this.#asked.get(one) ?? 0) - (this.#asked.get(other) ?? 0));
    if (device !== undefined && !document.hidden && !hub().link.offline) {
      this.#asked.set(device, now);
      await this.#ask(device);
    }
    if (timer === this.#timer) this.#later(STEP_MS);
  }

  async #ask(device: string): Promise<void> {
    try {
      const { registers } = await call<Told>("registers", { device });
      const ages = registers.flatMap(({ age }) => age ?? []);
      const good = registers.filter(({ quality }) => quality === "good").length;
      this.#known.set(device, { good, total: registers.length, age: ages.length ? Math.min(...ages) : undefined, at: performance.now() });
    } catch (error) {
      this.#known.delete(device);
      this.#denied ||= asLinkError(error).code === "unauthorized";
    }
    this.host.requestUpdate();
  }
}
