/** Styles of the pages with lists and sections: heads, breadcrumbs, rows, tabs, facts. */
import { css } from "lit";

export const lists = css`
  .crumbs { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 8px; font-size: 0.875rem; margin-block-end: 8px; color: var(--muted); }
  .crumbs a { min-block-size: 28px; display: inline-flex; align-items: center; }
  .crumbs svg:dir(rtl) { scale: -1 1; }
  .top { display: flex; align-items: center; gap: 10px 14px; flex-wrap: wrap; margin-block-end: 16px; }
  .top h1 { overflow-wrap: anywhere; }
  .top .push { margin-inline-start: auto; }
  .actions { display: flex; align-items: center; gap: 8px; flex-wrap: wrap; }
  .button, button.with { display: inline-flex; align-items: center; justify-content: center; gap: 8px; text-decoration: none; }
  a.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-text); }
  .lead { color: var(--muted); margin-block-end: 20px; max-inline-size: 72ch; }
  .search { position: relative; margin-block-end: 16px; }
  .search svg { position: absolute; inset-inline-start: 14px; inset-block-start: 13px; color: var(--muted); pointer-events: none; }
  .search input { padding-inline-start: 44px; min-block-size: 48px; border-radius: 16px; box-shadow: var(--shadow); }
  .rows { list-style: none; margin: 0; padding: 0; }
  .rows > li { border-block-start: 1px solid var(--line); }
  .rows > li:first-child { border-block-start: 0; }
  .empty { text-align: center; padding-block: 56px; color: var(--muted); }
  .empty p + p, .empty p + a { margin-block-start: 14px; }
  .note { display: flex; gap: 12px; border-radius: 14px; padding: 12px; padding-inline: 16px; background: var(--sunken); margin-block-end: 20px; overflow-wrap: anywhere; }
  .note svg { flex: none; margin-block-start: 1px; }
  .note > div { flex: 1; min-inline-size: 0; }
  .note.warn { background: var(--warn-tint); color: var(--warn); }
  .note.bad { background: var(--bad-tint); color: var(--bad); }
  .note.good { background: var(--good-tint); color: var(--good); }
  .note .small { opacity: 0.92; }
  .note a { color: inherit; }
  .tabs { display: flex; gap: 4px; border-block-end: 1px solid var(--line); margin-block-end: 20px; overflow-x: auto; scrollbar-width: none; }
  .tabs a { color: var(--muted); text-decoration: none; font-weight: 560; font-size: 0.9375rem; padding-block: 10px; padding-inline: 14px; white-space: nowrap;
    border-block-end: 2px solid transparent; margin-block-end: -1px; border-start-start-radius: 10px; border-start-end-radius: 10px; }
  .tabs a:hover { background: var(--sunken); }
  .tabs a:focus-visible { outline-offset: -2px; }
  .tabs a[aria-current] { color: var(--accent); border-block-end-color: var(--accent); }
  .facts { display: grid; grid-template-columns: minmax(110px, max-content) minmax(0, 1fr); margin: 0; font-size: 0.9375rem; }
  .facts dt, .facts dd { margin: 0; padding-block: 8px; border-block-start: 1px solid var(--line); overflow-wrap: anywhere; }
  .facts dt { color: var(--muted); padding-inline-end: 20px; }
  .facts dt:first-of-type, .facts dd:first-of-type { border-block-start: 0; }
  .facts pre { margin: 0; font-family: var(--mono); font-size: 0.8125rem; white-space: pre-wrap; overflow-wrap: anywhere; text-align: start; }
  .sections { display: grid; gap: 20px; grid-template-columns: minmax(0, 1fr); }
  .sections h2 { margin-block-end: 14px; }
  @media (max-width: 560px) {
    .card { padding: 16px; }
    .tabs { gap: 0; }
    .tabs a { padding-inline: 10px; font-size: 0.875rem; }
    .top { margin-block-end: 12px; }
  }
`;
