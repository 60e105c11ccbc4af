/** How an entity is named and its state is written. */
import { age, isolate, number, t, word } from "../i18n";
import type { Entity } from "./decode";

const AWAY = new Set(["unknown", "unavailable"]);
const MOMENTS = new Set(["button", "event", "scene", "input_button"]);

/** Return the part of an id before the dot. */
export function domainOf(entityId: string): string {
  return entityId.slice(0, entityId.indexOf("."));
}

/** Tell whether the entity has a value at present. */
export function hasValue(entity: Entity | undefined): boolean {
  return entity !== undefined && !AWAY.has(entity.state);
}

/** Return the name of an entity, without the room's name in front when that is given. */
export function nameOf(entity: Entity, room?: string): string {
  const name = String(entity.attributes.friendly_name ?? entity.entity_id);
  if (room && name.length > room.length + 1 && name.toLowerCase().startsWith(`${room.toLowerCase()} `)) {
    const rest = name.slice(room.length + 1);
    return rest.charAt(0).toUpperCase() + rest.slice(1);
  }
  return name;
}

/** Return a finite number attribute, or undefined. */
export function numeric(entity: Entity | undefined, attribute: string): number | undefined {
  const value = entity?.attributes[attribute];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Return the number of digits after the point that a step needs. */
export function digitsOf(step: number): number {
  return Math.min(4, (String(step).split(".")[1] ?? "").length);
}

/** Write a state in the person's language, with its unit. */
export function stateText(entity: Entity, precision?: number): string {
  const { state, attributes } = entity;
  const domain = domainOf(entity.entity_id);
  if (AWAY.has(state)) return MOMENTS.has(domain) && state === "unknown" ? t("never") : word("state", state);
  if (attributes.device_class === "timestamp" || MOMENTS.has(domain)) {
    const at = Date.parse(state);
    if (!Number.isNaN(at)) return age(at / 1000);
  }
  const unit = attributes.unit_of_measurement;
  if ((unit !== undefined || attributes.state_class !== undefined) && state.trim() !== "" && Number.isFinite(Number(state))) {
    return withUnit(number(Number(state), precision), unit);
  }
  if (domain === "binary_sensor" && attributes.device_class === "problem") return t(state === "on" ? "problem_on" : "problem_off");
  if (domain === "binary_sensor" && attributes.device_class === "running") return t(state === "on" ? "running_on" : "running_off");
  if (domain === "binary_sensor" && attributes.device_class === "connectivity") return t(state === "on" ? "connected_on" : "connected_off");
  if (domain === "update") return t(state === "on" ? "update_on" : "update_off");
  if (domain === "climate") {
    const measured = numeric(entity, "current_temperature");
    return word("mode", state) + (measured === undefined ? "" : ` · ${withUnit(number(measured, 1), "°C")}`);
  }
  return word("state", state);
}

/** Put a unit behind a number, as one left-to-right run. */
export function withUnit(text: string, unit: unknown): string {
  if (typeof unit !== "string" || unit === "") return text;
  return isolate(`${text}\u00a0${unit}`);
}
