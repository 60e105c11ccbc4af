/** How registers are written for people, found, and what control changes one. */
import { withUnit } from "../data/describe";
import { knows, number, plainNumber, readNumber, t, word } from "../i18n";
import type { Register, Value } from "./told";

/** Digits of a number that is told without decimals of its own: what a float of 32 bits can hold. */
const HELD = 7;
/** Decimals that are drawn at most. */
const MOST = 6;

/** Return the decimals that a number needs. */
export function decimals(value: number): number {
  const [, behind = ""] = Number(value.toPrecision(HELD)).toFixed(MOST).replace(/\.?0+$/, "").split(".");
  return behind.length;
}

/** Write a number with the decimals it is told with, else with those it needs; what is not 0 never looks like it. */
function numberText(value: number, precision: number | null | undefined): string {
  const size = Math.abs(value);
  if (size > 0 && size < 10 ** -(precision ?? MOST)) return String(Number(value.toPrecision(HELD)));
  return number(value, precision ?? decimals(value));
}

/** Write a value of a register with its unit. */
export function valueText({ unit, precision }: Pick<Register, "unit" | "precision">, value: Value | null): string {
  if (value === null) return t("not_known");
  if (typeof value === "boolean") return word("state", value ? "on" : "off");
  if (typeof value === "number") return withUnit(numberText(value, precision), unit);
  if (Array.isArray(value)) return value.length ? value.join(", ") : t("modbus_no_flag");
  return value || t("empty_text");
}

/** Write words as they came, in hex; bits as 0 and 1. */
export function rawText({ table, raw }: Pick<Register, "table" | "raw">): string {
  if (raw === null) return "";
  const bits = table === "coil" || table === "discrete";
  return raw.map((item) => (bits ? String(item) : item.toString(16).toUpperCase().padStart(4, "0"))).join(" ");
}

/** Write an address as on the wire; decimal, or in hex. */
export function addressText(address: number, hex: boolean): string {
  return hex ? `0x${address.toString(16).toUpperCase().padStart(4, "0")}` : plainNumber(address, 0);
}

/** Say why a value is old or missing. */
export function reasonText(reason: string | null): string {
  if (!reason) return "";
  return knows("modbus", reason) ? word("modbus", reason) : t("modbus_reason", { reason });
}

/** Tell whether something is wrong with a register; a device that marks a value as missing says all it can. */
export function isTrouble({ quality, value, reason, access, origin }: Register): boolean {
  if (access === "write" && origin === null) return false;
  return quality !== "good" || (value === null && reason !== "sentinel");
}

/** Return the registers that hold every word; with `troubles` only those with which something is wrong. */
export function findRegisters(all: readonly Register[], query: string, troubles: boolean): Register[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter((each) => {
    if (troubles && !isTrouble(each)) return false;
    const text = [each.name, each.key, each.table, word("modbus", each.table), each.address, addressText(each.address, true), each.unit ?? "", valueText(each, each.value), reasonText(each.reason)];
    const whole = text.join(" ").toLowerCase();
    return words.every((one) => whole.includes(one));
  });
}

export type Control = "switch" | "select" | "number" | "text";

/** Choose what changes a register; names of flags are typed. */
export function controlOf({ type, labels, value }: Register): Control {
  if (labels?.length) return "select";
  if (type === "bool" || typeof value === "boolean") return "switch";
  return type === "string" || Array.isArray(value) ? "text" : "number";
}

/** Read what was typed for a register; a text that is no fitting number is told as a mistake. */
export function readTyped(register: Register, typed: string): { value: Value } | { mistake: string } {
  const { min, max } = register;
  if (controlOf(register) !== "number") return { value: Array.isArray(register.value) ? typed.split(",").map((each) => each.trim()).filter(Boolean) : typed };
  const value = readNumber(typed);
  if (value === undefined) return { mistake: t("not_a_number", { typed }) };
  if (value >= (min ?? -Infinity) && value <= (max ?? Infinity)) return { value };
  if (min === null) return { mistake: t("form_max", { max: max! }) };
  return { mistake: max === null ? t("form_min", { min }) : t("out_of_range", { typed, min, max }) };
}
