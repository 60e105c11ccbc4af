/** What every part of the page shares: the connection, the entities, the registries. */
import type { Auth } from "home-assistant-js-websocket";
import { forgetSession } from "./auth/session";
import type { EntityEvent } from "./data/decode";
import { Link } from "./data/link";
import { Registries } from "./data/registries";
import type { Role } from "./data/rights";
import { EntityStore } from "./data/store";

export interface Config {
  location_name: string;
  version: string;
  time_zone: string;
}

export interface User {
  id: string;
  name: string;
  is_owner: boolean;
  is_admin: boolean;
  role?: Role;
  mfa_modules?: { id: string; name: string; enabled: boolean }[];
}

export class Hub {
  readonly link: Link;
  readonly store = new EntityStore();
  readonly registries: Registries;
  config: Config | undefined;
  user: User | undefined;

  constructor(
    readonly auth: Auth,
    private readonly onSignedOut: () => void,
  ) {
    this.link = new Link(() => this.#expired());
    this.registries = new Registries(this.link);
  }

  /** Connect and fetch what every page needs. */
  async start(): Promise<void> {
    await this.link.open(this.auth);
    this.link.onLoss(() => this.store.expectFullSet());
    await Promise.all([
      this.link.subscribe<EntityEvent>((event) => this.store.apply(event), { type: "subscribe_entities" }),
      this.registries.start(),
      this.link.ask<Config>({ type: "get_config" }).then((config) => (this.config = config)),
      this.refreshUser(),
    ]);
  }

  /** Ask anew who is signed in, and what he may do. */
  async refreshUser(): Promise<void> {
    this.user = await this.link.ask<User>({ type: "auth/current_user" });
  }

  /** End the session here and at the hub. */
  async signOut(): Promise<void> {
    this.link.close();
    await this.auth.revoke().catch(() => undefined);
    this.#expired();
  }

  #expired(): void {
    this.link.close();
    forgetSession();
    this.onSignedOut();
  }
}

let current: Hub | undefined;

/** Return the hub of the person who signed in last; only parts shown after that may ask.
 *
 * It stays, closed, when he signs out: what was shown may still have something to draw or to ask. */
export function hub(): Hub {
  if (!current) throw new Error("nobody is signed in");
  return current;
}

/** Set the hub of who signs in. */
export function useHub(next: Hub): void {
  current = next;
}
