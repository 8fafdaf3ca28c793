import fc from "fast-check";
import type { MarketBatch } from "../../../src/recording/batch.ts";
import type { MarketRow } from "../../../src/recording/record.ts";
import { createRecordingWriter } from "../../../src/recording/writer.ts";

export const SYMBOLS = ["BTCUSDT", "测试USDT", "ETHUSDT"];

/** What an import of a capture carries along, in its own form and in forms that only `JSON.parse` reads. */
const nativeEvent: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc
  .record({
    form: fc.constantFrom("capture", "bare", "nested", "escaped"),
    bidQty: fc.oneof(
      fc.nat(99_999).map((units) => `${units}.5`),
      fc.constantFrom("1e3", "", 7, null, "0.1234567890123456"),
    ),
    askQty: fc.option(
      fc.nat(99_999).map((units) => `0.${units}`),
      { nil: undefined },
    ),
    u: fc.oneof(fc.nat(), fc.constantFrom("2710246762461", true, false)),
  })
  .map(({ form, bidQty, askQty, u }) => {
    const x = { e: "bookTicker", u, B: bidQty, ...(askQty === undefined ? {} : { A: askQty }), E: 1_680_652_700_435 };
    if (form === "bare") return { x };
    if (form === "nested") return { local_ns: "1680652700423575000", x: { ...x, more: [1] } };
    if (form === "escaped") return { local_ns: "1680652700423575000", x: { ...x, note: 'a "word" 测' } };
    return { local_ns: "1680652700423575000", x };
  });

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
      native: fc.option(nativeEvent, { freq: 2 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((drawn) => {
    let rxMs = 1_770_000_000_000;
    return drawn.map(({ stepMs, skewMs, symbol, kind, price: [whole, part], bid, ask, qty, native }) => {
      rxMs += stepMs;
      return {
        ...{ rxMs, tsMs: rxMs + skewMs, symbol, kind, price: `${whole}.${String(part).padStart(6, "0")}` },
        ...(bid === null ? {} : { bid: `${bid}.07` }),
        ...(ask === null ? {} : { ask: `${ask}.000003` }),
        ...(qty === null ? {} : { qty: `0.${qty}` }),
        ...(native === null ? {} : { extra: native }),
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

const COLUMNS = ["seq", "tsMs", "rxMs", "symbol", "kind", "price", "bid", "ask", "qty", "bidQty", "askQty"] as const;

/** Batches as text, bit by bit: lengths, and the bytes of every column. NaN equals itself, -0 does not equal 0. */
export function bitsOf(batches: Iterable<MarketBatch>): string[] {
  return Array.from(batches, (batch) => {
    const columns = COLUMNS.map((name) => {
      const values = batch[name]?.subarray(0, batch.length);
      if (values === undefined) return `${name} absent`;
      return `${name} ${values.constructor.name} ${Buffer.from(values.slice().buffer).toString("hex")}`;
    });
    return [batch.length, ...columns].join("\n");
  });
}
