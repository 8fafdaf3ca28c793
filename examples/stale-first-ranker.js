import { defineRanker, TierCollector, topByVolume, z } from "rehearsal";

/** Open positions whose snapshot is oldest come first, then the largest volumes. */
export default defineRanker({
  name: "stale-first",
  summary: "open positions, stalest snapshot first, then volume",
  params: z.strictObject({ topK: z.number().int().min(1).default(10) }),

  rank(view, { topK }) {
    const tiers = new TierCollector(Math.min(topK, view.budgetCalls));
    const stalest = [...view.openPositions].sort(
      (left, right) => view.snapshotAgeMs(right) - view.snapshotAgeMs(left) || left - right,
    );
    tiers.add("open-position", stalest);
    tiers.add(
      "volume",
      topByVolume(view, topK, () => true),
    );
    return tiers.finish();
  },
});
