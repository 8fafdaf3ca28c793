import type { DoctorQuestion } from "./diagnosis.ts";

/**
 * Findings that looked like an answer to the people of the incident and were none (docs/findings.md), the most misleading
 * first: counts of another layer, exits of positions that do not exist, a word that comes back as itself, a ledger that
 * cannot move.
 */
export const MISLEADING: readonly string[] = [
  "layers_mixed",
  "synthetic_position",
  "causal_cycle",
  "ledger_never_updates",
  "ledger_slow",
  "executed_without_fill",
  "two_verdicts",
  "eval_type_missing",
  "score_does_not_move",
  "position_age_stands_still",
];

const GATES = [
  "kill_switch_inert",
  "regime_flip_alone_blocks",
  "flip_alone_blocks_entries",
  "blocked_by_its_word",
] as const;

const PLUMBING = [
  "permit_never_came",
  "snapshots_stale",
  "needed_never_ranked",
  "coverage_low",
  "consumer_group_gap",
  "entries_trimmed",
  "stream_silent",
  "plan_without_result",
  "hold_blocks_its_remedy",
  "dead_gate",
  "dead_tier",
  "limit_violated_yet_filled",
  "key_read_never_written",
  "unmapped_word",
  "stale_inputs",
  "tainted_decisions",
  "cooldown_refuses_most",
  "result_without_reason",
] as const;

const ENTRIES = [
  "silent_drop",
  "frozen_ticker",
  "position_grows_with_every_intent",
  "stale_backlog",
  "producer_silent",
  "unreadable_intents",
  "intents_rejected_by_one_reason",
  "intents_at_another_price",
  "equity_stale",
] as const;

const EXITS = [
  "close_requested_and_refused",
  "close_dropped_on_open_position",
  "position_grows_with_every_intent",
  "close_of_nothing",
  "unexplained_delta",
] as const;

/** What bears on each question, the likeliest cause first. */
export const LEADS: Readonly<Record<DoctorQuestion, readonly string[]>> = {
  "no-execute": [...GATES, ...ENTRIES, ...PLUMBING, "blocked_plans_read_as_orders", "fallback_signals"],
  "no-exit": [...GATES, ...EXITS, ...PLUMBING],
  "why-blocked": [...GATES, ...ENTRIES, ...EXITS, ...PLUMBING],
  coverage: [
    "needed_never_ranked",
    "coverage_low",
    "dead_tier",
    "permit_never_came",
    "snapshots_stale",
    "stale_inputs",
  ],
  parity: ["unexplained_delta", "orders_per_plan_above_one", "consumer_group_gap", "entries_trimmed"],
};
