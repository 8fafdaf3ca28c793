import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Instrument } from "../../../src/engine/domain/instrument.ts";
import { notionalQuote } from "../../../src/engine/domain/instrument.ts";
import { formatMoney, parseMoney } from "../../../src/engine/domain/money.ts";
import { Contract, feeOf } from "../../../src/venue/contract.ts";
import { openCostQuote } from "../../../src/venue/margin.ts";
import { hasShared, sharedPath } from "../../shared-data.ts";
import { BTC, ExchangeDriver, of } from "./exchange-driver.ts";

describe.skipIf(!hasShared)("the vectors of the research", () => {
  const vectors = hasShared ? JSON.parse(readFileSync(sharedPath("vectors/exchange_vectors.json"), "utf8")) : null;

  test("a real mainnet position: notional, profit and initial margin are truncated to 8 decimals", () => {
    const { qty, entryPrice, leverage, samples } = vectors.realMainnetPosition;
    const contract = new Contract(BTC);
    const lots = Number(qty) * 1000;
    const entryCostQuote = contract.valueQuote(Number(entryPrice), lots);
    expect(samples).toHaveLength(2);
    for (const sample of samples) {
      const mark = Number(sample.mark);
      const notional = contract.valueQuote(mark, lots);
      expect(formatMoney(contract.unrealizedQuote(mark, lots, entryCostQuote))).toBe(trimmed(sample.unRealizedProfit));
      expect(formatMoney(notional)).toBe(trimmed(sample.notional));
      // The second sample is 1e-8 below 608.2398 / 80, as the vectors note.
      const difference = notional / BigInt(leverage) - parseMoney(sample.initialMargin);
      expect([0n, 1n]).toContain(difference);
    }
  });

  test("the account update of the Binance docs: profit of a long and a short", () => {
    const { cases } = vectors.accountUpdateDocsExample;
    expect(cases).toHaveLength(2);
    for (const { pa, ep, up, impliedMark } of cases) {
      const lots = Number(pa) * 1000;
      const contract = new Contract(BTC);
      const entryCostQuote = contract.valueQuote(Number(ep), Math.abs(lots));
      expect(contract.unrealizedQuote(Number(impliedMark), lots, entryCostQuote)).toBe(parseMoney(trimmed(up)));
    }
  });

  test("the FAQ's open cost at 20x: 462.665 of margin, and 6.54 that a short loses at once", () => {
    const [{ price, mark, qty, leverage, initialMarginLong, openLossShort }] = vectors.openCost.cases;
    const common = { contract: new Contract(BTC), qtyLots: Number(qty) * 1000, price: Number(price), leverage };
    const markPrice = Number(mark);
    expect(openCostQuote({ ...common, side: "BUY", markPrice, lastPrice: markPrice })).toBe(
      parseMoney(initialMarginLong),
    );
    // A short's margin is at max(last * 1.0015, mark, price): with a last price far below, at the mark.
    const short = openCostQuote({ ...common, side: "SELL", markPrice, lastPrice: 1 });
    expect(short).toBe(parseMoney(mark) / BigInt(leverage) + parseMoney(openLossShort));
    const last = openCostQuote({ ...common, side: "SELL", markPrice: Number(price), lastPrice: 9300 });
    expect(last).toBe(parseMoney("465.6975"));
  });

  test("fees: VIP 0 on mainnet, and the commission of a testnet fill to the last digit", () => {
    const { mainnetVIP0, testnetObserved } = {
      ...vectors.fees,
      testnetObserved: vectors.fees["testnetObserved2023-11"],
    };
    const [fee, notional] = testnetObserved.evidence.match(/\d+\.\d+/g);
    expect(feeOf(parseMoney(notional), parseMoney(testnetObserved.taker))).toBe(parseMoney(fee));
    expect(feeOf(parseMoney("10000"), parseMoney(mainnetVIP0.maker))).toBe(parseMoney("2"));
    expect(feeOf(parseMoney("10000"), parseMoney(mainnetVIP0.taker))).toBe(parseMoney("5"));
    expect(feeOf(parseMoney("0.00009999"), parseMoney(mainnetVIP0.maker))).toBe(1n);
  });
});

