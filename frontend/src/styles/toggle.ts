/** The look of a switch: a button with the role of one. */
import { css } from "lit";

export const toggleStyles = css`
  .toggle { position: relative; inline-size: 48px; min-block-size: 28px; block-size: 28px; border-radius: 14px; padding: 0; background: var(--sunken); border: 1px solid var(--line-strong); }
  .toggle::after { content: ""; position: absolute; inset-block-start: 3px; inset-inline-start: 3px; inline-size: 20px; block-size: 20px; border-radius: 50%; background: var(--line-strong); transition: inset-inline-start 120ms; }
  .toggle[aria-checked="true"] { background: var(--accent); border-color: var(--accent); }
  .toggle[aria-checked="true"]::after { inset-inline-start: 23px; background: var(--accent-text); }
  .toggle.pending { outline: 2px solid var(--accent-tint); }
  .toggle:disabled { opacity: 0.5; }
  .touch { display: grid; place-items: center; min-block-size: 44px; }
`;
