/** A value a person is setting: shown as wanted until the entity's state confirms it. */
import type { Entity } from "./decode";

export const QUIET_MS = 400;
/** How long a value that nothing confirms is shown as wanted, in milliseconds. */
export const PATIENCE_MS = 15_000;

export type Phase = "idle" | "editing" | "sending" | "waiting";

export interface Failure {
  code: string;
  message: string;
  value: number;
}

const BUSY = new Set(["queued", "delivered", "pending"]);
const REFUSED = new Set(["rejected", "expired"]);

/** Tell whether the entity itself says that a command is under way. */
export function commandPending(entity: Entity | undefined): boolean {
  return BUSY.has(String(entity?.attributes.command_state));
}

export class Draft {
  value: number | undefined;
  phase: Phase = "idle";
  failure: Failure | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #before: Entity | undefined;
  #turn = 0;

  constructor(
    private readonly options: {
      attribute: string;
      entity: () => Entity | undefined;
      send: (value: number) => Promise<void>;
      changed: () => void;
    },
  ) {}

  /** Take a value; it is sent after a moment of quiet, or at once. */
  set(value: number, now = false): void {
    this.#turn += 1;
    this.value = value;
    this.phase = "editing";
    this.failure = undefined;
    clearTimeout(this.#timer);
    if (now) void this.#send();
    else this.#timer = setTimeout(() => void this.#send(), QUIET_MS);
    this.options.changed();
  }

  /** Show a mistake beside the control; the old value stays. */
  refuse(failure: Failure): void {
    this.drop();
    this.failure = failure;
    this.options.changed();
  }

  /** Forget a value that was not sent yet: nothing is replayed after a lost connection. */
  drop(): void {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.value = undefined;
    this.phase = "idle";
  }

  /** Compare with the entity's new state. */
  reconcile(): void {
    if (this.phase !== "waiting" || this.value === undefined) return;
    const entity = this.options.entity();
    const command = String(entity?.attributes.command_state ?? "");
    if (entity !== this.#before && REFUSED.has(command)) {
      this.refuse({ code: `command_${command}`, message: "", value: this.value });
    } else if (entity?.attributes[this.options.attribute] === this.value && !BUSY.has(command)) {
      this.drop();
      this.options.changed();
    }
  }

  async #send(): Promise<void> {
    const { value } = this;
    if (value === undefined) return;
    const turn = (this.#turn += 1);
    this.phase = "sending";
    this.#before = this.options.entity();
    this.options.changed();
    try {
      await this.options.send(value);
    } catch (error) {
      if (turn !== this.#turn) return;
      const { code = "unknown_error", message = "" } = error as Partial<Failure>;
      return this.refuse({ code, message, value });
    }
    if (turn !== this.#turn) return;
    this.phase = "waiting";
    this.#timer = setTimeout(() => this.#giveUp(), PATIENCE_MS);
    this.options.changed();
    this.reconcile();
  }

  #giveUp(): void {
    if (this.phase !== "waiting") return;
    if (commandPending(this.options.entity())) {
      this.#timer = setTimeout(() => this.#giveUp(), PATIENCE_MS);
      return;
    }
    this.drop();
    this.options.changed();
  }
}
