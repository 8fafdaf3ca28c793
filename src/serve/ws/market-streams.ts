import type { SymbolRules } from "../../venue/symbol-rules.ts";
import { toJson } from "../json.ts";
import type { MarketEvent } from "../market-replay.ts";
import { priceText, qtyText } from "../render/decimal-text.ts";
import {
  aggTradeEvent,
  bookTickerEvent,
  depthEvent,
  klineEvent,
  markPriceEvent,
  miniTickerEvent,
  tickerEvent,
  tradeEvent,
} from "../render/stream-json.ts";
import { INTERVAL_MS } from "../rest/market-routes.ts";
import type { ServeContext } from "../serve-context.ts";
import { parseStreamName, type StreamKind, type StreamName } from "./stream-name.ts";

/** Who gets messages: one connection. */
export interface Subscriber {
  /** `data` is the event as JSON; a combined connection wraps it with the stream's name. */
  send(stream: string, data: string): void;
}

interface Subscription {
  readonly stream: StreamName;
  readonly subscribers: Set<Subscriber>;
  /** Last message by symbol, for the cadence. */
  readonly sentTsMs: Map<number, number>;
}

/** Which kinds of stream an event of the market can feed. */
const FEEDS: Readonly<Record<MarketEvent["kind"], readonly StreamKind[]>> = {
  mark: ["markPrice", "kline", "miniTicker", "ticker"],
  book: ["bookTicker", "partialDepth", "kline", "miniTicker", "ticker"],
  trade: ["trade", "aggTrade", "kline", "miniTicker", "ticker"],
  depth: ["depth"],
  funding: [],
};

/** Market streams of all connections: a message is made once, and only when somebody wants it. */
export class MarketStreams {
  readonly #context: ServeContext;
  /** Subscriptions by kind and lower-case symbol; `""` for those of all symbols. */
  readonly #bySymbol = new Map<string, Map<string, Subscription>>();

  constructor(context: ServeContext) {
    this.#context = context;
    context.session.marketListeners.add((event) => this.#publish(event));
    context.session.userListeners.add((event) => {
      if (event.kind === "order" && event.order.type === "LIQUIDATION" && event.trade !== null) {
        this.#publishForced(event.order.symbolIndex, event.order, event.tsMs);
      }
    });
  }

  /** @returns `false` when there is no such stream */
  subscribe(name: string, subscriber: Subscriber): boolean {
    const stream = parseStreamName(name);
    if (stream === null) return false;
    const streams = this.#streamsOf(stream.kind, stream.symbol ?? "");
    let subscription = streams.get(name);
    if (subscription === undefined) {
      subscription = { stream, subscribers: new Set(), sentTsMs: new Map() };
      streams.set(name, subscription);
    }
    subscription.subscribers.add(subscriber);
    return true;
  }

  unsubscribe(name: string, subscriber: Subscriber): void {
    const stream = parseStreamName(name);
    if (stream === null) return;
    const streams = this.#streamsOf(stream.kind, stream.symbol ?? "");
    const subscription = streams.get(name);
    subscription?.subscribers.delete(subscriber);
    if (subscription?.subscribers.size === 0) streams.delete(name);
  }

  #streamsOf(kind: StreamKind, symbol: string): Map<string, Subscription> {
    const key = `${kind}/${symbol}`;
    let streams = this.#bySymbol.get(key);
    if (streams === undefined) {
      streams = new Map();
      this.#bySymbol.set(key, streams);
    }
    return streams;
  }

  #publish(event: MarketEvent): void {
    const rules = this.#context.session.venue.rules[event.symbolIndex]!;
    const { faults } = this.#context;
    const about = { symbol: rules.symbol };
    if (!faults.isIdle && faults.take(["feed-disconnect"], event.tsMs, "the market streams", about) !== null) return;
    const symbol = rules.symbol.toLowerCase();
    for (const kind of FEEDS[event.kind]) {
      for (const which of [symbol, ""]) {
        const streams = this.#bySymbol.get(`${kind}/${which}`);
        if (streams === undefined) continue;
        for (const subscription of streams.values()) this.#send(subscription, rules, event);
      }
    }
    if (event.kind === "book" && (this.#context.session.market.depth[rules.index] ?? null) === null)
      this.#publishTop(rules, event.tsMs);
  }

  #send(subscription: Subscription, rules: SymbolRules, event: MarketEvent): void {
    const { stream, subscribers, sentTsMs } = subscription;
    const { tsMs } = event;
    const last = sentTsMs.get(rules.index) ?? Number.NEGATIVE_INFINITY;
    if (stream.everyMs > 0 && Math.floor(tsMs / stream.everyMs) === Math.floor(last / stream.everyMs)) return;
    const message = this.#message(stream, rules, event);
    if (message === null) return;
    sentTsMs.set(rules.index, tsMs);
    // Streams of all symbols are lists, except the two that come one by one.
    const isList = stream.symbol === null && stream.kind !== "bookTicker" && stream.kind !== "forceOrder";
    const data = toJson(isList ? [message] : message);
    for (const subscriber of subscribers) subscriber.send(stream.name, data);
  }

