import { sideSign } from "../engine/domain/intent.ts";
import type { AccountState } from "./account.ts";
import type { AlgoOrder, AlgoRequest } from "./algo-order.ts";
import type { Order, OrderRequest } from "./order.ts";
import { mandatory, REFUSALS, Refusal, refuse } from "./refusal.ts";
import type { SymbolRules } from "./symbol-rules.ts";
import { lastPrice, referencePrice, type VenueMarket } from "./venue-market.ts";

/** Conditional orders an account may have across all symbols, since 2025-12-29 (exchange.md section 3). */
const OPEN_MAX = 200;
const CALLBACK_RATE_MIN_PCT = 0.1;
const CALLBACK_RATE_MAX_PCT = 20;

export interface AlgoOrdersOptions {
  readonly rules: readonly SymbolRules[];
  readonly market: VenueMarket;
  place(account: AccountState, request: OrderRequest, tsMs: number): Order | Refusal;
  /** Signed lots held where the order closes. */
  heldLots(account: AccountState, request: AlgoRequest): number;
  onChange(account: AccountState, algo: AlgoOrder, tsMs: number): void;
}

/**
 * Conditional orders: they wait for a price (mark or last), then become ordinary orders. Only the algo API takes them,
 * as on Binance since December 2025; NEW, TRIGGERING, TRIGGERED, FINISHED, or CANCELED, REJECTED, EXPIRED.
 */
export class AlgoOrders {
  readonly #options: AlgoOrdersOptions;
  /** Waiting orders by symbol, in the order in which they came. */
  readonly #waiting = new Map<number, Set<AlgoOrder>>();
  /** Triggered orders whose ordinary order has not ended. */
  readonly #triggered = new Map<string, AlgoOrder>();
  #count = 0;

  constructor(options: AlgoOrdersOptions) {
    this.#options = options;
  }

