import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test } from "vitest";
import { registerInspect } from "../../../src/cli/commands/inspect.ts";
import { inspectionText } from "../../../src/cli/commands/inspect-text.ts";
import type { Shell } from "../../../src/cli/shell.ts";
import { inspectRecording } from "../../../src/recording/inspect/inspect-recording.ts";
import { inspectionSchema } from "../../../src/recording/inspect/inspection.ts";
import { createLiveRecording } from "../../../src/recording/live/live-recording.ts";
import { createRecordingWriter } from "../../../src/recording/writer.ts";
import { editLines } from "../../recording/edit-recording.ts";

let base: string;
let dir: string;
const KEY = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF".repeat(2);

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "inspect-"));
  dir = join(base, "rec");
  const writer = createRecordingWriter({ dir, id: "rec", fidelity: "mark", symbols: ["AUSDT"], createdBy: "test" });
  for (let minute = 0; minute <= 20; minute++) {
    writer.market({ rxMs: minute * 60_000, tsMs: minute * 60_000 + 40, symbol: 0, price: "1.5" });
  }
  for (const id of ["1-0", "1-0"]) {
    const fields = { payload: JSON.stringify({ symbol: "AUSDX", side: "HOLD", apiKey: KEY }) };
    writer.input({ rxMs: 1_200_000, stream: "trade.intent", payload: { id, fields, extra: "\u001b[2J" } });
  }
  writer.seal();
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

