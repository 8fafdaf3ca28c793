import { roundHalfEven } from "../domain/instrument.ts";

/** Step the origin's executor assumes for a symbol whose filters it could not read (pipeline.md 1.12, step 9). */
export const STEP_DEFAULT = 0.001;

/**
 * Quantity to order, in base units: `min(|plan|, safe)` when a safe quantity is known, else `|plan|`
 * (pipeline.md 1.12, step 8). The origin spells "no bound" as 0, which `null` and 0 both mean here.
 */
export function orderQty(planQty: number, safeQty: number | null): number {
  const wanted = Math.abs(planQty);
  const safe = safeQty === null ? 0 : Math.abs(safeQty);
  return safe > 0 ? Math.min(wanted, safe) : wanted;
}

/**
 * Nearest multiple of the step, a half goes to the even one: 0.0005 at a step of 0.001 is 0, 0.0015 and 0.0025 are
 * both 0.002 (vectors executor_rounding). Nothing is snapped: the floating quotient decides, as in the origin. The
 * engine itself trades whole lots (`qtyToLots`), and agrees on every recorded order.
 */
export function roundToStep(qty: number, step: number): number {
  return roundHalfEven(qty / step) * step;
}

/**
 * Text the origin puts into the order: the decimals of the class of the step, at most four, so that a step below
 * 0.0001 loses digits (pipeline.md 1.12; a defect we reproduce only to check recorded orders).
 */
export function orderQtyText(qty: number, step: number): string {
  return qty.toFixed(stepClassDecimals(step));
}

function stepClassDecimals(step: number): number {
  if (step >= 1) return 0;
  if (step >= 0.1) return 1;
  if (step >= 0.01) return 2;
  return step >= 0.001 ? 3 : 4;
}

export interface MinNotionalInput {
  /** Base units. */
  readonly qty: number;
  /** Mark price in quote per base unit. */
  readonly markPrice: number;
  /** In quote. */
  readonly minNotional: number;
  readonly step: number;
  /** The origin's ALLOW_UPSIZE: raise the quantity instead of refusing. */
  readonly isUpsizeAllowed: boolean;
  /** How the raised quantity meets the step: the origin rounded to the `nearest` and could stay below the minimum. */
  readonly upsizeRounding: "nearest" | "ceiling";
}

export interface MinNotionalOutcome {
  /** Base units to order; 0 when refused. */
  readonly qty: number;
  readonly reason: string;
}

/**
 * The venue's minimum notional for orders that add risk: `qty * mark >= minNotional` or refused, or raised to the
 * minimum where that is allowed (pipeline.md 1.12, step 9).
 *
 * 0.01 at 316.59 is 3.17 USDT: refused at a minimum of 5, or raised to 0.016 (5.07 USDT).
 */
export function checkMinNotional(input: MinNotionalInput): MinNotionalOutcome {
  const { qty, markPrice, minNotional, step } = input;
  const notional = qty * markPrice;
  if (notional >= minNotional) return { qty, reason: "ok" };
  if (!input.isUpsizeAllowed) {
    const text = `notional ${notional.toFixed(2)} < minNotional ${minNotional.toFixed(2)}`;
    return { qty: 0, reason: `${text} (ALLOW_UPSIZE=false)` };
  }
  const steps = minNotional / markPrice / step;
  const raised =
    input.upsizeRounding === "ceiling" ? stepsAtLeast(steps, markPrice, minNotional, step) : roundHalfEven(steps);
  return { qty: raised * step, reason: "upsized_to_meet_min_notional" };
}

/** One step more where the division and the multiplication round to just below the minimum. */
function stepsAtLeast(steps: number, markPrice: number, minNotional: number, step: number): number {
  const least = Math.ceil(steps);
  return least * step * markPrice < minNotional ? least + 1 : least;
}