  isWaiting(symbolIndex: number): boolean {
    return (this.#waiting.get(symbolIndex)?.size ?? 0) > 0;
  }

  place(account: AccountState, request: AlgoRequest, tsMs: number): AlgoOrder | Refusal {
    const rules = this.#options.rules[request.symbolIndex]!;
    const refusal = this.#refuse(account, request, rules);
    if (refusal !== null) return refusal;
    this.#count += 1;
    const algo: AlgoOrder = {
      algoId: String(2_000_000_000_000 + this.#count),
      accountIndex: account.index,
      request,
      createdTsMs: tsMs,
      status: "NEW",
      updatedTsMs: tsMs,
      triggeredTsMs: 0,
      orderId: null,
      reason: "",
      isActive: request.activateTicks === undefined,
      bestPrice: Number.NaN,
    };
    account.openAlgoOrders.set(algo.algoId, algo);
    const waiting = this.#waiting.get(request.symbolIndex) ?? new Set();
    waiting.add(algo);
    this.#waiting.set(request.symbolIndex, waiting);
    this.#options.onChange(account, algo, tsMs);
    if (request.type === "TRAILING_STOP_MARKET") this.#trail(algo);
    return algo;
  }

  cancel(account: AccountState, algoId: string, tsMs: number): AlgoOrder | Refusal {
    const algo = account.openAlgoOrders.get(algoId);
    if (algo === undefined || algo.status !== "NEW") return REFUSALS.cancelRejected;
    this.#finish(account, algo, "CANCELED", "", tsMs);
    return algo;
  }

  expire(account: AccountState, algo: AlgoOrder, reason: string, tsMs: number): void {
    this.#finish(account, algo, "EXPIRED", reason, tsMs);
  }

  /** The price of a symbol has changed. */
  onPrice(symbolIndex: number, accounts: readonly AccountState[], tsMs: number): void {
    const waiting = this.#waiting.get(symbolIndex);
    if (waiting === undefined || waiting.size === 0) return;
    for (const algo of [...waiting]) {
      if (algo.status !== "NEW") continue;
      const isDue = algo.request.type === "TRAILING_STOP_MARKET" ? this.#trail(algo) : this.#isReached(algo.request);
      if (isDue) this.#trigger(accounts[algo.accountIndex]!, algo, tsMs);
    }
  }

  /** The ordinary order has ended. */
  onOrderEnded(account: AccountState, order: Order, tsMs: number): void {
    const algo = this.#triggered.get(order.algoId!);
    if (algo === undefined || algo.orderId !== order.orderId) return;
    this.#triggered.delete(algo.algoId);
    this.#finish(account, algo, "FINISHED", "", tsMs);
  }

  /** Orders that close a position whole have nothing left to wait for. */
  onPositionClosed(account: AccountState, cause: Pick<Order, "symbolIndex" | "positionSide">, tsMs: number): void {
    for (const algo of [...account.openAlgoOrders.values()]) {
      const { symbolIndex, positionSide, isClosePosition } = algo.request;
      if (algo.status !== "NEW" || !isClosePosition || symbolIndex !== cause.symbolIndex) continue;
      if (positionSide === cause.positionSide) this.#finish(account, algo, "EXPIRED", "position closed", tsMs);
    }
  }

  /** It no longer waits, without an end that anybody would hear of. */
  forget(algo: AlgoOrder): void {
    this.#waiting.get(algo.request.symbolIndex)?.delete(algo);
    this.#triggered.delete(algo.algoId);
  }

  save(): unknown {
    return { count: this.#count, waiting: this.#waiting, triggered: this.#triggered };
  }

  load(saved: unknown): void {
    const { count, waiting, triggered } = saved as {
      count: number;
      waiting: Map<number, Set<AlgoOrder>>;
      triggered: Map<string, AlgoOrder>;
    };
    this.#count = count;
    this.#waiting.clear();
    for (const [symbolIndex, algos] of waiting) this.#waiting.set(symbolIndex, algos);
    this.#triggered.clear();
    for (const [algoId, algo] of triggered) this.#triggered.set(algoId, algo);
  }

  #refuse(account: AccountState, request: AlgoRequest, rules: SymbolRules): Refusal | null {
    const { type, triggerTicks, priceTicks, qtyLots, isClosePosition } = request;
    const isTrailing = type === "TRAILING_STOP_MARKET";
    const needsPrice = type === "STOP" || type === "TAKE_PROFIT";
    if (account.openAlgoOrders.size >= OPEN_MAX) return refuse(-4045, "Reach max stop order limit.");
    for (const open of account.openAlgoOrders.values()) {
      if (open.request.clientAlgoId === request.clientAlgoId) return REFUSALS.duplicateClientOrderId;
    }
    if ((account.positionMode === "hedge") === (request.positionSide === "BOTH")) return REFUSALS.positionSideMismatch;
    if (isClosePosition && (qtyLots !== null || request.isReduceOnly)) return REFUSALS.parameterCombination;
    if (isClosePosition && (needsPrice || isTrailing)) return REFUSALS.parameterCombination;
    if (!isClosePosition) {
      if (qtyLots === null) return mandatory("quantity");
      if (!(qtyLots > 0)) return REFUSALS.qtyNotPositive;
      if (!Number.isInteger(qtyLots)) return REFUSALS.qtyOffStep;
      if (qtyLots < rules.marketLotsMin) return REFUSALS.qtyBelowMin;
      if (qtyLots > rules.limitLotsMax) return REFUSALS.qtyAboveMax;
    }
    if (needsPrice && priceTicks === null) return mandatory("price");
    if (priceTicks !== null && !(priceTicks > 0 && Number.isInteger(priceTicks))) return REFUSALS.priceOffTick;
    if (isTrailing) {
      const rate = request.callbackRatePct ?? Number.NaN;
      if (!(rate >= CALLBACK_RATE_MIN_PCT && rate <= CALLBACK_RATE_MAX_PCT))
        return refuse(-2007, "Invalid callBack rate.");
      return null;
    }
    if (triggerTicks === null) return mandatory("triggerPrice");
    if (!(triggerTicks > 0)) return REFUSALS.stopPriceNotPositive;
    if (!Number.isInteger(triggerTicks)) return REFUSALS.priceOffTick;
    return this.#isReached(request) ? REFUSALS.immediateTrigger : null;
  }

  #workingPrice({ symbolIndex, workingType }: AlgoRequest): number {
    const { market } = this.#options;
    return workingType === "MARK_PRICE" ? referencePrice(market, symbolIndex) : lastPrice(market, symbolIndex);
  }

  /** A stop waits for the price to run against it, a take-profit for the other way. */
  #isReached(request: AlgoRequest): boolean {
    const price = this.#workingPrice(request);
    const { contract } = this.#options.rules[request.symbolIndex]!;
    const trigger = contract.priceOfTicks(request.triggerTicks!);
    const isStop = request.type === "STOP" || request.type === "STOP_MARKET";
    const sign = (isStop ? 1 : -1) * sideSign(request.side);
    return sign * (price - trigger) >= 0;
  }

