/** Fail when the first JavaScript or a route's chunk is larger than its budget (gzip -9). */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const OUT = new URL("../../hub/api/static/", import.meta.url);
const FIRST_JS = 60_000;
const ROUTE_JS = 40_000;
// What a signed-in person's first view loads beside the entry.
const FIRST_VIEW = ["src/locale/en.json"];
// Libraries that a route fetches when it has something to draw count as a part of it.
const DRAWN_BY = { "node_modules/uplot/dist/uPlot.esm.js": ["src/pages/history.ts", "src/components/history-view.ts"] };

const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", OUT), "utf8"));
const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const size = (file) => gzipSync(readFileSync(new URL(file, OUT)), { level: 9 }).length;

/** Collect a chunk and everything its static imports reach. */
function reach(key, found = new Set()) {
  if (!found.has(key) && manifest[key]) {
    found.add(key);
    for (const next of manifest[key].imports ?? []) reach(next, found);
  }
  return found;
}

const sum = (keys) => [...keys].reduce((total, key) => total + size(manifest[key].file), 0);
const first = new Set();
for (const key of [entry, ...FIRST_VIEW]) reach(key, first);
const rows = [["first view", sum(first), FIRST_JS]];
for (const key of Object.keys(manifest)) {
  if (!manifest[key].isDynamicEntry || first.has(key)) continue;
  const reached = reach(key);
  for (const [library, routes] of Object.entries(DRAWN_BY)) if (routes.includes(key)) reach(library, reached);
  rows.push([key, sum([...reached].filter((each) => !first.has(each))), ROUTE_JS]);
}
let failed = false;
for (const [name, bytes, limit] of rows) {
  failed ||= bytes > limit;
  console.log(`${bytes > limit ? "OVER" : "ok  "} ${String(bytes).padStart(6)} of ${limit}  ${name}`);
}
process.exit(failed ? 1 : 0);
