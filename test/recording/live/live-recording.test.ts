import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InvariantError } from "../../../src/diagnostics/invariant-error.ts";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import {
  BUFFERED_BYTES_MAX,
  createLiveRecording,
  type LiveRecordingOptions,
} from "../../../src/recording/live/live-recording.ts";
import { recoverRecording } from "../../../src/recording/live/recover-recording.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { verifyRecording } from "../../../src/recording/verify.ts";
import { batchSealed, type LiveRow, record, rxOf, SYMBOLS, sampleRows } from "./live-rows.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "live-recording-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function options(overrides: Partial<LiveRecordingOptions> = {}): LiveRecordingOptions {
  return {
    dir: join(base, "live"),
    id: "sample",
    createdBy: "test 1",
    fidelity: "mark",
    symbols: SYMBOLS,
    ...overrides,
  };
}

test("a sealed live recording has the hash, the tables and the records of the batch writer", async () => {
  const rows = sampleRows(1000);
  const live = createLiveRecording(options());
  live.exchangeInfo({ symbols: [] });
  record(live, rows);
  const sealed = await live.seal();

  const batch = batchSealed(join(base, "batch"), rows, SYMBOLS, [{ symbols: [] }]);
  expect(sealed.hash).toBe(batch.hash);
  for (const table of ["symbols", "streams", "content", "gaps", "id", "createdBy"] as const) {
    expect(sealed.manifest[table], table).toEqual(batch.manifest[table]);
  }
  verifyRecording(openRecording(sealed.dir));
  expect(readdirSync(sealed.dir).sort()).toEqual([
    "exchange.0001.ndjson.gz",
    "inputs.0001.ndjson.gz",
    "manifest.json",
    "market.0001.ndjson.gz",
  ]);
});

/** Records of a sealed recording, market and inputs, by number. */
function recordsOf(dir: string) {
  const recording = openRecording(dir);
  const found: { seq: number; rxMs: number; tsMs: number; stream: string; payload?: unknown }[] = [];
  for (const batch of recording.batches()) {
    for (let i = 0; i < batch.length; i++) {
      found.push({ seq: batch.seq[i]!, rxMs: batch.rxMs[i]!, tsMs: batch.tsMs[i]!, stream: "market" });
    }
  }
  for (const input of recording.inputs()) found.push(input);
  return found.sort((left, right) => left.seq - right.seq);
}

const anyRow: fc.Arbitrary<(rxMs: number) => LiveRow> = fc.oneof(
  fc
    .record({
      symbol: fc.integer({ min: 0, max: 2 }),
      cents: fc.integer({ min: 1, max: 1e9 }),
      late: fc.integer({ min: -5, max: 5 }),
      kind: fc.constantFrom("mark", "book", "trade"),
      hasBid: fc.boolean(),
      note: fc.option(fc.string({ maxLength: 12 }), { nil: undefined }),
    })
    .map(({ symbol, cents, late, kind, hasBid, note }) => (rxMs: number): LiveRow => {
      const price = (cents / 100).toFixed(2);
      const bid = hasBid ? { bid: price } : {};
      const extra = note === undefined ? {} : { extra: { note } };
      return { market: { rxMs, tsMs: rxMs + late, symbol, kind: kind as "mark", price, ...bid, ...extra } };
    }),
  fc
    .record({
      stream: fc.constantFrom("trade.intent", "marketstate", "other", "user:é"),
      text: fc.string({ unit: "binary" }),
    })
    .map(
      ({ stream, text }) =>
        (rxMs: number): LiveRow => ({ input: { rxMs, stream, payload: { id: "1-0", text } } }),
    ),
  fc.constant((rxMs: number): LiveRow => {
    const payload = { sym: "ETHUSDT", startTsMs: rxMs - 60_000, endTsMs: rxMs, missing: 1, cause: "hole" };
    return { input: { rxMs, stream: "gap", payload } };
  }),
);

