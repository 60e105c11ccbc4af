/** Follows the registers of one device: one question at a time, each waits at the hub for news. */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import { asLinkError, type LinkError } from "../data/link";
import { hub } from "../hub";
import { call, type Register, type Told } from "./told";

/** How long a question waits for news at the hub, in seconds. */
const WAIT = 25;
/** Between an answer and the next question, in milliseconds: quicker nobody reads. */
const REST_MS = 400;
/** Before the next question after a failure; grows with each one in a row. */
const AGAIN_MS = 2_000;
const LONGEST_MS = 60_000;

export class Live implements ReactiveController {
  /** The last answer; it stays when later questions fail. */
  told: Told | undefined;
  /** Why the last question failed; undefined = it did not. */
  failure: LinkError | undefined;
  #at = 0;
  #there = false;
  #running = false;
  #failures = 0;
  /** Ends a rest. */
  #wake: (() => void) | undefined;
  #stop: (() => void) | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly device: () => string,
    /** Whether there is anything to ask; each refusal would stand in the audit log. */
    private readonly may: () => boolean,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.#there = true;
    const seen = () => this.go();
    document.addEventListener("visibilitychange", seen);
    const stop = hub().link.onReconnect(() => this.go());
    this.#stop = () => {
      document.removeEventListener("visibilitychange", seen);
      stop();
    };
    this.go();
  }

  /** Begin when there has come to be something to ask. */
  hostUpdate(): void {
    if (this.#wanted && !this.#running) void this.#run();
  }

  hostDisconnected(): void {
    this.#there = false;
    this.#stop?.();
    this.#wake?.();
  }

  /** Return how old a value is by now, in seconds; undefined = there never was one. */
  age({ age }: Pick<Register, "age">): number | undefined {
    return age === null ? undefined : age + (performance.now() - this.#at) / 1000;
  }

  /** Ask now, unless a question is under way or nobody looks. */
  go(): void {
    this.#wake?.();
    if (this.#wanted && !this.#running) void this.#run();
  }

  get #wanted(): boolean {
    return this.#there && !document.hidden && this.may() && this.failure?.code !== "unauthorized";
  }

  async #run(): Promise<void> {
    this.#running = true;
    // What is known already may be old by the time that somebody looks again: the first question waits for nothing.
    let version: number | undefined;
    while (this.#wanted) {
      version = await this.#ask(version);
      this.host.requestUpdate();
      await this.#rest(this.failure ? Math.min(LONGEST_MS, AGAIN_MS * 2 ** (this.#failures - 1)) : REST_MS);
    }
    this.#running = false;
  }

  async #ask(version: number | undefined): Promise<number | undefined> {
    try {
      const told = await call<Told>("registers", { device: this.device(), ...(version === undefined ? {} : { after: version, wait: WAIT }) });
      this.#at = performance.now();
      this.told = told;
      this.failure = undefined;
      this.#failures = 0;
      return told.version;
    } catch (error) {
      this.failure = asLinkError(error);
      this.#failures += 1;
      return undefined;
    }
  }

  async #rest(milliseconds: number): Promise<void> {
    if (!this.#wanted) return;
    await new Promise<void>((done) => {
      const timer = setTimeout(done, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
    this.#wake = undefined;
  }
}
