import type { RecordingSource } from "../../recording/batch.ts";
import type { ExchangeConfig } from "../scenario/exchange-schema.ts";
import { faultsIn } from "../scenario/fault-schema.ts";
import type { SimulatedExchangeOptions } from "./exchange-options.ts";
import { modelOf } from "./fit-latency.ts";

/** Times in which the engines' market stream is cut, of the symbol at a place of the recording or of all. */
interface FeedGap {
  readonly fromTsMs: number;
  readonly untilTsMs: number;
  readonly symbol?: number;
}

/**
 * Latencies, probabilities of trouble and faults of a variant's exchange, on this recording.
 *
 * @throws {UserError} (exit 2) when a latency is to be fitted and the recording measured none
 */
export function troublesOf(
  exchange: ExchangeConfig,
  recording: RecordingSource,
): Pick<SimulatedExchangeOptions, "latency" | "trouble" | "faults"> {
  const { order, query, answer, user, snapshot } = exchange.latency;
  return {
    latency: {
      order: modelOf(order, "order", recording),
      answer: modelOf(answer, "answer", recording),
      snapshot: modelOf(snapshot, "snapshot", recording),
      query: query === undefined ? undefined : modelOf(query, "query", recording),
      user: user === undefined ? undefined : modelOf(user, "user", recording),
    },
    trouble: { rejects: exchange.rejects, unknown: exchange.unknown },
    faults: faultsIn(exchange.faults ?? [], recording.firstTsMs),
  };
}

export function feedGaps(exchange: ExchangeConfig, recording: RecordingSource): readonly FeedGap[] {
  const faults = faultsIn(exchange.faults ?? [], recording.firstTsMs);
  return faults.flatMap(({ kind, symbol, fromTsMs, untilTsMs }): FeedGap[] => {
    if (kind !== "feed-disconnect") return [];
    const place = symbol === undefined ? undefined : recording.symbols.indexOf(symbol);
    return [{ fromTsMs, untilTsMs, ...(place === undefined ? {} : { symbol: place }) }];
  });
}
