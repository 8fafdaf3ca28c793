import { type Side, sideSign } from "../../engine/domain/intent.ts";
import type { PricePaths } from "./price-paths.ts";

/** How a shadow order is filled: the scenario's taker, without its randomness. */
export interface ExecutionModel {
  /** Fee of a taker as a share of notional. */
  readonly takerFeeRate: number;
  /** Used where the recording has no bid and ask. */
  readonly halfSpreadBps: number;
  readonly slippageBps: number;
  /** Further loss of an order as large as the last minute's volume; the whole of it where no volume is recorded. */
  readonly impactBps: number;
  /** optimistic leaves slippage and impact out, adverse doubles them. */
  readonly profile: "optimistic" | "neutral" | "adverse";
  /** Median time of an order to the exchange. */
  readonly orderDelayMs: number;
}

const FACTOR = { optimistic: 0, neutral: 1, adverse: 2 } as const;

/** One shadow fill. */
export interface ShadowFill {
  readonly tsMs: number;
  readonly price: number;
  readonly feeQuote: number;
  /** Order over the last minute's volume; `null` where no volume is recorded. */
  readonly volumeShare: number | null;
}

/**
 * Fill of a market order at a time: the other side's best price, or the price and half a spread, then slippage and
 * impact (docs/exchange.md). Quantities at the best price are not looked at, so a large order is filled too well; its
 * share of the volume is given. `null` when the recording has no price by then.
 */
export function fillAt(
  prices: PricePaths,
  order: { readonly symbol: string; readonly side: Side; readonly qty: number; readonly tsMs: number },
  model: ExecutionModel,
): ShadowFill | null {
  const tsMs = Math.min(order.tsMs + model.orderDelayMs, Math.max(order.tsMs, prices.endTsMs));
  const point = prices.at(order.symbol, tsMs);
  if (point === null) return null;
  const sign = sideSign(order.side);
  const quote = sign > 0 ? point.ask : point.bid;
  const best = quote > 0 ? quote : point.price * (1 + (sign * model.halfSpreadBps) / 10_000);
  const volume = prices.minuteVolumeQty(order.symbol, tsMs);
  const volumeShare = volume > 0 ? order.qty / volume : null;
  const lossBps = (model.slippageBps + model.impactBps * (volumeShare ?? 1)) * FACTOR[model.profile];
  const price = best * (1 + (sign * lossBps) / 10_000);
  return { tsMs, price, feeQuote: price * order.qty * model.takerFeeRate, volumeShare };
}

/** Funding a position pays between two times, in quote; negative when it receives. */
export function fundingPaid(
  prices: PricePaths,
  position: { readonly symbol: string; readonly side: Side; readonly qty: number },
  fromTsMs: number,
  toTsMs: number,
): number {
  let paid = 0;
  for (const { tsMs, rate, markPrice } of prices.fundingBetween(position.symbol, fromTsMs, toTsMs)) {
    const price = markPrice ?? prices.at(position.symbol, tsMs)?.price;
    if (price !== undefined) paid += sideSign(position.side) * position.qty * price * rate;
  }
  return paid;
}
