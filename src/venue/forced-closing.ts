import type { Money } from "../engine/domain/money.ts";
import { type AccountState, addIncome, type Position } from "./account.ts";
import { isOpen, type Order, type OrderRequest, openLots } from "./order.ts";
import type { OrderDesk } from "./order-desk.ts";
import type { SymbolRules } from "./symbol-rules.ts";
import { referencePrice, type VenueMarket } from "./venue-market.ts";
import type { VenueCounters, VenueListener } from "./venue-options.ts";

export interface ForcedClosingOptions {
  readonly rules: readonly SymbolRules[];
  readonly market: VenueMarket;
  readonly desk: OrderDesk;
  readonly counters: VenueCounters;
  readonly listener: VenueListener;
  readonly insuranceFundQuote: Money;
  nextTranId(): number;
}

/** Orders the venue itself sends for an account, and the fund that stands behind them. */
export class ForcedClosing {
  /** What the fund holds, fees of liquidations included. */
  insuranceFundQuote: Money;
  readonly #options: ForcedClosingOptions;

  constructor(options: ForcedClosingOptions) {
    this.#options = options;
    this.insuranceFundQuote = options.insuranceFundQuote;
  }

  /**
   * The liquidation order: IOC at the bankruptcy price. What the market does not take is taken over at that price by
   * the insurance fund; when the fund cannot carry the loss, deleveraged traders take it (`adl_autoclose`, `er` 5).
   */
  closeAt(account: AccountState, position: Position, qtyLots: number, bankruptcyTicks: number, tsMs: number): void {
    const { symbolIndex } = position;
    const { contract } = this.#options.rules[symbolIndex]!;
    const number = String(this.#options.counters.orders % 1000).padStart(3, "0");
    const order = this.#acceptForced(account, position, qtyLots, bankruptcyTicks, `autoclose-${tsMs}${number}`, tsMs);
    this.#options.desk.match(account, order, tsMs);
    if (!isOpen(order)) return;
    const lots = openLots(order);
    const mark = referencePrice(this.#options.market, symbolIndex);
    const costQuote = contract.notionalQuote(bankruptcyTicks, lots);
    const gainQuote = contract.unrealizedQuote(mark, order.sign < 0 ? lots : -lots, costQuote);
    if (this.insuranceFundQuote + gainQuote >= 0n) {
      order.expiryReason = 3;
      this.#options.desk.trade(account, order, bankruptcyTicks, lots, false, tsMs);
      this.insuranceFundQuote += gainQuote;
      return;
    }
    this.#options.desk.end(account, order, "EXPIRED", 2, tsMs);
    const deleveraged = this.#acceptForced(account, position, lots, bankruptcyTicks, "adl_autoclose", tsMs);
    deleveraged.expiryReason = 5;
    this.#options.desk.trade(account, deleveraged, bankruptcyTicks, lots, false, tsMs);
  }

  #acceptForced(
    account: AccountState,
    position: Position,
    qtyLots: number,
    priceTicks: number,
    clientOrderId: string,
    tsMs: number,
  ): Order {
    const { symbolIndex, positionSide } = position;
    const side = position.qtyLots > 0 ? "SELL" : "BUY";
    const request: OrderRequest = {
      symbolIndex,
      side,
      positionSide,
      type: "LIMIT",
      qtyLots,
      priceTicks,
      timeInForce: "IOC",
      isReduceOnly: true,
      clientOrderId,
    };
    return this.#options.desk.accept(account, request, "LIQUIDATION", tsMs);
  }

  chargeFee(account: AccountState, position: Position, feeQuote: Money, tsMs: number): void {
    if (feeQuote <= 0n) return;
    account.walletQuote -= feeQuote;
    account.feesQuote += feeQuote;
    this.insuranceFundQuote += feeQuote;
    const { symbolIndex } = position;
    addIncome(account, {
      tranId: this.#options.nextTranId(),
      tsMs,
      symbolIndex,
      type: "INSURANCE_CLEAR",
      amountQuote: -feeQuote,
      tradeId: null,
    });
    this.#options.listener.account(account, "INSURANCE_CLEAR", [], -feeQuote, tsMs);
  }

  /** An account never owes: the fund pays what is below zero. */
  coverLoss(account: AccountState, amountQuote: Money, tsMs: number): void {
    account.walletQuote += amountQuote;
    account.transferredQuote += amountQuote;
    this.insuranceFundQuote -= amountQuote;
    addIncome(account, {
      tranId: this.#options.nextTranId(),
      tsMs,
      symbolIndex: -1,
      type: "INSURANCE_CLEAR",
      amountQuote,
      tradeId: null,
    });
    this.#options.listener.account(account, "INSURANCE_CLEAR", [], amountQuote, tsMs);
  }
}
