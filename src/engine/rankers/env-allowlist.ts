import { z } from "zod";
import { defineRanker, TierCollector } from "./ranker.ts";

/** The deployed stop-gap: the symbols of `snapshots.allowlist` in their written order (pipeline.md 6.2, option A). */
export const envAllowlist = defineRanker({
  name: "env-allowlist",
  summary: "the hand-written list, in its order",
  params: z.strictObject({}),
  rank(view) {
    const tiers = new TierCollector(view.budgetCalls);
    tiers.add("allowlist", view.allowlist);
    return tiers.finish();
  },
});
