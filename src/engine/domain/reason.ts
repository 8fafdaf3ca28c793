import type { ResultStatus } from "./decision.ts";

/**
 * Every reason code of the core, with the terminal state it means and one sentence for people. Codes may carry a
 * detail after a colon (`symbol_not_in_allowlist:WAVESUSDT`); the part before it is looked up here.
 */
export const REASONS: Readonly<Record<string, { readonly status: ResultStatus; readonly meaning: string }>> = {
  // Bridge: the intent never became a plan.
  duplicate_intent: { status: "REJECTED_INPUT", meaning: "an intent with this entry id was handled before" },
  malformed_payload: {
    status: "REJECTED_INPUT",
    meaning: "the payload is not the JSON object or fields of a trade.intent",
  },
  missing_symbol: { status: "REJECTED_INPUT", meaning: "the intent names no symbol" },
  unsupported_side: { status: "REJECTED_INPUT", meaning: "side or action is neither BUY nor SELL" },
  invalid_quantity: { status: "REJECTED_INPUT", meaning: "no quantity form gives a positive finite number" },
  stale_intent: { status: "REJECTED_INPUT", meaning: "the intent is older than the limit" },
  intent_from_future: {
    status: "REJECTED_INPUT",
    meaning: "the producer's time is after its arrival by more than the limit",
  },
  unknown_symbol: { status: "REJECTED_INPUT", meaning: "the symbol is not in the universe" },
  not_in_allowlist: { status: "BLOCKED_POLICY", meaning: "the symbol is not in the bridge's allowlist" },
  symbol_quarantined: {
    status: "BLOCKED_INFRA",
    meaning: "the symbol's price has not moved for too long: a frozen ticker",
  },
  nothing_to_reduce: { status: "REJECTED_INPUT", meaning: "a reduce-only intent without a position to reduce" },
  short_not_allowed: { status: "BLOCKED_POLICY", meaning: "the intent would open a short and shorts are switched off" },
  exposure_limit: { status: "BLOCKED_POLICY", meaning: "gross notional over equity is at its limit" },
  // Govern.
  kill_switch_active: { status: "BLOCKED_POLICY", meaning: "the kill switch is on" },
  symbol_cooldown: { status: "BLOCKED_POLICY", meaning: "the symbol's last entry is too recent" },
  max_positions_reached: { status: "BLOCKED_POLICY", meaning: "as many positions as allowed are open" },
  notional_per_trade_exceeded: {
    status: "BLOCKED_POLICY",
    meaning: "the trade's notional at the mark is above the limit",
  },
  total_notional_exceeded: { status: "BLOCKED_POLICY", meaning: "the book's notional is at its limit" },
  drawdown_limit: { status: "BLOCKED_POLICY", meaning: "equity has fallen from its peak by more than the limit" },
  kill_score_unknown: {
    status: "BLOCKED_POLICY",
    meaning: "no kill score could be computed for a risk-increasing plan",
  },
  kill_score_critical: { status: "BLOCKED_POLICY", meaning: "kill score at or above the critical threshold" },
  kill_score_warning_risk_increase: {
    status: "BLOCKED_POLICY",
    meaning: "kill score at or above the warning threshold and the action is not a known close",
  },
  kill_score_open_critical: { status: "BLOCKED_POLICY", meaning: "kill score at or above the open threshold" },
  kill_score_close_blocked: { status: "BLOCKED_POLICY", meaning: "the score that asked for the close refused it" },
  kill_z_above_cutoff: { status: "BLOCKED_POLICY", meaning: "kill score unusually high for its recent history" },
  kill_z_frozen: { status: "BLOCKED_POLICY", meaning: "the kill score does not move, so it has no z" },
  formula_block_when: { status: "BLOCKED_POLICY", meaning: "the formula's condition to block was true" },
  formula_above_cutoff: { status: "BLOCKED_POLICY", meaning: "the formula's value was at or above its cutoff" },
  formula_driver_unknown: { status: "BLOCKED_POLICY", meaning: "a driver the formula needs was not known" },
  formula_not_a_number: { status: "BLOCKED_POLICY", meaning: "the formula gave no finite number" },
  duplicate_plan: { status: "SKIPPED", meaning: "a plan with this id was handled before" },
  action_hold: { status: "SKIPPED", meaning: "the plan asks for nothing" },
  // Permit.
  no_exchange_snapshot: { status: "BLOCKED_INFRA", meaning: "no snapshot of the symbol from the exchange" },
  stale_exchange_state: { status: "BLOCKED_INFRA", meaning: "the newest snapshot is too old" },
  cooldown_in_flight: { status: "BLOCKED_INFRA", meaning: "an execution of the symbol is in flight or too recent" },
  no_position: { status: "BLOCKED_INFRA", meaning: "a close for a symbol without a position" },
  reconcile_required_side_mismatch: { status: "BLOCKED_INFRA", meaning: "ledger and exchange disagree on the side" },
  reconcile_required_qty_mismatch: { status: "BLOCKED_INFRA", meaning: "ledger and exchange disagree on the quantity" },
  reconcile_hold_active: { status: "BLOCKED_INFRA", meaning: "the symbol is on hold until it is reconciled" },
  add_on_limit: { status: "BLOCKED_POLICY", meaning: "the position is as large as add-ons may make it" },
  p33_permit_missing_or_denied: { status: "BLOCKED_INFRA", meaning: "no permit appeared while the executor waited" },
  permit_timeout_or_missing: { status: "BLOCKED_INFRA", meaning: "one of the permits never appeared" },
  permit_expired: { status: "EXPIRED", meaning: "the permit ran out before the order" },
  // Execute.
  symbol_not_in_allowlist: {
    status: "REJECTED_VENUE",
    meaning: "the venue does not list the symbol, or the executor may not trade it",
  },
  mark_price_unavailable: { status: "BLOCKED_INFRA", meaning: "no mark price to check the order against" },
  quantity_rounds_to_zero: { status: "REJECTED_VENUE", meaning: "the quantity is below one step" },
  min_notional_check_failed: {
    status: "REJECTED_VENUE",
    meaning: "the order is below the venue's minimum notional or quantity",
  },
  binance_error: { status: "REJECTED_VENUE", meaning: "the exchange refused the order" },
  order_expired: { status: "EXPIRED", meaning: "the order left the book without filling" },
  order_not_found: { status: "ERROR", meaning: "the exchange does not know the order: it never arrived" },
  order_outcome_unknown: { status: "ERROR", meaning: "the exchange did not say what became of the order" },
  in_flight_at_end: { status: "IN_FLIGHT", meaning: "the run ended before the plan did" },
  unknown_action: { status: "ERROR", meaning: "the executor does not know the action" },
};

/** Terminal state a reason means; `unlisted` for a code that is not here. A test keeps our own codes complete. */
export function statusOfReason(reason: string, unlisted: ResultStatus): ResultStatus {
  return REASONS[reasonHead(reason)]?.status ?? unlisted;
}

/** The code without its detail. */
export function reasonHead(reason: string): string {
  const colon = reason.indexOf(":");
  return colon < 0 ? reason : reason.slice(0, colon);
}
