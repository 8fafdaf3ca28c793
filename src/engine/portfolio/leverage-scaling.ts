const STOP_MIN = 0.001;
const STOP_MAX = 0.02;

/** `1 / (1 + ln(leverage + 1))`: 0.5906 at 1x, 0.2943 at 10x, 0.1781 at 100x (pipeline.md 1.15, ExitBrain). */
export function leverageScalingFactor(leverage: number): number {
  return 1 / (1 + Math.log(leverage + 1));
}

export interface ScaledExits {
  readonly factor: number;
  /** Distances as fractions of the entry price, nearest first. */
  readonly takeProfits: readonly [number, number, number];
  readonly stop: number;
}

/**
 * Take-profit and stop distances of ExitBrain by leverage: `b (0.6 + F)`, `b (1.2 + F/2)`, `b (1.8 + F/4)` and
 * `s (1 + 0.8 (1 - F))` within 0.1..2 % (pipeline.md 1.15).
 *
 * At 15x with 2 % and 1.2 %: 1.73 %, 2.67 %, 3.73 % and a stop of 1.91 %.
 */
export function scaleExits(leverage: number, baseTakeProfit: number, baseStop: number): ScaledExits {
  const factor = leverageScalingFactor(leverage);
  return {
    factor,
    takeProfits: [
      baseTakeProfit * (0.6 + factor),
      baseTakeProfit * (1.2 + factor / 2),
      baseTakeProfit * (1.8 + factor / 4),
    ],
    stop: Math.min(STOP_MAX, Math.max(STOP_MIN, baseStop * (1 + 0.8 * (1 - factor)))),
  };
}
