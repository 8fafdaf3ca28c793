import { z } from "zod";
import { defineRanker, TierCollector, topByVolume } from "./ranker.ts";

/** Open positions, then the largest 24 h quote volume (pipeline.md 6.2, option B). */
export const volume = defineRanker({
  name: "volume",
  summary: "open positions, then the largest 24 h volume",
  params: z.strictObject({ topK: z.number().int().min(1).default(20) }),
  rank(view, params) {
    const tiers = new TierCollector(view.budgetCalls);
    tiers.add("open-position", view.openPositions);
    tiers.add(
      "volume",
      topByVolume(view, Math.min(params.topK, view.budgetCalls), () => true),
    );
    return tiers.finish();
  },
});