function trimmed(decimal: string): string {
  return decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
}

describe("funding", () => {
  const driverWith = (qtyLots: number): ExchangeDriver =>
    new ExchangeDriver({ initialPositions: [{ symbol: "BTCUSDT", qtyLots, entryPrice: 90_000 }] });

  // 0.1 BTC at 100,000 is 10,000; 0.01 % of it is 1.
  test.each([
    { who: "a long pays when the rate is positive", qtyLots: 100, rate: 0.0001, amount: "-1" },
    { who: "a short receives when the rate is positive", qtyLots: -100, rate: 0.0001, amount: "1" },
    { who: "a long receives when the rate is negative", qtyLots: 100, rate: -0.0001, amount: "1" },
    { who: "a short pays when the rate is negative", qtyLots: -100, rate: -0.0001, amount: "-1" },
  ])("$who", ({ qtyLots, rate, amount }) => {
    const driver = driverWith(qtyLots);
    expect(driver.exchange.settleFunding("BTCUSDT", rate, 100_000, 8)).toBe(parseMoney(amount));
    const [settled] = of(driver.runTo(8), "exchange.funding-settled");
    expect(settled).toMatchObject({ symbol: "BTCUSDT", rate, markPrice: 100_000, amountQuote: parseMoney(amount) });
    expect(driver.exchange.account.walletQuote).toBe(parseMoney("10000") + parseMoney(amount));
    expect(driver.exchange.account.reconcile()).toBeNull();
  });

  test("is truncated toward zero on both sides", () => {
    // 0.001 * 67502.68519858 * 0.0001 = 0.006750268519858
    expect(driverWith(1).exchange.settleFunding("BTCUSDT", 0.0001, 67_502.68519858, 8)).toBe(-675_026n);
    expect(driverWith(-1).exchange.settleFunding("BTCUSDT", 0.0001, 67_502.68519858, 8)).toBe(675_026n);
  });

  test("takes the last price when the record has no mark, and settles nothing without position or price", () => {
    const driver = driverWith(100);
    expect(driver.exchange.settleFunding("BTCUSDT", 0.0001, null, 8)).toBe(0n);
    driver.quote(0, 100_000, 100_000);
    expect(driver.exchange.settleFunding("BTCUSDT", 0.0001, null, 8)).toBe(parseMoney("-1"));
    expect(driver.exchange.settleFunding("ETHUSDT", 0.0001, 4000, 8)).toBe(0n);
    expect(of(driver.runTo(8), "exchange.funding-settled")).toHaveLength(1);
  });
});

describe("contract money", () => {
  test("agrees with the core's notional for any tick and step, also beyond 8 decimals", () => {
    const decimals = fc.integer({ min: 0, max: 7 });
    const lots = fc.integer({ min: 1, max: 1_000_000_000 });
    fc.assert(
      fc.property(
        decimals,
        decimals,
        fc.constantFrom(1, 5, 10),
        lots,
        lots,
        (tick, step, units, priceTicks, qtyLots) => {
          const instrument: Instrument = { ...BTC, tickSize: size(tick, units), stepSize: size(step, 1) };
          const contract = new Contract(instrument);
          expect(contract.notionalQuote(priceTicks, qtyLots)).toBe(notionalQuote(instrument, priceTicks, qtyLots));
        },
      ),
      { numRuns: 300, seed: 11 },
    );
  });
});

/** `size(2, 5)` is "0.05". */
function size(decimals: number, units: number): string {
  return (units / Number(`1e${decimals}`)).toFixed(decimals);
}

