import { type Refusal, refuse } from "../../venue/refusal.ts";
import type { OrderCount } from "./http.ts";

export interface RateLimits {
  readonly weightPerMinute: number;
  readonly ordersPerMinute: number;
  readonly ordersPer10s: number;
}

/** Requests after the first 429 that are still answered with 429; then the address is banned. */
const PATIENCE = 10;
const BAN_MS = 120_000;

interface Window {
  start: number;
  count: number;
}

interface Visitor {
  readonly weight: Window;
  warned: number;
  bannedUntilTsMs: number;
}

interface Trader {
  readonly minute: Window;
  readonly tenSeconds: Window;
}

/**
 * Request weight by address and orders by account, in virtual time and fixed windows as Binance counts them. 429 asks
 * to slow down; who goes on is banned with 418 until a time the answer names.
 */
export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #visitors = new Map<string, Visitor>();
  readonly #traders = new Map<number, Trader>();

  constructor(limits: RateLimits) {
    this.#limits = limits;
  }

  /** Counts a request; the refusal when it is one too many. */
  request(ip: string, weight: number, tsMs: number): Refusal | null {
    let visitor = this.#visitors.get(ip);
    if (visitor === undefined) {
      visitor = { weight: { start: 0, count: 0 }, warned: 0, bannedUntilTsMs: 0 };
      this.#visitors.set(ip, visitor);
    }
    if (tsMs < visitor.bannedUntilTsMs) return banned(visitor.bannedUntilTsMs);
    if (roll(visitor.weight, 60_000, tsMs)) visitor.warned = 0;
    visitor.weight.count += weight;
    const { weightPerMinute } = this.#limits;
    if (visitor.weight.count <= weightPerMinute) return null;
    visitor.warned += 1;
    if (visitor.warned > PATIENCE) {
      visitor.bannedUntilTsMs = tsMs + BAN_MS;
      return banned(visitor.bannedUntilTsMs);
    }
    const text = `Too many requests; current limit is ${weightPerMinute} requests per minute. Please use the websocket for live updates to avoid polling the API.`;
    return refuse(-1003, text, 429);
  }

  /** Counts orders of an account; the refusal when they are too many. */
  orders(accountIndex: number, { per10s, perMinute }: OrderCount, tsMs: number): Refusal | null {
    let trader = this.#traders.get(accountIndex);
    if (trader === undefined) {
      trader = { minute: { start: 0, count: 0 }, tenSeconds: { start: 0, count: 0 } };
      this.#traders.set(accountIndex, trader);
    }
    roll(trader.minute, 60_000, tsMs);
    roll(trader.tenSeconds, 10_000, tsMs);
    const { ordersPerMinute, ordersPer10s } = this.#limits;
    const isOver10s = trader.tenSeconds.count + per10s > ordersPer10s;
    if (isOver10s || trader.minute.count + perMinute > ordersPerMinute) {
      const which = isOver10s ? `${ordersPer10s} orders per 10 SECOND` : `${ordersPerMinute} orders per MINUTE`;
      return refuse(-1015, `Too many new orders; current limit is ${which}.`, 429);
    }
    trader.minute.count += perMinute;
    trader.tenSeconds.count += per10s;
    return null;
  }

  /** Headers that tell a client how much it has used. */
  headers(ip: string, accountIndex: number | null, tsMs: number): Record<string, string> {
    const visitor = this.#visitors.get(ip);
    const headers: Record<string, string> = { "x-mbx-used-weight-1m": String(visitor?.weight.count ?? 0) };
    const trader = accountIndex === null ? undefined : this.#traders.get(accountIndex);
    if (trader !== undefined) {
      headers["x-mbx-order-count-10s"] = String(trader.tenSeconds.count);
      headers["x-mbx-order-count-1m"] = String(trader.minute.count);
    }
    if (visitor !== undefined && tsMs < visitor.bannedUntilTsMs) {
      headers["retry-after"] = String(Math.ceil((visitor.bannedUntilTsMs - tsMs) / 1000));
    } else if (visitor !== undefined && visitor.weight.count > this.#limits.weightPerMinute) {
      headers["retry-after"] = String(Math.ceil((visitor.weight.start + 60_000 - tsMs) / 1000));
    }
    return headers;
  }
}

/** @returns `true` when a new window has begun */
function roll(window: Window, lengthMs: number, tsMs: number): boolean {
  const start = Math.floor(tsMs / lengthMs) * lengthMs;
  if (window.start === start) return false;
  window.start = start;
  window.count = 0;
  return true;
}

function banned(untilTsMs: number): Refusal {
  return refuse(
    -1003,
    `Way too many requests; IP banned until ${untilTsMs}. Please use the websocket for live updates to avoid bans.`,
    418,
  );
}
