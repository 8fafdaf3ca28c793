import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseMoney } from "../../src/engine/domain/money.ts";
import { type AccountState, positionKey, reconcile } from "../../src/venue/account.ts";
import type { OrderRequest } from "../../src/venue/order.ts";
import { Refusal } from "../../src/venue/refusal.ts";
import type { Venue } from "../../src/venue/venue.ts";
import { venueFixture } from "./venue-fixture.ts";

/** What a random flow may do: quotes move, orders of every kind come, change and go, marks jump, funding is settled. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("quote" as const),
      symbol: fc.nat(1),
      ticks: fc.integer({ min: 800, max: 1200 }),
      spread: fc.integer({ min: 1, max: 5 }),
      lots: fc.integer({ min: 0, max: 3000 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("order" as const),
      symbol: fc.nat(1),
      isBuy: fc.boolean(),
      isLimit: fc.boolean(),
      ticks: fc.integer({ min: 780, max: 1220 }),
      lots: fc.integer({ min: 1, max: 4000 }),
      isReduceOnly: fc.boolean(),
      timeInForce: fc.constantFrom("GTC" as const, "IOC" as const, "FOK" as const, "GTX" as const),
      selfTradeMode: fc.constantFrom(
        "NONE" as const,
        "EXPIRE_TAKER" as const,
        "EXPIRE_MAKER" as const,
        "EXPIRE_BOTH" as const,
      ),
      side: fc.constantFrom("LONG" as const, "SHORT" as const),
      account: fc.nat(1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("trade" as const),
      symbol: fc.nat(1),
      ticks: fc.integer({ min: 780, max: 1220 }),
      lots: fc.integer({ min: 1, max: 5000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), account: fc.nat(1), place: fc.nat(10) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("modify" as const),
      account: fc.nat(1),
      place: fc.nat(10),
      ticks: fc.integer({ min: 800, max: 1200 }),
      lots: fc.integer({ min: 1, max: 3000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("algo" as const),
      account: fc.nat(1),
      isBuy: fc.boolean(),
      ticks: fc.integer({ min: 800, max: 1200 }),
      lots: fc.integer({ min: 1, max: 3000 }),
      isStop: fc.boolean(),
      isClose: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("funding" as const),
      symbol: fc.nat(1),
      rate: fc.double({ min: -0.02, max: 0.02, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("margin" as const),
      account: fc.nat(1),
      leverage: fc.integer({ min: 1, max: 125 }),
      isIsolated: fc.boolean(),
    }),
  },
);

const SYMBOL_TICK = [0.1, 0.01];

describe("any flow of orders", () => {
  test.each(["one-way", "hedge"] as const)("keeps money and position, in %s mode", (positionMode) => {
    let fills = 0;
    let liquidations = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 160, size: "max" }), fc.boolean(), (steps, hasSizes) => {
        const fixture = venueFixture({
          account: { positionMode, walletQuote: parseMoney("400") },
          fill: { halfSpreadBps: 2, slippageBps: 3, impactBps: 5 },
        });
        const { venue, market, told } = fixture;
        const other = venue.addAccount({ name: "two", walletQuote: parseMoney("300"), leverage: 50, positionMode });
        const accounts = [fixture.account, other];
        const reduceOnlyHeld = new Map<string, number>();
        let count = 0;
        fixture.quote(0, 100, 100.2);
        fixture.quote(1, 10, 10.02);
        for (const each of steps) {
          fixture.now += 1000;
          if (each.kind === "quote") {
            const tick = SYMBOL_TICK[each.symbol]!;
            const sizes =
              hasSizes && each.lots > 0 ? { bidQty: each.lots * 0.01, askQty: each.lots * 0.01 } : undefined;
            fixture.quote(each.symbol, each.ticks * tick, (each.ticks + each.spread) * tick, sizes);
          } else if (each.kind === "trade")
            fixture.trade(each.symbol, each.ticks * SYMBOL_TICK[each.symbol]!, each.lots);
          else if (each.kind === "order") {
            const account = accounts[each.account]!;
            const request: OrderRequest = {
              symbolIndex: each.symbol,
              side: each.isBuy ? "BUY" : "SELL",
              positionSide: positionMode === "hedge" ? each.side : "BOTH",
              type: each.isLimit ? "LIMIT" : "MARKET",
              qtyLots: each.lots,
              priceTicks: each.isLimit ? each.ticks : null,
              timeInForce: each.isLimit ? each.timeInForce : null,
              isReduceOnly: positionMode === "one-way" && each.isReduceOnly,
              selfTradeMode: each.selfTradeMode,
              clientOrderId: `p${count++}`,
            };
            const before = Math.abs(held(account, request));
            const placed = venue.place(account, request, fixture.now);
            if (!(placed instanceof Refusal) && request.isReduceOnly) {
              expect(Math.abs(held(account, request))).toBeLessThanOrEqual(before);
              reduceOnlyHeld.set(placed.orderId, before);
            }
          } else if (each.kind === "cancel" || each.kind === "modify") {
            const account = accounts[each.account]!;
            const open = [...account.openOrders.values()];
            const order = open[each.place % Math.max(1, open.length)];
            if (order === undefined) continue;
            if (each.kind === "cancel") venue.cancel(account, order.orderId, fixture.now);
            else venue.modify(account, order.orderId, each.ticks, each.lots, fixture.now);
          } else if (each.kind === "algo") {
            venue.placeAlgo(
              accounts[each.account]!,
              {
                symbolIndex: 0,
                side: each.isBuy ? "BUY" : "SELL",
                positionSide: positionMode === "hedge" ? (each.isBuy ? "SHORT" : "LONG") : "BOTH",
                type: each.isStop ? "STOP_MARKET" : "TAKE_PROFIT_MARKET",
                qtyLots: each.isClose ? null : each.lots,
                priceTicks: null,
                triggerTicks: each.ticks,
                workingType: "MARK_PRICE",
                timeInForce: "GTC",
                isReduceOnly: false,
                isClosePosition: each.isClose,
                clientAlgoId: `a${count++}`,
              },
              fixture.now,
            );
          } else if (each.kind === "funding") venue.settleFunding(each.symbol, each.rate, null, fixture.now);
          else {
            venue.setLeverage(accounts[each.account]!, 0, each.leverage, fixture.now);
            venue.setMarginType(accounts[each.account]!, 0, each.isIsolated ? "isolated" : "cross", fixture.now);
          }
          for (const account of accounts) expectSound(venue, account, positionMode);
        }
        // Positions are the sum of the trades, and no trade of a resting order is worse than its limit.
        for (const account of accounts) {
          const lots = new Map<number, number>();
          for (const trade of account.trades) {
            const key = positionKey(trade.symbolIndex, trade.positionSide);
            lots.set(key, (lots.get(key) ?? 0) + (trade.side === "BUY" ? 1 : -1) * trade.qtyLots);
          }
          for (const [key, sum] of lots) expect(account.positions.get(key)?.qtyLots ?? 0).toBe(sum);
        }
        for (const { order, trade } of told.orders) {
          if (trade === null) continue;
          fills += 1;
          if (order.type === "LIQUIDATION") liquidations += 1;
          if (order.priceTicks > 0 && trade.isMaker)
            expect(order.sign * (order.priceTicks - trade.priceTicks)).toBeGreaterThanOrEqual(0);
        }
        void market;
      }),
      { numRuns: 150, seed: 20_261_123 },
    );
    expect(fills).toBeGreaterThan(500);
    expect(liquidations).toBeGreaterThan(0);
  });
});

function held(account: AccountState, request: OrderRequest): number {
  return account.positions.get(positionKey(request.symbolIndex, request.positionSide))?.qtyLots ?? 0;
}

function expectSound(venue: Venue, account: AccountState, mode: "one-way" | "hedge"): void {
  expect(reconcile(account)).toBeNull();
  // The income history accounts for every unit of the wallet, and margin balance is the wallet and what is unrealized.
  const incomeQuote = account.income.reduce((sum, { amountQuote }) => sum + amountQuote, 0n);
  expect(account.startQuote + incomeQuote).toBe(account.walletQuote);
  const margin = venue.margin(account);
  let crossQuote = account.walletQuote;
  let unrealizedQuote = 0n;
  for (const position of account.positions.values()) {
    crossQuote -= position.isolatedQuote;
    unrealizedQuote += venue.marginOf(account, position).unrealizedQuote;
  }
  expect([margin.crossWalletQuote, margin.unrealizedQuote]).toEqual([crossQuote, unrealizedQuote]);
  let marginQuote = 0n;
  for (const order of account.openOrders.values()) {
    marginQuote += order.marginQuote;
    expect(order.filledLots).toBeLessThan(order.qtyLots);
    expect(["NEW", "PARTIALLY_FILLED"]).toContain(order.status);
    expect(order.type).toBe("LIMIT");
  }
  expect(account.orderMarginQuote).toBe(marginQuote);
  expect(account.isInLiquidation).toBe(false);
  for (const position of account.positions.values()) {
    expect(position.qtyLots).not.toBe(0);
    expect(position.entryCostQuote >= 0n).toBe(true);
    if (mode === "hedge") expect(Math.sign(position.qtyLots)).toBe(position.positionSide === "LONG" ? 1 : -1);
  }
}
