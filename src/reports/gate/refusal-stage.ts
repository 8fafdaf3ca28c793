import { reasonHead } from "../../engine/domain/reason.ts";
import type { JudgedEpisode } from "../variants/variant-record.ts";

/** Refusals that come from money and operators, whatever the governor said (pipeline.md 1.8). */
const LIMIT_REASONS: ReadonlySet<string> = new Set([
  "kill_switch_active",
  "symbol_cooldown",
  "max_positions_reached",
  "notional_per_trade_exceeded",
  "total_notional_exceeded",
  "drawdown_limit",
]);

/** Who refused: the governor is judged, limits are shown beside it. */
export function refusalStage(reason: string): "governor" | "limit" {
  return LIMIT_REASONS.has(reasonHead(reason)) ? "limit" : "governor";
}

/** What the governor did with an episode; a limit refuses only what the governor has let through. */
export function roleOf({ decision, reason }: JudgedEpisode): "blocked" | "limited" | "allowed" | "skipped" {
  if (decision === "SKIP") return "skipped";
  if (decision === "EXECUTE") return "allowed";
  return refusalStage(reason) === "governor" ? "blocked" : "limited";
}
