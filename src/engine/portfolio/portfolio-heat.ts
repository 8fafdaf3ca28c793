import type { PlanAction } from "../domain/plan.ts";

export type HeatBucket = "COLD" | "WARM" | "HOT";

/** `sum(|notional| * sigma) / equity` (pipeline.md 1.6, P2.6b); 0 for an empty book, infinite without equity. */
export function portfolioHeat(
  positions: readonly { readonly notional: number; readonly sigma: number }[],
  equity: number,
): number {
  const exposure = positions.reduce((sum, { notional, sigma }) => sum + Math.abs(notional) * sigma, 0);
  return heatOf(exposure, equity);
}

/** Heat from the summed exposure, for callers that add it up themselves. */
export function heatOf(exposure: number, equity: number): number {
  if (exposure === 0) return 0;
  return equity > 0 ? exposure / equity : Number.POSITIVE_INFINITY;
}

export function heatBucket(heat: number): HeatBucket {
  return heat < 0.25 ? "COLD" : heat < 0.65 ? "WARM" : "HOT";
}

export interface HeatCalibration<Action extends string> {
  readonly action: Action | "PARTIAL_25" | "PARTIAL_75";
  readonly bucket: HeatBucket;
  readonly reason: string;
}

/**
 * P2.6b: a full close becomes 25 % in a cold book and 75 % in a warm one; everything else passes (pipeline.md 1.6).
 *
 * @param fullCloseWord the word the gate takes for a full close: the origin's gate knew `FULL_CLOSE` while its kernel
 *   said `FULL_CLOSE_PROPOSED`, so it never changed anything (scenario S04)
 */
export function calibrateByHeat<Action extends string = PlanAction>(input: {
  readonly action: Action;
  readonly heat: number;
  readonly fullCloseWord: string;
}): HeatCalibration<Action> {
  const bucket = heatBucket(input.heat);
  if (input.action.startsWith("PARTIAL_")) return { action: input.action, bucket, reason: "partial_unchanged" };
  if (input.action !== input.fullCloseWord) {
    return { action: input.action, bucket, reason: "non_full_close_unchanged" };
  }
  switch (bucket) {
    case "COLD":
      return { action: "PARTIAL_25", bucket, reason: "portfolio_heat_cold" };
    case "WARM":
      return { action: "PARTIAL_75", bucket, reason: "portfolio_heat_warm" };
    case "HOT":
      return { action: input.action, bucket, reason: "portfolio_heat_hot" };
  }
}
