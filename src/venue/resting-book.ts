import type { Order } from "./order.ts";

/** Limit orders of one symbol that wait, of all accounts: best price first, then first come. */
export class RestingBook {
  readonly #buys: Order[] = [];
  readonly #sells: Order[] = [];

  get size(): number {
    return this.#buys.length + this.#sells.length;
  }

  add(order: Order): void {
    const side = this.#side(order.sign);
    let place = side.length;
    while (place > 0 && isBefore(order, side[place - 1]!)) place -= 1;
    side.splice(place, 0, order);
  }

  remove(order: Order): void {
    const side = this.#side(order.sign);
    const place = side.indexOf(order);
    if (place >= 0) side.splice(place, 1);
  }

  /** First in line of a side (1 buys, -1 sells). */
  best(sign: 1 | -1): Order | undefined {
    return this.#side(sign)[0];
  }

  /** Orders of a side, first in line first; do not change the list while the book may change. */
  orders(sign: 1 | -1): readonly Order[] {
    return this.#side(sign);
  }

  #side(sign: 1 | -1): Order[] {
    return sign > 0 ? this.#buys : this.#sells;
  }
}

function isBefore(order: Order, other: Order): boolean {
  const better = order.sign * (order.priceTicks - other.priceTicks);
  return better > 0 || (better === 0 && order.priority < other.priority);
}
