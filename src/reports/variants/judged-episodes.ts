import type { Plan } from "../../engine/domain/plan.ts";
import { createEpisodeTracker, type Episode } from "../summary/episodes.ts";
import { createRowColumns } from "./row-columns.ts";
import type { JudgedEpisode } from "./variant-record.ts";

export interface JudgedEpisodes {
  judge(plan: Plan, tsMs: number): void;
  expire(tsMs: number): void;
  /** In order of their first evaluation. */
  finish(endTsMs: number): JudgedEpisode[];
}

/** Episodes of the summary with what their first evaluation was judged on. */
export function createJudgedEpisodes(gapMs: number): JudgedEpisodes {
  const columns = createRowColumns<JudgedEpisode>({
    key: "word",
    symbol: "word",
    evalType: "word",
    isExit: "flag",
    side: "word",
    decision: "word",
    reason: "word",
    firstPlanId: "text",
    firstTsMs: "number",
    lastTsMs: "number",
    evaluations: "number",
    qty: "number",
    referencePrice: "number",
    killScore: "number",
    terms: "numbers",
    regime: "word",
    components: "numbers",
    verdictValue: "number",
    verdictCutoff: "number",
    stopPrice: "number",
    takeProfitPrice: "number",
  });
  const open = new Map<Episode, Opening>();
  const tracker = createEpisodeTracker(gapMs, (episode) => {
    const opening = open.get(episode);
    if (opening === undefined) return;
    open.delete(episode);
    const { key, symbol, evalType, isExit, reason, firstPlanId, firstTsMs, lastTsMs, evaluations } = episode;
    const facts = { key, symbol, evalType, isExit, reason, firstPlanId, firstTsMs, lastTsMs, evaluations };
    columns.add({ ...facts, decision: episode.outcome, ...opening });
  });
  return {
    judge(plan, tsMs) {
      const episode = tracker.evaluate(plan, tsMs);
      if (!open.has(episode)) open.set(episode, openingOf(plan));
    },
    expire: (tsMs) => tracker.expire(tsMs),
    finish(endTsMs) {
      tracker.finish(endTsMs);
      return columns
        .rows()
        .sort(
          (left, right) =>
            left.firstTsMs - right.firstTsMs ||
            compareText(left.firstPlanId, right.firstPlanId) ||
            compareText(left.evalType, right.evalType) ||
            compareText(left.key, right.key) ||
            compareText(left.decision, right.decision),
        );
    },
  };
}

/** What the tracker does not know of an episode. */
type Opening = Pick<
  JudgedEpisode,
  | "side"
  | "qty"
  | "referencePrice"
  | "killScore"
  | "terms"
  | "regime"
  | "components"
  | "verdictValue"
  | "verdictCutoff"
  | "stopPrice"
  | "takeProfitPrice"
>;

function openingOf(plan: Plan): Opening {
  const { side, qty, markPrice, killScore, verdict, decision, newStopPrice, takeProfitPrice } = plan;
  const scale = decision === "EXECUTE" ? (verdict?.qtyScale ?? 1) : 1;
  return {
    side,
    qty: scale > 0 ? qty / scale : qty,
    referencePrice: markPrice,
    killScore: killScore?.score ?? null,
    terms: finiteTerms(verdict?.terms ?? {}),
    regime: killScore === null ? "unknown" : killScore.regimeFlip > 0 ? "flip" : "calm",
    components: componentsOf(killScore),
    verdictValue: finiteOrNull(verdict?.value),
    verdictCutoff: finiteOrNull(verdict?.cutoff),
    stopPrice: newStopPrice,
    takeProfitPrice,
  };
}

function componentsOf(score: Plan["killScore"]): Record<string, number> {
  if (score === null) return {};
  const { regimeFlip, sigmaSpike, tsDrop, agePenalty } = score;
  return { regimeFlip, sigmaSpike, tsDrop, agePenalty };
}

function finiteOrNull(value: number | null | undefined): number | null {
  return value !== undefined && value !== null && Number.isFinite(value) ? value : null;
}

function finiteTerms(terms: Readonly<Record<string, number | null>>): Record<string, number> {
  const finite: Record<string, number> = {};
  for (const [name, value] of Object.entries(terms)) {
    if (value !== null && Number.isFinite(value)) finite[name] = value;
  }
  return finite;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
