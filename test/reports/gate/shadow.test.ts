import { describe, expect, test } from "vitest";
import { delayedExits } from "../../../src/reports/gate/delayed-exits.ts";
import { EXIT_RULE } from "../../../src/reports/gate/horizon.ts";
import { readPricePaths } from "../../../src/reports/gate/price-paths.ts";
import { shadowEntry } from "../../../src/reports/gate/shadow.ts";
import type { RoundTrip } from "../../../src/reports/variants/variant-record.ts";
import { episode, FREE, MINUTE_MS, recordingOf, refusedExit, START_TS_MS } from "./gate-helpers.ts";

const at = (minute: number) => START_TS_MS + minute * MINUTE_MS;
const FIVE = { name: "5m", ms: 300_000 };

function pathsOf(...points: readonly (readonly [number, number])[]) {
  return readPricePaths(recordingOf({ BTCUSDT: points }), [{ symbol: "BTCUSDT", fromTsMs: at(0), toTsMs: at(1000) }]);
}

describe("the shadow of an entry", () => {
  const prices = pathsOf([0, 100], [2, 96], [3, 112], [5, 110], [60, 50]);

  test("is its result at the horizon after fees, with the worst and the best on the way", () => {
    const model = { ...FREE, takerFeeRate: 0.001 };
    const outcome = shadowEntry(episode({ qty: 2 }), FIVE, { prices, model, exit: undefined }).value!;
    // 2 (110 - 100) - 0.001 * 200 - 0.001 * 220
    expect(outcome.pnlQuote).toBe(1_958_000_000n);
    expect(outcome.returnShare).toBeCloseTo(0.0979, 12);
    expect(outcome.isCensored).toBe(false);
    expect(outcome.excursion.value).toMatchObject({ mae: -0.040000000000000036, closeAtHorizon: 0.10000000000000009 });
    expect(outcome.excursion.value!.mfe).toBeCloseTo(0.12, 12);
  });

  test("of a sale has the other sign, and pays spread, slippage and funding", () => {
    const sale = episode({ side: "SELL" });
    expect(shadowEntry(sale, FIVE, { prices, model: FREE, exit: undefined }).value!.pnlQuote).toBe(-1_000_000_000n);
    const model = { ...FREE, halfSpreadBps: 10, slippageBps: 10, profile: "adverse" as const };
    // Sold at 99.9 less 20 bp, bought back at 110.11 and 20 bp: slippage doubles, the spread does not.
    const expected = 99.9 * 0.998 - 110.11 * 1.002;
    const costly = shadowEntry(sale, FIVE, { prices, model, exit: undefined }).value!;
    expect(Number(costly.pnlQuote) / 1e8).toBeCloseTo(expected, 7);
  });

  test("by the exit rule is the sum of its closes, and what stays open is valued at the end and flagged", () => {
    const exit = { closes: [{ tsMs: at(3), share: 0.25, cause: "harvest_partial_25" }] };
    const outcome = shadowEntry(episode(), EXIT_RULE, { prices, model: FREE, exit }).value!;
    // A quarter at 112, the rest at 50 when the recording ends.
    expect(outcome.pnlQuote).toBe(300_000_000n - 3_750_000_000n);
    expect(outcome).toMatchObject({ isCensored: true, closedTsMs: at(60) });
  });

  test("is unknown without a price, a quantity or an exit rule, never 0", () => {
    const parts = { prices, model: FREE, exit: undefined };
    expect(shadowEntry(episode({ symbol: "ETHUSDT" }), FIVE, parts)).toEqual({ value: null, reason: "no_price" });
    expect(shadowEntry(episode({ qty: 0 }), FIVE, parts).reason).toBe("no_quantity");
    expect(shadowEntry(episode(), EXIT_RULE, parts).reason).toBe("no_exit_rule");
    expect(shadowEntry(episode({ firstTsMs: at(-1) }), FIVE, parts).reason).toBe("no_price");
  });
});

describe("a refused exit", () => {
  const prices = pathsOf([0, 100], [10, 90], [20, 95], [30, 80]);
  const held = (closedTsMs: number | null): RoundTrip => ({
    symbol: "BTCUSDT",
    side: "BUY",
    openedTsMs: at(-10),
    closedTsMs,
    maxQty: 1,
    entryPrice: 100,
    exitPrice: null,
    netPnlQuote: 0,
  });
  const parts = { prices, model: FREE, endTsMs: at(30) };

  test("costs the fall until an exit is let through, with the exposure and the worst on the way", () => {
    const passed = refusedExit({ decision: "EXECUTE", firstTsMs: at(20) });
    const { exits, waits } = delayedExits([passed, refusedExit()], [held(at(21))], parts);
    expect(exits).toHaveLength(1);
    expect(exits[0]!.cost.value).toMatchObject({
      delayCostQuote: 500_000_000n,
      worstOpenLossQuote: -1_000_000_000n,
      isCensored: false,
      exposureQuoteSeconds: 600 * 100 + 600 * 90,
    });
    expect(waits).toMatchObject([{ fromTsMs: at(0), toTsMs: at(20), ending: "executed" }]);
  });

  test("that never happens is valued at the end and flagged", () => {
    const { exits, waits } = delayedExits([refusedExit()], [held(null)], parts);
    expect(exits[0]!.cost.value).toMatchObject({ delayCostQuote: 2_000_000_000n, isCensored: true });
    expect(waits[0]!.ending).toBe("end");
  });

  test("followed by another refusal is charged until then only, so that the wait counts once", () => {
    const refusals = [refusedExit(), refusedExit({ firstTsMs: at(10), reason: "kill_switch_active" })];
    const { exits, waits } = delayedExits(refusals, [held(null)], parts);
    expect(exits.map(({ cost }) => cost.value!.delayCostQuote)).toEqual([1_000_000_000n, 1_000_000_000n]);
    expect(exits.map(({ cost }) => cost.value!.isCensored)).toEqual([false, true]);
    expect(waits).toHaveLength(1);
  });

  test("of a position that went another way waits until it was gone", () => {
    const { exits, waits } = delayedExits([refusedExit()], [held(at(10))], parts);
    expect(exits[0]!.cost.value).toMatchObject({ delayCostQuote: 1_000_000_000n, isCensored: false });
    expect(waits[0]!.ending).toBe("closed");
  });

  test("of a short position costs the rise", () => {
    const cover = refusedExit({ side: "BUY" });
    const { exits } = delayedExits([cover], [], parts);
    expect(exits[0]!.cost.value!.delayCostQuote).toBe(-2_000_000_000n);
  });
});
