/** What is shown as a table that other programs read (RFC 4180). */
import type { Lane, Line } from "./history";
import { iso } from "./range";

const HEAD = ["entity_id", "what", "time", "value", "unit"];

/** Write every line and lane between two moments; a gap is an empty value. */
export function csvOf(lines: readonly Line[], lanes: readonly Lane[], from: number, to: number): string {
  const rows: (string | number)[][] = [HEAD];
  for (const line of lines) {
    const means = line.low !== undefined;
    line.times.forEach((at, index) => {
      if (at < from || at > to) return;
      const put = (what: string, value: number | null | undefined) => rows.push([line.entityId, what, moment(at), value ?? "", line.unit]);
      put(means ? "mean" : line.what, line.values[index]);
      if (!means) return;
      put("min", line.low?.[index]);
      put("max", line.high?.[index]);
    });
  }
  for (const lane of lanes) {
    for (const bar of lane.bars) if (bar.from >= from && bar.from <= to) rows.push([lane.entityId, "state", moment(bar.from), bar.state ?? "", ""]);
  }
  return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

function moment(at: number): string {
  return at % 1 ? new Date(at * 1000).toISOString() : iso(at);
}

/** A text that a spreadsheet would run as a formula is made a plain text. */
function cell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Let the browser save a text as a file. */
export function save(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
