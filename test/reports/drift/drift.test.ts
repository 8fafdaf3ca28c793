import fc from "fast-check";
import { expect, test } from "vitest";
import type { Instrument } from "../../../src/engine/domain/instrument.ts";
import { parseMoney } from "../../../src/engine/domain/money.ts";
import { measureDrift } from "../../../src/reports/drift/drift.ts";
import type { Execution, Ledger } from "../../../src/reports/drift/executions.ts";

const BTC: Instrument = {
  symbol: "BTCUSDT",
  index: 0,
  tickSize: "0.1",
  stepSize: "0.001",
  qtyLotsMin: 1,
  qtyLotsMax: 1_000_000,
  notionalMinQuote: 0n,
  isOnVenue: true,
};

/** One bought coin, decided at 100,000 and filled at a price; times in ms. */
function bought(price: number, more: Partial<Execution> = {}, fee = "50"): Execution {
  return {
    planId: "plan",
    clientOrderId: "rh-plan",
    symbol: "BTCUSDT",
    side: "BUY",
    evalType: "ENTRY",
    decidedTsMs: 0,
    decisionPrice: 100_000,
    fills: [
      {
        qtyLots: 1000,
        priceTicks: Math.round(price * 10),
        feeQuote: parseMoney(fee),
        exchangeTsMs: 100,
        learntTsMs: 140,
      },
    ],
    ...more,
  };
}

const ledger = (executions: readonly Execution[], funding = "0"): Ledger => ({
  executions,
  fundingQuote: parseMoney(funding),
});

/** The mark stands at 100,000 until 50 ms, at 100,010 until 500, and ends at 101,000. */
const markAt = (_: string, tsMs: number) => (tsMs <= 50 ? 100_000 : tsMs <= 500 ? 100_010 : 101_000);
const drift = (live: Ledger, simulated: Ledger) => measureDrift(live, simulated, [BTC], markAt, () => 101_000);

test("equal executions differ in nothing", () => {
  const found = drift(ledger([bought(100_020)]), ledger([bought(100_020)]));
  expect(found.totalQuote).toBe(0n);
  expect(Object.values(found.parts).every((part) => part === 0n)).toBe(true);
  expect(found.liveQuote).toBe(parseMoney("930"));
  expect(found.paperQuote).toBe(parseMoney("1000"));
});

test("three basis points worse at the same moment is slippage to the last unit, and nothing else", () => {
  const found = drift(ledger([bought(100_050)]), ledger([bought(100_020)]));
  expect(found.parts).toEqual({
    feesQuote: 0n,
    slippageQuote: parseMoney("-30"),
    latencyQuote: 0n,
    missedQuote: 0n,
    extraQuote: 0n,
    fundingQuote: 0n,
    residualQuote: 0n,
  });
  expect(found.totalQuote).toBe(parseMoney("-30"));
});

test("a fill that comes later, after the mark has moved by ten, costs ten of latency", () => {
  const early = bought(100_000, { fills: [{ ...bought(100_000).fills[0]!, exchangeTsMs: 40 }] });
  const found = drift(ledger([bought(100_010)]), ledger([early]));
  expect(found.parts).toMatchObject({ slippageQuote: 0n, latencyQuote: parseMoney("-10"), residualQuote: 0n });
});

test("fees, funding, missed and extra fills each have their place", () => {
  const extra = bought(100_020, { planId: "other", clientOrderId: "rh-other" });
  const found = drift(ledger([bought(100_020, {}, "80"), extra], "-2.5"), ledger([bought(100_020)], "1"));
  expect(found.parts).toMatchObject({
    feesQuote: parseMoney("-80"),
    fundingQuote: parseMoney("-3.5"),
    extraQuote: parseMoney("980"),
    missedQuote: 0n,
    residualQuote: 0n,
  });
  const missed = drift(ledger([]), ledger([bought(100_020)]));
  expect(missed.parts).toMatchObject({ missedQuote: parseMoney("-980"), feesQuote: parseMoney("50") });
  expect(missed.counts).toEqual({ live: 0, simulated: 1, matched: 0, missed: 1, extra: 0 });
});

test("half a fill is compared with half, the rest was missed", () => {
  const half = bought(100_020, { fills: [{ ...bought(100_020).fills[0]!, qtyLots: 500 }] }, "25");
  const found = drift(ledger([half]), ledger([bought(100_020)]));
  expect(found.parts).toMatchObject({ slippageQuote: 0n, missedQuote: parseMoney("-490"), residualQuote: 0n });
});

test("exits are matched in their order although their plans are named after another moment", () => {
  const exit = (planId: string, price: number) => bought(price, { planId, side: "SELL", evalType: "EXIT" });
  const found = drift(
    ledger([exit("a", 100_000), exit("b", 100_030)]),
    ledger([exit("c", 100_000), exit("d", 100_040)]),
  );
  expect(found.counts.matched).toBe(2);
  expect(found.parts.slippageQuote).toBe(parseMoney("-10"));
});

test("the parts add up to the difference to the last unit, whatever the orders were", () => {
  const execution = fc.record({
    plan: fc.integer({ min: 0, max: 6 }),
    isBuy: fc.boolean(),
    isExit: fc.boolean(),
    qtyLots: fc.integer({ min: 1, max: 5000 }),
    price: fc.integer({ min: 900_000, max: 1_100_000 }),
    decision: fc.option(fc.double({ min: 90_000, max: 110_000, noNaN: true })),
    fee: fc.bigInt({ min: -1_000_000n, max: 10_000_000_000n }),
    atMs: fc.integer({ min: 0, max: 1000 }),
  });
  const built = fc.array(execution, { maxLength: 12 }).map((all) =>
    [...new Map(all.map((each) => [each.plan, each])).values()].map(
      ({ plan, isBuy, isExit, qtyLots, price, decision, fee, atMs }): Execution => ({
        planId: `p${plan}`,
        clientOrderId: `rh-p${plan}`,
        symbol: "BTCUSDT",
        side: isBuy ? "BUY" : "SELL",
        evalType: isExit ? "EXIT" : "ENTRY",
        decidedTsMs: 0,
        decisionPrice: decision,
        fills: [{ qtyLots, priceTicks: price, feeQuote: fee, exchangeTsMs: atMs, learntTsMs: atMs }],
      }),
    ),
  );
  const money = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
  fc.assert(
    fc.property(built, built, money, money, (live, simulated, received, paid) => {
      const found = drift({ executions: live, fundingQuote: received }, { executions: simulated, fundingQuote: paid });
      const sum = Object.values(found.parts).reduce((total, part) => total + part, 0n);
      expect(sum).toBe(found.totalQuote);
      expect(found.totalQuote).toBe(found.liveQuote - found.simulatedQuote);
    }),
    { numRuns: 300 },
  );
});
