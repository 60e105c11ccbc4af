/** The one connection to the hub: commands, subscriptions, and whether it is there. */
import { createConnection, ERR_INVALID_AUTH, type Auth, type Connection, type MessageBase } from "home-assistant-js-websocket";

/** How long the hub may be away before the page says so, in milliseconds. */
export const CALM_MS = 2_000;

/** An error the hub answered, or that kept the question from being sent. */
export class LinkError extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** What the hub told beside: the problems of a form, the users of a resource. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** Make a LinkError of whatever the library rejected with. */
export function asLinkError(error: unknown): LinkError {
  if (error instanceof LinkError) return error;
  if (typeof error === "object" && error !== null && "code" in error) {
    const { code, message } = error as { code: unknown; message?: unknown };
    if (code === 3) return new LinkError("connection_lost", "");
    return new LinkError(String(code), typeof message === "string" ? message : "", { ...error });
  }
  if (error === 3) return new LinkError("connection_lost", "");
  return new LinkError("unknown_error", error instanceof Error ? error.message : String(error));
}

export class Link {
  #connection: Connection | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #reconnects = new Set<() => void>();
  readonly #losses = new Set<() => void>();

  /** True after the hub has been away for two seconds: values are old, controls are off. */
  offline = false;

  constructor(private readonly onSignedOut: () => void) {}

  get connected(): boolean {
    return this.#connection?.connected ?? false;
  }

  /** Connect; tries for ever while the hub is away, signs out when the tokens are refused. */
  async open(auth: Auth): Promise<void> {
    this.#lost();
    try {
      this.#connection = await createConnection({ auth, setupRetry: -1 });
    } catch (error) {
      if (error === ERR_INVALID_AUTH) return this.onSignedOut();
      throw error;
    }
    this.#connection.addEventListener("disconnected", () => {
      for (const listener of this.#losses) listener();
      this.#lost();
    });
    this.#connection.addEventListener("ready", () => {
      this.#found();
      for (const listener of this.#reconnects) listener();
    });
    this.#connection.addEventListener("reconnect-error", () => this.onSignedOut());
    this.#found();
  }

  /** Close for good. */
  close(): void {
    clearTimeout(this.#timer);
    this.#connection?.close();
  }

  /** Send a command and wait for its result; fails at once when the hub is away. */
  async ask<T>(message: MessageBase): Promise<T> {
    if (!this.#connection?.connected) throw new LinkError("connection_lost", "");
    try {
      return await this.#connection.sendMessagePromise<T>(message);
    } catch (error) {
      throw asLinkError(error);
    }
  }

  /** Subscribe; the library asks again by itself after a reconnect. Returns what ends it. */
  async subscribe<T>(callback: (event: T) => void, message: MessageBase): Promise<() => Promise<void>> {
    if (!this.#connection) throw new LinkError("connection_lost", "");
    try {
      return await this.#connection.subscribeMessage<T>(callback, message);
    } catch (error) {
      throw asLinkError(error);
    }
  }

  /** Call a service on entities; fails with the hub's own code. */
  async call(domain: string, service: string, data: object = {}, entityId?: string | string[]): Promise<void> {
    await this.ask({
      type: "call_service",
      domain,
      service,
      service_data: data,
      ...(entityId === undefined ? {} : { target: { entity_id: entityId } }),
    });
  }

  /** Call back when `offline` changes. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Call back each time the connection is there again. */
  onReconnect(listener: () => void): () => void {
    this.#reconnects.add(listener);
    return () => this.#reconnects.delete(listener);
  }

  /** Call back at once when the connection is lost. */
  onLoss(listener: () => void): () => void {
    this.#losses.add(listener);
    return () => this.#losses.delete(listener);
  }

  #lost(): void {
    this.#timer ??= setTimeout(() => this.#show(true), CALM_MS);
  }

  #found(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#show(false);
  }

  #show(offline: boolean): void {
    if (offline === this.offline) return;
    this.offline = offline;
    document.documentElement.toggleAttribute("data-offline", offline);
    for (const listener of this.#listeners) listener();
  }
}
