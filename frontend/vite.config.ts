/** Builds the page into the folder that the hub serves, with precompressed copies. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vite";

const OUT = "../hub/api/static";
const HUB = process.env.HUB_URL ?? "http://127.0.0.1:8123";

// What the first view needs beside the entry is one file: nobody waits for a dozen small ones.
const BASE = /\/src\/((hub|i18n|prefs|router|watch)\.ts|auth\/(http|session)|data\/(decode|describe|draft|link|range|registries|resources|rights|rooms|search|sparks|statistics|store)|styles\/(shared|toggle)|components\/(entity-row|failure|icon|spark|thermostat))|\/node_modules\/(@?lit|home-assistant-js-websocket)/;

/** Write a .gz and a .br beside every text file larger than one network packet. */
function precompress(): Plugin {
  return {
    name: "precompress",
    apply: "build",
    closeBundle() {
      for (const entry of readdirSync(OUT, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|json|svg)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const body = readFileSync(path);
        if (body.length < 1024) continue;
        writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
        writeFileSync(`${path}.br`, brotliCompressSync(body, { params }));
      }
    },
  };
}

export default defineConfig({
  plugins: [precompress()],
  build: { outDir: OUT, emptyOutDir: true, manifest: true, assetsInlineLimit: 0,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "base", test: BASE }] } } } },
  server: {
    proxy: {
      "/api": { target: HUB, ws: true, changeOrigin: true },
      "^/auth/(?!authorize)": { target: HUB, changeOrigin: true },
    },
  },
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"] },
});
