/** What the signed-in person may do; the hub decides, this only spares useless buttons. */
import { hub } from "../hub";
import { t } from "../i18n";
import type { Resource } from "./resources";

export type Role = "owner" | "admin" | "operator" | "viewer";
export type ResourceVerb = "read" | "write" | "apply";

const BASE: Record<Role, readonly ResourceVerb[]> = {
  owner: ["read", "write", "apply"],
  admin: ["read", "write", "apply"],
  operator: ["read", "apply"],
  viewer: ["read"],
};

/** Return the role; a hub that tells none tells at least administrators. */
export function role(): Role {
  const { user } = hub();
  if (user?.role) return user.role;
  return user?.is_owner ? "owner" : user?.is_admin ? "admin" : "viewer";
}

/** Tell whether administrators' pages are for this person. */
export function isAdmin(): boolean {
  return hub().user?.is_admin === true;
}

/** Tell whether a verb is allowed on a resource or a type; the hub's own word goes before the role's. */
export function mayResource(verb: ResourceVerb, of?: Pick<Resource, "may">): boolean {
  return (of?.may ?? BASE[role()]).includes(verb);
}

/** Say why a control is off; empty when it is not. */
export function denial(verb: ResourceVerb, of?: Pick<Resource, "may">): string {
  if (hub().link.offline) return t("reconnecting");
  return mayResource(verb, of) ? "" : t("may_not");
}
