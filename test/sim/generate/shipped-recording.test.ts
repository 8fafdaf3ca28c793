import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Command } from "commander";
import { afterAll, expect, test } from "vitest";
import { registerGenerate } from "../../../src/cli/commands/generate.ts";
import type { Shell } from "../../../src/cli/shell.ts";
import type { Manifest } from "../../../src/recording/manifest.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { generateMarket } from "../../../src/sim/generate/generate-market.ts";
import { barsOf } from "./generated-bars.ts";
import { trendShare } from "./trend-share.ts";

const SHIPPED_DIR = fileURLToPath(new URL("../../../recordings/regime-flip", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "rehearsal-generate-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function generate(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const program = new Command("sim").exitOverride();
  // Of the shell the command uses only what prints its result.
  registerGenerate(program, { print: (text: string) => void printed.push(text) } as Shell);
  await program.parseAsync(["generate", "market", ...args], { from: "user" });
  return printed.join("");
}

function manifestOf(dir: string): Manifest {
  return JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8")) as Manifest;
}

function contents(dir: string): string[] {
  return manifestOf(dir).parts.map(({ file }) => gunzipSync(readFileSync(join(dir, file))).toString("utf8"));
}

test.each([
  ["regime-flip", ["--seed", "3"], ["mark 209191", "funding 132", "exchangeInfo 1"]],
  ["universe", ["--seed", "universe", "--symbols", "565", "--days", "0.1"], ["mark 241862", "exchangeInfo 1"]],
])("the shipped recording %s is what its command makes, record for record", async (name, args, streams) => {
  const dir = join(scratch, name);
  const shippedDir = join(SHIPPED_DIR, "..", name);
  const printed = await generate("--out", dir, ...args);
  const made = manifestOf(dir);
  expect(printed).toContain(made.hash);
  // The packed size and hash of a part depend on the zlib of this machine; everything else may not differ.
  const packed = ({ parts, ...rest }: Manifest): unknown => ({
    ...rest,
    parts: parts.map(({ bytes: _bytes, sha256: _sha256, ...part }) => part),
  });
  expect(packed(made)).toEqual(packed(manifestOf(shippedDir)));
  expect(contents(dir).join("") === contents(shippedDir).join("")).toBe(true);
  expect(made.streams.map(({ stream, records }) => `${stream} ${records}`)).toEqual(streams);
});

test("the shipped recording says that it is generated, and stays below 3 MB", () => {
  const { notes, generator } = manifestOf(SHIPPED_DIR);
  expect(notes[0]).toMatch(/^generated from seed "3", not recorded/);
  expect(generator).toMatchObject({ seed: "3", start: "2026-02-02T00:00:00.000Z" });
  const bytes = readdirSync(SHIPPED_DIR)
    .filter((name) => !name.startsWith("."))
    .reduce((sum, name) => sum + statSync(join(SHIPPED_DIR, name)).size, 0);
  expect(bytes).toBeLessThan(3_000_000);
});

test("the reader opens the shipped recording and finds every price and funding rate", () => {
  const source = openRecording(SHIPPED_DIR);
  let rows = 0;
  for (const batch of source.batches()) rows += batch.length;
  expect(rows).toBe(209_191);
  expect([...source.inputs()].map(({ stream }) => stream)).toEqual(new Array<string>(132).fill("funding"));
  expect(source.instruments.filter(({ isOnVenue }) => isOnVenue)).toHaveLength(12);
  expect(source.symbols[12]).toBe("WAVESUSDT");
});

test("every symbol of the shipped recording is sometimes in a trend and mostly not", () => {
  const market = generateMarket({
    seed: "3",
    symbolCount: 12,
    minutes: 5_760,
    startTsMs: Date.UTC(2026, 1, 2),
  });
  const { trendShareBySymbol } = trendShare(barsOf(market).closes, 10);
  expect(trendShareBySymbol).toHaveLength(12);
  expect(Math.min(...trendShareBySymbol)).toBeGreaterThan(0.05);
  expect(Math.max(...trendShareBySymbol)).toBeLessThan(0.4);
  expect(market.regimes().length).toBeGreaterThan(15);
});

test("a sealed recording is not overwritten", async () => {
  await expect(generate("--out", SHIPPED_DIR, "--seed", "3")).rejects.toThrow(/sealed recording/);
});

test("all wrong options are named at once", async () => {
  const run = generate(
    "--out",
    join(scratch, "x"),
    "--seed",
    "",
    "--symbols",
    "0",
    "--days",
    "-1",
    "--start",
    "2026-02-31",
  );
  const error = await run.then(
    () => "",
    (reason: Error) => reason.message,
  );
  for (const option of ["--seed", "--symbols", "--days", "--start"]) expect(error).toContain(option);
  expect(readdirSync(scratch)).not.toContain("x");
});

test("a short wide market has made-up symbols after the shipped ones", async () => {
  const dir = join(scratch, "wide");
  await generate("--out", dir, "--symbols", "30", "--days", "0.01", "--id", "wide-market");
  const { id, symbols } = manifestOf(dir);
  expect(id).toBe("wide-market");
  expect(symbols).toHaveLength(31);
  expect(symbols[12]?.symbol).toBe("SIM013USDT");
  expect(symbols[30]?.symbol).toBe("WAVESUSDT");
});
