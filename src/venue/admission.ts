import type { Money } from "../engine/domain/money.ts";
import { type AccountState, closingLots, heldLots, settingsOf } from "./account.ts";
import type { Liquidity } from "./liquidity.ts";
import { accountMargin, type MarginContext, openCostQuote } from "./margin.ts";
import type { OrderRequest } from "./order.ts";
import { mandatory, notionalTooSmall, notRequired, REFUSALS, type Refusal } from "./refusal.ts";
import type { SymbolRules } from "./symbol-rules.ts";
import { lastPrice, referencePrice } from "./venue-market.ts";

const CLIENT_ID_LENGTH_MAX = 36;

/** Decides whether an order is taken. Nothing is ever rounded: what does not fit is refused with Binance's code. */
export class Admission {
  readonly #context: MarginContext;
  readonly #liquidity: Liquidity;

  constructor(context: MarginContext, liquidity: Liquidity) {
    this.#context = context;
    this.#liquidity = liquidity;
  }

  /**
   * The first reason against the order, in this order: symbol, parameters, position side, filters, client id, open
   * orders, reduce-only, largest position at the leverage, margin.
   */
  refuse(
    account: AccountState,
    request: OrderRequest,
    rules: SymbolRules,
    status: string,
    tsMs: number,
  ): Refusal | null {
    if (!rules.isListed) return REFUSALS.invalidSymbol;
    if (status === "CLOSED") return REFUSALS.symbolClosed;
    if (status === "REDUCE_ONLY" && !request.isReduceOnly) return REFUSALS.openingNotAllowed;
    return (
      refuseParameters(request) ??
      refusePositionSide(account, request) ??
      this.refuseFilters(request, rules) ??
      refuseIdentity(account, request, rules) ??
      this.#refusePosition(account, request, rules) ??
      this.#refuseMargin(account, request, rules, tsMs)
    );
  }

  /** Quantity (sign, precision, bounds, step), price (sign, precision, bounds, tick, PERCENT_PRICE), smallest notional. */
  refuseFilters(request: OrderRequest, rules: SymbolRules): Refusal | null {
    const { qtyLots, priceTicks } = request;
    const { contract } = rules;
    const isMarket = request.type === "MARKET";
    if (!(qtyLots > 0)) return REFUSALS.qtyNotPositive;
    if (!isWhole(qtyLots * contract.stepUnits)) return REFUSALS.badPrecision;
    if (qtyLots < (isMarket ? rules.marketLotsMin : rules.limitLotsMin)) return REFUSALS.qtyBelowMin;
    if (qtyLots > (isMarket ? rules.marketLotsMax : rules.limitLotsMax)) return REFUSALS.qtyAboveMax;
    if (!Number.isInteger(qtyLots)) return REFUSALS.qtyOffStep;
    const mark = referencePrice(this.#context.market, rules.index);
    if (priceTicks !== null) {
      if (!(priceTicks > 0)) return REFUSALS.priceNotPositive;
      if (!isWhole(priceTicks * contract.tickUnits)) return REFUSALS.badPrecision;
      if (!Number.isInteger(priceTicks)) return REFUSALS.priceOffTick;
      if (priceTicks > rules.priceTicksMax) return REFUSALS.priceAboveMax;
      if (priceTicks < rules.priceTicksMin) return REFUSALS.priceBelowMin;
      if (mark > 0) {
        // A buyer may not bid far above the mark, a seller not offer far below it; the other way nobody is hurt.
        const price = contract.priceOfTicks(priceTicks);
        if (request.side === "BUY" && price > mark * rules.multiplierUp) return REFUSALS.priceAboveMultiplier;
        if (request.side === "SELL" && price < mark * rules.multiplierDown) return REFUSALS.priceBelowMultiplier;
      }
    }
    if (request.isReduceOnly || request.triggered?.isClosePosition === true) return null;
    if (priceTicks === null && !(mark > 0)) return null;
    const notional =
      priceTicks === null ? contract.valueQuote(mark, qtyLots) : contract.notionalQuote(priceTicks, qtyLots);
    return notional < rules.notionalMinQuote ? notionalTooSmall(rules.notionalMinText) : null;
  }

  #refusePosition(account: AccountState, request: OrderRequest, rules: SymbolRules): Refusal | null {
    const { side, positionSide, qtyLots } = request;
    const closing = closingLots(account, rules.index, positionSide, side, qtyLots);
    if (request.isReduceOnly) return closing === 0 ? REFUSALS.reduceOnlyRejected : null;
    if (positionSide !== "BOTH" && isClosingSide(request))
      return closing < qtyLots ? REFUSALS.reduceOnlyRejected : null;
    if (closing === qtyLots) return null;
    const { leverage } = settingsOf(account, rules.index);
    const mark = referencePrice(this.#context.market, rules.index);
    if (!(mark > 0)) return null;
    const held = Math.abs(heldLots(account, rules.index, positionSide));
    const lotsAfter = closing > 0 ? qtyLots - closing : held + qtyLots;
    const notionalQuote = rules.contract.valueQuote(mark, lotsAfter);
    return notionalQuote > rules.brackets.notionalMaxQuote(leverage) ? REFUSALS.maxPositionAtLeverage : null;
  }

  #refuseMargin(account: AccountState, request: OrderRequest, rules: SymbolRules, tsMs: number): Refusal | null {
    if (request.isReduceOnly) return null;
    const { side, positionSide, qtyLots } = request;
    const opening = qtyLots - closingLots(account, rules.index, positionSide, side, qtyLots);
    if (opening === 0) return null;
    const cost = this.#openCostQuote(account, request, rules, opening, tsMs);
    return cost > accountMargin(this.#context, account).availableQuote ? REFUSALS.marginInsufficient : null;
  }

  /** Cost of the part that opens; 0 when the market has no price, because then nothing fills either. */
  #openCostQuote(
    account: AccountState,
    request: OrderRequest,
    rules: SymbolRules,
    qtyLots: number,
    tsMs: number,
  ): Money {
    const { contract } = rules;
    const { market } = this.#context;
    const { side } = request;
    const ticks = request.priceTicks ?? this.#liquidity.modelTicks(contract, side, request.qtyLots, tsMs);
    if (Number.isNaN(ticks)) return 0n;
    const price = contract.priceOfTicks(ticks);
    const mark = referencePrice(market, rules.index);
    const last = lastPrice(market, rules.index);
    return openCostQuote({
      contract,
      side,
      qtyLots,
      price,
      markPrice: mark > 0 ? mark : price,
      lastPrice: last > 0 ? last : price,
      leverage: settingsOf(account, rules.index).leverage,
    });
  }
}

