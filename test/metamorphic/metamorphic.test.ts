import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { UserError } from "../../src/diagnostics/user-error.ts";
import type { JournalEntry } from "../../src/engine/domain/journal.ts";
import type { RecordingSource } from "../../src/recording/batch.ts";
import { createMemoryRecording } from "../../src/recording/memory.ts";
import { openRecordings } from "../../src/recording/open-recordings.ts";
import type { InputRow, MarketRow, RecordSink } from "../../src/recording/record.ts";
import { createRecordingWriter } from "../../src/recording/writer.ts";
import type { Scenario } from "../../src/sim/scenario/schema.ts";
import { createRandomStreams } from "../../src/sim/time/random-streams.ts";
import { type RecordedRun, runOf, scenarioOf } from "../sim/run/run-helpers.ts";
import { countOf, executedOf, linesOf, mappedLines, numberedIds, scaleDifferences } from "./journal-view.ts";
import { instruments, NAMES, recordingOf, type SmallMarket, START_MS, smallMarket, written } from "./small-market.ts";

const RUNS = 12;
const HOUR_MS = 3_600_000;

const folder = mkdtempSync(join(tmpdir(), "metamorphic-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Amounts of money times `money`. One call reports all positions: polled one by one, a stranger would cost time. */
function scenario({ money = 1 } = {}): Scenario {
  return scenarioOf(`
name: small
recording: unused
account: { wallet: "${10_000 * money}", leverage: 5 }
exchange:
  latency: { feed: 30ms, order: { median: 80ms, sigma: 0.4 }, answer: { median: 40ms, sigma: 0.3 }, snapshot: 60ms }
  fees: { maker: "0.0002", taker: "0.0004" }
pipeline:
  governor: { name: fixed-threshold, params: { warning: 0.76, critical: 0.9 } }
  killScore: { sigmaRef: 0.0015 }
  trackers: { featureWindowBars: 70, featurePointsMin: 65 }
  harvest: { interval: 30s, killThreshold: 0.7 }
  limits: { notionalPerTradeMaxQuote: "${250 * money}", notionalTotalMaxQuote: "${2000 * money}" }
  permits: { addOnMaxQuote: "${250 * money}" }
  snapshots: { interval: 20s, method: one-call-for-all }
`);
}

const plain = scenario();
type Written = ReturnType<typeof written>;

/** Runs of all properties together must have traded: fast-check may find markets in which nothing happens. */
interface Evidence {
  decisions: number;
  executed: number;
  blocked: number;
}

function property(
  name: string,
  check: (market: SmallMarket, shared: { run: RecordedRun; pick: number }) => void,
): void {
  test(name, () => {
    const evidence: Evidence = { decisions: 0, executed: 0, blocked: 0 };
    fc.assert(
      fc.property(smallMarket, fc.nat(1_000_000), (market, pick) => {
        const run = runOf(plain, recordingOf(market));
        evidence.decisions += countOf(run, "plan.published");
        evidence.executed += executedOf(run);
        evidence.blocked += countOf(run, "result.recorded") - executedOf(run);
        check(market, { run, pick });
      }),
      { numRuns: RUNS, seed: 7 },
    );
    expect(evidence.decisions).toBeGreaterThan(5 * RUNS);
    expect(evidence.executed).toBeGreaterThan(RUNS);
    expect(evidence.blocked).toBeGreaterThan(RUNS / 2);
  });
}

/** The stranger's rows come right after those of the market at each instant; its index is `place`. */
function withStranger(own: Written, stranger: Written, place: number): RecordingSource {
  const symbols = [...own.symbols.slice(0, place), stranger.symbols[0]!, ...own.symbols.slice(place)];
  const rows = [
    ...own.market.map((row) => ({ ...row, symbol: row.symbol < place ? row.symbol : row.symbol + 1 })),
    ...stranger.market.map((row) => ({ ...row, symbol: place })),
  ];
  return createMemoryRecording({
    ...own,
    symbols,
    instruments: instruments(symbols),
    market: rows.sort((left, right) => left.rxMs - right.rxMs || left.symbol - right.symbol),
  });
}

/** Lines with all times moved back; what the input says of itself (its `fields`) is left out. */
function shiftedLines(run: RecordedRun, shiftMs: number): string[] {
  const number = numberedIds();
  const entries = run.entries[0]!.map(({ envelope, decisions }) => {
    const { event } = envelope;
    return {
      envelope: { ...envelope, event: event.type === "intent.received" ? { ...event, fields: {} } : event },
      decisions,
    };
  });
  return mappedLines(entries, (value, key) => {
    if (typeof value === "string") return number(value);
    return typeof value === "number" && /tsMs$/i.test(key) ? value - shiftMs : value;
  });
}

function writeRows(sink: RecordSink, market: readonly MarketRow[], inputs: readonly InputRow[]): void {
  let next = 0;
  for (const input of inputs) {
    while (next < market.length && market[next]!.rxMs <= input.rxMs) sink.market(market[next++]!);
    sink.input(input);
  }
  while (next < market.length) sink.market(market[next++]!);
}

property(
  "a symbol nobody trades changes no byte of a journal, wherever it stands in the table",
  (market, { run, pick }) => {
    const stranger = { ...market, seed: market.seed + 1, symbolCount: 1, intents: [] };
    const place = pick % (market.symbolCount + 1);
    const joined = withStranger(written(market), written(stranger, { names: ["IDLEUSDT"] }), place);
    expect(linesOf(runOf(plain, joined))).toEqual(linesOf(run));
  },
);

property("shifting all times by whole hours shifts all decisions", (market, { run, pick }) => {
  const shiftMs = (1 + (pick % 1000)) * HOUR_MS;
  const shifted = runOf(plain, recordingOf(market, { shiftMs }));
  expect(shiftedLines(shifted, shiftMs)).toEqual(shiftedLines(run, 0));
});

property("splitting a recording into parts, batches and recordings changes nothing", (market, { run, pick }) => {
  const { symbols, market: rows, inputs } = written(market);
  const cutMs = START_MS + (10 + (pick % 80)) * 60_000;
  const pieces = [
    { rows: rows.filter(({ rxMs }) => rxMs < cutMs), inputs: inputs.filter(({ rxMs }) => rxMs < cutMs) },
    { rows: rows.filter(({ rxMs }) => rxMs >= cutMs), inputs: inputs.filter(({ rxMs }) => rxMs >= cutMs) },
  ];
  const base = mkdtempSync(join(folder, "split-"));
  const dirs = pieces.map((piece, index) => {
    const dir = join(base, `${index}`);
    const writer = createRecordingWriter({
      dir,
      id: `small-${index}`,
      symbols,
      fidelity: "book",
      createdBy: "test",
      partBytesMax: 2_000 + (pick % 9_000),
    });
    writeRows(writer, piece.rows, piece.inputs);
    expect(writer.seal().manifest.parts.length).toBeGreaterThan(2);
    return dir;
  });
  const whole = openRecordings(dirs);
  const again = runOf(plain, { ...whole, instruments: instruments(symbols) });
  expect(linesOf(again)).toEqual(linesOf(run));
});

property("rows of one instant may come in any order of symbols", (market, { run, pick }) => {
  const options = written(market);
  const random = createRandomStreams(String(pick)).stream("order");
  const shuffled = options.market
    .map((row) => ({ row, rank: random.next() }))
    .sort((left, right) => left.row.rxMs - right.row.rxMs || left.rank - right.rank)
    .map(({ row }) => row);
  expect(shuffled).not.toEqual(options.market);
  expect(linesOf(runOf(plain, createMemoryRecording({ ...options, market: shuffled })))).toEqual(linesOf(run));
});

test("records of equal key whose numbers changed places are refused, however right their hash is", () => {
  const [market] = fc.sample(smallMarket, { numRuns: 1, seed: 7 });
  const { symbols, market: rows, inputs } = written(market!);
  const dir = join(folder, "swapped");
  const writer = createRecordingWriter({ dir, id: "swapped", symbols, fidelity: "book", createdBy: "test" });
  writeRows(writer, rows, inputs);
  writer.seal();
  swapFirstRecords(dir);
  const read = () => runOf(plain, { ...openRecordings([dir]), instruments: instruments(symbols) });
  expect(read).toThrow(/seq/);
  expect(read).toThrow(UserError);
});

/** Exchanges the first two market records, and makes the manifest agree with the bytes. */
function swapFirstRecords(dir: string): void {
  const manifest = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8"));
  const part = manifest.parts.find(({ file }: { file: string }) => file.startsWith("market"));
  const lines = gunzipSync(readFileSync(join(dir, part.file)))
    .toString()
    .split("\n");
  [lines[0], lines[1]] = [lines[1]!, lines[0]!];
  const content = lines.join("\n");
  const packed = gzipSync(content);
  writeFileSync(join(dir, part.file), packed);
  Object.assign(part, { bytes: packed.length, sha256: sha256(packed) });
  writeFileSync(join(dir, "manifest.json"), JSON.stringify(manifest));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

property(
  "prices, tick and all money times ten give every amount times ten and the same decisions",
  (market, { run }) => {
    const scaled = runOf(scenario({ money: 10 }), recordingOf(market, { priceScale: 10, sizeScale: 10 }));
    expect(scaleDifferences(run.entries[0]!, scaled.entries[0]!, 10)).toEqual([]);
    const pnl = (result: RecordedRun): bigint =>
      result.entries[0]!.flatMap(({ decisions }) => decisions).reduce(
        (sum, decision) =>
          decision.type === "result.recorded" ? sum + decision.realizedPnlQuote - decision.feeQuote : sum,
        0n,
      );
    expect(pnl(scaled)).toBe(10n * pnl(run));
  },
);

property("renaming symbols in alphabetical order only renames", (market, { run }) => {
  const names = ["AAVEUSDT", "BNBUSDT", "SOLUSDT", "ZECUSDT"];
  const back = new Map(names.map((name, index) => [name, NAMES[index]!]));
  const other = runOf(plain, recordingOf(market, { names }));
  expect(linesOf(other).some((line) => line.includes("AAVEUSDT"))).toBe(true);
  const numberBack = numberedIds();
  const number = numberedIds();
  const restored = mappedLines(other.entries[0]!, (value) =>
    typeof value === "string" ? numberBack(value.replace(/[A-Z]+USDT/g, (name) => back.get(name) ?? name)) : value,
  );
  expect(restored).toEqual(
    mappedLines(run.entries[0]!, (value) => (typeof value === "string" ? number(value) : value)),
  );
});

property("another future does not change the past", (market, { run, pick }) => {
  const options = written(market);
  const cutMs = START_MS + (75 + (pick % 12)) * 60_000;
  const other = written({ ...market, seed: market.seed + 1 });
  const changed = createMemoryRecording({
    ...options,
    market: [...options.market.filter(({ rxMs }) => rxMs < cutMs), ...other.market.filter(({ rxMs }) => rxMs >= cutMs)],
    inputs: [...options.inputs.filter(({ rxMs }) => rxMs < cutMs), ...other.inputs.filter(({ rxMs }) => rxMs >= cutMs)],
  });
  const before = (entries: readonly JournalEntry[]) => entries.filter(({ envelope }) => envelope.tsMs < cutMs);
  const past = before(run.entries[0]!);
  const again = runOf(plain, changed);
  expect(mappedLines(before(again.entries[0]!), (value) => value)).toEqual(mappedLines(past, (value) => value));
  expect(linesOf(again)).not.toEqual(linesOf(run));
  expect(past.length).toBeGreaterThan(5);
});

test("the grid of a shift matters: half a minute moves the bars, and with them decisions", () => {
  const differing = fc.sample(smallMarket, { numRuns: RUNS, seed: 7 }).filter((market) => {
    const run = runOf(plain, recordingOf(market));
    const shifted = runOf(plain, recordingOf(market, { shiftMs: 30_000 }));
    return shiftedLines(shifted, 30_000).join() !== shiftedLines(run, 0).join();
  });
  expect(differing.length).toBeGreaterThan(0);
});
