import type { JournalEntry } from "../../engine/domain/journal.ts";
import { createReasonTally } from "./reason-tally.ts";
import type { RunSummary } from "./schema.ts";

/** Share of evaluations that rested on synthetic, default or stale inputs. */
export function createTaints(warmupUntilTsMs: number): {
  observe(entry: JournalEntry): void;
  finish(): RunSummary["taints"];
} {
  const byTaint = createReasonTally();
  let plans = 0;
  let tainted = 0;
  return {
    observe({ envelope, decisions }) {
      if (envelope.tsMs < warmupUntilTsMs) return;
      for (const decision of decisions) {
        if (decision.type !== "plan.published") continue;
        plans += 1;
        if (decision.plan.taints.length > 0) tainted += 1;
        for (const taint of decision.plan.taints) byTaint.add(taint, decision.plan.symbol);
      }
    },
    finish: () => ({ plans, tainted, byTaint: byTaint.list() }),
  };
}
