import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test } from "vitest";
import { registerImport } from "../../../src/cli/commands/import.ts";
import type { Shell } from "../../../src/cli/shell.ts";
import { EXIT, UserError } from "../../../src/diagnostics/user-error.ts";
import { openRecording } from "../../../src/recording/reader.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "cli-import-"));
  const rows = [1746373020000, 1746373080000, 1746373200000].map((timeMs) => `${timeMs},1,2,1,2,5`);
  writeFileSync(join(base, "AUSDT-1m.csv"), `open_time_ms,open,high,low,close,volume\n${rows.join("\n")}\n`);
  writeFileSync(join(base, "funding.csv"), "symbol,funding_time_ms,funding_rate\nAUSDT,1746373080000,0.0001\n");
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

/** Runs `sim ...` in this process and returns what it printed, without the folder of the test. */
async function sim(...words: string[]): Promise<string> {
  const program = new Command("sim").exitOverride().configureOutput({ writeErr: () => {} });
  const printed: string[] = [];
  registerImport(program, { print: (text: string) => void printed.push(text) } as unknown as Shell);
  await program.parseAsync(["node", "sim", ...words]);
  return printed
    .join("")
    .replaceAll(base, "")
    .replace(/[0-9a-f]{64}/g, "<hash>")
    .replace(/\d+ bytes/, "<n> bytes");
}

test("sim import candles prints identity, span, counts and gaps, and the recording opens", async () => {
  const out = join(base, "out");

  expect(await sim("import", "candles", join(base, "AUSDT-1m.csv"), "--out", out)).toBe(
    [
      "recording  out  candles  <hash>",
      "folder     /out  2 parts, <n> bytes",
      "span       2025-05-04T15:37:00.000Z to 2025-05-04T15:40:59.999Z",
      "symbols    1",
      "records    gap 1, mark 12",
      "gaps       1, records missing 1, symbols 1",
      "mappers    csv.candles/1 3 (ms)",
      "note       prices are candles on a stated path: open, low, high, close when the minute did not fall, open, " +
        "high, low, close when it fell, at +0 s, +15 s, +30 s and +59.999 s; volume in quarters",
      "note       missing minutes: 1, gaps: 1, symbols with gaps: 1 of 1",
      "",
    ].join("\n"),
  );
  expect(openRecording(out).marketEventCount).toBe(12);
});

test("sim import funding writes a new recording and leaves the first as it is", async () => {
  await sim("import", "candles", join(base, "AUSDT-1m.csv"), "--out", join(base, "a"), "--id", "first");
  const before = openRecording(join(base, "a")).hash;

  const text = await sim(
    "import",
    "funding",
    join(base, "funding.csv"),
    "--from",
    join(base, "a"),
    "--out",
    join(base, "b"),
  );

  expect(text).toContain("records    gap 1, mark 12, funding 1\n");
  expect(text).toContain('note       extends recording "first" <hash>\n');
  expect(openRecording(join(base, "a")).hash).toBe(before);
});

test("a folder that holds a recording is a mistake of the command, and the recording stays", async () => {
  const command = ["import", "candles", join(base, "AUSDT-1m.csv"), "--out", join(base, "a")];
  await sim(...command);

  const error = await sim(...command).catch((reason: unknown) => reason);

  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).exitCode).toBe(EXIT.usage);
  expect(openRecording(join(base, "a")).marketEventCount).toBe(12);
});

test("without --out nothing is read or written", async () => {
  await expect(sim("import", "candles", join(base, "AUSDT-1m.csv"))).rejects.toThrow(/required option '--out <dir>'/);
  expect(existsSync(join(base, "out"))).toBe(false);
});

test("--json is one document with identity, counts, gaps, mappers and notes", async () => {
  const text = await sim("import", "candles", join(base, "AUSDT-1m.csv"), "--out", join(base, "out"), "--json");

  expect(JSON.parse(text)).toMatchObject({
    schema: "sim.import/1",
    recording: { id: "out", fidelity: "candles", hash: "<hash>" },
    symbols: [{ symbol: "AUSDT", records: 12 }],
    gaps: [{ symbol: "AUSDT", gaps: 1, missing: 1 }],
    mappers: [{ source: "csv.candles", mapper: "csv.candles/1", unit: "ms", records: 3 }],
    inputs: [{ file: "AUSDT-1m.csv", role: "candles" }],
  });
});

test("a note that holds text of a file cannot move the cursor", async () => {
  const capture = join(base, "c.ndjson");
  const frame = { e: "trade", E: 1746373020000, s: "AUSDT", t: 1, p: "1", q: "1", X: "\u001b[2J" };
  writeFileSync(capture, `${JSON.stringify({ local_ns: "1746373020000000000", frame })}\n`);

  const text = await sim("import", "ws", capture, "--out", join(base, "out"));

  expect(text).toContain("trade with X");
  expect(text).not.toContain("\u001b");
});
