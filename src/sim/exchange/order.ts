import type { OrderSubmitted } from "../../engine/domain/decision.ts";
import { sideSign } from "../../engine/domain/intent.ts";
import type { Money } from "../../engine/domain/money.ts";
import type { Contract } from "../../venue/contract.ts";

export type OrderStatus = "NEW" | "PARTIALLY_FILLED" | "FILLED" | "CANCELED" | "EXPIRED";

/** An order as a checkpoint keeps it; plain data. */
export interface OrderRecord {
  readonly request: OrderSubmitted;
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly filledLots: number;
  readonly endTsMs: number;
  readonly marginQuote: Money;
}

/** An order the exchange has taken. */
export class ExchangeOrder {
  readonly request: OrderSubmitted;
  readonly contract: Contract;
  readonly orderId: string;
  readonly sign: 1 | -1;
  /** NaN for MARKET. */
  readonly limitPrice: number;
  status: OrderStatus = "NEW";
  filledLots = 0;
  /** When it left the book; NaN before. */
  endTsMs = Number.NaN;
  /** Margin held while it rests. */
  marginQuote: Money = 0n;

  constructor(request: OrderSubmitted, contract: Contract, orderId: string) {
    this.request = request;
    this.contract = contract;
    this.orderId = orderId;
    this.sign = sideSign(request.side);
    // Ticks over a power of ten, rounded once, as recorded decimals are: equal prices compare equal.
    this.limitPrice = request.limitPriceTicks === null ? Number.NaN : contract.priceOfTicks(request.limitPriceTicks);
  }

  save(): OrderRecord {
    const { request, orderId, status, filledLots, endTsMs, marginQuote } = this;
    return { request, orderId, status, filledLots, endTsMs, marginQuote };
  }

  static restore(record: OrderRecord, contract: Contract): ExchangeOrder {
    const order = new ExchangeOrder(record.request, contract, record.orderId);
    order.status = record.status;
    order.filledLots = record.filledLots;
    order.endTsMs = record.endTsMs;
    order.marginQuote = record.marginQuote;
    return order;
  }

  get openLots(): number {
    return this.request.qtyLots - this.filledLots;
  }

  get isOpen(): boolean {
    return this.status === "NEW" || this.status === "PARTIALLY_FILLED";
  }
}
