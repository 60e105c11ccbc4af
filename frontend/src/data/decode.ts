/** The compressed entity stream: turns subscribe_entities events into entity objects. */
export interface Context {
  id: string;
  parent_id: string | null;
  user_id: string | null;
}

export interface Entity {
  readonly entity_id: string;
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly context: Context;
  /** Epoch seconds. */
  readonly last_changed: number;
  /** Epoch seconds. */
  readonly last_updated: number;
}

interface Added {
  s: string;
  a: Record<string, unknown>;
  c: string | Context;
  lc: number;
  lu?: number;
}

interface Changed {
  "+"?: { s?: string; a?: Record<string, unknown>; c?: string | Partial<Context>; lc?: number; lu?: number };
  "-"?: { a?: string[] };
}

export interface EntityEvent {
  a?: Record<string, Added>;
  c?: Record<string, Changed>;
  r?: string[];
}

/** Build an entity from the full form. */
export function decodeAdded(entity_id: string, added: Added): Entity {
  const context = typeof added.c === "string" ? { id: added.c, parent_id: null, user_id: null } : added.c;
  return {
    entity_id,
    state: added.s,
    attributes: added.a,
    context,
    last_changed: added.lc,
    last_updated: added.lu ?? added.lc,
  };
}

/** Build an entity from its former self and a difference. */
export function decodeChanged(old: Entity, diff: Changed): Entity {
  const plus = diff["+"] ?? {};
  let attributes = old.attributes;
  if (plus.a || diff["-"]?.a) {
    const next = { ...attributes, ...plus.a };
    for (const name of diff["-"]?.a ?? []) delete next[name];
    attributes = next;
  }
  const context = typeof plus.c === "string" ? { id: plus.c } : plus.c;
  return {
    entity_id: old.entity_id,
    state: plus.s ?? old.state,
    attributes,
    context: { ...old.context, ...context },
    last_changed: plus.lc || old.last_changed,
    last_updated: plus.lc || plus.lu || old.last_updated,
  };
}
