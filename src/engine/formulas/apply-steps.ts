/** What the Apply Layer does for an action it has let through (pipeline.md 1.7, decision chain step 6). */
export type ApplyStep =
  | {
      readonly kind: "close";
      readonly step: "CLOSE_FULL" | "CLOSE_PARTIAL_75" | "CLOSE_PARTIAL_50";
      readonly pct: number;
    }
  | { readonly kind: "move-stop"; readonly step: "UPDATE_SL"; readonly stopPrice: number }
  | { readonly kind: "none"; readonly decision: "SKIP" | "ERROR"; readonly reasonCode: string };

/**
 * Maps an action word to its step. The origin has no step for PARTIAL_25, NONE or UNKNOWN, although its own kernel
 * proposes the first two: they pass the gate and end in `unknown_action_<word>`.
 *
 * @param action the word as written, also outside our vocabulary
 * @param newStopPrice the plan's stop, needed by UPDATE_SL only
 */
export function stepOf(action: string, newStopPrice: number | null = null): ApplyStep {
  switch (action) {
    case "FULL_CLOSE_PROPOSED":
      return { kind: "close", step: "CLOSE_FULL", pct: 100 };
    case "PARTIAL_75":
      return { kind: "close", step: "CLOSE_PARTIAL_75", pct: 75 };
    case "PARTIAL_50":
      return { kind: "close", step: "CLOSE_PARTIAL_50", pct: 50 };
    case "UPDATE_SL":
      return newStopPrice === null
        ? { kind: "none", decision: "ERROR", reasonCode: "missing_new_sl" }
        : { kind: "move-stop", step: "UPDATE_SL", stopPrice: newStopPrice };
    case "HOLD":
      return { kind: "none", decision: "SKIP", reasonCode: "action_hold" };
    default:
      return { kind: "none", decision: "ERROR", reasonCode: `unknown_action_${action}` };
  }
}
