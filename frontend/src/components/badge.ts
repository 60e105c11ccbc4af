/** Small marks with a word, an icon and a colour: never a colour alone. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { JobState } from "../data/jobs";
import type { Phase } from "../data/resources";
import { word } from "../i18n";
import { icon, type IconName } from "./icon";

export type Tone = "good" | "warn" | "bad" | "busy" | "calm";

const PHASES: Record<Phase, [Tone, IconName]> = {
  pending: ["calm", "clock"],
  applying: ["busy", "update"],
  in_sync: ["good", "check"],
  drifted: ["warn", "drift"],
  failed: ["bad", "cross"],
  unknown: ["calm", "question"],
  deleting: ["busy", "trash"],
};

const JOBS: Record<JobState, [Tone, IconName]> = {
  queued: ["calm", "clock"],
  running: ["busy", "update"],
  done: ["good", "check"],
  failed: ["bad", "cross"],
  cancelled: ["calm", "close"],
  interrupted: ["warn", "alert"],
};

const OUTCOMES: Record<string, [Tone, IconName]> = {
  applied: ["good", "check"],
  nothing_done: ["calm", "minus"],
  rolled_back: ["warn", "undo"],
  interrupted: ["warn", "alert"],
  half_applied: ["bad", "alert"],
  unfinished: ["warn", "alert"],
};

export const badgeStyles = css`
  .badge { flex: none; display: inline-flex; align-items: center; gap: 5px; font-size: 0.8125rem; font-weight: 560; white-space: nowrap;
    min-block-size: 28px; padding-inline: 8px 11px; border-radius: 14px; color: var(--muted); background: var(--sunken); }
  .badge.good { color: var(--good); background: var(--good-tint); }
  .badge.warn { color: var(--warn); background: var(--warn-tint); }
  .badge.bad { color: var(--bad); background: var(--bad-tint); }
  .badge.busy { color: var(--accent); background: var(--accent-tint); }
  .badge.busy svg { animation: turn 2s linear infinite; }
  .badge.still svg { animation: none; }
  @keyframes turn { to { rotate: 1turn; } }
  @media (prefers-reduced-motion: reduce) { .badge svg { animation: none !important; } }
`;

/** Draw a mark. */
export function badge(text: string, tone: Tone, name?: IconName): TemplateResult {
  return html`<span class="badge ${tone} ${name === "update" ? "" : "still"}">${name ? icon(name, 16) : nothing}${text}</span>`;
}

/** Draw the phase of a resource. */
export function phaseBadge(phase: Phase): TemplateResult {
  const [tone, name] = PHASES[phase] ?? ["calm", "question"];
  return badge(word("phase", phase), tone, name);
}

/** Draw the state of a job. */
export function jobBadge(state: JobState): TemplateResult {
  const [tone, name] = JOBS[state] ?? ["calm", "question"];
  return badge(word("job", state), tone, name);
}

/** Draw how an apply ended. */
export function outcomeBadge(outcome: string): TemplateResult {
  const [tone, name] = OUTCOMES[outcome] ?? ["calm", "question"];
  return badge(word("outcome", outcome), tone, name);
}
