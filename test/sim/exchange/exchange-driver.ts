import type { OrderSubmitted, SnapshotRequested } from "../../../src/engine/domain/decision.ts";
import type { EngineEvent } from "../../../src/engine/domain/event.ts";
import type { Instrument } from "../../../src/engine/domain/instrument.ts";
import { parseMoney } from "../../../src/engine/domain/money.ts";
import { MARKET_KIND } from "../../../src/recording/batch.ts";
import type { ExchangeArrival, SimulatedExchangeOptions } from "../../../src/sim/exchange/exchange-options.ts";
import { SimulatedExchange } from "../../../src/sim/exchange/simulated-exchange.ts";
import { createRandomStreams } from "../../../src/sim/time/random-streams.ts";
import { Scheduler } from "../../../src/sim/time/scheduler.ts";
import { createVenueMarket } from "../../../src/venue/venue-market.ts";

/** Tick 0.1, step 0.001: 1000 lots are one BTC, 1,000,000 ticks are 100,000. */
export const BTC: Instrument = {
  symbol: "BTCUSDT",
  index: 0,
  tickSize: "0.10",
  stepSize: "0.001",
  qtyLotsMin: 2,
  qtyLotsMax: 120_000,
  notionalMinQuote: parseMoney("100"),
  isOnVenue: true,
};

/** Tick 0.01 and a step of 5 thousandths: half a lot is 2.5 thousandths, a fifth is one. */
export const ETH: Instrument = { ...BTC, symbol: "ETHUSDT", index: 1, tickSize: "0.01", stepSize: "0.005" };
export const WAVES: Instrument = { ...BTC, symbol: "WAVESUSDT", index: 2, isOnVenue: false };

export const NONE = { medianMs: 0, sigma: 0 };

type Item =
  | { readonly kind: "arrival"; readonly arrival: ExchangeArrival }
  | { readonly kind: "event"; readonly event: EngineEvent };

export interface Delivered {
  readonly tsMs: number;
  readonly event: EngineEvent;
}

/** Drives one exchange as a run loop does: market first, then arrivals, then answers. */
export class ExchangeDriver {
  readonly market = createVenueMarket(3);
  readonly delivered: Delivered[] = [];
  readonly watches: (readonly [number, boolean])[] = [];
  readonly exchange: SimulatedExchange;
  readonly #scheduler = new Scheduler<Item>();
  #orderCount = 0;

  constructor(options: Partial<SimulatedExchangeOptions> = {}) {
    this.exchange = new SimulatedExchange({
      instruments: [BTC, ETH, WAVES],
      symbolsMissing: [],
      market: this.market,
      fidelity: "book",
      fees: { maker: "0.0002", taker: "0.0005" },
      fill: { halfSpreadBps: 1, slippageBps: 0, impactBps: 0 },
      latency: { order: NONE, answer: NONE, snapshot: NONE },
      random: createRandomStreams("test"),
      walletQuote: parseMoney("10000"),
      leverage: 20,
      initialPositions: [],
      ...options,
      schedule: (dueTsMs, arrival) => this.#scheduler.push(dueTsMs, 0, { kind: "arrival", arrival }),
      emit: (dueTsMs, event) => this.#scheduler.push(dueTsMs, 1, { kind: "event", event }),
      watch: (symbolIndex, isWatched) => this.watches.push([symbolIndex, isWatched]),
    });
  }

  quote(symbolIndex: number, bid: number, ask: number, tsMs = 0): void {
    this.market.bid[symbolIndex] = bid;
    this.market.ask[symbolIndex] = ask;
    this.#tell(symbolIndex, tsMs, MARKET_KIND.book);
  }

  mark(symbolIndex: number, price: number, tsMs = 0): void {
    this.market.mark[symbolIndex] = price;
    this.#tell(symbolIndex, tsMs, MARKET_KIND.mark);
  }

  trade(symbolIndex: number, price: number, tsMs = 0): void {
    this.market.last[symbolIndex] = price;
    this.#tell(symbolIndex, tsMs, MARKET_KIND.trade);
  }

  /** Sends an order and runs until `untilTsMs`; returns what the engine was told meanwhile. */
  order(order: Partial<OrderSubmitted>, tsMs = 0, untilTsMs = tsMs): readonly EngineEvent[] {
    this.submit(order, tsMs);
    return this.runTo(untilTsMs);
  }

  submit(order: Partial<OrderSubmitted>, tsMs = 0): void {
    this.#orderCount += 1;
    this.exchange.submit(
      {
        type: "order.submitted",
        clientOrderId: `c${this.#orderCount}`,
        planId: "p",
        symbol: "BTCUSDT",
        evalType: "ENTRY",
        side: "BUY",
        orderType: order.limitPriceTicks === undefined ? "MARKET" : "LIMIT",
        timeInForce: order.limitPriceTicks === undefined ? null : "GTC",
        qtyLots: 100,
        limitPriceTicks: null,
        isReduceOnly: false,
        decisionMarkPrice: null,
        ...order,
      },
      tsMs,
    );
  }

  snapshot(request: Partial<SnapshotRequested>, tsMs = 0): void {
    this.exchange.requestSnapshot(
      {
        type: "snapshot.requested",
        requestId: "s1",
        method: "one-call-for-all",
        symbols: [],
        cause: "cycle",
        ...request,
      },
      tsMs,
    );
  }

  runTo(untilTsMs: number): readonly EngineEvent[] {
    const from = this.delivered.length;
    while (this.#scheduler.nextDueTsMs <= untilTsMs) {
      const { dueTsMs, item } = this.#scheduler.pop()!;
      if (item.kind === "arrival") this.exchange.arrive(item.arrival, dueTsMs);
      else this.delivered.push({ tsMs: dueTsMs, event: item.event });
    }
    return this.delivered.slice(from).map(({ event }) => event);
  }

  qtyLots(symbolIndex = 0): number {
    return this.exchange.account.position(symbolIndex).qtyLots;
  }

  #tell(symbolIndex: number, tsMs: number, kind: number): void {
    if (this.exchange.watched[symbolIndex] === 1) this.exchange.onMarket(symbolIndex, tsMs, kind);
  }
}

/** Events of one type, in order. */
export function of<Type extends EngineEvent["type"]>(
  events: readonly EngineEvent[],
  type: Type,
): readonly Extract<EngineEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<EngineEvent, { type: Type }> => event.type === type);
}
