import type { Plan } from "../domain/plan.ts";
import type { ActivePlan, EngineState } from "./state.ts";

/**
 * What the plans in flight add up to: kept while plans only join, because every judged plan asks for it. `null` is "not
 * known": it follows from the plans and is no memory of its own.
 */
export interface ActiveSums {
  entryNotional: number | null;
}

/** The part of the state these functions work on. */
type Active = Pick<EngineState, "activePlans" | "activeSums">;

/** A plan joins those in flight; its id is in none of them. */
export function joinActive({ activePlans, activeSums }: Active, active: ActivePlan): void {
  activePlans.set(active.plan.planId, active);
  // The last term of a sum from left to right, so that it is the sum over all of them to the last bit.
  if (activeSums.entryNotional !== null) activeSums.entryNotional += entryNotionalOf(active.plan);
}

/** A plan has ended. Taking its term off again would leave a rounding rest, so the sum is made anew when it is asked for. */
export function leaveActive({ activePlans, activeSums }: Active, planId: string): void {
  const active = activePlans.get(planId);
  if (active === undefined) return;
  activePlans.delete(planId);
  if (entryNotionalOf(active.plan) !== 0) activeSums.entryNotional = null;
}

/** Notional of entries that were let through and have not ended, in quote, at the marks they were judged at. */
export function pendingEntryNotional({ activePlans, activeSums }: Active): number {
  if (activeSums.entryNotional === null) {
    let total = 0;
    for (const { plan } of activePlans.values()) total += entryNotionalOf(plan);
    activeSums.entryNotional = total;
  }
  return activeSums.entryNotional;
}

function entryNotionalOf({ evalType, qty, markPrice }: Plan): number {
  return evalType === "ENTRY" && markPrice !== null ? qty * markPrice : 0;
}
