import { type Instrument, lotsToQty, priceToTicks } from "../../engine/domain/instrument.ts";
import type { Side } from "../../engine/domain/intent.ts";
import type { ExchangePrices } from "./prices.ts";
export interface FillModel {
  readonly halfSpreadBps: number;
  readonly slippageBps: number;
  readonly impactBps: number;
}
export function takerTicks(instrument: Instrument, side: Side, qtyLots: number, prices: ExchangePrices, model: FillModel): number | null {
  const best = bestPrice(instrument, side, prices, model);
  if (best === null) return null;
  const direction = side === "BUY" ? 1 : -1;
  const volume = prices.lastQty[instrument.index]!;
  const share = volume > 0 ? lotsToQty(instrument, qtyLots) / volume : 0;
  const worseBps = model.slippageBps + model.impactBps * share;
  return roundAgainst(instrument, best * (1 + (direction * worseBps) / 10_000), side);
}
export function bestPrice(instrument: Instrument, side: Side, prices: ExchangePrices, model: FillModel): number | null {
  const quote = side === "BUY" ? prices.ask[instrument.index]! : prices.bid[instrument.index]!;
  if (quote > 0) return quote;
  const mark = prices.price[instrument.index]!;
  if (!(mark > 0)) return null;
  return mark * (1 + ((side === "BUY" ? 1 : -1) * model.halfSpreadBps) / 10_000);
}
function roundAgainst(instrument: Instrument, price: number, side: Side): number {
  const nearest = priceToTicks(instrument, price);
  const ticks = price / Number(instrument.tickSize);
  if (Math.abs(ticks - nearest) < 1e-6) return Math.max(1, nearest);
  return Math.max(1, side === "BUY" ? Math.ceil(ticks) : Math.floor(ticks));
}
