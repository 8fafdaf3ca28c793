import type { PermitPath } from "../domain/decision.ts";
import { roundHalfEven } from "../domain/instrument.ts";

/** What P3.3 looks at for one plan; quantities in base units, signed where a side exists. */
export interface PermitInput {
  readonly snapshot: { readonly qty: number; readonly ageMs: number } | null;
  readonly ledgerQty: number | null;
  readonly isReduceOnly: boolean;
  /** Share of the position a close asks for: 1, 0.75, 0.5, 0.25. */
  readonly closeShare: number;
  readonly sinceLastExecutionMs: number | null;
  readonly isOnHold: boolean;
  /** Room for an add-on in base units; `null` when nothing caps it. */
  readonly addOnRoomQty: number | null;
}

export interface PermitRules {
  readonly snapshotAgeMax: number;
  readonly executionCooldown: number;
  readonly qtyToleranceMin: number;
  readonly qtyTolerancePct: number;
  readonly positionEpsilon: number;
  /** Quirk add-on-uncapped: an add-on takes the close path. */
  readonly isAddOnUncapped: boolean;
  /** Step of safe quantities; `null` leaves them to the symbol's own step (quirk fixed-lot-step sets 0.001). */
  readonly fixedStep: number | null;
}

export type PermitOutcome =
  | { readonly allow: true; readonly path: PermitPath; readonly safeQty: number | null; readonly reason: string }
  | { readonly allow: false; readonly path: PermitPath | null; readonly reason: string };

/**
 * Is our picture of the position sane, and how much may be traded (pipeline.md 1.9, evaluation steps 4 to 8).
 *
 * Three paths: `open` on a flat symbol, `add-on` on an open one, `close` for reduce-only plans. The origin knew two; an
 * add-on went down the close path, was given the whole position as its safe quantity, and so was never capped.
 */
export function evaluatePermit(input: PermitInput, rules: PermitRules): PermitOutcome {
  const { snapshot } = input;
  if (snapshot === null) return deny(null, "no_exchange_snapshot");
  if (snapshot.ageMs > rules.snapshotAgeMax) return deny(null, "stale_exchange_state");
  const isFlat = Math.abs(snapshot.qty) < rules.positionEpsilon;
  const isInCooldown = input.sinceLastExecutionMs !== null && input.sinceLastExecutionMs < rules.executionCooldown;
  if (!input.isReduceOnly && isFlat) {
    if (isInCooldown) return deny("open", "cooldown_in_flight");
    if (input.isOnHold) return deny("open", "reconcile_hold_active");
    return { allow: true, path: "open", safeQty: null, reason: "sanity_checks_passed" };
  }
  const path = input.isReduceOnly || rules.isAddOnUncapped ? "close" : "add-on";
  if (isFlat) return deny(path, "no_position");
  const mismatch = ledgerMismatch(snapshot.qty, input.ledgerQty, rules);
  if (mismatch !== null) return deny(path, mismatch);
  if (isInCooldown) return deny(path, "cooldown_in_flight");
  if (input.isOnHold) return deny(path, "reconcile_hold_active");
  if (path === "add-on") {
    if (input.addOnRoomQty !== null && input.addOnRoomQty <= 0) return deny(path, "add_on_limit");
    return { allow: true, path, safeQty: input.addOnRoomQty, reason: "sanity_checks_passed" };
  }
  const requested = Math.abs(snapshot.qty) * input.closeShare;
  const safeQty = rules.fixedStep === null ? requested : roundHalfEven(requested / rules.fixedStep) * rules.fixedStep;
  return { allow: true, path, safeQty, reason: "sanity_checks_passed" };
}

function ledgerMismatch(exchangeQty: number, ledgerQty: number | null, rules: PermitRules): string | null {
  if (ledgerQty === null) return null;
  if (Math.abs(ledgerQty) >= rules.positionEpsilon && Math.sign(ledgerQty) !== Math.sign(exchangeQty)) {
    return "reconcile_required_side_mismatch";
  }
  const tolerance = Math.max(rules.qtyToleranceMin, rules.qtyTolerancePct * Math.abs(exchangeQty));
  const difference = Math.abs(Math.abs(exchangeQty) - Math.abs(ledgerQty));
  return difference > tolerance ? "reconcile_required_qty_mismatch" : null;
}

function deny(path: PermitPath | null, reason: string): PermitOutcome {
  return { allow: false, path, reason };
}
