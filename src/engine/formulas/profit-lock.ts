export interface ProfitLockInputs {
  readonly isLong: boolean;
  readonly entryPrice: number;
  readonly currentStopPrice: number | null;
  readonly rNet: number;
  /** R from which the lock engages. */
  readonly lockR: number;
  /** The stop goes this fraction beyond the entry, on the winning side. */
  readonly breakevenPct: number;
}

/**
 * The stop that locks a profit in: entry plus 0.2 % for a long, minus for a short, from R 1.5 on (pipeline.md 1.5).
 *
 * @returns `null` when the lock is not earned or would not tighten: a stop never loosens
 */
export function profitLockStop(inputs: ProfitLockInputs): number | null {
  if (inputs.rNet < inputs.lockR) return null;
  const { isLong, entryPrice, currentStopPrice, breakevenPct } = inputs;
  const stop = isLong ? entryPrice * (1 + breakevenPct) : entryPrice * (1 - breakevenPct);
  if (currentStopPrice === null) return stop;
  const isTighter = isLong ? stop > currentStopPrice : stop < currentStopPrice;
  return isTighter ? stop : null;
}
