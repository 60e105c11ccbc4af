/** Languages: the page's strings, numbers, ages and the direction of the document. */
import type en from "./locale/en.json";
import type modbus from "./modbus/locale/en.json";
import type proxy from "./proxy/locale/en.json";

export type Key = keyof typeof en | keyof typeof modbus | keyof typeof proxy;
export type Language = "en" | "ar";
export type Digits = "latn" | "arab";

export const LANGUAGES: Record<Language, { name: string; dir: "ltr" | "rtl" }> = {
  en: { name: "English", dir: "ltr" },
  ar: { name: "العربية", dir: "rtl" },
};

type Strings = Partial<Record<string, string>>;

/** The strings of a part of the page that is fetched when it is first shown. */
export type Part = (language: Language) => Promise<{ default: Strings }>;

const parts = new Set<Part>();

let strings: Strings = {};
let spoken: Language = "en";
let plural = new Intl.PluralRules("en");
let tag = "en";

/** Choose the language a person asked for, else the browser's first one that we have. */
export function preferred(stored: string | null, offered: readonly string[]): Language {
  for (const each of [stored ?? "", ...offered]) {
    const base = each.split("-")[0] ?? "";
    if (base in LANGUAGES) return base as Language;
  }
  return "en";
}

/** Load a language's strings and turn the document to its direction. */
export async function useLanguage(language: Language, digits: Digits = "latn"): Promise<void> {
  const own = language === "ar" ? import("./locale/ar.json") : import("./locale/en.json");
  const found = await Promise.all([own, ...[...parts].map((part) => part(language))]);
  useStrings(language, Object.assign({}, ...found.map((each) => each.default)), digits, navigator.languages);
  document.documentElement.lang = language;
  document.documentElement.dir = LANGUAGES[language].dir;
}

/** Add the strings of a part of the page, in the present language and in each that is chosen later. */
export async function addStrings(part: Part): Promise<void> {
  parts.add(part);
  for (let language: Language | undefined; language !== spoken; ) {
    language = spoken;
    const found = await part(language);
    if (language === spoken) strings = { ...strings, ...found.default };
  }
}

/** Set the strings without touching the document; dates are as in the region of the browser, where it speaks the language. */
export function useStrings(language: Language, found: Strings, digits: Digits = "latn", offered: readonly string[] = []): void {
  strings = found;
  spoken = language;
  plural = new Intl.PluralRules(language);
  const region = offered.find((each) => each.split("-")[0] === language) ?? language;
  tag = new Intl.Locale(region, { numberingSystem: digits, calendar: "gregory" }).toString();
}

/** Return a string with its {placeholders} filled; `count` also picks the plural form. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const form = "count" in values ? `${key}.${plural.select(Number(values.count))}` : key;
  const text = strings[form] ?? strings[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : value;
  });
}

/** Groups of words that are looked up by a value of the hub. */
export type Group =
  | "act"
  | "action"
  | "change"
  | "check"
  | "condition"
  | "dead"
  | "deed"
  | "domain"
  | "ending"
  | "error"
  | "execution"
  | "fan"
  | "job"
  | "modbus"
  | "mode"
  | "outcome"
  | "phase"
  | "preset"
  | "proxy"
  | "result"
  | "role"
  | "selector"
  | "site"
  | "state"
  | "step"
  | "table"
  | "trigger"
  | "type"
  | "verb";

/** Return the word for a value that comes from the hub, or the value itself made readable. */
export function word(group: Group, value: string): string {
  const found = strings[`${group}.${value}`];
  if (found !== undefined) return found;
  const text = value.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Tell whether there is a word of our own for a value. */
export function knows(group: Group, value: string): boolean {
  return `${group}.${value}` in strings;
}

/** Format a number in the person's language and digits. */
export function number(value: number, digits?: number): string {
  const options = digits === undefined ? { maximumFractionDigits: 2 } : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(tag, options).format(value);
}

/** Format a number for a field, where a group's comma would be read as a decimal one. */
export function plainNumber(value: number, digits: number): string {
  return new Intl.NumberFormat(tag, { useGrouping: false, maximumFractionDigits: digits }).format(value);
}

/** Format a moment given in epoch seconds. */
export function moment(epoch: number): string {
  return new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" }).format(epoch * 1000);
}

/** Format the time of day of a moment in epoch seconds. */
export function clockTime(epoch: number): string {
  return new Intl.DateTimeFormat(tag, { timeStyle: "medium", hourCycle: "h23" }).format(epoch * 1000);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Format a moment in epoch seconds as a chart or a heading needs it. */
export function when(epoch: number, options: Intl.DateTimeFormatOptions): string {
  const key = tag + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.DateTimeFormat(tag, options)));
  return found.format(epoch * 1000);
}

/** Format a large number in few letters. */
export function brief(value: number): string {
  return new Intl.NumberFormat(tag, { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

/** Say how long something takes, in its two largest units. */
export function duration(seconds: number): string {
  if (seconds < 1) return unit(Math.round(seconds * 1000), "millisecond");
  if (seconds < 10) return unit(Math.round(seconds * 10) / 10, "second");
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [name, length] of STEPS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count) parts.push(unit(count, name));
    else if (parts.length) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

function unit(value: number, name: string): string {
  return new Intl.NumberFormat(tag, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
}

/** Say how large something is. */
export function bytes(value: number): string {
  const names = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = Math.min(names.length - 1, value < 1000 ? 0 : Math.floor(Math.log10(value) / 3));
  const size = value / 1000 ** step;
  return new Intl.NumberFormat(tag, { style: "unit", unit: names[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: size < 10 ? 1 : 0 }).format(size);
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** Say how long ago (or ahead) a moment in epoch seconds is. */
export function age(epoch: number, now: number = Date.now() / 1000): string {
  const distance = epoch - now;
  const format = new Intl.RelativeTimeFormat(tag, { numeric: "auto" });
  for (const [unit, seconds] of STEPS) {
    if (Math.abs(distance) >= seconds || unit === "second") {
      return format.format(Math.trunc(distance / seconds), unit);
    }
  }
  return "";
}

/** Keep a run of left-to-right text whole inside right-to-left text. */
export function isolate(text: string): string {
  return tag.startsWith("ar") ? `\u2066${text}\u2069` : text;
}

/** Read a number typed with Latin, Arabic-Indic or Persian digits; undefined when it is none. */
export function readNumber(typed: string): number | undefined {
  const plain = typed
    .trim()
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x6f0))
    .replace(/[٫,]/g, ".")
    .replace(/[\u2212\u061c\u200e\u200f\u2066\u2069]/g, (mark) => (mark === "\u2212" ? "-" : ""));
  return /^[-+]?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : undefined;
}
