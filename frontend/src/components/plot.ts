/** What uPlot is told: data side by side, scales, axes, and bars for words. */
import type uPlot from "uplot";
import { extremes, placeAt, thin, wordAt, type Lane, type Line } from "../data/history";
import { brief, number, t, when, word } from "../i18n";

export interface Span {
  from: number;
  to: number;
}

/** Room for the numbers beside a chart; bars keep it too, so that the moments stand above each other. */
const GUTTER = 52;
const LANE = 54;
const BAR = 26;
const DAY = 86_400;

/** Colours and type of the present theme, for what is painted. */
export interface Palette {
  series: string[];
  text: string;
  muted: string;
  line: string;
  calm: string;
  gap: string;
  heat: string;
  cool: string;
  font: string;
}

/** Read the palette where an element stands. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    series: [1, 2, 3, 4, 5, 6].map((index) => token(`series-${index}`)),
    text: token("text"),
    muted: token("muted"),
    line: token("line"),
    calm: token("sunken"),
    gap: token("line"),
    heat: token("heat-bar"),
    cool: token("cool-bar"),
    font: style.fontFamily,
  };
}

/** Return one table of uPlot for a line, within a span and at most so many pixels. */
export function tableOf(line: Line, { from, to }: Span, now: number, pixels: number): uPlot.AlignedData {
  const first = Math.max(0, placeAt(line.times, from));
  const last = placeAt(line.times, to);
  if (!line.steps) {
    const cut = <T>(all: readonly T[]) => all.slice(first, last + 1);
    return [cut(line.times), cut(line.values), cut(line.low ?? line.values), cut(line.high ?? line.values)] as uPlot.AlignedData;
  }
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (let index = first; index <= last; index += 1) {
    const at = Math.max(line.times[index]!, from);
    const value = line.values[index]!;
    // A gap begins where the value ends, not at the last change before.
    if (value === null && values.length && values.at(-1) !== null) {
      times.push(at);
      values.push(values.at(-1)!);
      times.push(at + 0.001);
    } else times.push(at);
    values.push(value);
  }
  const end = Math.min(to, now);
  if (values.length && values.at(-1) !== null && times.at(-1)! < end) {
    times.push(end);
    values.push(values.at(-1)!);
  }
  const thinned = thin(times, values, pixels);
  return [thinned.times, thinned.values];
}

/** Return how many columns a line takes. */
const width = (line: Line): number => (line.steps ? 1 : 3);

/** Return a uPlot's options for lines of one unit, or for bars. */
export function optionsOf(plot: typeof uPlot, lines: readonly Line[], lanes: readonly Lane[], palette: Palette, span: () => Span): Omit<uPlot.Options, "width" | "height"> {
  const axis = { stroke: palette.muted, font: `12px ${palette.font}`, ticks: { show: false }, border: { show: false } };
  const time: uPlot.Axis = { ...axis, grid: { stroke: palette.line, width: 1 }, space: 76, size: 30, gap: 6, values: (_plot, splits, _axis, _space, step) => splits.map((at) => timeLabel(at, step)) };
  const figures: uPlot.Axis = { ...axis, grid: { stroke: palette.line, width: 1 }, size: GUTTER, gap: 6, space: 34, values: (_plot, splits, _axis, _space, step) => splits.map((value) => figureLabel(value, step)) };
  return {
    legend: { show: false },
    padding: lanes.length ? [4, 18, 0, GUTTER] : [10, 18, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: true, range: () => [span().from, span().to] }, y: { range: (_plot, min, max) => (lanes.length ? [0, 1] : padded(min, max)) } },
    axes: lanes.length ? [{ ...time, grid: { show: false } }, { show: false }] : [time, figures],
    series: [{}, ...(lanes.length ? [{ show: true }] : lines.flatMap((line, index) => seriesOf(plot, line, index, lines.length, palette)))],
    bands: bandsOf(lines, palette),
  };
}

function seriesOf(plot: typeof uPlot, line: Line, index: number, count: number, palette: Palette): uPlot.Series[] {
  const colour = colourOf(palette, index);
  const target = line.what !== "state" && line.what !== "current_temperature";
  const main: uPlot.Series = {
    stroke: colour, width: 1.75, points: { show: false }, spanGaps: false,
    ...(target ? { dash: [5, 4] } : {}),
    ...(line.steps ? { paths: plot.paths.stepped!({ align: 1 }) } : {}),
    ...(count === 1 && line.steps ? { fill: `${colour}1c`, fillTo: (each) => each.scales.y!.min! } : {}),
  };
  const edge: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: false };
  return line.steps ? [main] : [main, edge, edge];
}

function bandsOf(lines: readonly Line[], palette: Palette): uPlot.Band[] {
  const bands: uPlot.Band[] = [];
  let column = 1;
  lines.forEach((line, index) => {
    if (!line.steps) bands.push({ series: [column + 2, column + 1], fill: `${colourOf(palette, index)}2e` });
    column += width(line);
  });
  return bands;
}

/** Return the colour of the n-th line. */
export function colourOf(palette: Palette, index: number): string {
  return palette.series[index % palette.series.length] ?? palette.text;
}

