import { createMemoryRecording } from "../../../src/recording/memory.ts";
import type { MarketRow } from "../../../src/recording/record.ts";
import type { ExecutionModel } from "../../../src/reports/gate/execution-model.ts";
import {
  type GateReportOptions,
  gateReport,
  type JudgedRecord,
  priceWindowsOf,
} from "../../../src/reports/gate/gate-report.ts";
import { type PricePaths, readPricePaths } from "../../../src/reports/gate/price-paths.ts";
import type { GateReport } from "../../../src/reports/gate/schema.ts";
import { episodeId, type ShadowExit } from "../../../src/reports/gate/shadow.ts";
import type { JudgedEpisode, RoundTrip } from "../../../src/reports/variants/variant-record.ts";
import { lcg } from "../statistics/lcg.ts";

export const START_TS_MS = Date.UTC(2026, 1, 2);
export const MINUTE_MS = 60_000;

/** Fills at the mark, for nothing: numbers in tests are then those of the prices. */
export const FREE: ExecutionModel = {
  takerFeeRate: 0,
  halfSpreadBps: 0,
  slippageBps: 0,
  impactBps: 0,
  profile: "neutral",
  orderDelayMs: 0,
};

let counter = 0;

/** A refused BUY of one BTC at the start unless told. */
export function episode(parts: Partial<JudgedEpisode> = {}): JudgedEpisode {
  counter += 1;
  const { symbol = "BTCUSDT", side = "BUY" } = parts;
  return {
    key: `intent:${symbol}:${side}`,
    symbol,
    evalType: "ENTRY",
    isExit: false,
    side,
    decision: "BLOCKED",
    reason: "kill_score_critical",
    firstPlanId: `p${String(counter).padStart(5, "0")}`,
    firstTsMs: START_TS_MS,
    lastTsMs: START_TS_MS,
    evaluations: 1,
    qty: 1,
    referencePrice: 100,
    killScore: 0.8,
    terms: {},
    regime: "flip",
    components: { regimeFlip: 1, sigmaSpike: 0 },
    verdictValue: 0.8,
    verdictCutoff: 0.6,
    stopPrice: null,
    takeProfitPrice: null,
    ...parts,
  };
}

export function refusedExit(parts: Partial<JudgedEpisode> = {}): JudgedEpisode {
  const { symbol = "BTCUSDT" } = parts;
  return episode({ key: `position:${symbol}`, evalType: "EXIT", isExit: true, side: "SELL", ...parts });
}

export function recordOf(judgements: readonly JudgedEpisode[], roundTrips: readonly RoundTrip[] = []): JudgedRecord {
  return {
    variant: "base",
    scenario: "test",
    scenarioHash: "00",
    recording: "memory",
    recordingHash: "00",
    engineVersion: "0",
    seed: "1",
    judgements,
    roundTrips,
  };
}

/** A recording of marks: by symbol, minutes after the start and price. */
export function recordingOf(paths: Readonly<Record<string, readonly (readonly [minute: number, price: number])[]>>) {
  const symbols = Object.keys(paths);
  const market = symbols
    .flatMap((symbol, index) =>
      paths[symbol]!.map(
        ([minute, price]): MarketRow => ({
          rxMs: START_TS_MS + minute * MINUTE_MS,
          symbol: index,
          price: String(price),
        }),
      ),
    )
    .sort((left, right) => left.rxMs - right.rxMs);
  return createMemoryRecording({ symbols, market });
}

/** The exit rule closes everything so many minutes after it was opened. */
export function exitsAfter(judgements: readonly JudgedEpisode[], minutes: number): Map<string, ShadowExit> {
  return new Map(
    judgements.map((each) => [
      episodeId(each),
      { closes: [{ tsMs: each.firstTsMs + minutes * MINUTE_MS, share: 1, cause: "test" }] },
    ]),
  );
}

export function report(
  record: JudgedRecord,
  recording: ReturnType<typeof recordingOf>,
  options: Partial<GateReportOptions> = {},
): GateReport {
  const endTsMs = recording.lastTsMs;
  const exits = options.exits ?? exitsAfter(record.judgements, 10);
  const prices: PricePaths = readPricePaths(recording, priceWindowsOf(record, { exits, endTsMs }));
  return gateReport(record, prices, {
    model: FREE,
    fromTsMs: START_TS_MS,
    endTsMs,
    exits,
    stopDistanceDefault: 0.02,
    randomOf: () => lcg(1),
    ...options,
  });
}
