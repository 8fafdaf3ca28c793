import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Instrument, lotsToQty, lotsToQtyText, qtyToLots } from "../../../src/engine/domain/instrument.ts";
import {
  checkMinNotional,
  orderQty,
  orderQtyText,
  roundToStep,
} from "../../../src/engine/formulas/executor-rounding.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

function instrumentOf(stepSize: string): Instrument {
  return {
    symbol: "ZECUSDT",
    index: 0,
    tickSize: "0.01",
    stepSize,
    qtyLotsMin: 1,
    qtyLotsMax: 1e9,
    notionalMinQuote: 500_000_000n,
    isOnVenue: true,
  };
}

const ordered = casesOf("executor_rounding").filter((one) => "order_qty" in one.out);
const rounded = casesOf("executor_rounding").filter((one) => "rounded" in one.out);

describe("executor rounding", () => {
  test("has four recorded orders and four halves to check", () => {
    expect([ordered.length, rounded.length]).toEqual([4, 4]);
  });

  test.each(ordered)("gives the recorded order, also in whole lots: $label", (one) => {
    const step = one.number("step");
    const qty = orderQty(one.number("plan_qty"), 8.316);
    // The origin rounds twice, in its check and before the order; the second time must change nothing.
    expect(orderQtyText(roundToStep(roundToStep(qty, step), step), step)).toBe(one.outText("order_qty"));
    const instrument = instrumentOf(String(step));
    expect(lotsToQtyText(instrument, qtyToLots(instrument, qty, "half-even"))).toBe(one.outText("order_qty"));
  });

  test.each(rounded)("rounds a half to the even step: $label", (one) => {
    const step = one.number("step");
    expect(one.number("plan_qty") / step).toBe(one.number("quotient"));
    expect(one.isNear(roundToStep(one.number("plan_qty"), step), "rounded")).toBe(true);
    const instrument = instrumentOf(String(step));
    const lots = qtyToLots(instrument, one.number("plan_qty"), "half-even");
    expect(one.isNear(lotsToQty(instrument, lots), "rounded")).toBe(true);
  });

  test("orders the smaller of plan and safe quantity, the plan where none is known", () => {
    expect(orderQty(0.632, 8.316)).toBe(0.632);
    expect(orderQty(10, 8.316)).toBe(8.316);
    expect(orderQty(-10, -8.316)).toBe(8.316);
    expect(orderQty(-0.632, null)).toBe(0.632);
    expect(orderQty(0.632, 0)).toBe(0.632);
  });

  test("loses the digits of a step below 0.0001, as the origin did", () => {
    expect(orderQtyText(0.00012, 0.00001)).toBe("0.0001");
    expect([1, 0.1, 0.01, 0.001].map((step) => orderQtyText(2, step))).toEqual(["2", "2.0", "2.00", "2.000"]);
  });
});

describe("minimum notional", () => {
  test.each(casesOf("executor_min_notional"))("ends as the origin's: $label", (one) => {
    const outcome = checkMinNotional({
      qty: one.number("qty"),
      markPrice: one.number("mark"),
      minNotional: one.number("minNotional"),
      step: one.number("step"),
      isUpsizeAllowed: one.in["allow_upsize"] === true,
      upsizeRounding: "nearest",
    });
    expect(one.isNear(outcome.qty, "qty"), `${outcome.qty}`).toBe(true);
    expect(outcome.reason).toBe(one.outText("reason"));
    if ("notional_after" in one.out) {
      expect(one.isNear(outcome.qty * one.number("mark"), "notional_after")).toBe(true);
    }
  });

  test("is met exactly at the minimum", () => {
    const input = {
      markPrice: 5,
      minNotional: 5,
      step: 0.001,
      isUpsizeAllowed: false,
      upsizeRounding: "nearest",
    } as const;
    expect(checkMinNotional({ ...input, qty: 1 }).reason).toBe("ok");
    expect(checkMinNotional({ ...input, qty: 0.999 }).qty).toBe(0);
  });

  test("is always met after raising with a ceiling, by less than two steps", () => {
    const price = fc.double({ min: 0.01, max: 100_000, noNaN: true });
    fc.assert(
      fc.property(price, fc.constantFrom(1, 0.1, 0.01, 0.001), (markPrice, step) => {
        const { qty } = checkMinNotional({
          qty: 0,
          markPrice,
          minNotional: 5,
          step,
          isUpsizeAllowed: true,
          upsizeRounding: "ceiling",
        });
        expect(qty * markPrice).toBeGreaterThanOrEqual(5);
        expect(qty).toBeLessThan(5 / markPrice + 2 * step);
      }),
      { numRuns: 300, seed: 15 },
    );
  });

  test("is met by one step more where 37 steps multiply to just below it", () => {
    const markPrice = 135.13513513513513;
    expect(37 * 0.001 * markPrice).toBeLessThan(5);
    const raise = { qty: 0, markPrice, minNotional: 5, step: 0.001, isUpsizeAllowed: true } as const;
    expect(checkMinNotional({ ...raise, upsizeRounding: "ceiling" }).qty).toBeCloseTo(0.038, 12);
    expect(checkMinNotional({ ...raise, upsizeRounding: "nearest" }).qty).toBeCloseTo(0.037, 12);
  });
});
