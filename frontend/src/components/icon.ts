/** The page's few line icons, drawn in the text's colour. */
import { html, svg, type TemplateResult } from "lit";

const PATHS = {
  alert: "M12 4 2.8 19.5h18.4ZM12 10v4.5M12 17.2v.1",
  automation: "M7 8a5 5 0 0 1 10 0v8a5 5 0 0 1-10 0ZM12 3v4M12 17v4",
  back: "M14.500 6 8.500 12l6 6",
  binary: "M12 12m-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0M12 12m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
  book: "M5 5.500c2.500-1 5-1 7 .5 2-1.500 4.500-1.500 7-.5v13c-2.500-1-5-1-7 .5-2-1.500-4.500-1.500-7-.5ZM12 6v13",
  boxes: "M4 8.500 12 4l8 4.500-8 4.500ZM4 12.500 12 17l8-4.500M4 16.500 12 21l8-4.500",
  branch: "M12 3.500v5M12 8.500c0 4-6 3-6 8v4M12 8.500c0 4 6 3 6 8v4",
  button: "M9 11V6.5a2 2 0 0 1 4 0V12l4.2 1a2 2 0 0 1 1.5 2.3L18 20H9.5L6 14.5a1.6 1.6 0 0 1 2.5-2Z",
  chart: "M4 4v16h16M7.500 15l4-5 3 3 5-6.500",
  check: "M5 12.5 10 17.500 19 7",
  clock: "M12 12m-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0M12 7.500V12l3 2",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h10v11H9ZM15 9V5H5v11h4",
  cross: "M12 12m-8.500 0a8.500 8.500 0 1 0 17 0a8.500 8.500 0 1 0-17 0M9 9l6 6M15 9l-6 6",
  dots: "M5 12m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0M12 12m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0M19 12m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0",
  down: "M12 5v14M6 13l6 6 6-6",
  drift: "M4 8h6l4 8h6M17 13l3 3-3 3M4 16h4",
  drop: "M12 3.500c3.500 4 5.500 7 5.500 9.700a5.500 5.500 0 0 1-11 0C6.500 10.500 8.500 7.500 12 3.500Z",
  event: "M13 3 5 13.500h6L10.500 21 19 10h-6.500Z",
  file: "M7 3.500h7l4 4v13H7ZM14 3.500v4h4",
  flame: "M12 3c.5 4 5 5.500 5 10.500a5 5 0 0 1-10 0c0-2 1-3.500 2.200-4.500.3 1.500 1 2.200 1.800 2.500C11 8.500 10.500 6 12 3Z",
  gear: "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM19 12l2-1.200-1.800-3.200-2.300.7-1.900-1.100L14.400 5H10.600L9 7.200 7.100 8.300l-2.300-.7L3 10.800 5 12l-2 1.200 1.800 3.200 2.300-.7L9 16.800 10.600 19h3.800l.6-2.200 1.900-1.100 2.300.7 1.800-3.200Z",
  globe: "M12 12m-8.500 0a8.500 8.500 0 1 0 17 0a8.500 8.500 0 1 0-17 0M3.500 12h17M12 3.500c-3 2.500-4 5.300-4 8.500s1 6 4 8.500c3-2.500 4-5.300 4-8.500s-1-6-4-8.500Z",
  home: "M4 11 12 4l8 7v8a1.500 1.500 0 0 1-1.500 1.500h-13A1.500 1.500 0 0 1 4 19ZM9.500 20.500V14h5v6.500",
  key: "M8 15m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M11 12.200 19.500 4M16 7.500l2.500 2.500",
  list: "M9 6.500h11M9 12h11M9 17.500h11M4.500 6.500h.1M4.500 12h.1M4.500 17.500h.1",
  lock: "M6 11h12v9H6ZM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  minus: "M6 12h12",
  number: "M9.500 4 7.500 20M16.500 4l-2 16M4.500 9h16M3.500 15h16",
  open: "M9.500 6 15.500 12l-6 6",
  play: "M8 5.500v13l10.500-6.500Z",
  plus: "M6 12h12M12 6v12",
  parallel: "M7 4v16M17 4v16M7 8h10M7 16h10",
  pause: "M8.500 6v12M15.500 6v12",
  question: "M12 12m-8.500 0a8.500 8.500 0 1 0 17 0a8.500 8.500 0 1 0-17 0M9.500 10a2.500 2.500 0 1 1 3.500 2.300c-.7.4-1 .8-1 1.700M12 17v.1",
  search: "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13ZM15.500 15.500 20.500 20.500",
  scene: "M4 17.500l8-13 8 13ZM8.500 17.500v3h7v-3",
  script: "M7 4h10v16H7ZM10 8.500h4M10 12h4M10 15.500h2.500",
  select: "M5 8h14M5 12h9M5 16h6M16 15l2.500 2.500L21 15",
  sensor: "M4 17a8 8 0 1 1 16 0M12 17l4-5.500M12 17h.1",
  shield: "M12 3.500l7 2.500v5.500c0 4.500-3 7.500-7 9-4-1.500-7-4.500-7-9V6Z",
  snow: "M12 3v18M4.200 7.500l15.600 9M19.800 7.500l-15.600 9M9.500 4.500 12 7l2.500-2.500M9.500 19.500 12 17l2.500 2.500",
  switch: "M8 7h8a5 5 0 0 1 0 10H8A5 5 0 0 1 8 7ZM16 12m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  tasks: "M4 7h9M4 12h16M4 17h6M16 7h4M13 17h7",
  thermostat: "M10 13.500V6a2 2 0 0 1 4 0v7.500a4 4 0 1 1-4 0ZM12 9.500v7",
  timer: "M12 13.500m-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0M12 9.500v4l2.500 2M9.500 3.500h5",
  trash: "M5 7h14M9.500 7V4.500h5V7M7 7l.8 13h8.400L17 7",
  undo: "M4 10h10a5.500 5.500 0 0 1 0 11H9M4 10l4.500-4.500M4 10l4.500 4.500",
  up: "M12 19V5M6 11l6-6 6 6",
  update: "M20 12a8 8 0 1 1-2.500-5.800M20 3.500V8h-4.500",
  users: "M9 11m-3.500 0a3.500 3.500 0 1 0 7 0a3.500 3.500 0 1 0-7 0M2.500 20c.5-3.500 3-5 6.500-5s6 1.500 6.500 5M15.500 7.800a3.300 3.300 0 1 1 1.500 6.300M18 15.200c2 .6 3.200 2.200 3.500 4.800",
  wrench: "M14.500 6.500a4 4 0 0 1 5-1l-3 3 1 2 2 1 3-3M14.500 6.500a4.500 4.500 0 0 0 5.500 6M15 11l-8.500 8.500a2 2 0 0 1-2.800-2.800L12.500 8.500",
} as const;

export type IconName = keyof typeof PATHS;

const DOMAINS: Record<string, IconName> = {
  automation: "automation",
  binary_sensor: "binary",
  button: "button",
  climate: "thermostat",
  event: "event",
  counter: "number",
  input_boolean: "switch",
  input_button: "button",
  input_datetime: "clock",
  input_number: "number",
  input_select: "select",
  input_text: "script",
  number: "number",
  scene: "scene",
  schedule: "clock",
  script: "script",
  select: "select",
  switch: "switch",
  timer: "timer",
  update: "update",
};

const CLASSES: Record<string, IconName> = {
  humidity: "drop",
  moisture: "drop",
  problem: "alert",
  temperature: "thermostat",
};

/** Choose the icon of an entity. */
export function iconOf(domain: string, deviceClass: unknown): IconName {
  return CLASSES[String(deviceClass)] ?? DOMAINS[domain] ?? "sensor";
}

/** Draw an icon; decorative, the words beside it carry the meaning. */
export function icon(name: IconName, size = 22): TemplateResult {
  return html`<svg width=${size} height=${size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${svg`<path d=${PATHS[name]} />`}</svg>`;
}
