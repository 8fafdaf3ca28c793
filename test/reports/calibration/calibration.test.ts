import { expect, test } from "vitest";
import {
  calibrate,
  holdOut,
  kolmogorovSmirnov,
  type Measured,
  measureFills,
} from "../../../src/reports/calibration/calibration.ts";
import type { Execution } from "../../../src/reports/drift/executions.ts";
import { calibratedScenarioText } from "../../../src/sim/scenario/calibrated-scenario.ts";
import { parseScenario } from "../../../src/sim/scenario/load.ts";

/** Decided at 1,000 ms, matched and known at the given times; prices in ticks of 0.1. */
function execution(side: "BUY" | "SELL", exchangeTsMs: number, learntTsMs: number, priceTicks: number): Execution {
  return {
    planId: `${side}${exchangeTsMs}`,
    clientOrderId: `rh-${side}${exchangeTsMs}`,
    symbol: "BTCUSDT",
    side,
    evalType: "ENTRY",
    decidedTsMs: 1000,
    decisionPrice: 100,
    fills: [{ qtyLots: 1, priceTicks, feeQuote: 0n, exchangeTsMs, learntTsMs }],
  };
}

const measured = (orderMs: readonly number[], slippageBps: readonly number[] = []): Measured => ({
  orderMs,
  answerMs: orderMs,
  slippageBps,
  impossible: 0,
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, place) => from + place);

test("a fill tells its way there, its way back, and what it lost against the mark on either side", () => {
  const found = measureFills(
    [execution("BUY", 1080, 1120, 1003), execution("SELL", 1200, 1210, 998)],
    () => 100,
    (_, ticks) => ticks / 10,
  );
  expect(found.orderMs).toEqual([80, 200]);
  expect(found.answerMs).toEqual([40, 10]);
  expect(found.slippageBps.map((bps) => Math.round(bps * 1e6) / 1e6)).toEqual([30, 20]);
});

test("a match before its decision and an answer before its match are counted apart, not fitted", () => {
  const found = measureFills(
    [execution("BUY", 990, 1120, 1000), execution("BUY", 1100, 1090, 1000)],
    () => null,
    () => 0,
  );
  expect(found).toEqual({ orderMs: [], answerMs: [], slippageBps: [], impossible: 2 });
});

test("only what is lost beyond the half spread is slippage, and a gain is none", () => {
  expect(calibrate(measured([1], [3, 4, 5]), 1).slippageBps).toBe(3);
  expect(calibrate(measured([1], [-3, 1]), 1).slippageBps).toBe(0);
});

test("a thousand ways become 101 quantiles from the least to the greatest, thirty stay as they are", () => {
  const { orderTableMs } = calibrate(measured(range(0, 1000).reverse()), 0);
  expect(orderTableMs).toHaveLength(101);
  expect([orderTableMs[0], orderTableMs[50], orderTableMs[95], orderTableMs[100]]).toEqual([0, 500, 950, 1000]);
  expect(calibrate(measured(range(1, 30)), 0).orderTableMs).toEqual(range(1, 30));
});

test("the distance of two samples is that of their distribution functions, by hand", () => {
  // Below 3 lies half of the left and a quarter of the right, at 4 all of the left and half of the right.
  expect(kolmogorovSmirnov([1, 2, 3, 4], [2, 4, 5, 6])).toBe(0.5);
  expect(kolmogorovSmirnov([1, 2], [1, 2])).toBe(0);
  expect(kolmogorovSmirnov([1, 2], [3, 4])).toBe(1);
  expect(kolmogorovSmirnov([1, 1, 1, 2], [1, 2, 2, 2])).toBe(0.5);
});

test("a fit tells a session like its own, and not one that is twice as slow", () => {
  const [same] = holdOut(measured(range(1, 200)), measured(range(1, 200)));
  expect(same).toMatchObject({ what: "order", ksDistance: 0, isPredictive: true, coverageP95: 0.95 });
  const [slower] = holdOut(measured(range(1, 200)), measured(range(1, 200).map((ms) => ms * 2)));
  // Half of the slower lies beyond all of the fitted; 1.358 * sqrt(400 / 40,000) = 0.1358.
  expect(slower!.ksDistance).toBe(0.5);
  expect(slower!.ksCritical).toBeCloseTo(0.1358, 10);
  expect(slower!.coverageP95).toBe(0.475);
  expect(slower!.isPredictive).toBe(false);
});

test("the scenario keeps what it says, with the measured exchange in its place", () => {
  const text = calibratedScenarioText(
    "name: x\nrecording: there\nexchange:\n  latency: { order: 5ms, snapshot: 7ms }\n  fill: { halfSpreadBps: 2 }\n",
    { recording: "elsewhere", orderTableMs: [1, 2, 30], answerTableMs: [4], slippageBps: 1.25 },
  );
  const { variants, recordingPath } = parseScenario(text, "x.yaml");
  expect(recordingPath).toContain("elsewhere");
  const { latency, fill } = variants[0]!.exchange;
  expect(latency.order).toMatchObject({ tableMs: [1, 2, 30] });
  expect(latency.answer).toMatchObject({ tableMs: [4] });
  expect(latency.snapshot).toMatchObject({ medianMs: 7 });
  expect(fill).toMatchObject({ halfSpreadBps: 2, slippageBps: 1.25 });
});
