import { describe, expect, test } from "vitest";
import type { AlgoOrder, AlgoRequest } from "../../src/venue/algo-order.ts";
import type { Refusal } from "../../src/venue/refusal.ts";
import { venueFixture } from "./venue-fixture.ts";

function fixtureWithLong() {
  const fixture = venueFixture();
  fixture.quote(0, 100, 100.2);
  fixture.placed({ qtyLots: 1000 });
  let count = 0;
  const algo = (request: Partial<AlgoRequest>): AlgoOrder | Refusal =>
    fixture.venue.placeAlgo(
      fixture.account,
      {
        symbolIndex: 0,
        side: "SELL",
        positionSide: "BOTH",
        type: "STOP_MARKET",
        qtyLots: 1000,
        priceTicks: null,
        triggerTicks: 950,
        workingType: "CONTRACT_PRICE",
        timeInForce: "GTC",
        isReduceOnly: true,
        isClosePosition: false,
        clientAlgoId: `algo${count++}`,
        ...request,
      },
      fixture.now,
    );
  return { ...fixture, algo };
}

const statuses = (told: ReturnType<typeof fixtureWithLong>["told"]) => told.algos.map(({ status }) => status);

describe("conditional orders", () => {
  test("a stop waits for its price, becomes an ordinary order and is finished with it", () => {
    const { algo, trade, account, told } = fixtureWithLong();
    const stop = algo({}) as AlgoOrder;
    trade(0, 95.1, 1);
    expect(stop.status).toBe("NEW");
    trade(0, 95, 1);
    expect(statuses(told)).toEqual(["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]);
    expect(account.positions.size).toBe(0);
    expect(told.orders.at(-1)!.order).toMatchObject({ origType: "STOP_MARKET", type: "MARKET", orderId: stop.orderId });
  });

  test("the mark triggers only those that work on the mark", () => {
    const { algo, mark, trade } = fixtureWithLong();
    trade(0, 100.1, 1);
    const onLast = algo({}) as AlgoOrder;
    const onMark = algo({ workingType: "MARK_PRICE", qtyLots: 10 }) as AlgoOrder;
    const last = algo({ triggerTicks: 940 }) as AlgoOrder;
    mark(0, 94.5);
    expect([onMark.status, last.status]).toEqual(["FINISHED", "NEW"]);
    expect(onLast.status).toBe("NEW");
  });

  test("one that would trigger at once is refused with -2021; a trailing one needs a rate of 0.1 to 20 per cent", () => {
    const { algo } = fixtureWithLong();
    expect(algo({ triggerTicks: 1010 })).toMatchObject({ code: -2021 });
    expect(algo({ type: "TRAILING_STOP_MARKET", triggerTicks: null, callbackRatePct: 21 })).toMatchObject({
      code: -2007,
    });
  });

  test("a trailing stop follows the best price and triggers when it has come back by the rate", () => {
    const { algo, trade } = fixtureWithLong();
    const trailing = algo({
      type: "TRAILING_STOP_MARKET",
      triggerTicks: null,
      callbackRatePct: 1,
      activateTicks: 1050,
    }) as AlgoOrder;
    trade(0, 103, 1);
    expect(trailing.isActive).toBe(false);
    trade(0, 105, 1);
    trade(0, 110, 1);
    trade(0, 109, 1);
    expect([trailing.status, trailing.bestPrice]).toEqual(["NEW", 110]);
    trade(0, 108.9, 1);
    expect(trailing.status).toBe("FINISHED");
  });

  test("close-position takes what is held then, and expires when the position is closed otherwise", () => {
    const { algo, placed, trade, account } = fixtureWithLong();
    const closing = algo({ isClosePosition: true, qtyLots: null, isReduceOnly: false, triggerTicks: 950 }) as AlgoOrder;
    const second = algo({ isClosePosition: true, qtyLots: null, isReduceOnly: false, triggerTicks: 940 }) as AlgoOrder;
    placed({ qtyLots: 500 });
    trade(0, 95, 1);
    expect([closing.status, second.status, account.positions.size]).toEqual(["FINISHED", "EXPIRED", 0]);
  });

  test("a triggered order the venue refuses is REJECTED with the reason", () => {
    const { algo, placed, trade } = fixtureWithLong();
    const stop = algo({}) as AlgoOrder;
    placed({ side: "SELL", qtyLots: 1000 });
    trade(0, 95, 1);
    expect(stop).toMatchObject({ status: "REJECTED", reason: "-2022 ReduceOnly Order is rejected." });
  });
});
