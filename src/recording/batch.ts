import type { Instrument } from "../engine/domain/instrument.ts";
import type { LeverageBracket } from "./leverage-brackets.ts";

/** What one row of a market batch says; the number is stored in `kind`. */
export const MARKET_KIND = { mark: 0, book: 1, trade: 2 } as const;

/**
 * Market events as columns. All arrays have at least `length` rows; a row is one event.
 *
 * - `seq` total order within the recording, strictly increasing (exact up to 2^53)
 * - `tsMs` exchange time; `rxMs` time received, never decreasing (rows are in `rx`, stream rank, `seq` order)
 * - `symbol` index into the recording's symbol table; `kind` one of `MARKET_KIND`
 * - `price` mark price (mark), last trade price (trade), middle (book)
 * - `bid`, `ask` NaN when the row has none
 * - `qty` base quantity traded since the previous row of that symbol, 0 when unknown
 * - `bidQty`, `askQty` base quantity at bid and ask, NaN where a row has none; `null` when no row of the batch has one
 */
export interface MarketBatch {
  readonly length: number;
  readonly seq: Float64Array;
  readonly tsMs: Float64Array;
  readonly rxMs: Float64Array;
  readonly symbol: Uint16Array;
  readonly kind: Uint8Array;
  readonly price: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  readonly qty: Float64Array;
  readonly bidQty: Float64Array | null;
  readonly askQty: Float64Array | null;
}

/** A record that is not a market price: intents, market state, funding, gaps. Payload as it came. */
export interface InputRecord {
  readonly seq: number;
  readonly rxMs: number;
  readonly tsMs: number;
  /** `trade.intent`, `marketstate`, `funding`, `gap`, ... */
  readonly stream: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What a run reads. Every call of `batches` and `inputs` starts from the beginning. */
export interface RecordingSource {
  readonly id: string;
  /** Hash over the parts: equal bytes, equal hash. */
  readonly hash: string;
  readonly symbols: readonly string[];
  /** One per symbol, same order; built from the recorded exchangeInfo, or stated defaults. */
  readonly instruments: readonly Instrument[];
  readonly firstTsMs: number;
  readonly lastTsMs: number;
  readonly marketEventCount: number;
  /** Entries of the recorded exchangeInfo by symbol, as they came; absent where the recording has none. */
  readonly venueInfo?: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** Leverage brackets by symbol, lowest notional first; absent where the recording has none. */
  readonly leverageBrackets?: ReadonlyMap<string, readonly LeverageBracket[]>;
  /** How prices came to be: decides the matching fidelity that reports name. */
  readonly fidelity: "depth" | "book" | "trades" | "mark" | "candles";
  /** Findings of the read itself, such as corrections or gaps named in the manifest. */
  readonly notes: readonly string[];
  /** Whether `inputs()` has records of order books (stream `depth`); no when absent. */
  readonly hasDepth?: boolean;
  batches(): Iterable<MarketBatch>;
  inputs(): Iterable<InputRecord>;
}
