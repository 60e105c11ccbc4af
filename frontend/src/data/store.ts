/** All entities, keyed by id; who shows an entity listens to that entity only. */
import { decodeAdded, decodeChanged, type Entity, type EntityEvent } from "./decode";

type Listener = () => void;
export type Schedule = (run: () => void) => void;

/** Run before the next frame, or soon when the page is hidden and has no frames. */
export const nextFrame: Schedule = (run) => {
  if (document.hidden) setTimeout(run, 250);
  else requestAnimationFrame(run);
};

/** Tell whether an entity asks for a person's attention. */
export function isProblem(entity: Entity): boolean {
  if (entity.state === "unavailable") return true;
  return entity.state === "on" && entity.attributes.device_class === "problem" && entity.entity_id.startsWith("binary_sensor.");
}

export class EntityStore {
  readonly #entities = new Map<string, Entity>();
  readonly #problems = new Set<string>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #idListeners = new Set<Listener>();
  readonly #problemListeners = new Set<Listener>();
  readonly #dirty = new Set<string>();
  #ids: readonly string[] | undefined;
  #idsDirty = false;
  #problemsDirty = false;
  #scheduled = false;
  #fresh = true;

  constructor(private readonly schedule: Schedule = nextFrame) {}

  get(entityId: string): Entity | undefined {
    return this.#entities.get(entityId);
  }

  /** Return all ids in order; the same array until an entity comes or goes. */
  get ids(): readonly string[] {
    this.#ids ??= [...this.#entities.keys()].sort();
    return this.#ids;
  }

  get problems(): ReadonlySet<string> {
    return this.#problems;
  }

  /** True once a full set has arrived. */
  get loaded(): boolean {
    return !this.#fresh || this.#entities.size > 0;
  }

  /** Call back, at most once a frame, after the entity changed, came or went. */
  listen(entityId: string, listener: Listener): () => void {
    let found = this.#listeners.get(entityId);
    if (!found) this.#listeners.set(entityId, (found = new Set()));
    found.add(listener);
    return () => {
      found.delete(listener);
      if (!found.size && this.#listeners.get(entityId) === found) this.#listeners.delete(entityId);
    };
  }

  /** Call back after entities came or went. */
  listenIds(listener: Listener): () => void {
    this.#idListeners.add(listener);
    return () => this.#idListeners.delete(listener);
  }

  /** Call back after the set of problems changed. */
  listenProblems(listener: Listener): () => void {
    this.#problemListeners.add(listener);
    return () => this.#problemListeners.delete(listener);
  }

  /** Take the next full set as the whole truth: called when a connection was lost. */
  expectFullSet(): void {
    this.#fresh = true;
  }

  /** Take one event of the stream. */
  apply(event: EntityEvent): void {
    if (this.#fresh && event.a) {
      this.#fresh = false;
      for (const id of this.#entities.keys()) if (!(id in event.a)) this.#remove(id);
      this.#idsDirty = true;
    }
    for (const id in event.a) this.#put(decodeAdded(id, event.a[id]!));
    for (const id in event.c) {
      const old = this.#entities.get(id);
      if (old) this.#put(decodeChanged(old, event.c[id]!));
    }
    for (const id of event.r ?? []) this.#remove(id);
    // At once, not with the frame: who draws in between must find every id.
    if (this.#idsDirty) this.#ids = undefined;
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.schedule(() => this.#flush());
    }
  }

  #put(entity: Entity): void {
    const id = entity.entity_id;
    if (!this.#entities.has(id)) this.#idsDirty = true;
    this.#entities.set(id, entity);
    this.#dirty.add(id);
    this.#note(id, isProblem(entity));
  }

  #remove(id: string): void {
    if (!this.#entities.delete(id)) return;
    this.#idsDirty = true;
    this.#dirty.add(id);
    this.#note(id, false);
  }

  #note(id: string, problem: boolean): void {
    if (problem === this.#problems.has(id)) return;
    if (problem) this.#problems.add(id);
    else this.#problems.delete(id);
    this.#problemsDirty = true;
  }

  #flush(): void {
    this.#scheduled = false;
    const dirty = [...this.#dirty];
    const { idsDirty, problemsDirty } = { idsDirty: this.#idsDirty, problemsDirty: this.#problemsDirty };
    this.#dirty.clear();
    this.#idsDirty = this.#problemsDirty = false;
    for (const id of dirty) for (const listener of [...(this.#listeners.get(id) ?? [])]) listener();
    if (idsDirty) for (const listener of [...this.#idListeners]) listener();
    if (problemsDirty) for (const listener of [...this.#problemListeners]) listener();
  }
}
