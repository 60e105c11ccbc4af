/** Users, what they may do, and how they got in. */
import { role, type Role } from "./rights";

export interface Person {
  id: string;
  username: string | null;
  name: string;
  is_owner: boolean;
  is_active: boolean;
  local_only: boolean;
  role: Role;
  policies: string[];
  second_factor: boolean;
}

/** One sentence of a policy; the selectors stand beside effect and verbs. */
export interface Rule {
  effect: "allow" | "deny";
  verbs: string[];
  except?: Record<string, string[]>[];
  [selector: string]: unknown;
}

export interface Policy {
  name: string;
  description: string;
  rules: Rule[];
  /** Who refers to it. */
  user_ids?: string[];
}

export interface Ban {
  address: string;
  attempts: number;
  at: string;
  until: string;
}

/** A session of a browser or a program. */
export interface Token {
  id: string;
  type: "normal" | "long_lived_access_token" | "system";
  client_id: string | null;
  client_name: string | null;
  created_at: string;
  last_used_at: string | null;
  last_used_ip: string | null;
  is_current: boolean;
}

/** Return the roles that the signed-in person may give: administrators are made by the owner. */
export function rolesToGive(present?: Role): Role[] {
  const all: Role[] = ["admin", "operator", "viewer"];
  return all.filter((each) => each !== "admin" || present === "admin" || role() === "owner");
}

/** What a rule may select by, and which verbs fit which of them. */
export const SELECTORS = ["domain", "area", "label", "entity", "resource_type", "resource_key", "service"] as const;
export const VERBS = ["read", "control", "edit", "write", "apply", "call"] as const;
