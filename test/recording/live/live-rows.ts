import type { LiveRecording } from "../../../src/recording/live/live-recording.ts";
import type { InputRow, MarketRow } from "../../../src/recording/record.ts";
import { MARKET_RANK, streamRank } from "../../../src/recording/stream-rank.ts";
import { createRecordingWriter } from "../../../src/recording/writer.ts";

export type LiveRow = { readonly market: MarketRow } | { readonly input: InputRow };

export const SYMBOLS = ["BTCUSDT", "ETHUSDT", "1000PEPEUSDT"];

/** Rows as they arrive: two or three a millisecond, intents before the price of the same millisecond now and then. */
export function sampleRows(count: number, startMs = 1_700_000_000_000): LiveRow[] {
  const rows: LiveRow[] = [];
  for (let i = 0; i < count; i++) {
    const rxMs = startMs + Math.floor(i / 3) * 7;
    if (i % 10 === 3) {
      rows.push({
        input: { rxMs, stream: "trade.intent", payload: { id: `${rxMs}-${i}`, fields: { symbol: "X", i } } },
      });
    } else if (i % 10 === 7) {
      rows.push({ input: { rxMs, tsMs: rxMs - 3, stream: "funding", payload: { sym: "ETHUSDT", rate: `0.000${i}` } } });
    } else {
      const price = `${100 + (i % 50)}.${i % 10}`;
      rows.push({
        market: { rxMs, tsMs: rxMs - (i % 4), symbol: i % 3, price, ...(i % 2 === 0 ? { qty: "1.25" } : {}) },
      });
    }
  }
  return rows;
}

export function record(recording: LiveRecording, rows: readonly LiveRow[]): void {
  for (const row of rows) {
    if ("market" in row) recording.market(row.market);
    else recording.input(row.input);
  }
}

export function rankOf(row: LiveRow): number {
  return "market" in row ? MARKET_RANK : streamRank(row.input.stream);
}

export function rxOf(row: LiveRow): number {
  return "market" in row ? row.market.rxMs : row.input.rxMs;
}

/** The batch writer's recording of the same rows: sorted by time and rank, equal ones as they came. */
export function batchSealed(
  dir: string,
  rows: readonly LiveRow[],
  symbols: readonly string[],
  statics: unknown[] = [],
) {
  const writer = createRecordingWriter({ dir, id: "sample", symbols, fidelity: "mark", createdBy: "test 1" });
  for (const raw of statics) writer.exchangeInfo(raw);
  const sorted = [...rows].sort((left, right) => rxOf(left) - rxOf(right) || rankOf(left) - rankOf(right));
  for (const row of sorted) {
    if ("market" in row) writer.market(row.market);
    else writer.input(row.input);
  }
  return writer.seal();
}
