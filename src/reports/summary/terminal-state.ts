import { REASONS, reasonHead } from "../../engine/domain/reason.ts";
import type { TerminalState } from "./schema.ts";

/** Terminal states from best to worst for the asker: an episode of several plans ends in the best of theirs. */
const PRECEDENCE: readonly TerminalState[] = [
  "FILLED",
  "PARTIAL",
  "IN_FLIGHT",
  "ERROR",
  "REJECTED_VENUE",
  "EXPIRED",
  "BLOCKED_INFRA",
  "BLOCKED_POLICY",
  "REJECTED_INPUT",
  "SKIPPED",
];

export function betterState(left: TerminalState, right: TerminalState): TerminalState {
  return PRECEDENCE.indexOf(left) <= PRECEDENCE.indexOf(right) ? left : right;
}

/** Codes of older recordings that the core does not know: the words they begin with in the origin's services. */
const FOREIGN_INFRA = /^(no_|missing_|stale_|reconcile_|p33_|permit_|snapshot_|position_fetch_failed|evaluation_error)/;

/** Terminal state of an intent that never became a plan. An unknown code is an input problem. */
export function stateOfRejection(reason: string): TerminalState {
  return REASONS[reasonHead(reason)]?.status ?? "REJECTED_INPUT";
}

/** Terminal state of a plan that was judged BLOCKED and got no result. With an unknown code the policy blocked it. */
export function stateOfBlock(reason: string): TerminalState {
  return REASONS[reasonHead(reason)]?.status ?? (FOREIGN_INFRA.test(reason) ? "BLOCKED_INFRA" : "BLOCKED_POLICY");
}