test("live and sealed equals the batch writer for any rows, rotation and segment size", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), anyRow), { maxLength: 60 }),
      fc.integer({ min: 150, max: 3000 }),
      fc.constantFrom("interval", "never"),
      async (steps, bytesMax, fsync) => {
        let rxMs = 1_700_000_000_000;
        const rows = steps.map(([stepMs, make]) => {
          rxMs += stepMs;
          return make(rxMs);
        });
        run++;
        let nowMs = 0;
        const live = createLiveRecording(
          options({ dir: join(base, `live-${run}`), rotation: { bytesMax, ageMsMax: 40 }, fsync, nowMs: () => nowMs }),
        );
        for (const [index, row] of rows.entries()) {
          nowMs += 7;
          if (index > 0 && rxOf(row) > rxOf(rows[index - 1]!)) live.tick();
          record(live, [row]);
        }
        const sealed = await live.seal();
        const batch = batchSealed(join(base, `batch-${run}`), rows, SYMBOLS);
        expect(sealed.hash).toBe(batch.hash);
        expect(sealed.manifest.gaps).toEqual(batch.manifest.gaps);
        expect(sealed.manifest.symbols).toEqual(batch.manifest.symbols);
        expect(sealed.manifest.notes).toEqual([]);
        verifyRecording(openRecording(sealed.dir));
      },
    ),
    { numRuns: 40, seed: 20260202 },
  );
});

test("segments end by size, and packing them goes on while records arrive", async () => {
  const rows = sampleRows(60_000);
  const live = createLiveRecording(options({ rotation: { bytesMax: 40_000 } }));
  const packed = () => readdirSync(live.dir).filter((file) => file.endsWith(".ndjson.gz")).length;
  let recorded = 0;
  while (recorded < 6000 || (packed() < 4 && recorded < rows.length)) {
    record(live, rows.slice(recorded, recorded + 50));
    recorded += 50;
    // Packing needs the event loop now and then; nothing here waits for it to end.
    await new Promise((done) => setImmediate(done));
  }
  expect(packed()).toBeGreaterThanOrEqual(4);
  const sealed = await live.seal();

  expect(sealed.hash).toBe(batchSealed(join(base, "batch"), rows.slice(0, recorded), SYMBOLS).hash);
  const parts = sealed.manifest.parts.filter(({ group }) => group === "market");
  expect(parts.length).toBeGreaterThan(5);
  for (const { contentBytes } of parts) expect(contentBytes).toBeLessThanOrEqual(40_000);
  verifyRecording(openRecording(sealed.dir));
});

test("segments end by age even when nothing arrives, and an empty segment does not", async () => {
  let nowMs = 0;
  const live = createLiveRecording(options({ rotation: { ageMsMax: 1000 }, nowMs: () => nowMs }));
  live.market({ rxMs: 1, symbol: 0, price: "1" });
  live.tick();
  nowMs = 999;
  live.tick();
  const parts = () => readdirSync(live.dir).filter((file) => /^(market|inputs)\.\d+\.ndjson\.part$/.test(file));
  expect(parts()).toEqual(["inputs.0001.ndjson.part", "market.0001.ndjson.part"]);

  nowMs = 1000;
  live.tick();

  expect(parts()).toContain("market.0002.ndjson.part");
  expect(parts().filter((file) => file.startsWith("inputs"))).toEqual(["inputs.0001.ndjson.part"]);
  nowMs = 5000;
  live.tick();
  expect(parts(), "the second segment has no record").not.toContain("market.0003.ndjson.part");
  live.market({ rxMs: 2, symbol: 0, price: "2" });
  expect((await live.seal()).manifest.parts.map(({ file }) => file)).toEqual([
    "market.0001.ndjson.gz",
    "market.0002.ndjson.gz",
  ]);
});

test("a large segment becomes one part of several gzip members, which the reader reads", async () => {
  const live = createLiveRecording(options());
  const text = "0123456789abcdef".repeat(4096);
  for (let i = 0; i < 60; i++) live.input({ rxMs: i, stream: "other", payload: { i, text } });
  const sealed = await live.seal();

  const packed = readFileSync(join(sealed.dir, "inputs.0001.ndjson.gz"));
  const members = packed.filter((_, at) => packed.subarray(at, at + 4).equals(Buffer.from([0x1f, 0x8b, 8, 0]))).length;
  expect(members).toBeGreaterThan(2);
  verifyRecording(openRecording(sealed.dir));
});

