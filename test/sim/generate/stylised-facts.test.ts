import { expect, test } from "vitest";
import { generateMarket } from "../../../src/sim/generate/generate-market.ts";
import { hasShared } from "../../shared-data.ts";
import { barsOf } from "./generated-bars.ts";
import { type MarketFacts, marketFacts } from "./market-facts.ts";
import { readRealBars } from "./real-candles.ts";
import { trendShare } from "./trend-share.ts";

const REAL_SET = "fut1m_A_2025-05";
const START_TS_MS = Date.UTC(2026, 1, 2);
const DAYS = 25;
/** Not the seed of the shipped recording: the model is held to the facts, not one draw of it. */
const SEED = "facts";

/** How far a generated fact may be from the real one, in its own unit; the reasons are in docs/generated-market.md. */
const BANDS: Readonly<Record<keyof MarketFacts, number>> = {
  returnStdBps: 1.5,
  kurtosis: 4,
  returnAutocorrelation1: 0.04,
  absoluteAutocorrelation1: 0.05,
  absoluteAutocorrelation10: 0.04,
  absoluteAutocorrelation60: 0.04,
  pairCorrelation: 0.05,
  absolutePairCorrelation: 0.06,
  zeroReturnShare: 0.02,
  volumeReturnCorrelation: 0.06,
  logVolumeStd: 0.1,
  rangeRatio: 0.1,
  hourPatternRatio: 0.3,
  hourScaling: 0.12,
};

test.skipIf(!hasShared)(
  "the generated market has the stylised facts of the real May 2025 set",
  { timeout: 60_000 },
  () => {
    const real = readRealBars(REAL_SET);
    const market = generateMarket({ seed: SEED, symbolCount: 12, minutes: DAYS * 1_440, startTsMs: START_TS_MS });
    const bars = barsOf(market);

    const realFacts = marketFacts(real.bars, real.firstTsMs);
    const facts = marketFacts(bars, START_TS_MS);
    const realTrend = trendShare(real.bars.closes, 60);
    const trend = trendShare(bars.closes, 60);

    const rows = (Object.keys(BANDS) as (keyof MarketFacts)[]).map((fact) => ({
      fact,
      real: Number(realFacts[fact].toFixed(3)),
      generated: Number(facts[fact].toFixed(3)),
      band: BANDS[fact],
    }));
    const shares = { fact: "trendShare", real: realTrend.trendShare, generated: trend.trendShare, band: Number.NaN };
    // The table of docs/generated-market.md: SHOW_FACTS=1 npx vitest run test/sim/generate/stylised-facts.test.ts
    if (process.env["SHOW_FACTS"] === "1") console.table([...rows, shares]);
    expect(real.bars.symbols).toHaveLength(16);
    expect(rows.filter(({ real: wanted, generated, band }) => !(Math.abs(generated - wanted) <= band))).toEqual([]);

    // Trends are on purpose more frequent than in the real month (about 7 % of minutes), but of the same order.
    expect(realTrend.trendShare).toBeGreaterThan(0.05);
    expect(trend.trendShare).toBeGreaterThan(realTrend.trendShare);
    expect(trend.trendShare).toBeLessThan(3 * realTrend.trendShare);
  },
);
