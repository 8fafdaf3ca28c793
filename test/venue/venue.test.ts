import { describe, expect, test } from "vitest";
import { parseMoney } from "../../src/engine/domain/money.ts";
import { heldLots, reconcile } from "../../src/venue/account.ts";
import { Refusal } from "../../src/venue/refusal.ts";
import { venueFixture } from "./venue-fixture.ts";

const codeOf = (answer: unknown) => (answer instanceof Refusal ? answer.code : null);

describe("orders that take", () => {
  test("a market order trades at the offer, pays the taker's fee and is told as NEW, then TRADE", () => {
    const { quote, placed, told, account } = venueFixture();
    quote(0, 100, 100.2);
    const order = placed({ qtyLots: 1000 });
    expect(order.status).toBe("FILLED");
    expect(order.filledQuote).toBe(parseMoney("100.2"));
    expect(told.orders.map(({ execution, status }) => `${execution} ${status}`)).toEqual(["NEW NEW", "TRADE FILLED"]);
    expect(account.walletQuote).toBe(parseMoney("9999.9499"));
    expect(reconcile(account)).toBeNull();
  });

  test("what the touch cannot serve trades at the model's price; a touch is used up until the quote changes", () => {
    const { quote, placed, told } = venueFixture({ fill: { halfSpreadBps: 1, slippageBps: 100, impactBps: 0 } });
    quote(0, 100, 100.2, { bidQty: 1, askQty: 0.4 });
    placed({ qtyLots: 1000 });
    const ticks = () =>
      told.orders.flatMap(({ trade }) => (trade === null ? [] : [`${trade.qtyLots}@${trade.priceTicks}`]));
    expect(ticks()).toEqual(["400@1002", "600@1013"]);
    placed({ qtyLots: 100 });
    expect(ticks()[2]).toBe("100@1013");
    quote(0, 100, 100.2, { bidQty: 1, askQty: 0.5 });
    placed({ qtyLots: 100 });
    expect(ticks()[3]).toBe("100@1002");
  });

  test("IOC ends with reason 2, FOK is refused with -5021, GTX that would take with -5022", () => {
    const { quote, placed, order } = venueFixture();
    quote(0, 100, 100.2);
    const ioc = placed({ priceTicks: 1001, timeInForce: "IOC", qtyLots: 100 });
    expect([ioc.status, ioc.expiryReason]).toEqual(["EXPIRED", 2]);
    expect(codeOf(order({ priceTicks: 1001, timeInForce: "FOK", qtyLots: 100 }))).toBe(-5021);
    expect(codeOf(order({ priceTicks: 1002, timeInForce: "GTX", qtyLots: 100 }))).toBe(-5022);
    expect(placed({ priceTicks: 1001, timeInForce: "GTX", qtyLots: 100 }).status).toBe("NEW");
  });
});

describe("orders that rest", () => {
  test("fill whole at their limit when the market trades through, not when it touches", () => {
    const { quote, placed } = venueFixture();
    quote(0, 100, 100.2);
    const order = placed({ priceTicks: 999, qtyLots: 100 });
    quote(0, 99.8, 99.9);
    expect(order.status).toBe("NEW");
    quote(0, 99.7, 99.8);
    expect([order.status, order.filledQuote]).toEqual(["FILLED", parseMoney("9.99")]);
  });

  test("wait for all that stood before them at the same price to trade", () => {
    const { quote, placed, trade } = venueFixture();
    quote(0, 100, 100.2, { bidQty: 0.5, askQty: 1 });
    const order = placed({ priceTicks: 1000, qtyLots: 100 });
    trade(0, 100, 300);
    expect(order.status).toBe("NEW");
    trade(0, 100, 250);
    expect([order.status, order.filledLots]).toEqual(["PARTIALLY_FILLED", 50]);
    trade(0, 99.9, 1);
    expect(order.status).toBe("FILLED");
  });

  test("modify loses the place in the line unless only the quantity falls", () => {
    const { venue, quote, placed, account, now } = venueFixture();
    quote(0, 100, 100.2, { bidQty: 0.5, askQty: 1 });
    const order = placed({ priceTicks: 1000, qtyLots: 100 });
    const before = order.priority;
    venue.modify(account, order.orderId, 1000, 80, now);
    expect([order.priority, order.queueAheadLots]).toEqual([before, 500]);
    venue.modify(account, order.orderId, 999, 80, now);
    expect(order.priority).toBeGreaterThan(before);
    expect(codeOf(venue.modify(account, order.orderId, 999, 80, now))).toBe(-5027);
  });

  test("good-till date and countdown end them with reason 7", () => {
    const fixture = venueFixture();
    const { venue, quote, placed, account, now } = fixture;
    quote(0, 100, 100.2);
    const gtd = placed({ priceTicks: 999, qtyLots: 100, timeInForce: "GTD", goodTillTsMs: now + 600_000 });
    const plain = placed({ priceTicks: 998, qtyLots: 100 });
    venue.countdownCancelAll(account, 0, 5_000, now);
    expect(venue.nextDueTsMs).toBe(now + 5_000);
    venue.advance(now + 5_000);
    expect([gtd.status, plain.status, plain.expiryReason]).toEqual(["CANCELED", "CANCELED", 7]);
  });
});