test("memory is bounded: neither one long millisecond nor a missing tick lets the buffer grow", () => {
  const live = createLiveRecording(options({ fsync: "never", nowMs: () => 0 }));
  const payload = { text: "x".repeat(1000) };
  let most = 0;
  for (let i = 0; i < 4000; i++) {
    // Four megabytes in one millisecond, then four more over many.
    live.input({ rxMs: i < 2000 ? 5 : i, stream: i % 2 === 0 ? "other" : "trade.intent", payload });
    most = Math.max(most, live.stats.bufferedBytes);
  }
  expect(most).toBeGreaterThan(1_000_000);
  expect(most).toBeLessThanOrEqual(BUFFERED_BYTES_MAX + 2000);
  expect(live.stats.records).toBe(4000);
  live.close();
});

test("records of one millisecond are put in the order of their rank, whatever came first", async () => {
  const live = createLiveRecording(options());
  live.input({ rxMs: 5, stream: "trade.intent", payload: { id: "5-0" } });
  live.market({ rxMs: 5, symbol: 0, price: "1" });
  live.gap({ rxMs: 5, kind: "silence", stream: "redis", startTsMs: 1, endTsMs: 5, missing: null, cause: "quiet" });
  live.market({ rxMs: 5, symbol: 1, price: "2" });
  const { dir } = await live.seal();

  expect(recordsOf(dir).map(({ stream }) => stream)).toEqual(["silence", "market", "market", "trade.intent"]);
});

