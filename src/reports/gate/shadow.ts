import { type Side, sideSign } from "../../engine/domain/intent.ts";
import { type Money, moneyFromNumber } from "../../engine/domain/money.ts";
import { type Excursion, excursionOf } from "../statistics/excursion.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import type { JudgedEpisode } from "../variants/variant-record.ts";
import { type ExecutionModel, fillAt, fundingPaid } from "./execution-model.ts";
import type { Horizon } from "./horizon.ts";
import type { PricePaths } from "./price-paths.ts";

/** One closing of a shadow position by the exit rule. */
export interface ShadowClose {
  readonly tsMs: number;
  /** Share of the original size. */
  readonly share: number;
  /** `stop_hit`, `take_profit_hit`, `kill_score_triggered`, `opposite_intent`, `harvest_partial_25`, ... */
  readonly cause: string;
}

/** When the exit rule would have closed an episode's position; what is left of it is open at the end of the recording. */
export interface ShadowExit {
  readonly closes: readonly ShadowClose[];
}

/** What an entry would have made, whether it was refused or not: the same rule for both. */
export interface ShadowOutcome {
  /** After fees, spread, slippage and funding. */
  readonly pnlQuote: Money;
  /** The same over the notional of the entry. */
  readonly returnShare: number;
  readonly closedTsMs: number;
  /** Not closed before the recording ended: valued there. */
  readonly isCensored: boolean;
  /** Worst and best mark on the way against the mark at the refusal, before costs. */
  readonly excursion: Measured<Excursion>;
  /** Largest share of a minute's volume its orders had; `null` where no volume is recorded. */
  readonly volumeShare: number | null;
}

/** Name of an episode: unique in its run. */
export function episodeId({ evalType, key, firstTsMs, firstPlanId }: JudgedEpisode): string {
  return `${evalType} ${key} ${firstTsMs} ${firstPlanId}`;
}

/**
 * What an entry would have made had it been sent when its episode began (reports.md 3.2), one position for itself: it
 * never touches the account, so shadows do not compete for capital as replays do. Reasons: `no_price`,
 * `no_quantity`, `no_exit_rule`.
 */
export function shadowEntry(
  episode: JudgedEpisode,
  horizon: Horizon,
  parts: { readonly prices: PricePaths; readonly model: ExecutionModel; readonly exit: ShadowExit | undefined },
): Measured<ShadowOutcome> {
  const { symbol, side, qty, firstTsMs } = episode;
  const { prices, model, exit } = parts;
  if (!(qty > 0)) return unknown("no_quantity");
  if (horizon.ms === null && exit === undefined) return unknown("no_exit_rule");
  const entry = fillAt(prices, { symbol, side, qty, tsMs: firstTsMs }, model);
  const mark = prices.at(symbol, firstTsMs);
  if (entry === null || mark === null) return unknown("no_price");
  const wanted: readonly ShadowClose[] =
    horizon.ms === null ? exit!.closes : [{ tsMs: firstTsMs + horizon.ms, share: 1, cause: horizon.name }];
  const { closes, isCensored } = untilEnd(wanted, prices.endTsMs);
  const sign = sideSign(side);
  const outSide: Side = sign > 0 ? "SELL" : "BUY";
  let pnl = -entry.feeQuote;
  let volumeShare = entry.volumeShare;
  let closedTsMs = firstTsMs;
  for (const { tsMs, share } of closes) {
    const part = qty * share;
    const exitFill = fillAt(prices, { symbol, side: outSide, qty: part, tsMs }, model);
    if (exitFill === null) return unknown("no_price");
    pnl += sign * part * (exitFill.price - entry.price) - exitFill.feeQuote;
    pnl -= fundingPaid(prices, { symbol, side, qty: part }, entry.tsMs, exitFill.tsMs);
    if (exitFill.volumeShare !== null) volumeShare = Math.max(volumeShare ?? 0, exitFill.volumeShare);
    closedTsMs = Math.max(closedTsMs, tsMs);
  }
  const path = prices.between(symbol, firstTsMs, closedTsMs).price;
  return known({
    pnlQuote: moneyFromNumber(pnl),
    returnShare: pnl / (entry.price * qty),
    closedTsMs,
    isCensored,
    // A price that never moved is a path of one point, not of none.
    excursion: excursionOf({ side, startPrice: mark.price, pathAfter: path.length === 0 ? [mark.price] : [...path] }),
    volumeShare,
  });
}

/** Closes within the recording; what they leave open is closed at its end. */
function untilEnd(
  wanted: readonly ShadowClose[],
  endTsMs: number,
): { readonly closes: readonly ShadowClose[]; readonly isCensored: boolean } {
  const closes: ShadowClose[] = [];
  let left = 1;
  for (const close of wanted) {
    if (close.tsMs > endTsMs || left <= 0) continue;
    const share = Math.min(close.share, left);
    left -= share;
    closes.push({ ...close, share });
  }
  // Shares are sums of binary fractions: what is left of rounding is nothing.
  if (left < 1e-12) return { closes, isCensored: false };
  return { closes: [...closes, { tsMs: endTsMs, share: left, cause: "end_of_recording" }], isCensored: true };
}
