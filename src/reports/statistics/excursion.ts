import { known, type Measured, requireFinite, unknown } from "./measured.ts";

export interface Excursion {
  /** Worst open return after the block, at most 0. */
  readonly mae: number;
  /** Best open return after the block, at least 0. */
  readonly mfe: number;
  readonly closeAtHorizon: number;
  /** Best return minus the close: how much was given back. */
  readonly endDrawdown: number;
}

/**
 * Maximum adverse and favourable excursion of a blocked entry (Sweeney 1996) from the marks after it up to the horizon:
 * r_t = side (p_t / p_0 - 1). `costRoundTrip` is a share taken off every return. `no_price` when nothing followed.
 */
export function excursionOf(options: {
  readonly side: "BUY" | "SELL";
  readonly startPrice: number;
  readonly pathAfter: readonly number[];
  readonly costRoundTrip?: number;
}): Measured<Excursion> {
  const { side, startPrice, pathAfter, costRoundTrip = 0 } = options;
  requireFinite(pathAfter, "a price path");
  if (pathAfter.length === 0 || !(startPrice > 0)) return unknown("no_price");
  const sign = side === "BUY" ? 1 : -1;
  let mae = 0;
  let mfe = 0;
  let last = 0;
  for (const price of pathAfter) {
    last = sign * (price / startPrice - 1) - costRoundTrip;
    mae = Math.min(mae, last);
    mfe = Math.max(mfe, last);
  }
  return known({ mae, mfe, closeAtHorizon: last, endDrawdown: mfe - last });
}

/** A mark while an exit was refused, in time order. */
export interface Mark {
  readonly tsMs: number;
  readonly price: number;
}

export interface DelayedExit {
  /** What the delay cost in quote, positive when it cost: price, funding and fees. */
  readonly delayCost: number;
  /** Integral of |notional| over the blocked time, in quote seconds. */
  readonly exposureQuoteSeconds: number;
  /** Worst open PnL against the wanted price in between, at most 0. */
  readonly worstOpenLoss: number;
  /** The exit never happened: valued at the last mark. */
  readonly isCensored: boolean;
}

/**
 * Cost of an exit that was refused for a while: side qty (wanted - actual) + funding paid + extra fees. `marks` run from
 * the first refusal to the end; `exitPrice` null when it never filled.
 */
export function delayedExit(options: {
  /** Side of the position, not of the exit order. */
  readonly positionSide: "LONG" | "SHORT";
  readonly qty: number;
  readonly wantedPrice: number;
  readonly exitPrice: number | null;
  readonly marks: readonly Mark[];
  /** Paid while waiting, positive. */
  readonly fundingPaid: number;
  readonly extraFees: number;
}): Measured<DelayedExit> {
  const { positionSide, qty, wantedPrice, exitPrice, marks, fundingPaid, extraFees } = options;
  const last = marks.at(-1);
  const actual = exitPrice ?? last?.price;
  if (actual === undefined) return unknown("no_price");
  const sign = positionSide === "LONG" ? 1 : -1;
  let exposureQuoteSeconds = 0;
  let worstOpenLoss = 0;
  marks.forEach(({ tsMs, price }, index) => {
    const nextTsMs = marks[index + 1]?.tsMs ?? tsMs;
    exposureQuoteSeconds += (Math.abs(qty * price) * (nextTsMs - tsMs)) / 1000;
    worstOpenLoss = Math.min(worstOpenLoss, sign * qty * (price - wantedPrice));
  });
  return known({
    delayCost: sign * qty * (wantedPrice - actual) + fundingPaid + extraFees,
    exposureQuoteSeconds,
    worstOpenLoss,
    isCensored: exitPrice === null,
  });
}