  /** Moves a trailing stop; `true` when the price has come back by the callback rate. */
  #trail(algo: AlgoOrder): boolean {
    const { request } = algo;
    const price = this.#workingPrice(request);
    if (!(price > 0)) return false;
    const sign = sideSign(request.side);
    if (!algo.isActive) {
      const activate = this.#options.rules[request.symbolIndex]!.contract.priceOfTicks(request.activateTicks!);
      // A seller waits for the price to rise to the activation price, a buyer for it to fall.
      if (sign * (price - activate) > 0) return false;
      algo.isActive = true;
    }
    if (!(algo.bestPrice > 0) || sign * (algo.bestPrice - price) > 0) algo.bestPrice = price;
    const callback = algo.bestPrice * (1 + (sign * request.callbackRatePct!) / 100);
    return sign * (price - callback) >= 0;
  }

  #trigger(account: AccountState, algo: AlgoOrder, tsMs: number): void {
    const { request } = algo;
    this.#waiting.get(request.symbolIndex)?.delete(algo);
    algo.status = "TRIGGERING";
    algo.updatedTsMs = tsMs;
    algo.triggeredTsMs = tsMs;
    this.#options.onChange(account, algo, tsMs);
    const held = this.#options.heldLots(account, request);
    const closable = -sideSign(request.side) * held;
    if (request.isClosePosition && closable <= 0) {
      this.#finish(account, algo, "EXPIRED", "no position to close", tsMs);
      return;
    }
    const isLimit = request.priceTicks !== null;
    const placed = this.#options.place(
      account,
      {
        symbolIndex: request.symbolIndex,
        side: request.side,
        positionSide: request.positionSide,
        type: isLimit ? "LIMIT" : "MARKET",
        qtyLots: request.isClosePosition ? closable : request.qtyLots!,
        priceTicks: request.priceTicks,
        timeInForce: isLimit ? request.timeInForce : null,
        isReduceOnly: request.isReduceOnly || (request.isClosePosition && request.positionSide === "BOTH"),
        clientOrderId: request.clientAlgoId,
        ...(request.selfTradeMode === undefined ? {} : { selfTradeMode: request.selfTradeMode }),
        ...(request.timeInForce === "GTD" && request.goodTillTsMs !== undefined
          ? { goodTillTsMs: request.goodTillTsMs }
          : {}),
        triggered: {
          origType: request.type,
          algoId: algo.algoId,
          isClosePosition: request.isClosePosition,
          stopPriceTicks: request.triggerTicks ?? 0,
        },
      },
      tsMs,
    );
    if (placed instanceof Refusal) {
      this.#finish(account, algo, "REJECTED", `${placed.code} ${placed.text}`, tsMs);
      return;
    }
    algo.orderId = placed.orderId;
    algo.status = "TRIGGERED";
    this.#options.onChange(account, algo, tsMs);
    if (account.openOrders.has(placed.orderId)) this.#triggered.set(algo.algoId, algo);
    else this.#finish(account, algo, "FINISHED", "", tsMs);
  }

  #finish(account: AccountState, algo: AlgoOrder, status: AlgoOrder["status"], reason: string, tsMs: number): void {
    this.#waiting.get(algo.request.symbolIndex)?.delete(algo);
    account.openAlgoOrders.delete(algo.algoId);
    account.endedAlgoOrders.push(algo);
    algo.status = status;
    algo.reason = reason;
    algo.updatedTsMs = tsMs;
    this.#options.onChange(account, algo, tsMs);
  }
}
