/** The words for a refusal: ours for a known code, else the hub's own text. */
import { asLinkError } from "../data/link";
import { knows, t, word } from "../i18n";

/** Write an error for a person; the code stays visible for whoever asks for help. */
export function failureText(error: unknown): string {
  const { code, message } = asLinkError(error);
  if (knows("error", code)) {
    const own = word("error", code);
    return message && code !== "unauthorized" ? `${own} ${message}` : own;
  }
  return message || t("failed_with", { code });
}
