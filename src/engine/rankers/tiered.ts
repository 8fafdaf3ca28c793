import { z } from "zod";
import { durationSchema } from "../domain/duration.ts";
import { alphabeticalOrder, defineRanker, TierCollector, topByVolume } from "./ranker.ts";

/**
 * The four tiers the operators wished for (incident document, "candidate ranking"; pipeline.md 6.2): open positions
 * must be in, then symbols with a recent intent, then with a recent plan, then backfill to `minTopK`.
 *
 * Their sketch left tiers 1 to 3 unbounded; here everything is bounded by the budget of calls, and inside a tier the
 * most recent comes first, ties by symbol index.
 */
export const tiered = defineRanker({
  name: "tiered",
  summary: "open positions, recent intents, recent plans, then backfill",
  params: z.strictObject({
    intentWindow: durationSchema.prefault("1800s"),
    planWindow: durationSchema.prefault("600s"),
    minTopK: z.number().int().min(0).default(20),
    backfill: z.enum(["volume", "alphabetical"]).default("volume"),
  }),
  rank(view, params) {
    const tiers = new TierCollector(view.budgetCalls);
    tiers.add("open-position", view.openPositions);
    tiers.add(
      "recent-intent",
      recent(view.symbols.length, (symbol) => view.intentAgeMs(symbol), params.intentWindow),
    );
    tiers.add(
      "recent-plan",
      recent(view.symbols.length, (symbol) => view.planAgeMs(symbol), params.planWindow),
    );
    const before = view.budgetCalls - tiers.remaining;
    const missing = Math.max(0, Math.min(params.minTopK, view.budgetCalls) - before);
    if (missing > 0) {
      const backfill =
        params.backfill === "volume"
          ? topByVolume(view, params.minTopK + before, () => true)
          : alphabeticalOrder(view.symbols);
      tiers.add("backfill", backfill, missing);
    } else {
      tiers.add("backfill", []);
    }
    return tiers.finish();
  },
});

function recent(count: number, ageMs: (symbol: number) => number, windowMs: number): number[] {
  const found: number[] = [];
  for (let symbol = 0; symbol < count; symbol++) {
    if (ageMs(symbol) <= windowMs) found.push(symbol);
  }
  return found.sort((left, right) => ageMs(left) - ageMs(right) || left - right);
}
