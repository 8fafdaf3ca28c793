import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRecording } from "../../../src/recording/reader.ts";
import { ensureBuilt, runSim } from "../../built-cli.ts";
import { fixedRows, writeRecording } from "../../recording/cache/sample-recordings.ts";

let folder = "";

beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "rehearsal-recordings-"));
  const rows = fixedRows(4000);
  writeRecording(join(folder, "early"), rows.slice(0, 2000), undefined, "early");
  writeRecording(join(folder, "late"), rows.slice(2000), undefined, "late");
  writeRecording(join(folder, "whole"), rows, undefined, "whole");
  const strategy = "strategy: { name: ewma-cross, params: { interval: 1s, fast: 5, slow: 20, band: 0.00001 } }";
  writeFileSync(join(folder, "small.yaml"), `name: small\nrecording: early\n${strategy}\n`);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sim = (...args: string[]) => runSim(["run", "small.yaml", ...args], { cwd: folder });

/** Journal of the only run below a folder, without its header line, which names the recording. */
function entriesOf(out: string): string {
  const [run] = readdirSync(join(folder, out));
  const journal = readFileSync(join(folder, out, run!, "journal.ndjson"), "utf8");
  return journal.slice(journal.indexOf("\n") + 1);
}

describe("sim run --recording", () => {
  test("twice replays the two as one: the same decisions as the recording they were cut from", async () => {
    const cut = await sim("--recording", "late", "--recording", "early", "--out", "cut", "--json");
    const whole = await sim("--recording", "whole", "--out", "whole-out", "--json");
    expect([cut.code, cut.stderr, whole.code, whole.stderr]).toEqual([0, "", 0, ""]);
    expect(JSON.parse(cut.stdout)).toMatchObject({ run: { marketEvents: 4000 } });
    expect(entriesOf("cut").length).toBeGreaterThan(1000);
    expect(entriesOf("cut")).toBe(entriesOf("whole-out"));
  });

  test("of two recordings that overlap is refused with exit 14 and both spans", async () => {
    const { code, stdout, stderr } = await sim("--recording", "whole", "--recording", "late");
    expect({ code, stdout }).toEqual({ code: 14, stdout: "" });
    expect(stderr).toContain('whole" has BTCUSDT and 2 more from 2026-02-02T02:40:00.000Z to 2026-02-02T02:56:39.750Z');
    expect(stderr).toContain('late" from 2026-02-02T02:48:20.000Z to');
  });
});

describe("sim run --no-cache", () => {
  test("neither uses nor makes a cache, and a damaged one is only a note", async () => {
    for (const _ of openRecording(join(folder, "early"), { cache: "rebuild" }).batches());
    const cache = join(folder, "early/.cache/market.parquet");
    const damaged = readFileSync(cache);
    damaged[200]! ^= 1;
    writeFileSync(cache, damaged);

    const without = await sim("--no-cache", "--out", "without", "--reproducible");
    expect(without).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(cache).equals(damaged)).toBe(true);

    const repaired = await sim("--out", "with", "--reproducible");
    expect(repaired.code).toBe(0);
    expect(repaired.stderr).toMatch(/market cache .*early\/\.cache\/market\.parquet is not used and made again: bytes/);
    expect(entriesOf("with")).toBe(entriesOf("without"));
    const again = await sim("--out", "again", "--reproducible");
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(entriesOf("again")).toBe(entriesOf("without"));
    expect(existsSync(join(folder, "whole/.cache"))).toBe(false);
  });
});