describe("reduce-only and hedge mode", () => {
  test("reduce-only never opens: refused without a position, cut to it, expired when it is gone", () => {
    const { quote, placed, order, account } = venueFixture();
    quote(0, 100, 100.2);
    expect(codeOf(order({ side: "SELL", isReduceOnly: true, qtyLots: 100 }))).toBe(-2022);
    placed({ qtyLots: 100 });
    const resting = placed({ side: "SELL", isReduceOnly: true, priceTicks: 1010, qtyLots: 60 });
    const closing = placed({ side: "SELL", isReduceOnly: true, qtyLots: 150 });
    expect([closing.status, closing.filledLots, closing.expiryReason]).toEqual(["EXPIRED", 100, 4]);
    expect([resting.status, resting.expiryReason]).toEqual(["EXPIRED", 4]);
    expect(heldLots(account, 0, "BOTH")).toBe(0);
  });

  test("hedge mode holds both sides, wants the side named and refuses reduceOnly", () => {
    const { quote, placed, order, account } = venueFixture({ account: { positionMode: "hedge" } });
    quote(0, 100, 100.2);
    expect(codeOf(order({}))).toBe(-4061);
    placed({ positionSide: "LONG", qtyLots: 100 });
    placed({ positionSide: "SHORT", side: "SELL", qtyLots: 70 });
    expect([heldLots(account, 0, "LONG"), heldLots(account, 0, "SHORT")]).toEqual([100, -70]);
    expect(codeOf(order({ positionSide: "LONG", side: "SELL", isReduceOnly: true, qtyLots: 10 }))).toBe(-1106);
    expect(codeOf(order({ positionSide: "LONG", side: "SELL", qtyLots: 101 }))).toBe(-2022);
    placed({ positionSide: "LONG", side: "SELL", qtyLots: 100 });
    expect(heldLots(account, 0, "LONG")).toBe(0);
    expect(reconcile(account)).toBeNull();
  });
});

describe("orders of one account against each other", () => {
  test.each([
    ["EXPIRE_TAKER", "EXPIRED_IN_MATCH", "NEW"],
    ["EXPIRE_MAKER", "FILLED", "EXPIRED_IN_MATCH"],
    ["EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"],
    ["NONE", "FILLED", "FILLED"],
  ] as const)("%s leaves the taker %s and the maker %s", (selfTradeMode, taker, maker) => {
    const { quote, placed } = venueFixture();
    quote(0, 100, 101);
    const resting = placed({ side: "SELL", priceTicks: 1005, qtyLots: 100 });
    const taking = placed({ priceTicks: 1020, qtyLots: 100, selfTradeMode });
    expect([taking.status, resting.status]).toEqual([taker, maker]);
  });
});

describe("refusals carry Binance's codes", () => {
  test.each([
    ["quantity zero", { qtyLots: 0 }, -4003],
    ["a broken lot", { qtyLots: 1.5 }, -1111],
    ["too many lots", { qtyLots: 2_000_000 }, -4005],
    ["a price off the tick", { priceTicks: 999.5, qtyLots: 100 }, -1111],
    ["a bid far above the mark", { priceTicks: 1600, qtyLots: 100 }, -4016],
    ["an offer far below the mark", { side: "SELL", priceTicks: 400, qtyLots: 100 }, -4024],
    ["a notional below 5", { qtyLots: 49 }, -4164],
    ["more than the margin carries", { qtyLots: 900_000, symbolIndex: 0 }, -2019],
    ["an unknown symbol", { symbolIndex: 9 }, -1121],
    ["a client id that is too long", { clientOrderId: "x".repeat(37), qtyLots: 100 }, -4015],
  ] as const)("%s", (_, request, code) => {
    const { quote, order } = venueFixture({ account: { walletQuote: parseMoney("1000") } });
    quote(0, 100, 100.2);
    expect(codeOf(order(request))).toBe(code);
  });
});
