/** When a shadow position is closed: after a fixed time, or when the pipeline's own exit rule asks for it. */
export interface Horizon {
  readonly name: string;
  /** `null`: by the exit rule. */
  readonly ms: number | null;
}

export const EXIT_RULE: Horizon = { name: "exit-rule", ms: null };

/** Those of reports.md 3.2, the exit rule first: it is the one totals are read from. */
export const HORIZONS: readonly Horizon[] = [
  EXIT_RULE,
  { name: "5m", ms: 300_000 },
  { name: "30m", ms: 1_800_000 },
  { name: "4h", ms: 14_400_000 },
];
