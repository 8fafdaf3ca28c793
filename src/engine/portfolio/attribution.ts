const PNL_SCALE_USD = 100;
const EWMA_WEIGHT = 0.3;

/** `2 / (1 + exp(-average / 100)) - 1`, between -1 and 1; an average of 10 USD is 0.04996 (pipeline.md 1.14, P3.0). */
export function alphaOf(averagePnlUsd: number): number {
  return 2 / (1 + Math.exp(-averagePnlUsd / PNL_SCALE_USD)) - 1;
}

/** `0.3 * newest + 0.7 * before`; the first value stands as it is. */
export function updateAlphaEwma(ewma: number | null, alpha: number): number {
  return ewma === null ? alpha : EWMA_WEIGHT * alpha + (1 - EWMA_WEIGHT) * ewma;
}

/** `min(1, n / window)`: how far the window of trades is filled. */
export function attributionConfidence(trades: number, windowTrades: number): number {
  return Math.min(1, trades / windowTrades);
}
