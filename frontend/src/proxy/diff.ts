/** Reading a unified difference: the files it names, and each line with what becomes of it. */
export type Mark = "same" | "add" | "remove" | "place";

export interface Line {
  mark: Mark;
  text: string;
}

export interface FileDiff {
  path: string;
  /** Whether the file comes or goes as a whole. */
  change: "created" | "deleted" | "changed";
  added: number;
  removed: number;
  lines: Line[];
}

const NOWHERE = "/dev/null";
const MARKS: Record<string, Mark> = { "+": "add", "-": "remove", " ": "same" };

/** Read a unified difference over any number of files. */
export function readDiff(text: string): FileDiff[] {
  const found: FileDiff[] = [];
  let file: FileDiff | undefined;
  let before = "";
  // Lines of the present hunk that are still to come: a removed line may begin with "--" itself.
  let [old, now] = [0, 0];
  for (const line of text.split("\n")) {
    if (file && (old > 0 || now > 0) && line !== "") {
      if (line.startsWith("\\")) continue;
      const mark = MARKS[line[0]!] ?? "same";
      if (mark !== "add") old -= 1;
      if (mark !== "remove") now -= 1;
      if (mark === "add") file.added += 1;
      if (mark === "remove") file.removed += 1;
      file.lines.push({ mark, text: line.slice(1) });
    } else if (line.startsWith("--- ")) {
      before = pathOf(line);
    } else if (line.startsWith("+++ ")) {
      const after = pathOf(line);
      const change = before === NOWHERE ? "created" : after === NOWHERE ? "deleted" : "changed";
      file = { path: after === NOWHERE ? before : after, change, added: 0, removed: 0, lines: [] };
      found.push(file);
    } else {
      const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
      if (!hunk || !file) continue;
      [old, now] = [Number(hunk[1] ?? 1), Number(hunk[2] ?? 1)];
      file.lines.push({ mark: "place", text: line });
    }
  }
  return found;
}

function pathOf(line: string): string {
  return line.slice(4).split("\t")[0]!.trim();
}
