import type { PermitDenied, PermitGranted } from "../../engine/domain/decision.ts";
import type { Plan } from "../../engine/domain/plan.ts";
import type { FieldShape } from "./options.ts";

/** How long permits live, and blocks are kept (pipeline.md 2.5). */
export const PERMIT_TTL_MS = 60_000;
export const BLOCK_TTL_MS = 3_600_000;

type Body = Readonly<Record<string, unknown>>;

/** The governor's permit of an executed plan. The `eff_` fields are those of a hint that is not there (pipeline.md 1.8). */
export function governorPermit(plan: Plan, tsMs: number, shape: FieldShape): Body {
  const scale = plan.verdict?.qtyScale ?? 1;
  const base = {
    granted: true,
    symbol: plan.symbol,
    decision: plan.decision,
    computed_qty: plan.qty,
    computed_notional: plan.markPrice === null ? 0 : plan.qty * plan.markPrice,
    created_at: tsMs / 1000,
    consumed: false,
  };
  if (shape === "strict") {
    const { governor, reasonCode, value, cutoff } = plan.verdict ?? {};
    return {
      ...base,
      governor: governor ?? null,
      reason: reasonCode ?? plan.reasonCodes[0] ?? null,
      value: value ?? null,
      cutoff: cutoff ?? null,
      downsize_factor: scale,
      created_ts_ms: tsMs,
    };
  }
  return {
    ...base,
    eff_score: "0.0",
    eff_confidence: "0.0",
    eff_stale: "1",
    eff_factor: "1.0",
    eff_action: "NONE",
    eff_reason: "missing_eff",
    downsize_factor: scale,
    extra_cooldown_sec: 0,
  };
}

export function governorBlock(plan: Plan, tsMs: number): Body {
  return { reason: plan.reasonCodes[0] ?? "", timestamp: tsMs / 1000, symbol: plan.symbol };
}

/** Quantities in base units; `null` where there is none. */
export interface PermitQuantities {
  readonly safeQty: number | null;
  readonly exchangeQty: number | null;
  readonly ledgerQty: number | null;
}

export function positionPermit(
  permit: PermitGranted,
  { safeQty, exchangeQty, ledgerQty }: PermitQuantities,
  tsMs: number,
  shape: FieldShape,
): Body {
  const base = {
    allow: true,
    symbol: permit.symbol,
    // P3.3 writes 0 where the plan's own quantity is the bound, and 0.0 where there is no ledger record.
    safe_qty: shape === "strict" ? safeQty : (safeQty ?? 0),
    exchange_position_amt: exchangeQty,
    ledger_amt: shape === "strict" ? ledgerQty : (ledgerQty ?? 0),
    created_at: tsMs / 1000,
    reason: permit.reason,
  };
  if (shape === "origin") return base;
  const { path, snapshotAgeMs, expiresTsMs } = permit;
  return { ...base, path, snapshot_age_ms: snapshotAgeMs, created_ts_ms: tsMs, expires_ts_ms: expiresTsMs };
}

export function positionDenial(
  denial: PermitDenied,
  { exchangeQty, ledgerQty }: PermitQuantities,
  tsMs: number,
  shape: FieldShape,
): Body {
  const context: Record<string, unknown> = {};
  if (exchangeQty !== null) context["exchange_amt"] = exchangeQty;
  if (ledgerQty !== null) context["ledger_amt"] = ledgerQty;
  if (exchangeQty !== null && ledgerQty !== null)
    context["diff"] = Math.abs(Math.abs(exchangeQty) - Math.abs(ledgerQty));
  const base = { allow: false, symbol: denial.symbol, reason: denial.reason, context, created_at: tsMs / 1000 };
  if (shape === "origin") return base;
  return { ...base, path: denial.path, snapshot_age_ms: denial.snapshotAgeMs, created_ts_ms: tsMs };
}
