import type { Decision, OrderSubmitted } from "../../../src/engine/domain/decision.ts";
import type { EngineEvent } from "../../../src/engine/domain/event.ts";
import type { Instrument } from "../../../src/engine/domain/instrument.ts";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import { SAFETY_REFUSAL_CODE, type SafetyRefusal } from "../../../src/live/ports.ts";
import { createSafetyGate, type SafetyLimits, type SessionGate } from "../../../src/live/safety/gate.ts";

/** One lot is one unit and one tick is one quote, so that a reader can check the sums by hand. */
export const INSTRUMENTS: readonly Instrument[] = ["AAAUSDT", "BBBUSDT"].map((symbol, index) => ({
  symbol,
  index,
  tickSize: "1",
  stepSize: "1",
  qtyLotsMin: 1,
  qtyLotsMax: 1_000_000,
  notionalMinQuote: 0n,
  isOnVenue: true,
}));

export const QUOTE = 100_000_000n;

export const LIMITS: SafetyLimits = {
  maxNotionalQuote: 50n * QUOTE,
  maxPositionQuote: 80n * QUOTE,
  maxExposureQuote: 120n * QUOTE,
  maxOrdersPerMinute: 1000,
  maxLossQuote: 30n * QUOTE,
};

export type OrderWords = Partial<OrderSubmitted> & Pick<OrderSubmitted, "side" | "qtyLots">;

/** A gate with its entries: what the session would write, one line a call. */
export class GateWorld {
  readonly entries: JournalEntry[] = [];
  gate: SessionGate;
  readonly prices = new Map<string, number>(INSTRUMENTS.map(({ symbol }) => [symbol, 1]));
  readonly limits: SafetyLimits;
  tsMs = 1_000_000;
  #orders = 0;
  #trades = 0;

  constructor(limits: Partial<SafetyLimits> = {}) {
    this.limits = { ...LIMITS, ...limits };
    this.gate = this.newGate();
  }

  newGate(): SessionGate {
    return createSafetyGate({
      ...this.limits,
      instruments: INSTRUMENTS,
      prices: (symbol) => this.prices.get(symbol) ?? null,
    });
  }

  /** As after a crash: another gate that has read the entries again. */
  recovered(): SessionGate {
    const gate = this.newGate();
    for (const entry of this.entries) gate.observe(entry);
    return gate;
  }

  tell(event: EngineEvent, decisions: readonly Decision[] = []): void {
    const entry = { envelope: { seq: this.entries.length + 1, tsMs: this.tsMs, event }, decisions };
    this.entries.push(entry);
    this.gate.observe(entry);
  }

  decide(words: OrderWords): OrderSubmitted {
    this.#orders += 1;
    const order: OrderSubmitted = {
      type: "order.submitted",
      clientOrderId: `rh-${this.#orders}`,
      planId: `plan-${this.#orders}`,
      symbol: "AAAUSDT",
      evalType: words.isReduceOnly === true ? "EXIT" : "ENTRY",
      orderType: "MARKET",
      timeInForce: null,
      limitPriceTicks: null,
      isReduceOnly: false,
      decisionMarkPrice: null,
      ...words,
    };
    this.tell({ type: "timer.fired", timerId: `t-${this.#orders}` }, [order]);
    return order;
  }

  /** Decides and checks; a refusal is answered as the session answers it. */
  send(words: OrderWords): { readonly order: OrderSubmitted; readonly refusal: SafetyRefusal | null } {
    const order = this.decide(words);
    return { order, refusal: this.check(order) };
  }

  check(order: OrderSubmitted): SafetyRefusal | null {
    const refusal = this.gate.check(order, this.tsMs);
    if (refusal !== null) this.reject(order, SAFETY_REFUSAL_CODE);
    return refusal;
  }

  limitOf(words: OrderWords): string | null {
    return this.send(words).refusal?.limit ?? null;
  }

  reject({ clientOrderId }: OrderSubmitted, code = -2019): void {
    this.tell({ type: "exchange.order-rejected", clientOrderId, code, text: "" });
  }

  fill(
    order: OrderSubmitted,
    qtyLots = order.qtyLots,
    more: Partial<Extract<EngineEvent, { type: "exchange.order-filled" }>> = {},
  ): void {
    this.#trades += 1;
    this.tell({
      type: "exchange.order-filled",
      clientOrderId: order.clientOrderId,
      orderId: "1",
      tradeId: String(this.#trades),
      symbol: order.symbol,
      side: order.side,
      qtyLots,
      priceTicks: this.prices.get(order.symbol) ?? 1,
      cumulativeQtyLots: qtyLots,
      isOrderComplete: qtyLots === order.qtyLots,
      isMaker: false,
      feeQuote: 0n,
      realizedPnlQuote: 0n,
      exchangeTsMs: this.tsMs,
      ...more,
    });
  }

  open(words: OrderWords): OrderSubmitted {
    const order = this.decide(words);
    this.fill(order);
    return order;
  }

  kill(scope: "off" | "entries" | "all"): void {
    this.tell({ type: "operator.kill-switch-set", scope, source: "test" });
  }

  /** What the engine writes when it waits no longer for an answer. */
  giveUp(order: OrderSubmitted): void {
    this.tell({ type: "timer.fired", timerId: `order:${order.clientOrderId}` }, [
      {
        type: "result.recorded",
        planId: order.planId,
        symbol: order.symbol,
        evalType: order.evalType,
        status: "ERROR",
        isExecuted: false,
        reason: "order_outcome_unknown",
        detail: "",
        orderId: null,
        clientOrderId: order.clientOrderId,
        side: order.side,
        requestedQtyLots: order.qtyLots,
        filledQtyLots: 0,
        filledNotionalQuote: 0n,
        feeQuote: 0n,
        realizedPnlQuote: 0n,
      },
    ]);
  }

  report(
    positions: readonly (readonly [symbol: string, qtyLots: number])[],
    asOfTsMs = this.tsMs,
    symbols: readonly string[] = [],
  ): void {
    this.tell({
      type: "exchange.snapshot-received",
      requestId: "s",
      status: "ok",
      asOfTsMs,
      symbols,
      positions: positions.map(([symbol, qtyLots]) => {
        const price = this.prices.get(symbol) ?? 1;
        return { symbol, qtyLots, entryPrice: price, markPrice: price };
      }),
      walletQuote: 0n,
      isFinal: true,
    });
  }
}
