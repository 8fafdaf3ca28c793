export type AllocationRegime = "TREND" | "MR" | "CHOP";

const REGIME_FACTOR: Readonly<Record<AllocationRegime, number>> = { TREND: 1.2, MR: 1, CHOP: 0.6 };

const SYMBOL_SHARE_MAX = 0.4;
const CLUSTER_SHARE_MAX = 0.6;
/** With older inputs the base budget stands. */
const INPUT_AGE_MS_MAX = 60_000;

/** `clamp(1 - stress, 0.3, 1)` (pipeline.md 1.14, P2.9). */
export function clusterFactor(clusterStress: number): number {
  return Math.min(1, Math.max(0.3, 1 - clusterStress));
}

/** 1 below a drawdown of 5 %, 0.7 below 15 %, else 0.4. `drawdown` is a fraction of the peak, 0 or more. */
export function drawdownFactor(drawdown: number): number {
  if (drawdown < 0.05) return 1;
  return drawdown < 0.15 ? 0.7 : 0.4;
}

export interface AllocationInput {
  /** Budget of P2.8 in USD. */
  readonly baseUsd: number;
  readonly regime: AllocationRegime;
  /** 0 to 1. */
  readonly clusterStress: number;
  readonly drawdown: number;
  /** Factor from attribution (P3.0); 1 when it says nothing. */
  readonly performance: number;
  readonly equityUsd: number;
  /** Already allocated to other symbols of the same cluster. */
  readonly clusterAllocatedUsd: number;
  /** Age of the oldest of the inputs above. */
  readonly inputAgeMs: number;
}

export interface Allocation {
  readonly targetUsd: number;
  readonly reason: "ok" | "symbol_cap" | "cluster_cap" | "stale_inputs";
}

/**
 * Target of one symbol in USD: the base budget times the factors of regime, cluster, drawdown and performance, at most
 * 40 % of equity for the symbol and 60 % for its cluster (pipeline.md 1.14, P2.9).
 *
 * 1,348 in CHOP at a cluster stress of 0.1 and 6 % drawdown: 1348 * 0.6 * 0.9 * 0.7 = 509.54.
 */
export function allocate(input: AllocationInput): Allocation {
  if (!(input.inputAgeMs <= INPUT_AGE_MS_MAX)) return { targetUsd: input.baseUsd, reason: "stale_inputs" };
  const wanted =
    input.baseUsd *
    REGIME_FACTOR[input.regime] *
    clusterFactor(input.clusterStress) *
    drawdownFactor(input.drawdown) *
    input.performance;
  const symbolCap = SYMBOL_SHARE_MAX * input.equityUsd;
  const clusterCap = Math.max(0, CLUSTER_SHARE_MAX * input.equityUsd - input.clusterAllocatedUsd);
  if (wanted <= symbolCap && wanted <= clusterCap) return { targetUsd: wanted, reason: "ok" };
  return symbolCap <= clusterCap
    ? { targetUsd: symbolCap, reason: "symbol_cap" }
    : { targetUsd: clusterCap, reason: "cluster_cap" };
}
