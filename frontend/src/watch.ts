/** Lit controllers: redraw a component when what it shows has changed, and only then. */
import type { MessageBase } from "home-assistant-js-websocket";
import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Entity } from "./data/decode";
import { hub } from "./hub";
import { onChange } from "./prefs";

type Stop = () => void;

/** Follows one entity, whose id may change with the component's properties. */
export class WatchEntity implements ReactiveController {
  #id: string | undefined;
  #stop: Stop | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly id: () => string,
    private readonly onState?: () => void,
  ) {
    host.addController(this);
  }

  get entity(): Entity | undefined {
    return hub().store.get(this.id());
  }

  hostUpdate(): void {
    const id = this.id();
    if (id === this.#id) return;
    this.#stop?.();
    this.#id = id;
    this.#stop = hub().store.listen(id, () => {
      this.onState?.();
      this.host.requestUpdate();
    });
  }

  hostConnected(): void {
    this.#id = undefined;
    this.host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}

/** Follows anything that calls back: the connection, the registries, the list of ids. */
export class Watch implements ReactiveController {
  #stops: Stop[] = [];

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly sources: () => ((listener: () => void) => Stop)[],
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    const redraw = () => this.host.requestUpdate();
    this.#stops = this.sources().map((listen) => listen(redraw));
  }

  hostDisconnected(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}

/** Sources for `Watch`. */
export const onLink = (listener: () => void): Stop => hub().link.listen(listener);
export const onIds = (listener: () => void): Stop => hub().store.listenIds(listener);
export const onProblems = (listener: () => void): Stop => hub().store.listenProblems(listener);
export const onRegistries = (listener: () => void): Stop => hub().registries.listen(listener);
export const onPrefs = (listener: () => void): Stop => onChange(listener);

/** Redraws a component as time passes, for the ages it shows. */
export class Ticker implements ReactiveController {
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly everyMs = 5_000,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.#timer = setInterval(() => this.host.requestUpdate(), this.everyMs);
  }

  hostDisconnected(): void {
    clearInterval(this.#timer);
  }
}

/** Follows a subscription of the hub, whose message may change with the component's properties. */
export class Follow<T> implements ReactiveController {
  /** Why there is nothing to follow, as the hub told it. */
  failure: unknown;
  #asked = "";
  #turn = 0;
  #stop: (() => Promise<void>) | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly options: {
      message: () => MessageBase | undefined;
      take: (event: T) => void;
      /** Forget what was followed before. */
      reset?: () => void;
    },
  ) {
    host.addController(this);
  }

  hostUpdate(): void {
    const message = this.options.message();
    const asked = message ? JSON.stringify(message) : "";
    if (asked === this.#asked) return;
    this.#end();
    this.#asked = asked;
    this.options.reset?.();
    if (message) void this.#begin(message);
  }

  hostConnected(): void {
    this.host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#end();
  }

  async #begin(message: MessageBase): Promise<void> {
    const turn = this.#turn;
    const take = (event: T) => {
      if (turn !== this.#turn) return;
      this.options.take(event);
      this.host.requestUpdate();
    };
    try {
      const stop = await hub().link.subscribe<T>(take, message);
      if (turn === this.#turn) this.#stop = stop;
      else await stop();
    } catch (error) {
      if (turn !== this.#turn) return;
      this.failure = error;
      this.host.requestUpdate();
    }
  }

  #end(): void {
    this.#turn += 1;
    this.#asked = "";
    this.failure = undefined;
    void this.#stop?.().catch(() => undefined);
    this.#stop = undefined;
  }
}