function padded(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
  const room = max > min ? (max - min) * 0.08 : Math.max(0.5, Math.abs(max) * 0.05);
  return [min >= 0 && min - room < 0 ? 0 : min - room, max + room];
}

function timeLabel(at: number, step: number): string {
  const midnight = new Date(at * 1000).getHours() === 0 && new Date(at * 1000).getMinutes() === 0;
  if (step >= DAY || midnight) return when(at, { day: "numeric", month: "short" });
  return when(at, step < 60 ? { timeStyle: "medium", hourCycle: "h23" } : { timeStyle: "short", hourCycle: "h23" });
}

function figureLabel(value: number, step: number): string {
  if (Math.abs(value) >= 10_000) return brief(value);
  return number(value, Math.min(4, Math.max(0, -Math.floor(Math.log10(step)))));
}

/** Return how high a chart of bars is. */
export function laneHeight(count: number): number {
  return count * LANE + 36;
}

const RESTING = new Set(["off", "idle", "closed", "not_home", "standby", "locked", "normal", "paused"]);
const WARM = new Set(["heating", "heat", "preheating", "manual_heating"]);
const COLD = new Set(["cooling", "cool", "manual_cooling", "drying", "dry"]);
const ACTIVE = new Set(["on", "open", "home", "active", "running"]);

function barColour(state: string, palette: Palette): string {
  if (RESTING.has(state)) return palette.calm;
  if (WARM.has(state)) return palette.heat;
  if (COLD.has(state)) return palette.cool;
  if (ACTIVE.has(state)) return colourOf(palette, 0);
  let hash = 0;
  for (const letter of state) hash = (hash * 31 + letter.codePointAt(0)!) % 9973;
  return colourOf(palette, 1 + (hash % 5));
}

/** Paint every lane: its name with the word at the crosshair, and its bars. */
export function paintLanes(plot: uPlot, lanes: readonly Lane[], palette: Palette, { from, to }: Span, at: number | undefined, now: number): void {
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  const { left, top, width } = plot.bbox;
  const x = (moment: number) => left + (width * (Math.min(Math.max(moment, from), to) - from)) / (to - from);
  ctx.save();
  ctx.textBaseline = "middle";
  lanes.forEach((lane, index) => {
    const above = top + index * LANE * ratio;
    const bar = above + 22 * ratio;
    ctx.font = `560 ${12.5 * ratio}px ${palette.font}`;
    ctx.textAlign = "left";
    ctx.fillStyle = palette.text;
    const shown = wordAt(lane, at ?? Math.min(to, now));
    ctx.fillText(`${lane.name} · ${stateWord(shown)}`, left, above + 11 * ratio, width);
    const end = Math.min(to, now);
    lane.bars.forEach(({ from: begin, state }, place) => {
      const next = lane.bars[place + 1]?.from ?? end;
      if (next < from || begin > end) return;
      const [one, other] = [x(begin), x(next)];
      const wide = Math.max(other - one, ratio);
      if (state === null) return gap(ctx, one, bar, wide, palette, ratio);
      const colour = barColour(state, palette);
      ctx.fillStyle = colour;
      ctx.fillRect(one, bar, wide, BAR * ratio);
      label(ctx, stateWord(state), one, bar, wide, colour, palette, ratio);
    });
  });
  ctx.restore();
}

/** A stretch that nobody knows: a thin line, never a bar. */
function gap(ctx: CanvasRenderingContext2D, x: number, y: number, wide: number, palette: Palette, ratio: number): void {
  ctx.fillStyle = palette.gap;
  ctx.fillRect(x, y + (BAR / 2 - 1) * ratio, wide, 2 * ratio);
}

function label(ctx: CanvasRenderingContext2D, text: string, x: number, y: number, wide: number, colour: string, palette: Palette, ratio: number): void {
  if (wide < 34 * ratio) return;
  ctx.font = `${12 * ratio}px ${palette.font}`;
  if (ctx.measureText(text).width > wide - 14 * ratio) return;
  ctx.fillStyle = inkOn(colour);
  ctx.fillText(text, x + 7 * ratio, y + (BAR / 2 + 0.5) * ratio);
}

/** Return black or white, whichever can be read on a colour written #rrggbb. */
export function inkOn(colour: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.22 ? "#14181b" : "#ffffff";
}

/** Return a state's word; what is not known has one too. */
export function stateWord(state: string | null | undefined): string {
  return state === null || state === undefined ? t("not_known") : word("state", state);
}

/** Say a chart in words: smallest, largest and last value of each line, the present word of each lane. */
export function saidOf(lines: readonly Line[], lanes: readonly Lane[], { from, to }: Span, name: (line: Line) => string): string {
  const said = lines.map((line) => {
    const found = extremes(line, from, to);
    if (!found) return `${name(line)}: ${t("no_values")}`;
    const { unit } = line;
    return t("chart_said", { name: name(line), min: number(found.min), max: number(found.max), last: number(found.last), unit });
  });
  return [...said, ...lanes.map((lane) => `${lane.name}: ${stateWord(wordAt(lane, to))}`)].join(". ");
}