test("a clock that goes back is one typed record with both times, and rx does not go back with it", async () => {
  const live = createLiveRecording(options());
  live.market({ rxMs: 10_000, symbol: 0, price: "1" });
  live.market({ rxMs: 4_000, symbol: 0, price: "2" });
  live.market({ rxMs: 4_500, tsMs: 4_400, symbol: 0, price: "3" });
  live.market({ rxMs: 10_001, symbol: 0, price: "4" });
  const { dir, manifest } = await live.seal();

  expect(recordsOf(dir).map(({ rxMs, tsMs, stream }) => [stream, rxMs, tsMs])).toEqual([
    ["clock-step", 10_000, 10_000],
    ["market", 10_000, 10_000],
    ["market", 10_000, 4_000],
    ["market", 10_000, 4_400],
    ["market", 10_001, 10_001],
  ]);
  const step = [...openRecording(dir).inputs()][0]!;
  expect(step.payload).toMatchObject({ stream: "*", startTsMs: 10_000, endTsMs: 4_000, missing: 0 });
  expect(manifest.notes[0]).toMatch(/^2 records have a later rx than the recorder's clock said/);
});

test("a record whose millisecond is written already gets the next one, and the manifest counts it", async () => {
  const live = createLiveRecording(options());
  live.input({ rxMs: 5, stream: "trade.intent", payload: { id: "5-0" } });
  live.flush();
  live.input({ rxMs: 5, stream: "trade.intent", payload: { id: "5-1" } });
  live.market({ rxMs: 5, symbol: 0, price: "1" });
  const { dir, manifest } = await live.seal();

  expect(recordsOf(dir).map(({ rxMs, tsMs, stream }) => [stream, rxMs, tsMs])).toEqual([
    ["trade.intent", 5, 5],
    ["trade.intent", 5, 5],
    ["market", 6, 5],
  ]);
  expect(manifest.notes).toHaveLength(1);
});

test("the symbol table grows while recording, over rotations and restarts", async () => {
  const live = createLiveRecording(options({ symbols: ["A"], rotation: { bytesMax: 200 } }));
  expect(live.symbolIndex("A")).toBe(0);
  expect(live.symbolIndex("é测")).toBe(1);
  expect(live.symbolIndex("é测")).toBe(1);
  for (let i = 0; i < 9; i++) live.market({ rxMs: i, symbol: i % 2, price: "1.5" });
  live.close();
  const again = createLiveRecording(options({ symbols: ["A", "C"] }));
  expect([again.symbolIndex("é测"), again.symbolIndex("C"), again.symbolIndex("D")]).toEqual([1, 2, 3]);
  again.input({ rxMs: 20, stream: "funding", payload: { sym: "E", rate: "0.1" } });
  const { manifest, dir } = await again.seal();

  expect(manifest.symbols.map(({ symbol, records }) => [symbol, records])).toEqual([
    ["A", 5],
    ["é测", 4],
    ["C", 0],
    ["D", 0],
    ["E", 0],
  ]);
  verifyRecording(openRecording(dir));
});

test("the manifest names each recorder with its version, config, its hash and the code's, and no secret", async () => {
  const first = createLiveRecording(
    options({ config: { url: "redis://u:hunter22@host:6379", streams: ["a"] }, codeHash: "abc" }),
  );
  first.market({ rxMs: 1, symbol: 0, price: "1" });
  first.close();
  createLiveRecording(
    options({ config: { url: "redis://u:hunter22@host:6379", streams: ["a"] }, codeHash: "abc" }),
  ).close();
  const changed = { createdBy: "test 2", config: { streams: ["a", "b"] }, notes: ["b is new"] };
  const { dir, manifest } = await createLiveRecording(options(changed)).seal();

  expect(manifest.recorders).toMatchObject([
    { createdBy: "test 1", firstSeq: 1, codeHash: "abc", config: { streams: ["a"] } },
    { createdBy: "test 2", firstSeq: 2, config: { streams: ["a", "b"] } },
  ]);
  expect(manifest.notes[0]).toBe("b is new");
  const hashes = manifest.recorders!.map(({ configSha256 }) => configSha256);
  expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(hashes[0]).not.toBe(hashes[1]);
  expect(readFileSync(join(dir, "manifest.json"), "utf8")).not.toContain("hunter22");
});

test("a closed recording resumes with nothing missing, and the restart has a place in the order", async () => {
  const rows = sampleRows(300);
  const first = createLiveRecording(options());
  record(first, rows.slice(0, 150));
  first.close();
  expect(recoverRecording(first.dir)).toMatchObject({ recorder: "closed", missing: [], verified: { records: 150 } });

  const second = createLiveRecording(options());
  expect(second.stats.records).toBe(150);
  record(second, rows.slice(150));
  const { dir, manifest, counts } = await second.seal();

  expect(counts["restart"]).toBe(1);
  const all = recordsOf(dir);
  expect(all).toHaveLength(301);
  const restart = all.find(({ stream }) => stream === "restart")!;
  expect(restart).toMatchObject({
    seq: 151,
    rxMs: rxOf(rows[150]!),
    payload: { stream: "*", startTsMs: rxOf(rows[149]!), endTsMs: rxOf(rows[150]!), missing: 0 },
  });
  expect(manifest.corrections).toEqual([]);
  verifyRecording(openRecording(dir));
});

test("a torn tail is set aside whole, told in the restart and in the manifest, and its numbers are not given again", async () => {
  const rows = sampleRows(300);
  const first = createLiveRecording(options());
  record(first, rows.slice(0, 150));
  first.close();
  const path = join(first.dir, "market.0001.ndjson.part");
  const torn = '{"seq":160,"rx":1700000009999,"s":"mark","sym":"BTCUSDT","p":"1"}\n{"seq":161,"rx":17000';
  writeFileSync(path, torn, { flag: "a" });

  const second = createLiveRecording(options());
  record(second, rows.slice(150));
  const { dir, manifest } = await second.seal();

  expect(readFileSync(join(dir, "market.0001.ndjson.part.1.torn"), "utf8")).toBe(torn);
  const restart = recordsOf(dir).find(({ stream }) => stream === "restart")!;
  expect(restart.seq, "160 was given").toBe(161);
  expect(restart.payload).toMatchObject({ missing: null });
  expect((restart.payload as { cause: string }).cause).toBe(
    `the recorder ended without closing; ${torn.length} bytes without a checkpoint are in market.0001.ndjson.part.1.torn`,
  );
  expect(manifest.corrections).toMatchObject([{ file: "market.0001.ndjson.part.1.torn", bytes: torn.length }]);
  verifyRecording(openRecording(dir));
});

test("fsync always acknowledges each millisecond, interval by its clock, and a tick is enough when nothing arrives", () => {
  let nowMs = 0;
  const verified = (dir: string) => recoverRecording(dir).verified.records;
  const always = createLiveRecording(options({ dir: join(base, "a"), fsync: "always", nowMs: () => nowMs }));
  always.market({ rxMs: 1, symbol: 0, price: "1" });
  expect(verified(always.dir)).toBe(1);
  const interval = createLiveRecording(options({ dir: join(base, "b"), nowMs: () => nowMs, fsyncIntervalMs: 500 }));
  interval.market({ rxMs: 1, symbol: 0, price: "1" });
  nowMs = 499;
  interval.tick();
  expect(verified(interval.dir)).toBe(0);
  nowMs = 500;
  interval.tick();
  expect(verified(interval.dir)).toBe(1);
  expect(recoverRecording(interval.dir)).toMatchObject({ recorder: "running", missing: [] });
  always.close();
  interval.close();
});

test("a bad row is refused and leaves no trace; the recording goes on", async () => {
  const live = createLiveRecording(options());
  const good = { rxMs: 1000, symbol: 0, price: "1" };
  live.market(good);
  for (const row of [
    { ...good, price: "0" },
    { ...good, price: "1e3" },
    { ...good, symbol: 3 },
    { ...good, rxMs: 1.5 },
    { ...good, rxMs: 5, price: "x" },
  ]) {
    expect(() => live.market(row)).toThrow(InvariantError);
  }
  expect(() => live.input({ rxMs: 1, stream: "mark", payload: {} })).toThrow(/prices go through market/);
  expect(() => live.input({ rxMs: 1, stream: "restart", payload: {} })).toThrow(/interruptions go through gap/);
  expect(() => live.input({ rxMs: 1, stream: "x", payload: { seq: 1 } })).toThrow(/reserved/);
  expect(() => live.input({ rxMs: 1, stream: "funding", payload: {} })).toThrow(/names no symbol/);
  expect(() => live.symbolIndex("\ud800")).toThrow(InvariantError);
  live.market({ ...good, rxMs: 1001 });
  const { counts } = await live.seal();
  expect(counts).toEqual({ mark: 2 });
});

test("folders of others are refused: sealed, foreign, of another id, and one that is being recorded into", async () => {
  const running = createLiveRecording(options());
  expect(() => createLiveRecording(options())).toThrow(/process \d+ records "sample" into it/);
  running.close();
  expect(() => createLiveRecording(options({ id: "other" }))).toThrow(/one of "other" and mark can be resumed/);
  await createLiveRecording(options()).seal();
  expect(() => createLiveRecording(options())).toThrow(/it holds a sealed recording, which is immutable/);
  mkdirSync(join(base, "foreign"));
  writeFileSync(join(base, "foreign", "note.txt"), "x");
  expect(() => createLiveRecording(options({ dir: join(base, "foreign") }))).toThrow(/it holds 1 other entries/);
  expect(() => createLiveRecording(options({ dir: join(base, "foreign", "note.txt") }))).toThrow(/the system answers/);
  expect(() => createLiveRecording(options({ dir: join(base, "c"), symbols: ["A", "A"] }))).toThrow(InvariantError);
  expect(() => running.market({ rxMs: 1, symbol: 0, price: "1" })).toThrow(/it is closed/);
});

test("a recorder that died between packing a segment and removing it repeats neither", async () => {
  const rows = sampleRows(600);
  const live = createLiveRecording(options({ rotation: { bytesMax: 5000 } }));
  record(live, rows.slice(0, 500));
  const segment = readFileSync(join(live.dir, "market.0001.ndjson.part"));
  const isPacked = () => readdirSync(live.dir).includes("market.0001.packed.json");
  while (!isPacked()) await new Promise((done) => setImmediate(done));
  live.close();
  writeFileSync(join(live.dir, "market.0001.ndjson.part"), segment);
  writeFileSync(join(live.dir, "market.0002.ndjson.gz.tmp"), "half");
  expect(recoverRecording(live.dir)).toMatchObject({ missing: [], verified: { records: 500 } });

  const again = createLiveRecording(options());
  record(again, rows.slice(500));
  const { dir, manifest } = await again.seal();
  expect(recordsOf(dir)).toHaveLength(601);
  expect(manifest.parts.filter(({ file }) => file === "market.0001.ndjson.gz")).toHaveLength(1);
  verifyRecording(openRecording(dir));
});

const settled = () => new Promise((done) => setTimeout(done, 1));

/** Records until the recorder throws; the error. */
async function recordUntilRefused(live: ReturnType<typeof createLiveRecording>): Promise<unknown> {
  for (let i = 0; i < 5000; i++) {
    try {
      live.market({ rxMs: 2_000_000_000_000 + i, symbol: 0, price: "1" });
    } catch (error) {
      return error;
    }
    await settled();
  }
  return null;
}

test("a part that cannot be written stops the recording with what is safe, and the segment stays", async () => {
  const live = createLiveRecording(options({ rotation: { bytesMax: 5000 } }));
  // A folder in the place of the part: the rename fails, as it does on a disk that has become read-only.
  mkdirSync(join(live.dir, "market.0001.ndjson.gz", "x"), { recursive: true });
  record(live, sampleRows(200));
  live.flush();

  const error = await recordUntilRefused(live);

  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toMatch(
    /Cannot go on recording into the folder: the system answers E\w+, .* 200 records, to seq 200,/,
  );
  await expect(live.seal()).rejects.toBe(error);
  live.close();
  expect(recoverRecording(live.dir)).toMatchObject({ missingSeqs: 0, verified: { firstSeq: 1 } });
  expect(recoverRecording(live.dir).verified.records).toBeGreaterThanOrEqual(200);
});

test("a segment that the disk changed is never packed as if it were good", async () => {
  const live = createLiveRecording(options({ rotation: { bytesMax: 5000 } }));
  record(live, sampleRows(60));
  live.flush();
  const path = join(live.dir, "market.0001.ndjson.part");
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('"p":"') + 5]! ^= 1;
  writeFileSync(path, bytes);
  record(live, sampleRows(200, 1_800_000_000_000));

  const error = await recordUntilRefused(live);

  expect(String(error)).toMatch(/Cannot pack the segment: it holds \d+ bytes of records with CRC-32/);
  expect((error as UserError).exitCode).toBe(14);
  live.close();
  expect(recoverRecording(live.dir).missing[0]).toMatch(
    /^market.0001.ndjson.part: the checkpoint at byte \d+ does not fit/,
  );
});

