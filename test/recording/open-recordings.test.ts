import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../src/diagnostics/user-error.ts";
import type { MarketBatch, RecordingSource } from "../../src/recording/batch.ts";
import { createColumns } from "../../src/recording/columns.ts";
import { mergeBatches } from "../../src/recording/merge-batches.ts";
import { openRecordings } from "../../src/recording/open-recordings.ts";
import { openRecording } from "../../src/recording/reader.ts";
import type { InputRow, MarketRow } from "../../src/recording/record.ts";
import { createRecordingWriter } from "../../src/recording/writer.ts";
import { bitsOf } from "./cache/sample-recordings.ts";

const START_MS = Date.UTC(2026, 1, 2);

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "open-recordings-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

interface Recorded {
  readonly symbols: readonly string[];
  readonly market: readonly MarketRow[];
  readonly inputs?: readonly InputRow[];
}

/** Writes market rows, then inputs of the same millisecond: their ranks are higher. */
function write(name: string, { symbols, market, inputs = [] }: Recorded): string {
  const dir = join(base, name);
  const writer = createRecordingWriter({ dir, id: name, symbols, fidelity: "mark", createdBy: "test" });
  let next = 0;
  for (const row of market) {
    while (next < inputs.length && inputs[next]!.rxMs < row.rxMs) writer.input(inputs[next++]!);
    writer.market(row);
  }
  while (next < inputs.length) writer.input(inputs[next++]!);
  writer.seal();
  return dir;
}

const everySecond = (count: number, symbols: number, fromMs = START_MS): MarketRow[] =>
  Array.from({ length: count * symbols }, (_, row) => ({
    ...{ rxMs: fromMs + Math.floor(row / symbols) * 1000, symbol: row % symbols, price: String(100 + row) },
  }));

function rowsOf(recording: RecordingSource): string[] {
  return [...recording.batches()].flatMap((batch) =>
    Array.from({ length: batch.length }, (_, row) => {
      const name = recording.symbols[batch.symbol[row]!];
      return `${batch.seq[row]} ${(batch.rxMs[row]! - START_MS) / 1000} ${name} ${batch.price[row]}`;
    }),
  );
}

describe("several recordings", () => {
  test("of different symbols are one universe, merged by the time received", () => {
    const left = write("left", { symbols: ["AUSDT", "BUSDT"], market: everySecond(2, 2) });
    const right = write("right", { symbols: ["CUSDT"], market: everySecond(3, 1) });

    const merged = openRecordings([right, left]);

    expect(merged.symbols).toEqual(["AUSDT", "BUSDT", "CUSDT"]);
    expect(merged.instruments.map(({ symbol, index }) => [symbol, index])).toEqual([
      ["AUSDT", 0],
      ["BUSDT", 1],
      ["CUSDT", 2],
    ]);
    expect(merged.marketEventCount).toBe(7);
    expect([merged.firstTsMs, merged.lastTsMs]).toEqual([START_MS, START_MS + 2000]);
    // Four rows of the left one come before in number, so its rows are first at equal times.
    expect(rowsOf(merged)).toEqual([
      "1 0 AUSDT 100",
      "2 0 BUSDT 101",
      "5 0 CUSDT 100",
      "3 1 AUSDT 102",
      "4 1 BUSDT 103",
      "6 1 CUSDT 101",
      "7 2 CUSDT 102",
    ]);
  });

  test("keep what each says of the venue, the later one's word last", () => {
    const info = (symbol: string, liquidationFee: string) => ({
      symbols: [
        {
          symbol,
          liquidationFee,
          filters: [
            { filterType: "PRICE_FILTER", tickSize: "0.1" },
            { filterType: "LOT_SIZE", stepSize: "0.1", minQty: "0.1", maxQty: "100" },
          ],
        },
      ],
    });
    const recorded = (name: string, symbol: string, fromMs: number, fee: string): string => {
      const dir = join(base, name);
      const writer = createRecordingWriter({ dir, id: name, symbols: [symbol], fidelity: "mark", createdBy: "test" });
      writer.exchangeInfo(info(symbol, fee));
      for (const row of everySecond(2, 1, fromMs)) writer.market(row);
      writer.seal();
      return dir;
    };
    const first = recorded("one", "AUSDT", START_MS, "0.01");
    const later = recorded("two", "AUSDT", START_MS + 60_000, "0.02");
    const other = recorded("three", "BUSDT", START_MS, "0.03");
    const { venueInfo } = openRecordings([later, other, first]);
    expect([...venueInfo!].map(([symbol, { liquidationFee }]) => [symbol, liquidationFee]).sort()).toEqual([
      ["AUSDT", "0.02"],
      ["BUSDT", "0.03"],
    ]);
  });

  test("of one symbol that follow one another are one time", () => {
    const first = write("first", { symbols: ["AUSDT"], market: everySecond(2, 1) });
    const second = write("second", { symbols: ["BUSDT", "AUSDT"], market: everySecond(1, 2, START_MS + 5000) });
    expect(rowsOf(openRecordings([second, first]))).toEqual([
      "1 0 AUSDT 100",
      "2 1 AUSDT 101",
      "3 5 BUSDT 100",
      "4 5 AUSDT 101",
    ]);
  });

  test("are the same recording in whatever order they are named, and one alone is itself", () => {
    const one = write("one", { symbols: ["AUSDT"], market: everySecond(2, 1) });
    const two = write("two", { symbols: ["BUSDT"], market: everySecond(2, 1) });
    const forward = openRecordings([one, two]);
    const backward = openRecordings([two, one]);
    expect(backward.hash).toBe(forward.hash);
    expect(bitsOf(backward.batches())).toEqual(bitsOf(forward.batches()));
    expect(openRecordings([one]).hash).toBe(openRecording(one).hash);
    expect(forward.hash).not.toBe(openRecording(one).hash);
  });

  test("give their inputs by time received and rank", () => {
    const input = (rxMs: number, stream: string, id: string): InputRow => ({
      ...{ rxMs: START_MS + rxMs, stream, payload: { id } },
    });
    const one = write("one", {
      symbols: ["AUSDT"],
      market: everySecond(1, 1),
      inputs: [input(10, "trade.intent", "a"), input(30, "trade.intent", "b")],
    });
    const two = write("two", {
      symbols: ["BUSDT"],
      market: everySecond(1, 1),
      inputs: [input(10, "marketstate", "c"), input(20, "marketstate", "d")],
    });
    const ids = [...openRecordings([one, two]).inputs()].map(({ payload }) => payload["id"]);
    expect(ids).toEqual(["c", "a", "d", "b"]);
  });

  test("that overlap in time with a symbol in common are refused with exit 14, both spans named", () => {
    const one = write("one", { symbols: ["AUSDT", "BUSDT"], market: everySecond(10, 2) });
    const two = write("two", { symbols: ["BUSDT"], market: everySecond(10, 1, START_MS + 9000) });
    let error: unknown;
    try {
      openRecordings([one, two]);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).exitCode).toBe(EXIT.recordingUnusable);
    expect((error as UserError).problems[0]!.text).toBe(
      `Cannot replay the recordings as one: "${one}" has BUSDT from 2026-02-02T00:00:00.000Z to 2026-02-02T00:00:09.000Z, ` +
        `"${two}" from 2026-02-02T00:00:09.000Z to 2026-02-02T00:00:18.000Z, recordings of one symbol must not overlap`,
    );
    expect(() => openRecordings([one, one])).toThrow(/must not overlap/);
  });

  test("are read through their caches with the same rows", () => {
    const one = write("one", { symbols: ["AUSDT", "BUSDT"], market: everySecond(200, 2) });
    const two = write("two", { symbols: ["CUSDT"], market: everySecond(300, 1) });
    const truth = bitsOf(openRecordings([one, two], { cache: "off" }).batches());
    expect(bitsOf(openRecordings([one, two], { cachedRowsMin: 1 }).batches())).toEqual(truth);
    expect(openRecording(one).market.describe()).toMatch(/^Parquet cache/);
    expect(bitsOf(openRecordings([one, two]).batches())).toEqual(truth);
  });
});

