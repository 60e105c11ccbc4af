/** Styles that components share: type, buttons, fields, cards. */
import { css } from "lit";

export const base = css`
  :host {
    box-sizing: border-box;
  }
  *,
  *::before,
  *::after {
    box-sizing: inherit;
  }
  :host([hidden]) {
    display: none;
  }
  h1,
  h2,
  h3,
  p {
    margin: 0;
  }
  h1 {
    font-size: 1.75rem;
    font-weight: 650;
    letter-spacing: -0.02em;
    line-height: 1.2;
  }
  h2 {
    font-size: 1.0625rem;
    font-weight: 620;
    letter-spacing: -0.005em;
  }
  h3 {
    font-size: 0.9375rem;
    font-weight: 600;
  }
  :host(:lang(ar)) h1,
  :host(:lang(ar)) h2 {
    letter-spacing: 0;
  }
  a {
    color: var(--accent);
    text-underline-offset: 3px;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  .muted {
    color: var(--muted);
  }
  .small {
    font-size: 0.8125rem;
  }
  .error {
    color: var(--bad);
    font-size: 0.875rem;
  }
  .value {
    color: var(--value);
    font-variant-numeric: tabular-nums;
  }
  .visually-hidden {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  code,
  .mono {
    font-family: var(--mono);
    font-size: 0.8125rem;
  }
`;

export const card = css`
  .card {
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    box-shadow: var(--shadow);
    padding: 20px;
  }
`;

export const buttons = css`
  button,
  .button {
    font: inherit;
    font-weight: 560;
    color: var(--text);
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: 12px;
    min-block-size: 40px;
    padding-block: 6px;
    padding-inline: 16px;
    cursor: pointer;
    transition: background-color 120ms;
  }
  button:hover:not(:disabled) {
    background: var(--sunken);
  }
  button:disabled {
    cursor: not-allowed;
    color: var(--muted);
  }
  button.primary {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--accent-text);
  }
  button.primary:hover:not(:disabled) {
    background: color-mix(in srgb, var(--accent) 88%, var(--text));
  }
  button.primary:disabled {
    background: var(--sunken);
    border-color: var(--line);
    color: var(--muted);
  }
  button.danger:not(:disabled) {
    color: var(--bad);
  }
  button.icon {
    display: inline-grid;
    place-items: center;
    inline-size: 40px;
    padding: 0;
  }
  button.plain {
    border-color: transparent;
    background: transparent;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`;

export const fields = css`
  label,
  .label {
    display: block;
    font-size: 0.875rem;
    font-weight: 560;
    margin-block-end: 6px;
  }
  input,
  select,
  textarea {
    font: inherit;
    color: var(--text);
    background-color: var(--surface);
    border: 1px solid var(--line-strong);
    border-radius: 12px;
    min-block-size: 40px;
    padding-block: 6px;
    padding-inline: 12px;
    inline-size: 100%;
    min-inline-size: 0;
  }
  select {
    appearance: none;
    padding-inline-end: 36px;
    text-overflow: ellipsis;
    background-image: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='12' height='12' fill='none' stroke='%23858b92' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M2 4l4 4 4-4'/%3E%3C/svg%3E");
    background-repeat: no-repeat;
    background-position: calc(100% - 14px) 50%;
  }
  select:dir(rtl) {
    background-position: 14px 50%;
  }
  textarea {
    font-family: var(--mono);
    font-size: 0.8125rem;
    resize: vertical;
  }
  input:focus-visible,
  select:focus-visible,
  textarea:focus-visible {
    outline-offset: 0;
  }
  input[aria-invalid="true"] {
    border-color: var(--bad);
  }
  input:disabled,
  select:disabled {
    background-color: var(--sunken);
    color: var(--muted);
    border-color: var(--line);
    opacity: 1;
  }
  input[type="checkbox"] {
    inline-size: 20px;
    min-block-size: 20px;
    block-size: 20px;
    accent-color: var(--accent);
    flex: none;
    margin: 0;
  }
  .check {
    display: flex;
    align-items: center;
    gap: 10px;
    font-weight: 400;
    margin: 0;
    min-block-size: 40px;
    cursor: pointer;
  }
  .field {
    margin-block-end: 16px;
  }
  .field .error {
    margin-block-start: 6px;
  }
`;
