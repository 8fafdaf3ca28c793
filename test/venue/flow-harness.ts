import fc from "fast-check";
import { parseMoney } from "../../src/engine/domain/money.ts";
import type { RecordingSource } from "../../src/recording/batch.ts";
import { MarketReplay } from "../../src/serve/market-replay.ts";
import type { AccountState } from "../../src/venue/account.ts";
import type { FillModelOptions } from "../../src/venue/liquidity.ts";
import type { Order, OrderRequest, Trade } from "../../src/venue/order.ts";
import { symbolRules } from "../../src/venue/symbol-rules.ts";
import { Venue } from "../../src/venue/venue.ts";
import { createVenueMarket, type VenueMarket } from "../../src/venue/venue-market.ts";

/** An order of a random flow: sent at a share of the recording's time, so many ticks from the best price. */
export interface FlowOrder {
  readonly at: number;
  readonly side: "BUY" | "SELL";
  readonly kind: "MARKET" | "GTC" | "IOC" | "FOK" | "GTX";
  readonly lots: number;
  /** Ticks into the market; negative rests. */
  readonly intoTicks: number;
}

export function flowOf(lotsMax: number, kinds: readonly FlowOrder["kind"][]): fc.Arbitrary<FlowOrder[]> {
  const order = fc.record({
    at: fc.nat(9_999).map((place) => place / 10_000),
    side: fc.constantFrom("BUY" as const, "SELL" as const),
    kind: fc.constantFrom(...kinds),
    lots: fc.integer({ min: 1, max: lotsMax }),
    intoTicks: fc.integer({ min: -12, max: 12 }),
  });
  const inTime = (flow: FlowOrder[]) => [...flow].sort((left, right) => left.at - right.at);
  return fc.array(order, { minLength: 5, maxLength: 30, size: "max" }).map(inTime);
}

/** What stands behind a fill: the market as it was, and what had just happened. */
export interface Cause {
  readonly market: VenueMarket;
  /** Row that fills a resting order; `null` for a taker. */
  readonly row: { readonly kind: number; readonly tradedLots: number } | null;
}

export interface FlowWatcher {
  /** Before the market does anything more: the recording moved, or an order is about to be sent. */
  onFill?(order: Order, trade: Trade, cause: Cause): void;
  onRest?(order: Order, market: VenueMarket): void;
  onRow?(kind: number, tradedLots: number, market: VenueMarket): void;
  onDepth?(sign: 1 | -1, priceTicks: number, lots: number): void;
}

class WatchedVenue extends Venue {
  row: Cause["row"] = null;
  watcher: FlowWatcher | null = null;

  override onMarket(symbolIndex: number, tsMs: number, kind: number, tradedLots = 0): void {
    this.row = { kind, tradedLots };
    this.watcher?.onRow?.(kind, tradedLots, this.market);
    super.onMarket(symbolIndex, tsMs, kind, tradedLots);
    this.row = null;
  }
}

/** Plays a recording of one symbol into a venue of its own and sends the flow meanwhile; the account afterwards. */
export function playFlow(
  recording: RecordingSource,
  flow: readonly FlowOrder[],
  fill: FillModelOptions,
  watcher: FlowWatcher = {},
): { account: AccountState; orders: readonly Order[]; venue: Venue; equityQuote: bigint } {
  const market = createVenueMarket(1);
  const [instrument] = recording.instruments;
  const tickSize = Number(instrument!.tickSize);
  const venue: WatchedVenue = new WatchedVenue({
    ...{ rules: [symbolRules(instrument!, undefined, undefined)], market, fidelity: recording.fidelity, fill },
    ...{ makerRate: 20_000n, takerRate: 50_000n },
    listener: {
      order: (order, _execution, trade) => {
        if (trade !== null) watcher.onFill?.(order, trade, { market, row: venue.row });
      },
      account: () => undefined,
      algo: () => undefined,
      leverage: () => undefined,
      marginCall: () => undefined,
      watch: () => undefined,
    },
  });
  venue.watcher = watcher;
  const account = venue.addAccount({ name: "one", walletQuote: parseMoney("1000000000"), leverage: 20 });
  const replay = new MarketReplay({
    recording,
    market,
    venue,
    fromTsMs: recording.firstTsMs,
    onEvent: (event) => {
      if (event.kind !== "depth") return;
      const ticks = (price: string) => Math.round(Number(price) / tickSize);
      const lots = (qty: string) => Math.floor(Number(qty) / Number(instrument!.stepSize) + 1e-9);
      for (const [price, qty] of event.bids) watcher.onDepth?.(1, ticks(price), lots(qty));
      for (const [price, qty] of event.asks) watcher.onDepth?.(-1, ticks(price), lots(qty));
    },
  });
  const span = recording.lastTsMs - recording.firstTsMs;
  const orders: Order[] = [];
  let count = 0;
  for (const { at, side, kind, lots, intoTicks } of flow) {
    const tsMs = recording.firstTsMs + Math.floor(at * span);
    replay.advance(tsMs);
    const sign = side === "BUY" ? 1 : -1;
    const best = Math.round(venue.liquidity.bestPrice(0, side) / tickSize);
    if (Number.isNaN(best)) continue;
    const request: OrderRequest = {
      symbolIndex: 0,
      side,
      positionSide: "BOTH",
      type: kind === "MARKET" ? "MARKET" : "LIMIT",
      qtyLots: lots,
      priceTicks: kind === "MARKET" ? null : best + sign * intoTicks,
      // FOK orders are not prevented from trading with the account's own.
      timeInForce: kind === "MARKET" ? null : kind === "FOK" && account.openOrders.size > 0 ? "IOC" : kind,
      isReduceOnly: false,
      // An own order inside the spread is no recorded one: flows do not trade with themselves.
      selfTradeMode: "EXPIRE_MAKER",
      clientOrderId: `f${count++}`,
    };
    const placed = venue.place(account, request, tsMs);
    if (!("orderId" in placed)) continue;
    orders.push(placed);
    if (account.openOrders.has(placed.orderId)) watcher.onRest?.(placed, market);
  }
  replay.advance(recording.lastTsMs);
  return { account, orders, venue, equityQuote: account.walletQuote + venue.margin(account).unrealizedQuote };
}