test("finds frozen prices, gaps, duplicates, unknown fields and bad intents, and keeps secrets to itself", async () => {
  const found = inspectionSchema.parse(inspectRecording(dir));
  expect(found.damageCount).toBe(0);
  expect(found.market).toMatchObject({
    events: 21,
    gridMs: 60_000,
    gapMs: 240_000,
    gaps: 0,
    longestGap: null,
    quoteShare: 0,
  });
  expect(found.market.frozen).toEqual([{ symbol: "AUSDT", startRxMs: 0, lengthMs: 1_200_000, rows: 21 }]);
  expect(found.clockSkewMs).toMatchObject({ p1: -40, p50: -40, max: 0 });
  const intents = found.streams.find(({ stream }) => stream === "trade.intent");
  expect(intents).toMatchObject({ duplicates: 1, repeatedContents: 1, firstId: "1-0", lastId: "1-0" });
  expect(intents?.unknownFields).toEqual([
    { name: "extra", share: 1 },
    { name: "payload.apiKey", share: 1 },
  ]);
  expect(found.intents.problems.map(({ name }) => name)).toContain("side is neither BUY nor SELL");
  expect(found.intents.unknownSymbols).toEqual([{ symbol: "AUSDX", near: ["AUSDT"] }]);
  expect(found.secrets.map(({ line }) => line)).toContain(2);
  const text = await inspectionText(found);
  expect(JSON.stringify(found) + text).not.toContain(KEY);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

test("counts a silence as a gap when it is long for the recording's own grid", () => {
  const sparse = join(base, "sparse");
  const writer = createRecordingWriter({
    dir: sparse,
    id: "s",
    fidelity: "mark",
    symbols: ["AUSDT"],
    createdBy: "test",
  });
  for (const second of [0, 1, 2, 3, 4, 9.5, 10, 30, 31, 32]) {
    writer.market({ rxMs: second * 1000, symbol: 0, price: String(100 + second) });
  }
  writer.seal();
  expect(inspectRecording(sparse).market).toMatchObject({
    gridMs: 1000,
    gapMs: 5000,
    gaps: 2,
    longestGap: { symbol: "AUSDT", startRxMs: 10_000, lengthMs: 20_000 },
  });
});

test("each kind of damage is named with its file and place", () => {
  const market = join(dir, "market.0001.ndjson.gz");
  const whole = readFileSync(market);
  const first = () => inspectRecording(dir).damage[0];
  truncateSync(market, 50);
  expect(first()).toMatchObject({
    file: `${dir}/market.0001.ndjson.gz`,
    text: expect.stringContaining("cut off at byte 50"),
  });
  const flipped = Buffer.from(whole);
  flipped[40] = flipped[40]! ^ 1;
  writeFileSync(market, flipped);
  expect(first()?.text).toContain("SHA-256");
  rmSync(market);
  expect(first()?.text).toContain("the file is missing");
  writeFileSync(market, whole);
  editLines(dir, "market.0001.ndjson.gz", (lines) => [lines[1]!, lines[0]!, `{"api_key":"${KEY}`, ...lines.slice(3)]);
  const found = inspectRecording(dir);
  expect(found.damage.map(({ line }) => line)).toEqual([2, 2, 3, null]);
  expect(JSON.stringify(found)).not.toContain(KEY);
});

async function inspect(...args: string[]): Promise<{ printed: string; codes: number[] }> {
  const printed: string[] = [];
  const codes: number[] = [];
  const shell = {
    stdout: {},
    print: (text: string) => printed.push(text),
    exitWith: (code: number) => codes.push(code),
  };
  const program = new Command("sim");
  registerInspect(program, shell as unknown as Shell);
  await program.parseAsync(["node", "sim", "inspect", ...args]);
  return { printed: printed.join("\n"), codes };
}

test("a damaged recording exits with 14 and still prints its one JSON document; a whole one adds no code", async () => {
  expect((await inspect(dir, "--json")).codes).toEqual([]);
  truncateSync(join(dir, "inputs.0001.ndjson.gz"), 10);
  const { printed, codes } = await inspect(dir, "--json");
  expect(codes).toEqual([14]);
  const document = inspectionSchema.parse(JSON.parse(printed));
  expect(document.parts.map(({ state }) => state)).toEqual(["ok", "damaged"]);
});

test("the ids of entries are columns of the wide table; at 80 columns it says that they are left out", async () => {
  const narrow = (await inspect(dir)).printed;
  expect(narrow).toContain("not shown at this width: id order, first id, last id (--wide)");
  const wide = (await inspect(dir, "--wide")).printed;
  expect(wide).toMatch(/first id +last id/);
  expect(wide).toMatch(/trade\.intent .* 1-0 +1-0/);
});

test("--redact writes a recording in which inspect finds no secret, and prints none on the way", async () => {
  const out = join(base, "redacted");
  const { printed, codes } = await inspect(dir, "--redact", "--redact-field", "side", "--out", out, "--json");
  expect([codes, printed.includes(KEY)]).toEqual([[], false]);
  expect(JSON.parse(printed)).toMatchObject({
    schema: "sim.redact/1",
    recording: { dir: out, id: "rec" },
    redactions: [
      { kind: "field side", values: 1, count: 2 },
      { kind: "named credential", values: 1, count: 2 },
    ],
  });
  const text = (await inspect(out)).printed;
  expect(text).toContain("secrets    0 found");
  expect(text).not.toContain("--redact");
});

test("--repair of an unsealed recording seals what can be verified, and the original stays unsealed", async () => {
  const live = join(base, "live");
  const recorder = createLiveRecording({ dir: live, id: "live", createdBy: "test", fidelity: "mark" });
  const symbol = recorder.symbolIndex("AUSDT");
  for (let second = 0; second < 5; second++) recorder.market({ rxMs: second * 1000, symbol, price: "1.5" });
  recorder.close();
  const out = join(base, "sealed");
  const { printed, codes } = await inspect(live, "--repair", "--out", out);
  expect(codes).toEqual([]);
  expect(printed).toContain("sealed from the verifiable part of an unsealed recording");
  const found = inspectRecording(out);
  expect([found.damageCount, found.market.events]).toEqual([0, 5]);
  expect((await inspect(live)).printed).toContain("unsealed");
});

test("the shipped recordings are whole", () => {
  for (const name of ["regime-flip", "why-no-execute"]) {
    expect(inspectRecording(join("recordings", name)).damage).toEqual([]);
  }
});
