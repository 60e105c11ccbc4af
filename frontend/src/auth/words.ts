/** The words for a refused login. */
import { knows, t, word } from "../i18n";
import { HttpError } from "./http";

/** Write a refusal for a person. */
export function refusalText(error: unknown): string {
  if (!(error instanceof HttpError)) return t("failed_with", { code: String(error) });
  if (knows("error", error.code)) return word("error", error.code);
  return error.message || t("failed_with", { code: error.code });
}