test("a part that changed between packing and sealing gets no manifest", async () => {
  const live = createLiveRecording(options({ rotation: { bytesMax: 3000 } }));
  record(live, sampleRows(200));
  while (!readdirSync(live.dir).includes("market.0001.packed.json")) await settled();
  const path = join(live.dir, "market.0001.ndjson.gz");
  const bytes = readFileSync(path);
  bytes[bytes.length - 20]! ^= 1;
  writeFileSync(path, bytes);

  await expect(live.seal()).rejects.toThrow(
    /market.0001.ndjson.gz Cannot use the part of the recording: its SHA-256 is/,
  );

  expect(readdirSync(live.dir)).not.toContain("manifest.json");
  const report = recoverRecording(live.dir);
  expect(report.segments.find(({ file }) => file === "market.0001.ndjson.gz")).toMatchObject({ state: "damaged" });
  expect(report.missingSeqs).toBeGreaterThan(0);
});

test("a recording that runs can be looked at while segments are packed under the look", async () => {
  const live = createLiveRecording(options({ rotation: { bytesMax: 4000 } }));
  const rows = sampleRows(3000);
  let looks = 0;
  for (let at = 0; at < rows.length; at += 30) {
    record(live, rows.slice(at, at + 30));
    await settled();
    if (at % 300 !== 0) continue;
    live.flush();
    const report = recoverRecording(live.dir);
    expect(report).toMatchObject({ recorder: "running", missing: [] });
    expect(report.verified.records).toBe(at + 30);
    looks++;
  }
  expect(looks).toBe(10);
  await live.seal();
});

test("an unsealed folder is refused by readers with the command that tells what is in it", () => {
  const live = createLiveRecording(options());
  live.close();
  expect(() => openRecording(live.dir)).toThrow(`"sim inspect ${live.dir}" says what is in it`);
});
