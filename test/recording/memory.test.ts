import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { InvariantError } from "../../src/diagnostics/invariant-error.ts";
import { UserError } from "../../src/diagnostics/user-error.ts";
import { createMemoryRecording, createMemoryWriter } from "../../src/recording/memory.ts";
import { openRecording } from "../../src/recording/reader.ts";
import type { RecordSink } from "../../src/recording/record.ts";
import { createRecordingWriter } from "../../src/recording/writer.ts";

const EXCHANGE_INFO = {
  symbols: [
    {
      symbol: "BTCUSDT",
      status: "TRADING",
      filters: [
        { filterType: "PRICE_FILTER", tickSize: "0.10" },
        { filterType: "LOT_SIZE", stepSize: "0.001", minQty: "0.001", maxQty: "1000" },
        { filterType: "MARKET_LOT_SIZE", stepSize: "0.001", minQty: "0.002", maxQty: "120.5" },
        { filterType: "MIN_NOTIONAL", notional: "100" },
      ],
    },
    {
      symbol: "OLDUSDT",
      status: "SETTLING",
      filters: [
        { filterType: "PRICE_FILTER", tickSize: "0.01" },
        { filterType: "LOT_SIZE", stepSize: "1", minQty: "1", maxQty: "10" },
      ],
    },
  ],
};

test("market rows and inputs are merged by time and rank", () => {
  const recording = createMemoryRecording({
    symbols: ["BTCUSDT"],
    market: [
      { rxMs: 1, symbol: 0, price: "10" },
      { rxMs: 2, symbol: 0, price: "11" },
      { rxMs: 4, symbol: 0, price: "12" },
    ],
    inputs: [
      { rxMs: 2, stream: "gap", payload: { sym: "BTCUSDT" } },
      { rxMs: 2, stream: "trade.intent", payload: { id: "2-0" } },
      { rxMs: 3, stream: "funding", payload: { sym: "BTCUSDT" } },
    ],
  });

  const [batch] = recording.batches();
  expect([...batch!.seq.subarray(0, batch!.length)]).toEqual([1, 3, 6]);
  expect([...recording.inputs()].map(({ seq, stream }) => `${seq} ${stream}`)).toEqual([
    "2 gap",
    "4 trade.intent",
    "5 funding",
  ]);
  expect([recording.marketEventCount, recording.firstTsMs, recording.lastTsMs]).toEqual([3, 1, 4]);
});

test("a recording in memory has the hash, columns, inputs and instruments of the same rows on disk", () => {
  const base = mkdtempSync(join(tmpdir(), "recording-memory-"));
  const options = { id: "same", symbols: ["BTCUSDT", "NEWUSDT"], fidelity: "mark", createdBy: "test" } as const;
  const fill = (sink: RecordSink): void => {
    sink.exchangeInfo(EXCHANGE_INFO);
    for (let row = 0; row < 70_000; row++) {
      sink.market({ rxMs: row, symbol: row % 2, price: (100 + row / 8).toFixed(3), qty: "0.25" });
      if (row % 10_000 === 0) sink.input({ rxMs: row, stream: "trade.intent", payload: { id: `${row}-0` } });
    }
  };

  const memory = createMemoryWriter(options);
  const disk = createRecordingWriter({ ...options, dir: join(base, "same"), partBytesMax: 1_000_000 });
  fill(memory);
  fill(disk);
  const inMemory = memory.seal();
  disk.seal();
  const onDisk = openRecording(join(base, "same"));

  expect(inMemory.hash).toBe(onDisk.hash);
  expect(onDisk.manifest.parts.length).toBeGreaterThan(4);
  const left = [...inMemory.batches()];
  const right = [...onDisk.batches()];
  expect(left.map(({ length }) => length)).toEqual([65_536, 4464]);
  expect(right.map(({ length }) => length)).toEqual([65_536, 4464]);
  left.forEach((batch, index) => {
    for (const column of ["seq", "tsMs", "rxMs", "symbol", "kind", "price", "bid", "ask", "qty"] as const) {
      expect(right[index]![column].subarray(0, batch.length), column).toEqual(batch[column].subarray(0, batch.length));
    }
  });
  expect([...onDisk.inputs()]).toEqual([...inMemory.inputs()]);
  expect(onDisk.instruments).toEqual(inMemory.instruments);
  expect(onDisk.notes).toEqual(inMemory.notes);
  rmSync(base, { recursive: true });
});

test("instruments come from exchangeInfo, and what it does not say is a stated default", () => {
  const recording = createMemoryRecording({
    symbols: ["OLDUSDT", "BTCUSDT", "NEWUSDT"],
    exchangeInfo: EXCHANGE_INFO,
    market: [{ rxMs: 1, symbol: 2, price: "0.0010", bid: "0.00095", qty: "12.5" }],
  });

  expect(recording.instruments).toEqual([
    {
      ...{ symbol: "OLDUSDT", index: 0, tickSize: "0.01", stepSize: "1", qtyLotsMin: 1, qtyLotsMax: 10 },
      ...{ notionalMinQuote: 0n, isOnVenue: false },
    },
    {
      ...{ symbol: "BTCUSDT", index: 1, tickSize: "0.10", stepSize: "0.001", qtyLotsMin: 2, qtyLotsMax: 120_500 },
      ...{ notionalMinQuote: 10_000_000_000n, isOnVenue: true },
    },
    {
      ...{ symbol: "NEWUSDT", index: 2, tickSize: "0.00001", stepSize: "0.1", qtyLotsMin: 1 },
      ...{ qtyLotsMax: Number.MAX_SAFE_INTEGER, notionalMinQuote: 500_000_000n, isOnVenue: false },
    },
  ]);
  expect(recording.notes).toEqual([
    "not on the venue (not in the recorded exchangeInfo), defaults (tick and step from recorded decimals, " +
      "minimum notional 5): 1: NEWUSDT",
    "not on the venue (listed, but not trading): 1: OLDUSDT (SETTLING)",
  ]);
});

test("without exchangeInfo every symbol is tradable with defaults, and a note says so", () => {
  const recording = createMemoryRecording({ symbols: ["A"], market: [{ rxMs: 1, symbol: 0, price: "1.25" }] });

  expect(recording.instruments[0]).toMatchObject({ tickSize: "0.01", stepSize: "1", isOnVenue: true });
  expect(recording.notes[0]).toMatch(/^no exchangeInfo is recorded/);
});

test("an exchangeInfo without tick size or with a symbol twice is refused with its paths", () => {
  const [btc, old] = EXCHANGE_INFO.symbols;
  const broken = { symbols: [btc, btc, { ...old, filters: [] }] };

  expect(() => createMemoryRecording({ symbols: ["A"], exchangeInfo: broken })).toThrow(UserError);
  expect(() => createMemoryRecording({ symbols: ["A"], exchangeInfo: broken })).toThrow(
    'symbols.1: Cannot read exchangeInfo: "BTCUSDT" is listed twice, once is needed\n' +
      'symbols.2: Cannot read exchangeInfo of "OLDUSDT": PRICE_FILTER has no positive tickSize, orders need one',
  );
});

test("rows in memory pass the same checks as rows on disk", () => {
  const of = (...prices: [number, string][]) =>
    createMemoryRecording({ symbols: ["A"], market: prices.map(([rxMs, price]) => ({ rxMs, symbol: 0, price })) });

  expect(() => of([2, "1"], [1, "1"])).toThrow(InvariantError);
  expect(() => of([1, "0"])).toThrow(/> 0 is needed/);
  expect(() => of([1, "NaN"])).toThrow(/plain decimal/);
});
