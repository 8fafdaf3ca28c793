import fc from "fast-check";
import { expect, test } from "vitest";
import type { OrderSubmitted } from "../../../src/engine/domain/decision.ts";
import { GateWorld, INSTRUMENTS, LIMITS, QUOTE } from "./gate-world.ts";

/** An order on a made-up exchange, which knows what the gate has not been told yet. */
interface Sent {
  readonly order: OrderSubmitted;
  filledLots: number;
  isOver: boolean;
}

const symbols = INSTRUMENTS.map(({ symbol }) => symbol);
const lots = fc.integer({ min: 1, max: 60 });
const pick = fc.nat({ max: 30 });
const command = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("send" as const), lots, pick, isBuy: fc.boolean(), kind: pick }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("match" as const), lots, pick }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("tell" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("end" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("giveUp" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("report" as const), isLate: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), lots }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("recover" as const) }) },
);

/** The exchange as it is: matches at once, tells later, some things twice, and some never. */
class TrueExchange {
  readonly world: GateWorld;
  readonly positions = new Map<string, number>(symbols.map((symbol) => [symbol, 0]));
  readonly sent: Sent[] = [];
  readonly sentTsMs: number[] = [];
  #untold: (() => void)[] = [];
  #reportLate: () => void = () => undefined;
  killSwitch: "off" | "entries" | "all" = "off";

  constructor(world: GateWorld) {
    this.world = world;
  }

  get live(): Sent[] {
    return this.sent.filter(({ isOver }) => !isOver);
  }

  take(order: OrderSubmitted): void {
    this.sent.push({ order, filledLots: 0, isOver: false });
    this.sentTsMs.push(this.world.tsMs);
  }

  match(sent: Sent, wantedLots: number): void {
    const { order } = sent;
    const held = this.positions.get(order.symbol)!;
    const sign = order.side === "BUY" ? 1 : -1;
    const reducible = Math.sign(held) === -sign ? Math.abs(held) : 0;
    const most = Math.min(order.qtyLots - sent.filledLots, order.isReduceOnly ? reducible : Number.POSITIVE_INFINITY);
    const matched = Math.min(wantedLots, most);
    if (matched === 0) return;
    sent.filledLots += matched;
    sent.isOver = sent.filledLots === order.qtyLots;
    this.positions.set(order.symbol, held + sign * matched);
    const fill = {
      tradeId: `${order.clientOrderId}/${sent.filledLots}`,
      exchangeTsMs: this.world.tsMs,
      cumulativeQtyLots: sent.filledLots,
      isOrderComplete: sent.isOver,
    };
    this.#untold.push(() => this.world.fill(order, matched, fill));
  }

  end(sent: Sent): void {
    sent.isOver = true;
    const { clientOrderId } = sent.order;
    const cumulativeQtyLots = sent.filledLots;
    const ended = { clientOrderId, orderId: "1", status: "EXPIRED", cumulativeQtyLots, reason: "" } as const;
    this.#untold.push(() => this.world.tell({ type: "exchange.order-ended", ...ended }));
  }

  /** The next words in their order, and sometimes again. */
  tell(isTwice: boolean): void {
    const next = this.#untold.shift();
    next?.();
    if (isTwice) next?.();
  }

