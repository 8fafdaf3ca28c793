import type { RecordingSource } from "../recording/batch.ts";
import { runScenario } from "../sim/run/run.ts";
import { parseScenario } from "../sim/scenario/load.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import type { UniverseRun } from "./universe.ts";

/** What the origin's trading bot was measured to send: so many intents at once, and so long after the burst before. */
const BURST_INTENTS = 14;
const BURST_MS = 61_920;
/** Its universe was the fifty symbols of most volume; a burst goes on where the one before stopped. */
const INTENT_SYMBOLS = 50;
/** Bursts until one starts at the first symbol again. */
const BURSTS = 25;

/** One-minute closes before the first intent: without them there is no kill score, and governors refuse all alike. */
export const WARM_UP_MINUTES = 257;

/**
 * Governors with different parameters, one variant each, so that no two decide alike for long: z-scores, the origin's
 * fixed, separated and dynamic thresholds, and formulas with and without state.
 */
export function variantYaml(count: number): string {
  return Array.from({ length: count }, (_, index) => `  - { name: v${index + 1}, pipeline: ${pipeline(index)} }`).join(
    "\n",
  );
}

function pipeline(index: number): string {
  const step = Math.floor(index / 5);
  const killThreshold = (0.66 + 0.02 * (step % 7)).toFixed(2);
  return `{ harvest: { killThreshold: ${killThreshold} }, governor: ${governor(index % 5, step)} }`;
}

function governor(kind: number, step: number): string {
  switch (kind) {
    case 0:
      return `{ name: z-score, params: { entryBase: ${(1 + 0.25 * step).toFixed(2)}, heatWeight: ${1 + (step % 3)} } }`;
    case 1:
      return `{ name: dynamic-threshold, params: { confidenceDefault: ${(0.3 + 0.1 * step).toFixed(2)} } }`;
    case 2:
      return `{ name: formula, params: { entry: { value: "default(kill_z, (kill_score - 0.7) * 10)", cutoff: "${(1 + 0.2 * step).toFixed(1)} - 2 * portfolio_heat - 5 * drawdown", qty_scale: "clamp(exp(-2 * (kill_score - 0.6)), 0.25, 1)" } } }`;
    case 3:
      return `{ name: fixed-threshold, params: { warning: ${(0.6 + 0.03 * step).toFixed(2)}, critical: 0.95 } }`;
    default:
      return `{ name: formula, params: { entry: { cutoff: "${(0.7 + 0.02 * step).toFixed(2)} - 0.15 * regime_flip" } } }`;
  }
}

/** A day as the origin's bot makes one: bursts over fifty symbols, buys and sells, judged by each variant's governor. */
export function variantScenario(recording: RecordingSource, variants: number, warmUpMinutes: number): Scenario {
  const spanMs = recording.lastTsMs - recording.firstTsMs - warmUpMinutes * 60_000;
  const bursts = Math.ceil(spanMs / BURST_MS);
  const lines: string[] = [];
  for (let burst = 0; burst < Math.min(BURSTS, bursts); burst++) {
    for (let place = 0; place < BURST_INTENTS; place++) {
      const symbol = recording.symbols[(burst * BURST_INTENTS + place) % INTENT_SYMBOLS]!;
      const side = (burst + place) % 3 === 0 ? "SELL" : "BUY";
      const count = Math.ceil((bursts - burst) / BURSTS);
      lines.push(
        `    - { at: ${burst * BURST_MS + 1}ms, symbol: ${symbol}, side: ${side}, sizeUsd: 200, entryPrice: 500, confidence: 0.6, count: ${count}, every: ${BURSTS * BURST_MS}ms }`,
      );
    }
  }
  return parseScenario(
    `name: bench-variants
recording: .
window: { from: ${warmUpMinutes}m }
account: { wallet: "10000", leverage: 10 }
exchange:
  latency:
    order: { median: 80ms, sigma: 0.4 }
    answer: { median: 40ms, sigma: 0.3 }
    snapshot: { median: 100ms, sigma: 0.3 }
pipeline:
  trackers: { featurePointsMin: ${Math.min(WARM_UP_MINUTES, warmUpMinutes)} }
  killScore: { sigmaRef: 0.0015 }
  limits: { openPositionsMax: 20, notionalPerTradeMaxQuote: "2000", notionalTotalMaxQuote: "20000" }
strategy:
  name: replay
  intents:
${lines.join("\n")}
variants:
${variantYaml(variants)}
`,
    "bench-variants.yaml",
  );
}

/** Runs them all in one pass; what is counted is of all variants. */
export function runVariants(
  recording: RecordingSource,
  variants: number,
  warmUpMinutes = WARM_UP_MINUTES,
): UniverseRun {
  const scenario = variantScenario(recording, variants, warmUpMinutes);
  let intents = 0;
  let plans = 0;
  let fills = 0;
  let entries = 0;
  runScenario({
    runId: "bench",
    scenario,
    recording,
    onHeader: () => {},
    onEntry: (_index, { envelope, decisions }) => {
      entries += 1;
      if (envelope.event.type === "intent.received") intents += 1;
      if (envelope.event.type === "exchange.order-filled") fills += 1;
      for (const { type } of decisions) if (type === "plan.published") plans += 1;
    },
  });
  return { intents, plans, fills, entries };
}