describe("the merge of batches", () => {
  /** Rows of one source as batches of drawn lengths; `price` is the row's number over all sources. */
  function batchesOf(
    rows: readonly { rxMs: number; seq: number; id: number }[],
    lengths: readonly number[],
  ): MarketBatch[] {
    const batches: MarketBatch[] = [];
    for (let start = 0, turn = 0; start < rows.length; turn++) {
      const part = rows.slice(start, start + lengths[turn % lengths.length]!);
      const columns = createColumns(part.length);
      part.forEach(({ rxMs, seq, id }, row) => {
        columns.rxMs[row] = rxMs;
        columns.seq[row] = seq;
        columns.price[row] = id;
      });
      columns.length = part.length;
      batches.push(columns);
      start += part.length;
    }
    return batches;
  }

  test("is the sorted sequence of all rows, whatever the batches were", () => {
    const drawn = fc.record({
      owners: fc.array(fc.tuple(fc.nat(3), fc.nat(2)), { maxLength: 400 }),
      lengths: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 }),
      batchRows: fc.integer({ min: 1, max: 70 }),
    });
    fc.assert(
      fc.property(drawn, ({ owners, lengths, batchRows }) => {
        let rxMs = 0;
        const rows = owners.map(([owner, stepMs], id) => {
          rxMs += stepMs;
          return { owner, rxMs, seq: id + 1, id };
        });
        const sources = [0, 1, 2, 3].map((owner) => ({
          batches: batchesOf(
            rows.filter((row) => row.owner === owner),
            lengths,
          ),
          symbols: null,
          seqOffset: 0,
        }));

        const merged = [...mergeBatches(sources, batchRows)];

        const ids = merged.flatMap(({ price, length }) => [...price.subarray(0, length)]);
        expect(ids).toEqual(rows.map(({ id }) => id));
        expect(merged.every(({ length }) => length > 0 && length <= Math.max(batchRows, 90))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test("hands a long batch on as it is when no row of the others comes between", () => {
    const rows = (from: number, count: number) =>
      Array.from({ length: count }, (_, row) => ({ rxMs: from + row, seq: from + row, id: from + row }));
    const early = batchesOf(rows(1, 5000), [5000]);
    const late = batchesOf(rows(6000, 10), [10]);
    const merged = [
      ...mergeBatches([
        { batches: late, symbols: null, seqOffset: 0 },
        { batches: early, symbols: null, seqOffset: 0 },
      ]),
    ];
    expect(merged[0]).toBe(early[0]);
    expect(merged.map(({ length }) => length)).toEqual([5000, 10]);
  });

  test("closes its sources when its reader stops early", () => {
    let closed = 0;
    function* source(): Generator<MarketBatch> {
      try {
        for (let turn = 0; ; turn++) yield* batchesOf([{ rxMs: turn, seq: turn + 1, id: turn }], [1]);
      } finally {
        closed += 1;
      }
    }
    const sources = [source(), source()].map((batches) => ({ batches, symbols: null, seqOffset: 0 }));
    for (const batch of mergeBatches(sources, 4)) if (batch.length > 0) break;
    expect(closed).toBe(2);
  });
});
