import type { OrderSubmitted } from "../../engine/domain/decision.ts";
import type { Money } from "../../engine/domain/money.ts";
import type { Contract } from "../../venue/contract.ts";
import type { ExchangeAccount } from "./account.ts";
import type { ExchangePrices } from "./exchange-prices.ts";
import type { FillModel } from "./fill-model.ts";
import { openCostQuote } from "./margin.ts";
import type { OrderDirectory } from "./order-directory.ts";
import {
  DUPLICATE_CLIENT_ORDER_ID,
  MARGIN_INSUFFICIENT,
  OPENING_NOT_ALLOWED,
  REDUCE_ONLY_REJECTED,
  type Refusal,
  refuseByFilters,
  type Suspension,
  SYMBOL_CLOSED,
  TOO_MANY_OPEN_ORDERS,
} from "./refusal.ts";

/** MAX_NUM_ORDERS of a USD-M symbol, taken for the account as a whole. */
const OPEN_ORDERS_MAX = 200;

export interface AdmissionOptions {
  readonly account: ExchangeAccount;
  readonly orders: OrderDirectory;
  readonly prices: ExchangePrices;
  readonly fillModel: FillModel;
  readonly leverage: number;
  readonly suspended: ReadonlyMap<string, Suspension>;
}

/** Decides whether an order for a listed symbol is taken. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** The first reason against the order, in this order: symbol state, filters, duplicate id, open orders, reduce-only, margin. */
  refuse(request: OrderSubmitted, contract: Contract, tsMs: number): Refusal | null {
    const { account, orders, prices, suspended } = this.#options;
    const { symbol, index } = contract.instrument;
    const suspension = suspended.get(symbol);
    if (suspension === "closed") return SYMBOL_CLOSED;
    if (suspension === "reduce-only" && !request.isReduceOnly) return OPENING_NOT_ALLOWED;
    const refusal = refuseByFilters(request, contract, prices.price[index]!);
    if (refusal !== null) return refusal;
    if (orders.isOpen(request.clientOrderId)) return DUPLICATE_CLIENT_ORDER_ID;
    if (orders.openCount >= OPEN_ORDERS_MAX) return TOO_MANY_OPEN_ORDERS;
    const openingLots = request.qtyLots - account.closingLots(index, request.side, request.qtyLots);
    if (request.isReduceOnly) return openingLots === request.qtyLots ? REDUCE_ONLY_REJECTED : null;
    if (openingLots === 0) return null;
    return this.#openCostQuote(request, contract, openingLots, tsMs) > account.availableQuote()
      ? MARGIN_INSUFFICIENT
      : null;
  }

  /** Cost of the part of the order that opens; 0 when the market has no price, because then nothing fills either. */
  #openCostQuote(request: OrderSubmitted, contract: Contract, qtyLots: number, tsMs: number): Money {
    const { fillModel, leverage, prices } = this.#options;
    const { side } = request;
    const ticks = request.limitPriceTicks ?? fillModel.takerPriceTicks(contract, side, request.qtyLots, tsMs);
    if (Number.isNaN(ticks)) return 0n;
    const price = contract.priceOfTicks(ticks);
    const known = prices.price[contract.instrument.index]!;
    const lastPrice = known > 0 ? known : price;
    return openCostQuote({ contract, side, qtyLots, price, markPrice: lastPrice, lastPrice, leverage });
  }
}