/** One thing that happens to the account; prices are around 100,000 and quantities around a tenth. */
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("order" as const),
      side: fc.constantFrom("BUY" as const, "SELL" as const),
      qtyLots: fc.integer({ min: 2, max: 60 }),
      isReduceOnly: fc.boolean(),
      limitOffsetTicks: fc.option(fc.integer({ min: -300, max: 300 })),
      isIoc: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("price" as const), moveTicks: fc.integer({ min: -400, max: 400 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("funding" as const), rateUnits: fc.integer({ min: -750, max: 750 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("external" as const),
      side: fc.constantFrom("BUY" as const, "SELL" as const),
      qtyLots: fc.integer({ min: 1, max: 80 }),
    }),
  },
);

describe("any flow of orders, prices, funding and other writers", () => {
  test("keeps the books exact, fills only inside quote and limit, and never grows a position by reduce-only", () => {
    let fills = 0;
    let makers = 0;
    let reductions = 0;
    fc.assert(
      fc.property(
        fc.array(action, { minLength: 1, maxLength: 80, size: "max" }),
        fc.integer({ min: -50, max: 50 }),
        (actions, startLots) => {
          const driver = new ExchangeDriver({
            fees: { maker: "-0.00005", taker: "0.0005" },
            isLiquidationEnabled: false,
            initialPositions: [{ symbol: "BTCUSDT", qtyLots: startLots, entryPrice: 99_123.456 }],
          });
          const { account } = driver.exchange;
          const orders = new Map<string, { limit: number | null; isReduceOnly: boolean }>();
          let middleTicks = 1_000_000;
          let position = startLots;
          const check = (): void => {
            for (const fill of of(driver.runTo(0), "exchange.order-filled")) {
              const order = orders.get(fill.clientOrderId)!;
              const sign = fill.side === "BUY" ? 1 : -1;
              const before = position;
              position += sign * fill.qtyLots;
              fills += 1;
              if (fill.isMaker) makers += 1;
              if (order.limit !== null) expect(sign * (order.limit - fill.priceTicks)).toBeGreaterThanOrEqual(0);
              // Nobody buys below the bid or sells above the ask; a maker's fill is at the limit, which was traded through.
              if (fill.isMaker) expect(fill.priceTicks).toBe(order.limit);
              // An own order may rest inside the spread; a taker meets it before the strangers' quote.
              else expect(Math.abs(fill.priceTicks - middleTicks)).toBeLessThanOrEqual(1);
              if (order.isReduceOnly) {
                reductions += 1;
                expect(Math.abs(position)).toBeLessThan(Math.abs(before));
                expect(position * before).toBeGreaterThanOrEqual(0);
              }
            }
            expect(account.position(0).qtyLots).toBe(position);
            expect(account.reconcile()).toBeNull();
            expect(account.equityQuote()).toBe(account.walletQuote + account.unrealizedQuote());
          };
          driver.quote(0, (middleTicks - 1) / 10, (middleTicks + 1) / 10);
          for (const [step, each] of actions.entries()) {
            switch (each.kind) {
              case "order": {
                const clientOrderId = `c${step}`;
                const limit = each.limitOffsetTicks === null ? null : middleTicks + each.limitOffsetTicks;
                orders.set(clientOrderId, { limit, isReduceOnly: each.isReduceOnly });
                driver.submit({
                  clientOrderId,
                  side: each.side,
                  qtyLots: each.qtyLots,
                  isReduceOnly: each.isReduceOnly,
                  ...(limit === null ? {} : { limitPriceTicks: limit, timeInForce: each.isIoc ? "IOC" : "GTC" }),
                });
                break;
              }
              case "price":
                middleTicks = Math.max(500_000, middleTicks + each.moveTicks);
                driver.quote(0, (middleTicks - 1) / 10, (middleTicks + 1) / 10);
                break;
              case "funding":
                driver.exchange.settleFunding("BTCUSDT", each.rateUnits / 1e6, null, 0);
                break;
              case "external":
                driver.exchange.applyExternalFill({ symbol: "BTCUSDT", ...each, price: null, tsMs: 0 });
                position += (each.side === "BUY" ? 1 : -1) * each.qtyLots;
                break;
            }
            check();
          }
          // Closing everything at one price turns all that was unrealized into wallet, to the last unit.
          driver.quote(0, middleTicks / 10, middleTicks / 10);
          driver.runTo(0);
          const { qtyLots } = account.position(0);
          const before = account.walletQuote + account.unrealizedQuote() + account.state.feesQuote;
          if (qtyLots !== 0) {
            const side = qtyLots > 0 ? "SELL" : "BUY";
            driver.exchange.applyExternalFill({
              symbol: "BTCUSDT",
              side,
              qtyLots: Math.abs(qtyLots),
              price: middleTicks / 10,
              tsMs: 0,
            });
          }
          expect(account.walletQuote + account.state.feesQuote).toBe(before);
          expect(account.unrealizedQuote()).toBe(0n);
          expect(account.position(0).entryCostQuote).toBe(0n);
          expect(account.reconcile()).toBeNull();
        },
      ),
      { numRuns: 400, seed: 7 },
    );
    // The property is about something: the flows did trade.
    expect(fills).toBeGreaterThan(3000);
    expect(makers).toBeGreaterThan(300);
    expect(reductions).toBeGreaterThan(300);
  });

  test("the proof of the books notices a wallet that moved by one unit", () => {
    const driver = new ExchangeDriver();
    driver.quote(0, 99_990, 100_000);
    driver.order({ qtyLots: 33 });
    driver.exchange.account.state.walletQuote += 1n;
    expect(driver.exchange.account.reconcile()).toBe(
      "the wallet is 9998.35000001, but start + realized - fees + funding + transferred is 9998.35",
    );
    driver.exchange.account.state.walletQuote -= 1n;
    driver.exchange.account.state.realizedQuote += 1n;
    driver.exchange.account.state.walletQuote += 1n;
    expect(driver.exchange.account.reconcile()).toMatch(/^realized profit is 0.00000001, but the trades/);
  });

  test("a partial close takes its share of the cost and leaves the rest to the last unit", () => {
    const driver = new ExchangeDriver();
    driver.quote(0, 100_000, 100_000);
    driver.order({ qtyLots: 2 });
    driver.quote(0, 100_000.1, 100_000.1);
    driver.order({ qtyLots: 1 + 2 });
    // 5 lots cost 200 + 300.0003 = 500.0003; 2 of them are 200.00012.
    const [fill] = of(driver.order({ side: "SELL", qtyLots: 2 }), "exchange.order-filled");
    expect(fill!.realizedPnlQuote).toBe(parseMoney("0.00008"));
    expect(driver.exchange.account.position(0)).toEqual({ qtyLots: 3, entryCostQuote: parseMoney("300.00018") });
  });
});

