import { z } from "zod";
import { alphabeticalOrder, defineRanker, TierCollector } from "./ranker.ts";

/**
 * The origin's backfill: the first symbols in alphabetical order. Open positions come first, because the origin kept
 * its ledger symbols in the list; everything else is luck (incident I4: 0 of 5 intended symbols covered).
 */
export const alphabetical = defineRanker({
  name: "alphabetical",
  summary: "open positions, then the alphabet",
  params: z.strictObject({ topK: z.number().int().min(1).default(30) }),
  rank(view, params) {
    const tiers = new TierCollector(view.budgetCalls);
    tiers.add("open-position", view.openPositions);
    tiers.add("alphabetical", alphabeticalOrder(view.symbols).slice(0, params.topK));
    return tiers.finish();
  },
});
