import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const source = join(root, "src");

/** Folder of src/ to the folders it may import from; itself is always allowed. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  diagnostics: [],
  engine: [],
  recording: ["engine", "diagnostics"],
  venue: ["engine", "recording", "diagnostics"],
  sim: ["engine", "recording", "venue", "diagnostics"],
  serve: ["engine", "recording", "venue", "sim", "diagnostics"],
  reports: ["engine", "recording", "diagnostics"],
  verify: ["engine", "recording", "sim", "reports", "diagnostics"],
  live: ["engine", "recording", "venue", "diagnostics"],
  lab: ["engine", "recording", "sim", "reports", "diagnostics"],
  mutants: ["verify", "diagnostics"],
  bench: ["engine", "recording", "sim", "venue", "serve", "lab", "live", "reports", "diagnostics"],
  study: ["reports", "sim", "diagnostics"],
  cli: ["engine", "recording", "venue", "sim", "reports", "verify", "live", "lab", "serve", "diagnostics"],
};

/** The one look from a world into reports: a scenario file holds thresholds and margins, and reports own their words. */
const SIM_MAY_READ_OF_REPORTS = /^reports\/(thresholds|comparison\/comparison-metric)\.ts$/;

/** Inside engine only its vocabulary is open to reports: they read journals, they never run the core. */
const REPORTS_MAY_READ_OF_ENGINE = /^engine\/(domain\/|quirks\.ts$)/;

/** npm package to the folders that may import it; docs/dependencies.md says why each is there. */
const PACKAGE_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  zod: ["engine", "recording", "sim", "serve", "reports", "lab", "cli", "index.ts"],
  "@noble/hashes": ["engine"],
  jsep: ["engine"],
  seedrandom: ["sim"],
  yaml: ["sim"],
  commander: ["cli"],
  hyparquet: ["recording"],
  "hyparquet-writer": ["recording", "reports"],
  fflate: ["recording", "reports"],
  "@uwdata/flechette": ["recording"],
  lz4js: ["recording"],
  ioredis: ["live"],
  ws: ["live", "serve"],
  bullmq: ["lab"],
  ccxt: ["live"],
  pino: ["live"],
  "prom-client": ["live"],
  "@observablehq/plot": ["reports"],
  "d3-sankey": ["reports"],
  linkedom: ["reports"],
  "danfojs-node": ["reports"],
};

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Static imports and re-exports at the start of a line, and dynamic imports of a literal. */
function importsOf(text: string): string[] {
  const statics = text.matchAll(/^(?:import|export)\s(?:[^"';]*?\sfrom\s)?"([^"]+)"/gm);
  const dynamics = text.matchAll(/\bimport\("([^"]+)"\)/g);
  return [...statics, ...dynamics].map((match) => match[1]!);
}

const files = filesBelow(source);

describe("the structure of src/", () => {
  test("is read whole: an empty listing would let everything pass", () => {
    expect(files.length).toBeGreaterThan(60);
  });

  test("imports point one way", () => {
    const wrong: string[] = [];
    for (const file of files) {
      const from = relative(source, file);
      const folder = from.split("/")[0]!;
      if (from === "index.ts") continue;
      for (const target of importsOf(readFileSync(file, "utf8"))) {
        if (!target.startsWith(".")) continue;
        const to = relative(source, join(file, "..", target));
        const toFolder = to.split("/")[0]!;
        if (toFolder === folder) continue;
        const isAllowed = MAY_IMPORT[folder]?.includes(toFolder) === true;
        if (folder === "sim" && SIM_MAY_READ_OF_REPORTS.test(to)) continue;
        const isWithinReach = folder !== "reports" || toFolder !== "engine" || REPORTS_MAY_READ_OF_ENGINE.test(to);
        if (!isAllowed || !isWithinReach) wrong.push(`${from} imports ${to}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("each npm package is imported only where docs/dependencies.md says", () => {
    const wrong: string[] = [];
    for (const file of files) {
      const from = relative(source, file);
      const folder = from.split("/")[0]!;
      for (const target of importsOf(readFileSync(file, "utf8"))) {
        if (target.startsWith(".") || target.startsWith("node:")) continue;
        const name = target.startsWith("@") ? target.split("/").slice(0, 2).join("/") : target.split("/")[0]!;
        if (PACKAGE_FOLDERS[name]?.includes(folder) !== true) wrong.push(`${from} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
