import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inspectRecording } from "../../../src/recording/inspect/inspect-recording.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { repairRecording } from "../../../src/recording/repair/repair-recording.ts";
import { verifyRecording } from "../../../src/recording/verify.ts";
import { createRecordingWriter } from "../../../src/recording/writer.ts";
import { editLines, editManifest } from "../edit-recording.ts";

const MARKET = "market.0001.ndjson.gz";
const INPUTS = "inputs.0001.ndjson.gz";

let base: string;
let dir: string;
let copies = 0;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "repair-"));
  dir = join(base, "rec");
  const writer = createRecordingWriter({
    dir,
    id: "rec",
    fidelity: "mark",
    symbols: ["AUSDT", "BUSDT"],
    createdBy: "test",
    carried: { later: { field: 1 } },
  });
  writer.exchangeInfo({ symbols: [] });
  for (let second = 0; second < 60; second++) {
    // The exchange is ahead: received earlier than exchange time is normal.
    writer.market({
      rxMs: second * 1000,
      tsMs: second * 1000 + 1_500,
      symbol: 0,
      price: "1.50",
      bid: "1.4",
      ask: "1.6",
    });
    writer.market({ rxMs: second * 1000, symbol: 1, price: "2.5" });
    if (second % 20 === 0) {
      const fields = { payload: JSON.stringify({ symbol: "AUSDT", side: "BUY", order_id: second }) };
      writer.input({ rxMs: second * 1000, stream: "trade.intent", payload: { id: `${second * 1000}-0`, fields } });
    }
  }
  writer.seal();
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name)).toString("base64")]));
}

function repaired(from = dir) {
  const before = filesOf(from);
  const out = join(base, `out-${++copies}`);
  const { corrections, sealed } = repairRecording(from, out);
  expect(filesOf(from), "the original is only read").toEqual(before);
  const recording = openRecording(out);
  verifyRecording(recording);
  return { out, corrections, sealed, recording, whats: corrections.map(({ what, count }) => `${what}: ${count}`) };
}

const linesOf = (folder: string, file: string) =>
  gunzipSync(readFileSync(join(folder, file)))
    .toString()
    .split("\n");

/** Every fault a repair knows at once. */
function breakIt(): void {
  editLines(dir, MARKET, (lines) => {
    const silent = lines.filter((_, index) => index < 40 || index > 60);
    return [...silent.slice(0, 10), silent[9]!, silent[12]!, silent[11]!, ...silent.slice(10, 11), ...silent.slice(13)];
  });
  editLines(dir, INPUTS, (lines) => [lines[0]!, lines[0]!, '{"seq":"x"}', ...lines.slice(1)]);
}

