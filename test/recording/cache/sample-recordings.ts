import fc from "fast-check";
import type { MarketBatch } from "../../../src/recording/batch.ts";
import type { MarketRow } from "../../../src/recording/record.ts";
import { createRecordingWriter } from "../../../src/recording/writer.ts";

export const SYMBOLS = ["BTCUSDT", "测试USDT", "ETHUSDT"];

/** Rows in the order of `rxMs`, with and without quotes and quantities, received before and after exchange time. */
export const marketRows: fc.Arbitrary<MarketRow[]> = fc
  .array(
    fc.record({
      stepMs: fc.nat(3),
      skewMs: fc.integer({ min: -1500, max: 1500 }),
      symbol: fc.nat(SYMBOLS.length - 1),
      kind: fc.constantFrom("mark" as const, "book" as const, "trade" as const),
      price: fc.tuple(fc.integer({ min: 1, max: 1_000_000_000 }), fc.nat(999_999)),
      bid: fc.option(fc.integer({ min: 1, max: 99_999 })),
      ask: fc.option(fc.integer({ min: 1, max: 99_999 })),
      qty: fc.option(fc.nat(99_999)),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((drawn) => {
    let rxMs = 1_770_000_000_000;
    return drawn.map(({ stepMs, skewMs, symbol, kind, price: [whole, part], bid, ask, qty }) => {
      rxMs += stepMs;
      return {
        ...{ rxMs, tsMs: rxMs + skewMs, symbol, kind, price: `${whole}.${String(part).padStart(6, "0")}` },
        ...(bid === null ? {} : { bid: `${bid}.07` }),
        ...(ask === null ? {} : { ask: `${ask}.000003` }),
        ...(qty === null ? {} : { qty: `0.${qty}` }),
      };
    });
  });

/** A fixed recording of so many rows; every third has a quote, every second a quantity. */
export function fixedRows(count: number): MarketRow[] {
  return Array.from({ length: count }, (_, row) => ({
    ...{ rxMs: 1_770_000_000_000 + row * 250, symbol: row % SYMBOLS.length, price: `${100 + (row % 7)}.${row % 10}` },
    ...(row % 3 === 0 ? { bid: `${100 + (row % 7)}.0`, ask: `${101 + (row % 7)}.0` } : {}),
    ...(row % 2 === 0 ? { qty: `${row}.5` } : {}),
  }));
}

export function writeRecording(dir: string, rows: readonly MarketRow[], partBytesMax?: number, id = "sample"): void {
  const writer = createRecordingWriter({
    ...{ dir, id, symbols: SYMBOLS, fidelity: "book", createdBy: "test" },
    ...(partBytesMax === undefined ? {} : { partBytesMax }),
  });
  for (const row of rows) writer.market(row);
  writer.seal();
}

const COLUMNS = ["seq", "tsMs", "rxMs", "symbol", "kind", "price", "bid", "ask", "qty"] as const;

/** Batches as text, bit by bit: lengths, and the bytes of every column. NaN equals itself, -0 does not equal 0. */
export function bitsOf(batches: Iterable<MarketBatch>): string[] {
  return Array.from(batches, (batch) => {
    const columns = COLUMNS.map((name) => {
      const values = batch[name].subarray(0, batch.length);
      return `${name} ${values.constructor.name} ${Buffer.from(values.slice().buffer).toString("hex")}`;
    });
    return [batch.length, ...columns].join("\n");
  });
}