  /** Says what is held: now, or what was held at the last time somebody asked. */
  report(isLate: boolean): void {
    const { tsMs } = this.world;
    const held = [...this.positions].filter(([, qtyLots]) => qtyLots !== 0);
    const tell = () => this.world.report(held, tsMs);
    (isLate ? this.#reportLate : tell)();
    this.#reportLate = tell;
  }

  worst(symbol: string): number {
    let [longest, shortest] = [this.positions.get(symbol)!, this.positions.get(symbol)!];
    for (const { order, filledLots } of this.live) {
      if (order.symbol !== symbol || order.isReduceOnly) continue;
      if (order.side === "BUY") longest += order.qtyLots - filledLots;
      else shortest -= order.qtyLots - filledLots;
    }
    return Math.max(Math.abs(longest), Math.abs(shortest));
  }
}

const RATE = 6;

test("no stream of orders and answers brings what is held and may fill above a limit, and recoveries agree", () => {
  let passed = 0;
  const refusedBy = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: 120 }), (commands) => {
      const world = new GateWorld({ maxOrdersPerMinute: RATE, maxLossQuote: 1_000n * QUOTE });
      const exchange = new TrueExchange(world);
      for (const each of commands) {
        world.tsMs += 1;
        switch (each.do) {
          case "send": {
            const order = world.decide({
              symbol: symbols[each.pick % symbols.length]!,
              side: each.isBuy ? "BUY" : "SELL",
              qtyLots: each.lots,
              isReduceOnly: each.kind % 4 === 0,
            });
            const worstBefore = exchange.worst(order.symbol);
            const refusal = world.check(order);
            if (refusal !== null) {
              refusedBy.set(refusal.limit, (refusedBy.get(refusal.limit) ?? 0) + 1);
              if (order.isReduceOnly) expect([refusal.limit, exchange.killSwitch]).toEqual(["kill-switch", "all"]);
              break;
            }
            passed += 1;
            exchange.take(order);
            expect(exchange.killSwitch).not.toBe("all");
            if (order.isReduceOnly) break;
            expect(exchange.killSwitch).toBe("off");
            expect(BigInt(order.qtyLots) * QUOTE).toBeLessThanOrEqual(LIMITS.maxNotionalQuote);
            const minute = exchange.sentTsMs.filter((tsMs) => world.tsMs - tsMs < 60_000);
            expect(minute.length).toBeLessThanOrEqual(RATE);
            expect(exchange.worst(order.symbol)).toBeGreaterThanOrEqual(worstBefore);
            break;
          }
          case "match": {
            const { live } = exchange;
            if (live.length > 0) exchange.match(live[each.pick % live.length]!, each.lots);
            break;
          }
          case "tell":
            exchange.tell(each.pick % 5 === 0);
            break;
          case "end": {
            const { live } = exchange;
            if (live.length > 0) exchange.end(live[each.pick % live.length]!);
            break;
          }
          case "giveUp": {
            // The engine waits longer than any request may be on its way: the exchange is done with it by then.
            const sent = exchange.sent[each.pick % Math.max(1, exchange.sent.length)];
            if (sent === undefined) break;
            sent.isOver = true;
            world.giveUp(sent.order);
            break;
          }
          case "report":
            exchange.report(each.isLate);
            break;
          case "wait":
            world.tsMs += each.lots * 500;
            break;
          case "kill":
            exchange.killSwitch = (["off", "off", "off", "entries", "all"] as const)[each.pick % 5]!;
            world.kill(exchange.killSwitch);
            break;
          case "recover": {
            const recovered = world.recovered();
            expect(recovered.status(world.tsMs)).toEqual(world.gate.status(world.tsMs));
            world.gate = recovered;
            break;
          }
        }
        let total = 0n;
        for (const symbol of symbols) {
          const worst = BigInt(exchange.worst(symbol)) * QUOTE;
          expect(worst).toBeLessThanOrEqual(LIMITS.maxPositionQuote);
          total += worst;
        }
        expect(total).toBeLessThanOrEqual(LIMITS.maxExposureQuote);
      }
    }),
    { numRuns: 400 },
  );
  // Limits that never bind and orders that never pass would prove nothing.
  expect(passed).toBeGreaterThan(1000);
  for (const limit of ["max-notional", "position", "exposure", "order-rate", "kill-switch"]) {
    expect(refusedBy.get(limit) ?? 0, limit).toBeGreaterThan(20);
  }
});

test("a recovery answers every further order as the session would have", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ lots, pick, isBuy: fc.boolean() }), { maxLength: 40 }), lots, (orders, next) => {
      const world = new GateWorld({ maxOrdersPerMinute: 20 });
      for (const { lots: qtyLots, pick: place, isBuy } of orders) {
        world.tsMs += place * 100;
        const { order, refusal } = world.send({ side: isBuy ? "BUY" : "SELL", qtyLots, isReduceOnly: place % 7 === 0 });
        if (refusal === null && place % 3 > 0) world.fill(order, place % 3 === 1 ? qtyLots : Math.ceil(qtyLots / 2));
      }
      const order = world.decide({ side: "BUY", qtyLots: next });
      const recovered = world.recovered();
      expect(recovered.status(world.tsMs)).toEqual(world.gate.status(world.tsMs));
      expect(recovered.check(order, world.tsMs)).toEqual(world.gate.check(order, world.tsMs));
    }),
    { numRuns: 300 },
  );
});