describe("repair", () => {
  test("a whole recording is copied byte by byte, and times ahead of the clock are no fault", () => {
    const { out, corrections } = repaired();
    expect(corrections).toEqual([]);
    expect(filesOf(out)).toEqual(filesOf(dir));
  });

  test("a second repair changes nothing", () => {
    breakIt();
    const first = repaired();
    expect(first.whats.length).toBeGreaterThan(3);
    const second = repaired(first.out);
    expect(second.corrections).toEqual([]);
    expect(filesOf(second.out)).toEqual(filesOf(first.out));
  });

  test("duplicates go, order comes back, silences are told; each with its count, first place and rule in the manifest", () => {
    breakIt();
    const { out, recording, whats, sealed } = repaired();
    expect(whats).toEqual([
      "duplicates left out: 2",
      "market records put in order: 2",
      "market parts with another hash: 1",
      "unreadable records left out: 1",
      "inputs parts with another hash: 1",
      "gap records added: 2",
      "numbered again: 1",
    ]);
    const found = new Map(sealed.manifest.corrections.map((entry) => [(entry as { what: string }).what, entry]));
    expect(found.get("duplicates left out")).toMatchObject({ count: 2, first: { file: `${dir}/${MARKET}`, line: 11 } });
    expect(found.get("market records put in order")).toMatchObject({ count: 2, first: { line: 13 } });
    expect(found.get("unreadable records left out")).toMatchObject({
      count: 1,
      first: { file: `${dir}/${INPUTS}`, line: 3 },
    });
    // Seconds 20 to 29 of both symbols, and 30 of the first: 11 s and 12 s of silence on a grid of 1 s.
    expect(found.get("gap records added")).toMatchObject({ count: 2 });
    for (const entry of found.values())
      expect(entry).toMatchObject({ by: "sim inspect --repair", from: { id: "rec" } });
    const gaps = [...recording.inputs()].filter(({ stream }) => stream === "gap").map(({ payload }) => payload);
    expect(gaps).toEqual([
      { sym: "BUSDT", startTsMs: 19_000, endTsMs: 30_000, missing: 10, cause: "silence" },
      { sym: "AUSDT", startTsMs: 20_500, endTsMs: 32_500, missing: 11, cause: "silence" },
    ]);
    expect(sealed.manifest["later"]).toEqual({ field: 1 });
    const prices = linesOf(out, MARKET)
      .slice(0, -1)
      .map((line) => line.replace(/^\{"seq":\d+/, ""));
    const before = new Set(linesOf(dir, MARKET).map((line) => line.replace(/^\{"seq":\d+/, "")));
    expect(
      prices.every((line) => before.has(line)),
      "no price is made up or changed",
    ).toBe(true);
    expect(prices).toHaveLength(99);
    expect(inspectRecording(out)).toMatchObject({
      damageCount: 0,
      interruptions: [{ kind: "gap", records: 2, missing: 21 }],
    });
  });

  test("of a file that was cut off the whole records before the cut stay, and it says that no hash vouches for them", () => {
    const path = join(dir, MARKET);
    truncateSync(path, Math.floor(readFileSync(path).length * 0.6));
    const { corrections, recording } = repaired();
    const damaged = corrections.find(({ what }) => what === `damaged part ${MARKET}`)!;
    const { recordsListed, recordsTaken, isVerified } = damaged.details as Record<string, number | boolean>;
    expect(damaged.details?.["problem"]).toContain("cut off at byte");
    expect([recordsListed, isVerified]).toEqual([120, false]);
    expect(recordsTaken).toBe(recording.marketEventCount);
    expect(recordsTaken).toBeGreaterThan(10);
    expect(recordsTaken).toBeLessThan(120);
  });

  test("a part that is not there is left out and named; a damaged end of a whole content is no loss", () => {
    rmSync(join(dir, INPUTS));
    const path = join(dir, MARKET);
    const packed = readFileSync(path);
    packed[packed.length - 1] = packed[packed.length - 1]! ^ 1;
    writeFileSync(path, packed);
    const { corrections, recording } = repaired();
    expect(recording.marketEventCount).toBe(120);
    expect(corrections.map(({ what, details }) => [what, details?.["isVerified"]])).toEqual([
      [`damaged part ${MARKET}`, true],
      [`damaged part ${INPUTS}`, false],
    ]);
  });

  test("one id with two contents is no duplicate, and equal prices without native fields are none either", () => {
    editLines(dir, INPUTS, (lines) => [...lines, lines[2]!.replace('"seq":', '"seq":9').replace("BUY", "SELL")]);
    editLines(dir, MARKET, (lines) => [...lines, lines.at(-1)!.replace(/"seq":\d+/, '"seq":900')]);
    const { whats, recording } = repaired();
    expect([...recording.inputs()]).toHaveLength(4);
    expect(recording.marketEventCount).toBe(121);
    expect(whats.filter((what) => what.startsWith("duplicates"))).toEqual([]);
  });

  test("a file that the manifest lists twice is taken once", () => {
    editManifest(dir, (manifest) => {
      manifest.parts.splice(1, 0, manifest.parts[0]!);
    });
    const { whats, recording } = repaired();
    expect(recording.marketEventCount).toBe(120);
    expect(whats).toEqual(["duplicates left out: 120", "market parts with another hash: 1"]);
  });

  test("numbers beyond 2^53 and the form of a record survive a new number", () => {
    const odd =
      '{ "rx":60000,"seq":7,"s":"exchange.order","id":"60000-0","fields":{"seq":1,"order_id":12345678901234567890} }';
    editLines(dir, INPUTS, (lines) => [...lines, odd]);
    const { out } = repaired();
    const line = linesOf(out, INPUTS).find((text) => text.includes("exchange.order"));
    expect(line).toBe(odd.replace('"seq":7', '"seq":124'));
  });

  test("parts that fit their entries and not the recording are taken, and that is said", () => {
    editManifest(dir, (manifest) => {
      for (const part of manifest.parts) part.contentSha256 = "0".repeat(64);
    });
    const { corrections } = repaired();
    expect(corrections.map(({ what }) => what)).toContain(`damaged part ${MARKET}`);
  });
});