function refuseParameters(request: OrderRequest): Refusal | null {
  const { priceTicks, timeInForce } = request;
  if (request.type === "LIMIT") {
    if (timeInForce === null) return mandatory("timeInForce");
    if (priceTicks === null) return mandatory("price");
    if (timeInForce === "GTD" && request.goodTillTsMs === undefined) return mandatory("goodTillDate");
    return null;
  }
  if (timeInForce !== null) return notRequired("timeInForce");
  return priceTicks === null ? null : notRequired("price");
}

function refusePositionSide(account: AccountState, request: OrderRequest): Refusal | null {
  const isHedge = account.positionMode === "hedge";
  if (isHedge === (request.positionSide === "BOTH")) return REFUSALS.positionSideMismatch;
  // What closes in hedge mode is told by the side; the parameter is refused (exchange.md section 3).
  return isHedge && request.isReduceOnly && request.triggered === undefined ? notRequired("reduceonly") : null;
}

function refuseIdentity(account: AccountState, request: OrderRequest, rules: SymbolRules): Refusal | null {
  const { clientOrderId } = request;
  if (clientOrderId.length > CLIENT_ID_LENGTH_MAX) return REFUSALS.clientIdTooLong;
  const known = account.byClientId.get(clientOrderId);
  if (known !== undefined && account.openOrders.has(known.orderId)) return REFUSALS.duplicateClientOrderId;
  return account.openOrders.size >= rules.openOrdersMax ? REFUSALS.tooManyOpenOrders : null;
}

/** In hedge mode SELL of LONG and BUY of SHORT reduce. */
export function isClosingSide({ side, positionSide }: Pick<OrderRequest, "side" | "positionSide">): boolean {
  return (positionSide === "LONG" && side === "SELL") || (positionSide === "SHORT" && side === "BUY");
}

/** A part of a lot may still be a whole number of the last decimal; products of decimals carry binary noise. */
function isWhole(units: number): boolean {
  return Math.abs(units - Math.round(units)) < 1e-9 * Math.max(1, Math.abs(units));
}
