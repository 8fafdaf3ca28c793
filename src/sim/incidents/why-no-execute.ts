import { createRecordingWriter, type SealedRecording } from "../../recording/writer.ts";
import { LISTED_SELLS, MARKET_STATES, P33_ALLOWLIST, RECOVERED_INTENTS } from "./recovered-trace.ts";

const START_MS = Date.UTC(2026, 1, 1, 23, 50, 0);
const END_MS = Date.UTC(2026, 1, 2, 0, 24, 0);
const MARK_INTERVAL_MS = 5000;
const MARKET_STATE_INTERVAL_MS = 60_000;
const POSITION_SIZE_USD = 200;

interface Row {
  readonly rxMs: number;
  /** Market first, then what the pipeline's own services wrote. */
  readonly rank: number;
  readonly order: number;
  readonly write: () => void;
}

/**
 * Rebuilds the capture of the incident document "Why No EXECUTE?" from its recovered facts: intents with their exact
 * ids and prices, the market state behind the two blocked symbols, and marks on straight lines between recovered
 * prices. Symbols without a known price have none; the manifest says which parts are facts and which are rebuilt.
 */
export function writeWhyNoExecute(dir: string): SealedRecording {
  const symbols = [...P33_ALLOWLIST, "MKRUSDT", "VETUSDT", "HBARUSDT"];
  const writer = createRecordingWriter({
    dir,
    id: "2026-02-02-why-no-execute",
    symbols,
    fidelity: "mark",
    createdBy: "rehearsal generate incident",
    notes: [
      "rebuilt from recovered facts, not captured: entry ids, sides, prices and quantities of BUY intents are proved by their plan ids",
      "marks of ZECUSDT are straight lines between the recovered intent prices, WAVESUSDT is its frozen ticker 1.3355, other symbols have no price",
      "SELL intents are listed in the documents without ids: they carry ids of this recording",
      "market state of BTCUSDT and ETHUSDT follows from the printed kill scores; the regime probabilities are those recorded on 2026-01-22",
    ],
  });
  writer.exchangeInfo(exchangeInfo(symbols.filter((symbol) => symbol !== "WAVESUSDT")));
  const rows: Row[] = [];
  const add = (rxMs: number, rank: number, write: () => void): void => {
    rows.push({ rxMs, rank, order: rows.length, write });
  };
  for (let tsMs = START_MS; tsMs <= END_MS; tsMs += MARK_INTERVAL_MS) {
    add(tsMs, 0, () => writer.market({ rxMs: tsMs, symbol: symbols.indexOf("WAVESUSDT"), price: "1.3355" }));
    add(tsMs, 0, () => writer.market({ rxMs: tsMs, symbol: symbols.indexOf("ZECUSDT"), price: zecPriceAt(tsMs) }));
  }
  for (let tsMs = START_MS; tsMs <= END_MS; tsMs += MARKET_STATE_INTERVAL_MS) {
    for (const { symbol, sigma, mu, ts, pTrend, pMr, pChop } of MARKET_STATES) {
      const fields = { symbol, sigma, mu, ts, p_trend: pTrend, p_mr: pMr, p_chop: pChop };
      const write = () => writer.input({ rxMs: tsMs, stream: "marketstate", payload: { id: `${tsMs}-0`, fields } });
      add(tsMs, 1, write);
    }
  }
  for (const intent of RECOVERED_INTENTS) {
    const write = () => writer.input(intentRow(intent.entryId, { ...intent, confidence: 0.51 }));
    add(timeOf(intent.entryId), 2, write);
  }
  for (const sell of LISTED_SELLS) {
    const write = () => writer.input(intentRow(sell.entryId, { ...sell, side: "SELL", entryPrice: null }));
    add(timeOf(sell.entryId), 2, write);
  }
  rows.sort((left, right) => left.rxMs - right.rxMs || left.rank - right.rank || left.order - right.order);
  for (const row of rows) row.write();
  return writer.seal();
}

function timeOf(entryId: string): number {
  return Number(entryId.split("-")[0]);
}

/** `trade.intent` in the wrapper the bot used (pipeline.md 2.1); a listed SELL has a quantity of one unit, no price. */
function intentRow(
  entryId: string,
  intent: { symbol: string; side: string; entryPrice: number | null; confidence: number },
): { rxMs: number; stream: string; payload: Record<string, unknown> } {
  const price = intent.entryPrice;
  const size = price === null ? { quantity: 1 } : { entry_price: price, position_size_usd: POSITION_SIZE_USD };
  const payload = {
    symbol: intent.symbol,
    side: intent.side,
    confidence: intent.confidence,
    ...size,
    leverage: 10,
    model: "fallback-trend-following",
  };
  const fields = { event_type: "trade.intent", payload: JSON.stringify(payload), source: "trading-bot" };
  return { rxMs: timeOf(entryId), stream: "trade.intent", payload: { id: entryId, fields } };
}

/** Straight lines between the recovered prices, flat outside, on the tick of 0.01. */
function zecPriceAt(tsMs: number): string {
  const points = RECOVERED_INTENTS.filter(({ symbol }) => symbol === "ZECUSDT").map(({ entryId, entryPrice }) => ({
    tsMs: timeOf(entryId),
    price: entryPrice,
  }));
  const next = points.findIndex((point) => point.tsMs > tsMs);
  if (next === 0) return points[0]!.price.toFixed(2);
  if (next < 0) return points[points.length - 1]!.price.toFixed(2);
  const from = points[next - 1]!;
  const to = points[next]!;
  const share = (tsMs - from.tsMs) / (to.tsMs - from.tsMs);
  return (from.price + share * (to.price - from.price)).toFixed(2);
}

/** Filters as the incident shows them: ZEC trades in steps of 0.001 with at least 5 USDT. */
function exchangeInfo(symbols: readonly string[]): unknown {
  return {
    timezone: "UTC",
    symbols: symbols.map((symbol) => ({
      symbol,
      pair: symbol,
      contractType: "PERPETUAL",
      status: "TRADING",
      baseAsset: symbol.replace(/USDT$/, ""),
      quoteAsset: "USDT",
      marginAsset: "USDT",
      filters: [
        { filterType: "PRICE_FILTER", minPrice: "0.01", maxPrice: "1000000", tickSize: "0.01" },
        { filterType: "LOT_SIZE", minQty: "0.001", maxQty: "10000", stepSize: "0.001" },
        { filterType: "MARKET_LOT_SIZE", minQty: "0.001", maxQty: "10000", stepSize: "0.001" },
        { filterType: "MIN_NOTIONAL", notional: "5" },
      ],
    })),
  };
}
