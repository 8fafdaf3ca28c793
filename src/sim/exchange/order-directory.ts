import type { ExchangeOrder } from "./order.ts";

const DAY_MS = 86_400_000;
/** Orders that ended without a fill can be queried for three days, others for ninety (exchange.md section 3). */
const UNFILLED_KEPT_MS = 3 * DAY_MS;
const FILLED_KEPT_MS = 90 * DAY_MS;

/** Orders that have ended, oldest first, and all that client order ids find, in the order in which the ids came. */
export interface DirectorySnapshot<Order = ExchangeOrder> {
  readonly ended: readonly Order[];
  readonly found: readonly Order[];
}

/**
 * Finds orders by client order id. An id is unique among *open* orders: it may be used again after the order has ended,
 * and a query then finds the newest. Ended orders are forgotten by age, and the oldest when there are too many.
 */
export class OrderDirectory {
  openCount = 0;
  readonly #orders = new Map<string, ExchangeOrder>();
  readonly #ended: ExchangeOrder[] = [];
  readonly #endedMax: number;
  #oldestEnded = 0;

  constructor(endedMax: number) {
    this.#endedMax = endedMax;
  }

  save(): DirectorySnapshot {
    return { ended: this.#ended.slice(this.#oldestEnded), found: [...this.#orders.values()] };
  }

  /** Goes on where the saved directory stopped. */
  load({ ended, found }: DirectorySnapshot): void {
    this.#ended.splice(0, this.#ended.length, ...ended);
    this.#oldestEnded = 0;
    this.#orders.clear();
    for (const order of found) this.#orders.set(order.request.clientOrderId, order);
    this.openCount = found.filter(({ isOpen }) => isOpen).length;
  }

  isOpen(clientOrderId: string): boolean {
    return this.#orders.get(clientOrderId)?.isOpen === true;
  }

  add(order: ExchangeOrder): void {
    this.#orders.set(order.request.clientOrderId, order);
    this.openCount += 1;
  }

  /** Call once when an order has reached a terminal status. */
  end(order: ExchangeOrder, tsMs: number): void {
    order.endTsMs = tsMs;
    this.openCount -= 1;
    this.#ended.push(order);
    while (this.#ended.length - this.#oldestEnded > this.#endedMax) this.#forgetOldest();
    while (tsMs - this.#ended[this.#oldestEnded]!.endTsMs > FILLED_KEPT_MS) this.#forgetOldest();
    if (this.#oldestEnded > 1024 && this.#oldestEnded * 2 > this.#ended.length) {
      this.#ended.splice(0, this.#oldestEnded);
      this.#oldestEnded = 0;
    }
  }

  find(clientOrderId: string, tsMs: number): ExchangeOrder | undefined {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined || order.isOpen) return order;
    const keptMs = order.filledLots > 0 ? FILLED_KEPT_MS : UNFILLED_KEPT_MS;
    return tsMs - order.endTsMs > keptMs ? undefined : order;
  }

  #forgetOldest(): void {
    const order = this.#ended[this.#oldestEnded]!;
    this.#oldestEnded += 1;
    const { clientOrderId } = order.request;
    if (this.#orders.get(clientOrderId) === order) this.#orders.delete(clientOrderId);
  }
}
