import type { Instrument } from "../../engine/domain/instrument.ts";
import type { Clock, FeedRow, MarketFeed, MarketListener } from "../ports.ts";
import type { VenueHosts } from "../safety/hosts.ts";
import type { Raw } from "./account-report.ts";
import { cannotUse } from "./cannot-use.ts";
import { StreamSocket } from "./stream-socket.ts";
import { parseMessage } from "./user-stream.ts";
import type { VenueRest } from "./venue-rest.ts";

export interface CcxtFeedOptions {
  readonly rest: VenueRest;
  readonly hosts: VenueHosts;
  readonly clock: Clock;
  readonly instruments: readonly Instrument[];
  /** Mark prices always; best prices too unless `false`. */
  readonly hasBook?: boolean;
  /** Minutes of bars told as history at the start, at most 499; 0 when absent. */
  readonly historyMinutes?: number;
  log?(level: "info" | "warn", text: string): void;
  onUrl?(url: string): void;
}

/** More streams than this are not named one by one. */
const NAMED_STREAMS_MAX = 100;
/** Mark prices come every second; silence of a connection for so long is none of the market's. */
const SILENCE_MS = 30_000;
const HISTORY_AT_ONCE = 4;
const MINUTE_MS = 60_000;

/**
 * Prices from Binance's raw streams: `markPrice` with the funding rate, and `bookTicker`. Each connection is watched for
 * silence; what was missed is a gap. Bars of the past come over REST before the first price.
 */
export class CcxtFeed implements MarketFeed {
  readonly #options: CcxtFeedOptions;
  readonly #places: ReadonlyMap<string, number>;
  readonly #sockets: StreamSocket[] = [];
  /** Rate and time of the next settlement by symbol index. */
  readonly #funding = new Map<number, { rate: number; nextTsMs: number; mark: number }>();
  #listener: MarketListener | null = null;

  constructor(options: CcxtFeedOptions) {
    this.#options = options;
    this.#places = new Map(options.instruments.map(({ symbol }, index) => [symbol, index]));
  }

  async connect(listener: MarketListener): Promise<void> {
    this.#listener = listener;
    await this.#tellHistory();
    const { hosts, clock, hasBook, onUrl } = this.#options;
    const routes = [`${hosts.streams}/market/stream?streams=${this.#streams("@markPrice@1s", "!markPrice@arr@1s")}`];
    if (hasBook !== false)
      routes.push(`${hosts.streams}/public/stream?streams=${this.#streams("@bookTicker", "!bookTicker")}`);
    for (const route of routes) {
      const stream = route.includes("bookTicker") ? "bookTicker" : "markPrice";
      const socket = new StreamSocket({
        url: async () => route,
        clock,
        silenceMs: SILENCE_MS,
        onText: (text) => this.#take(text),
        onOpen: (away) => {
          if (away !== null) this.#listener?.gap({ kind: "disconnect", stream, missing: null, ...away });
        },
        ...(onUrl === undefined ? {} : { onUrl }),
      });
      this.#sockets.push(socket);
      await socket.connect().catch((error: unknown) => {
        throw cannotUse(hosts, error);
      });
    }
  }

  async close(): Promise<void> {
    this.#listener = null;
    for (const socket of this.#sockets.splice(0)) socket.close();
  }

  #streams(suffix: string, all: string): string {
    const { instruments } = this.#options;
    if (instruments.length > NAMED_STREAMS_MAX) return all;
    return instruments.map(({ symbol }) => `${symbol.toLowerCase()}${suffix}`).join("/");
  }

