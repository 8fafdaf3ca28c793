import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { importRecording } from "../../../src/recording/import/import-recording.ts";
import { importRedis } from "../../../src/recording/import/import-redis.ts";
import { importWs } from "../../../src/recording/import/import-ws.ts";
import { inspectRecording } from "../../../src/recording/inspect/inspect-recording.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { repairRecording } from "../../../src/recording/repair/repair-recording.ts";
import { hasShared, sharedPath } from "../../shared-data.ts";
import { editLines } from "../edit-recording.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "inspect-real-"));
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

/** The numbers were counted from the files by a program of another language before they were written down here. */
describe.runIf(hasShared)("inspect of real data", () => {
  test("a capture of two minutes: received 32 ms before to 664 ms after exchange time, as the frames say", () => {
    const out = join(base, "ws");
    importWs({ files: [sharedPath("data/ws/usdm_2023-04-04T2358_btc_markprice_part1.ndjson.gz")], out });
    const { clockSkewMs, streams, market, damageCount, secretCount } = inspectRecording(out);
    expect([damageCount, secretCount]).toEqual([0, 0]);
    expect(clockSkewMs).toMatchObject({ p1: -29, p50: -5, p99: 531, min: -32, max: 664, records: 32_288 });
    const skews = streams.map(({ stream, records, clockSkewMs: skew }) => [
      stream,
      records,
      skew?.p1,
      skew?.p50,
      skew?.p99,
    ]);
    expect(skews.filter(([stream]) => stream === "book" || stream === "mark")).toEqual([
      ["book", 18_238, -29, -4, 580],
      ["mark", 219, 44, 78, 183],
    ]);
    expect(market.spreadBps).toEqual({ p1: 0.04, p50: 0.04, p99: 0.07, max: 0.5 });
    expect(repairRecording(out, join(base, "copy")).corrections).toEqual([]);
  });

  test("the production streams: one of two results has its plan, and the fields that came after the documents are named", () => {
    const out = join(base, "redis");
    importRedis({ files: [sharedPath("data/redis/quantum_streams_entries_2026-02-17.ndjson")], out });
    const { joins, results, governor, streams, intents } = inspectRecording(out);
    const byName = new Map(joins.pairs.map((pair) => [pair.name, pair]));
    expect(byName.get("plan -> result")).toMatchObject({
      records: 2,
      joined: 1,
      firstOrphan: { id: "abc5f1f59a4df545" },
    });
    expect(byName.get("plan <- result")).toMatchObject({
      records: 2,
      joined: 1,
      firstOrphan: { id: "c07e735d4cb0ef1e" },
    });
    expect([joins.orphans, joins.nearIdCount, intents.records]).toEqual([4, 0, 2]);
    expect(results.vocabulary).toEqual([{ writer: "apply-layer", raw: "SKIP", normalised: "SKIP", records: 2 }]);
    expect(governor?.killScore).toMatchObject({ min: 0.5100379844222276, max: 0.7247424076694772 });
    expect(governor?.widestInterval).toMatchObject({ blockedShare: 0.5, isSplitByRegimeFlip: true });
    const fieldsOf = (name: string) => streams.find(({ stream }) => stream === name)!;
    expect(fieldsOf("marketstate").unknownFields.map(({ name }) => name)).toEqual(["regime", "timestamp"]);
    expect(fieldsOf("market.tick").absentFields).toEqual([{ name: "trace_id", share: 0.5 }]);
    expect(fieldsOf("trade.intent").unknownFields).toHaveLength(7);
  });

  test("the transcribed plans of the incidents: the interval over which all thresholds act alike is the widest there is", () => {
    const lines = readFileSync(sharedPath("data/pipeline/embedded/records.jsonl"), "utf8").trim().split("\n");
    const plans = lines
      .map((line) => JSON.parse(line) as { name: string; fields: Record<string, unknown> })
      .filter(({ name, fields }) => name === "quantum:stream:apply.plan" && fields["kill_score"] !== undefined);
    const entries = plans.map(({ name, fields }, index) => {
      const texts = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)]));
      return JSON.stringify({ stream: name, id: `${1_769_990_000_000 + index}-0`, fields: texts });
    });
    const file = join(base, "plans.ndjson");
    writeFileSync(file, `${entries.join("\n")}\n`);
    importRedis({ files: [file], out: join(base, "plans") });
    const { governor } = inspectRecording(join(base, "plans"));
    const scores = plans.map(({ fields }) => Number(fields["kill_score"])).filter((score) => !Number.isNaN(score));
    expect(scores.length).toBeGreaterThan(8);
    expect(governor?.records).toBe(scores.length);
    const { over, upTo, blockedShare } = governor!.widestInterval!;
    const blocked = (threshold: number) => scores.filter((score) => score >= threshold).length;
    expect(blocked((over + upTo) / 2) / scores.length).toBeCloseTo(blockedShare, 12);
    let run = 0;
    let longest = 0;
    for (let threshold = Math.min(...scores) + 0.0005; threshold < Math.max(...scores); threshold += 0.0005) {
      run = blocked(threshold) === blocked(threshold - 0.0005) ? run + 0.0005 : 0;
      longest = Math.max(longest, run);
    }
    expect(Math.abs(upTo - over - longest)).toBeLessThan(0.0011);
  });

  test("ten symbols of the faulty recorder: 20 holes of 48,870 minutes, told; a repair tells them again when they are taken out", () => {
    const folder = sharedPath("data/candles/fut1m_I_2025-12-gappy");
    const candles = readdirSync(folder)
      .sort()
      .slice(0, 10)
      .map((name) => join(folder, name));
    const out = join(base, "gappy");
    importRecording({ candles, out });
    const found = inspectRecording(out);
    expect(found.interruptions.find(({ kind }) => kind === "gap")).toMatchObject({ records: 20, missing: 48_870 });
    expect(found.market).toMatchObject({ gridMs: 15_000, gridShare: expect.closeTo(0.5, 3), gaps: 20 });
    expect(found.market.isGapPolicyNeeded).toBe(true);
    // 3,484 missing minutes, from the last price of a minute to the first one after the hole.
    expect(found.market.longestGap?.lengthMs).toBe(3_484 * 60_000 + 1);
    const told = [...openRecording(out).inputs()];
    editLines(out, "inputs.0001.ndjson.gz", () => ['{"seq":1,"rx":1765649880000,"s":"note"}']);
    const { corrections } = repairRecording(out, join(base, "repaired"));
    const again = [...openRecording(join(base, "repaired")).inputs()];
    const findings = (inputs: typeof told) => inputs.filter(({ stream }) => stream === "finding");
    expect(findings(again).map(({ payload }) => payload)).toEqual(findings(told).map(({ payload }) => payload));
    const gapsOf = (inputs: typeof told) =>
      inputs.filter(({ stream }) => stream === "gap").map(({ rxMs, payload }) => `${rxMs} ${payload["sym"]}`);
    expect(gapsOf(again).sort()).toEqual(gapsOf(told).sort());
    expect(corrections.map(({ what, count }) => [what, count])).toEqual([
      ["inputs parts with another hash", 1],
      ["gap records added", 20],
      ["suspected unclosed bars flagged", findings(told).length],
      ["numbered again", 1],
    ]);
  });
});
