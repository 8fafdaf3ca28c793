import type { Cancel, Clock, FeedRow, MarketFeed, MarketListener } from "../../live/ports.ts";
import type { MarketBatch, RecordingSource } from "../../recording/batch.ts";
import { plainDecimal } from "../../recording/decimal.ts";
import { MARKET_STREAMS } from "../../recording/stream-rank.ts";
import { type RecordedInput, recordedInputs } from "../../sim/run/recorded-input.ts";

type Told = { readonly tsMs: number; tell(listener: MarketListener, isHistory: boolean): unknown };

/**
 * Prices of a recording, told when the clock reaches the time at which they were received: a session without an
 * exchange and without a network, as fast as its clock runs. Where the recording ends the feed says nothing more.
 */
export class RecordedFeed implements MarketFeed {
  readonly #recording: RecordingSource;
  readonly #clock: Clock;
  readonly #places: ReadonlyMap<string, number>;
  readonly #untilTsMs: number;
  #cancel: Cancel | null = null;

  /** @param options `symbols` are those of the session, in the order of its instruments; others are left out */
  constructor(options: {
    readonly recording: RecordingSource;
    readonly clock: Clock;
    readonly symbols: readonly string[];
    readonly untilTsMs?: number;
  }) {
    this.#recording = options.recording;
    this.#clock = options.clock;
    this.#places = new Map(options.symbols.map((symbol, index) => [symbol, index]));
    this.#untilTsMs = options.untilTsMs ?? Number.POSITIVE_INFINITY;
  }

  async connect(listener: MarketListener): Promise<void> {
    // What was received before the session began is its past.
    const startTsMs = this.#clock.nowMs();
    const events = this.#events();
    let next = events.next();
    const tellDue = () => {
      const nowMs = this.#clock.nowMs();
      while (next.done !== true && next.value.tsMs <= nowMs) {
        if (next.value.tsMs > this.#untilTsMs) return;
        next.value.tell(listener, next.value.tsMs < startTsMs);
        next = events.next();
      }
      if (next.done !== true) this.#cancel = this.#clock.schedule(next.value.tsMs, tellDue);
    };
    tellDue();
  }

  async close(): Promise<void> {
    this.#cancel?.();
  }

  /** Rows and inputs by the time they were received; rows first, as a recording ranks them. */
  *#events(): Generator<Told> {
    const inputs = recordedInputs(this.#recording, false);
    let input = inputs.next();
    for (const batch of this.#recording.batches()) {
      for (let row = 0; row < batch.length; row++) {
        while (input.done !== true && input.value.tsMs < batch.rxMs[row]!) {
          yield* this.#input(input.value);
          input = inputs.next();
        }
        const symbolIndex = this.#places.get(this.#recording.symbols[batch.symbol[row]!]!);
        if (symbolIndex === undefined) continue;
        const tsMs = batch.rxMs[row]!;
        const told = feedRow(batch, row, symbolIndex);
        const tell: Told["tell"] = (listener, isHistory) =>
          listener.row(isHistory ? { ...told, tsMs, isHistory } : told);
        yield { tsMs, tell };
      }
    }
    for (; input.done !== true; input = inputs.next()) yield* this.#input(input.value);
  }

  *#input(input: RecordedInput): Generator<Told> {
    const { tsMs } = input;
    if (input.kind === "event") {
      const { event } = input;
      if (event.type !== "market-features.received" || !this.#places.has(event.symbol)) return;
      // Features of the past are superseded by the next ones.
      yield { tsMs, tell: (listener, isHistory) => isHistory || listener.features(event) };
      return;
    }
    const symbolIndex = this.#places.get(input.symbol);
    if (symbolIndex === undefined) return;
    const { rate, markPrice } = input;
    yield {
      tsMs,
      tell: (listener, isHistory) => isHistory || listener.funding({ symbolIndex, tsMs, rate, markPrice }),
    };
  }
}

function feedRow(batch: MarketBatch, row: number, symbolIndex: number): FeedRow {
  const [bid, ask, qty] = [batch.bid[row]!, batch.ask[row]!, batch.qty[row]!];
  const [bidQty, askQty] = [batch.bidQty?.[row] ?? Number.NaN, batch.askQty?.[row] ?? Number.NaN];
  return {
    symbolIndex,
    tsMs: batch.tsMs[row]!,
    kind: MARKET_STREAMS[batch.kind[row]!]!,
    price: decimalText(batch.price[row]!),
    ...(bid > 0 ? { bid: decimalText(bid) } : {}),
    ...(ask > 0 ? { ask: decimalText(ask) } : {}),
    ...(qty > 0 ? { qty: decimalText(qty) } : {}),
    ...(bidQty >= 0 ? { bidQty: decimalText(bidQty) } : {}),
    ...(askQty >= 0 ? { askQty: decimalText(askQty) } : {}),
  };
}

/** Reads back to the same double: the shortest digits, without an exponent. */
function decimalText(value: number): string {
  return plainDecimal(String(value))!;
}
