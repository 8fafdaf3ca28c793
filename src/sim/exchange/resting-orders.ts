import type { ExchangeOrder } from "./order.ts";

/** Limit orders of one symbol that wait in the book, best price first, then first come. */
export class RestingOrders {
  readonly #buys: ExchangeOrder[] = [];
  readonly #sells: ExchangeOrder[] = [];

  get size(): number {
    return this.#buys.length + this.#sells.length;
  }

  /** Buys, then sells, each best first: added again in this order they stand as they stood. */
  list(): readonly ExchangeOrder[] {
    return [...this.#buys, ...this.#sells];
  }

  add(order: ExchangeOrder): void {
    const side = order.sign > 0 ? this.#buys : this.#sells;
    let place = side.length;
    while (place > 0 && isBetter(order, side[place - 1]!)) place -= 1;
    side.splice(place, 0, order);
  }

  remove(order: ExchangeOrder): void {
    const side = order.sign > 0 ? this.#buys : this.#sells;
    const place = side.indexOf(order);
    if (place >= 0) side.splice(place, 1);
  }

  /** The best buy whose limit is above the price, else the best sell whose limit is below it: touch is not enough. */
  firstTradedThrough(askPrice: number, bidPrice: number): ExchangeOrder | undefined {
    const buy = this.#buys[0];
    if (buy !== undefined && askPrice < buy.limitPrice) return buy;
    const sell = this.#sells[0];
    return sell !== undefined && bidPrice > sell.limitPrice ? sell : undefined;
  }

  /** The first reduce-only order on the side that `sign` names (buys are 1). */
  firstReduceOnly(sign: 1 | -1): ExchangeOrder | undefined {
    return (sign > 0 ? this.#buys : this.#sells).find((order) => order.request.isReduceOnly);
  }
}

function isBetter(order: ExchangeOrder, other: ExchangeOrder): boolean {
  return order.sign * (order.limitPrice - other.limitPrice) > 0;
}
