/** What the pages before signing in share: a calm card in the middle, and how a form complains. */
import { css, html, type TemplateResult } from "lit";

export const frameStyles = css`
  :host { display: grid; place-items: center; min-block-size: 100dvh; padding: 20px;
    padding-block: max(20px, env(safe-area-inset-top)) max(20px, env(safe-area-inset-bottom)); }
  main { inline-size: min(420px, 100%); }
  .card { padding: 32px; border-radius: 24px; }
  .brand { display: flex; align-items: center; gap: 14px; margin-block-end: 24px; }
  .brand img { inline-size: 48px; block-size: 48px; border-radius: 14px; }
  .lead { color: var(--muted); margin-block-end: 24px; }
  .lead strong { color: var(--text); overflow-wrap: anywhere; }
  button.primary { inline-size: 100%; min-block-size: 48px; margin-block-start: 8px; }
  input { min-block-size: 48px; }
  @media (max-width: 480px) {
    .card { padding: 24px; }
  }
`;

/** Draw the card with its heading. */
export function frame(title: string, body: unknown): TemplateResult {
  return html`<main><div class="card"><div class="brand"><img src="/icon.svg" alt="" width="48" height="48"><h1>${title}</h1></div>${body}</div></main>`;
}