describe("income history", () => {
  test("names every change of the wallet, and its sum is the change", () => {
    const driver = new ExchangeDriver();
    driver.quote(0, 99_990, 100_000);
    driver.order({ qtyLots: 100 });
    driver.exchange.settleFunding("BTCUSDT", 0.0001, null, 5);
    driver.order({ side: "SELL", qtyLots: 100 });
    const { account } = driver.exchange;
    const rows = account.income;
    expect(rows.map(({ type }) => type)).toEqual(["COMMISSION", "FUNDING_FEE", "REALIZED_PNL", "COMMISSION"]);
    expect(rows.reduce((sum, { amountQuote }) => sum + amountQuote, 0n)).toBe(
      account.walletQuote - account.state.startQuote,
    );
  });

  test("keeps the newest rows, numbered, so that nobody takes them for all", () => {
    const driver = new ExchangeDriver({ historyMax: 3 });
    driver.quote(0, 99_990, 100_000);
    for (const qtyLots of [2, 3, 4, 5, 6]) driver.order({ qtyLots });
    const { income } = driver.exchange.account;
    expect(income.map(({ amountQuote }) => formatMoney(amountQuote))).toEqual(["-0.2", "-0.25", "-0.3"]);
    expect(income[0]!.tranId).toBe(3);
  });
});