  #take(text: string): void {
    const wrapped = parseMessage(text);
    const data: unknown = wrapped?.["data"] ?? wrapped;
    if (Array.isArray(data)) for (const each of data) this.#takeOne(each as Raw);
    else if (typeof data === "object" && data !== null) this.#takeOne(data as Raw);
  }

  #takeOne(message: Raw): void {
    const symbolIndex = this.#places.get(String(message["s"]));
    if (symbolIndex === undefined) return;
    if (message["e"] === "markPriceUpdate") this.#takeMark(symbolIndex, message);
    else if (message["e"] === "bookTicker") this.#takeBook(symbolIndex, message);
  }

  #takeMark(symbolIndex: number, message: Raw): void {
    const tsMs = timeOf(message["E"]);
    this.#listener?.row({ symbolIndex, tsMs, kind: "mark", price: String(message["p"]) });
    const [rate, nextTsMs, mark] = [Number(message["r"]), Number(message["T"]), Number(message["p"])];
    const before = this.#funding.get(symbolIndex);
    // The next settlement is another one: that of before has happened, at the rate that was shown last.
    if (before !== undefined && before.nextTsMs > 0 && nextTsMs > before.nextTsMs) {
      this.#listener?.funding({ symbolIndex, tsMs: before.nextTsMs, rate: before.rate, markPrice: before.mark });
    }
    if (Number.isFinite(rate) && nextTsMs > 0) this.#funding.set(symbolIndex, { rate, nextTsMs, mark });
  }

  #takeBook(symbolIndex: number, message: Raw): void {
    const [bid, ask] = [String(message["b"]), String(message["a"])];
    const price = middleOf(bid, ask);
    if (price === null) return;
    const row: FeedRow = {
      symbolIndex,
      tsMs: timeOf(message["T"] ?? message["E"]),
      kind: "book",
      price,
      bid,
      ask,
      bidQty: String(message["B"]),
      askQty: String(message["A"]),
    };
    this.#listener?.row(row);
  }

  /** Closed one-minute bars of all symbols, in the order in which they closed. */
  async #tellHistory(): Promise<void> {
    const { historyMinutes, instruments, rest, clock, log } = this.#options;
    const limit = Math.min(499, historyMinutes ?? 0);
    if (limit <= 0) return;
    const nowMs = clock.nowMs() + rest.sessionOffsetMs;
    const bars: { readonly closeTsMs: number; readonly row: FeedRow }[] = [];
    for (let start = 0; start < instruments.length; start += HISTORY_AT_ONCE) {
      const some = instruments.slice(start, start + HISTORY_AT_ONCE);
      const read = await Promise.all(
        some.map(({ symbol }) =>
          rest
            .askPatiently<readonly (readonly unknown[])[]>("fapiPublicGetKlines", { symbol, interval: "1m", limit })
            .catch(() => {
              log?.("warn", `no history of ${symbol}: its trackers begin cold`);
              return [];
            }),
        ),
      );
      for (const [place, ofSymbol] of read.entries()) {
        for (const bar of ofSymbol) {
          const closeTsMs = Number(bar[6]);
          if (!(closeTsMs < nowMs)) continue;
          const own = closeTsMs - rest.sessionOffsetMs;
          const row = {
            symbolIndex: start + place,
            tsMs: own,
            kind: "trade",
            price: String(bar[4]),
            isHistory: true,
          } as const;
          bars.push({ closeTsMs, row: { ...row, qty: String(bar[5]) } });
        }
      }
    }
    bars.sort((left, right) => left.closeTsMs - right.closeTsMs || left.row.symbolIndex - right.row.symbolIndex);
    for (const { row } of bars) this.#listener?.row(row);
    const minutes = bars.length === 0 ? 0 : Math.round((nowMs - bars[0]!.closeTsMs) / MINUTE_MS);
    log?.("info", `history: ${bars.length} bars of ${instruments.length} symbols, ${minutes} minutes`);
  }
}

function timeOf(value: unknown): number | null {
  const tsMs = Number(value);
  return Number.isSafeInteger(tsMs) && tsMs > 0 ? tsMs : null;
}

/** Middle of two decimals as text, exact to the last digit of the finer one plus one; `null` when one is none. */
function middleOf(bid: string, ask: string): string | null {
  if (!/^\d+(\.\d+)?$/.test(bid) || !/^\d+(\.\d+)?$/.test(ask)) return null;
  const decimals = Math.max(decimalsIn(bid), decimalsIn(ask)) + 1;
  const middle = (Number(bid) + Number(ask)) / 2;
  return middle > 0 ? middle.toFixed(Math.min(20, decimals)) : null;
}

function decimalsIn(text: string): number {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
}