  #message(stream: StreamName, rules: SymbolRules, event: MarketEvent): Record<string, unknown> | null {
    const context = this.#context;
    const { tsMs } = event;
    switch (stream.kind) {
      case "bookTicker":
        return bookTickerEvent(context, rules, tsMs);
      case "markPrice":
        return markPriceEvent(context, rules, tsMs);
      case "trade":
        return event.kind === "trade" ? tradeEvent(rules, event) : null;
      case "aggTrade":
        return event.kind === "trade" ? aggTradeEvent(rules, event) : null;
      case "depth":
        return event.kind === "depth" ? depthEvent(rules, event) : null;
      case "partialDepth":
        return this.#partial(stream, rules, tsMs);
      case "kline": {
        const intervalMs = INTERVAL_MS.get(stream.detail)!;
        const bar = context.history.bars(rules.index, intervalMs).at(-1);
        return bar === undefined ? null : klineEvent(rules, stream.detail, intervalMs, bar, tsMs);
      }
      case "miniTicker":
        return miniTickerEvent(context, rules, tsMs);
      case "ticker":
        return tickerEvent(context, rules, tsMs);
      case "forceOrder":
        return null;
    }
  }

  #partial(stream: StreamName, rules: SymbolRules, tsMs: number): Record<string, unknown> {
    const { session } = this.#context;
    const limit = Number(stream.detail);
    const book = session.market.depth[rules.index] ?? null;
    const u = session.bookUpdateId(rules.index);
    const levels = (sign: 1 | -1) =>
      book === null
        ? session.topLevel(rules, sign)
        : book.levels(sign, limit).map((level) => [priceText(rules, level.priceTicks), qtyText(rules, level.qtyLots)]);
    return {
      e: "depthUpdate",
      E: tsMs,
      T: tsMs,
      s: rules.symbol,
      U: u,
      u,
      pu: u - 1,
      b: levels(1),
      a: levels(-1),
      st: 1,
    };
  }

  /** Best prices that the stream of a symbol without depth has last shown; NaN before the first. */
  readonly #lastTop = new Map<number, { bid: number; ask: number }>();

  /** Without recorded depth the best prices are all the book there is: each change of them is an update of it. */
  #publishTop(rules: SymbolRules, tsMs: number): void {
    const { session } = this.#context;
    const { index, contract } = rules;
    const bid = session.market.bid[index]!;
    const ask = session.market.ask[index]!;
    const last = this.#lastTop.get(index) ?? { bid: Number.NaN, ask: Number.NaN };
    const streams = this.#bySymbol.get(`depth/${rules.symbol.toLowerCase()}`);
    if (streams !== undefined && streams.size > 0) {
      const gone = (before: number, now: number): [string, string][] =>
        before > 0 && before !== now ? [[priceText(rules, Math.round(before / contract.tickSize)), "0"]] : [];
      const u = session.bookUpdateId(index);
      const data = toJson({
        e: "depthUpdate",
        E: tsMs,
        T: tsMs,
        s: rules.symbol,
        U: u,
        u,
        pu: u - 1,
        b: [...gone(last.bid, bid), ...session.topLevel(rules, 1)],
        a: [...gone(last.ask, ask), ...session.topLevel(rules, -1)],
        st: 1,
      });
      for (const { stream, subscribers } of streams.values())
        for (const subscriber of subscribers) subscriber.send(stream.name, data);
    }
    // Kept without subscribers too: the next one has a snapshot of these prices.
    this.#lastTop.set(index, { bid, ask });
  }

  #publishForced(
    symbolIndex: number,
    order: {
      readonly side: string;
      readonly qtyLots: number;
      readonly priceTicks: number;
      readonly filledLots: number;
    },
    tsMs: number,
  ): void {
    const rules = this.#context.session.venue.rules[symbolIndex]!;
    const message = {
      e: "forceOrder",
      E: tsMs,
      o: {
        s: rules.symbol,
        S: order.side,
        o: "LIMIT",
        f: "IOC",
        q: qtyText(rules, order.qtyLots),
        p: priceText(rules, order.priceTicks),
        ap: priceText(rules, order.priceTicks),
        X: "FILLED",
        l: qtyText(rules, order.filledLots),
        z: qtyText(rules, order.filledLots),
        T: tsMs,
      },
    };
    for (const which of [rules.symbol.toLowerCase(), ""]) {
      const streams = this.#bySymbol.get(`forceOrder/${which}`);
      if (streams === undefined) continue;
      for (const { stream, subscribers } of streams.values()) {
        for (const subscriber of subscribers) subscriber.send(stream.name, toJson(message));
      }
    }
  }
}
