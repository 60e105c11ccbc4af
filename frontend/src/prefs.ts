/** What a person chose for this browser: language, digits, theme. */
import { preferred, useLanguage, type Digits, type Language } from "./i18n";

export type Theme = "auto" | "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

/** Return the language to speak. */
export function language(): Language {
  return preferred(localStorage.getItem("language"), navigator.languages);
}

/** Return the digits to write in Arabic text. */
export function digits(): Digits {
  return localStorage.getItem("digits") === "arab" ? "arab" : "latn";
}

/** Return the chosen theme. */
export function theme(): Theme {
  const stored = localStorage.getItem("theme");
  return stored === "light" || stored === "dark" ? stored : "auto";
}

/** Keep a choice and show the page with it. */
export async function choose(name: "language" | "digits" | "theme", value: string): Promise<void> {
  localStorage.setItem(name, value);
  await apply();
}

/** Show the page with the present choices. */
export async function apply(): Promise<void> {
  const chosen = theme();
  const shown = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
  document.documentElement.dataset.theme = shown;
  const colour = document.querySelector<HTMLMetaElement>('meta[name="theme-color"]');
  if (colour) colour.content = shown === "dark" ? "#111416" : "#f5f4f0";
  await useLanguage(language(), language() === "ar" ? digits() : "latn");
  for (const listener of listeners) listener();
}

/** Call back after each change of language or theme. */
export function onChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

dark.addEventListener("change", () => void apply());
