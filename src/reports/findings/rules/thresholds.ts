import { numberText } from "../../format.ts";
import { sorted } from "../facts/count.ts";
import { notedOf } from "../facts/facts.ts";
import { defineFinding, type Rule } from "../finding.ts";

const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));

/** Thresholds that cannot do what they say. */
export const THRESHOLD_RULES: readonly Rule[] = [
  defineFinding({
    code: "regime_flip_alone_blocks",
    severity: "error",
    title: "One switch decides, whatever else the score says",
    question: "Can the score fall below the cutoff while the regime has flipped?",
    needs: "any",
    incidents: ["I14"],
    covers: ["flip_alone_blocks_entries"],
    advice: "put the cutoff above what one component gives alone, or judge the score against its own history",
    detect({ plans }, ask) {
      const { scored, scores } = plans;
      if (scored === null || scores.flippedBlocked === 0) return [];
      const alone = sigmoid(scored.weights!.regimeFlip);
      const cutoff = scored.cutoff!;
      if (alone < cutoff) return [];
      return [
        {
          text: `regime_flip alone makes K >= ${numberText(alone, 3)}, so the ${cutoff.toFixed(2)} gate always blocks: ${scores.flippedBlocked} of ${scores.flipped} flipped evaluations blocked, ${scores.calmBlocked} calm ones`,
          evidence: { flipScore: alone, cutoff, flipped: scores.flipped, blocked: scores.flippedBlocked },
          command: ask.explain(scored.planId),
          weight: scores.flippedBlocked,
        },
      ];
    },
  }),
  defineFinding({
    code: "close_requested_and_refused",
    severity: "error",
    title: "One score asks for a close and refuses it",
    question: "Is a close that the score asked for refused by the same score?",
    needs: "any",
    incidents: ["I14"],
    covers: ["close_requested_and_refused"],
    advice: "a close is never vetoed by the score that asked for it; gate only what increases risk",
    detect(facts, ask) {
      const seen = sorted(facts.plans.harvest)
        .filter(([, of]) => of.askedAndRefused > 0)
        .map(([symbol, of]) => {
          const { score, cutoff, planId } = of.lastRefusedClose!;
          return {
            symbol,
            text: `${symbol}: the score asked for a close and refused it, ${of.askedAndRefused} times (K ${numberText(score!)}, cutoff ${cutoff === null ? "none" : numberText(cutoff)})`,
            evidence: { refused: of.askedAndRefused, score: score!, cutoff: cutoff ?? "none" },
            command: ask.explain(planId),
            weight: of.askedAndRefused,
          };
        });
      if (seen.length > 0) return seen;
      return notedOf(facts.noted, "close_requested_and_refused").map(({ text, evidence }) => ({
        text: `${text}; no close met it here`,
        evidence,
        command: ask.overview(),
        severity: "warn" as const,
      }));
    },
  }),
  defineFinding({
    code: "score_does_not_move",
    severity: "warn",
    title: "The score does not move",
    question: "Does the kill score of a symbol change at all?",
    needs: "any",
    incidents: ["I13", "I34"],
    advice: "a frozen score has no history to be judged by; look at its inputs",
    detect({ plans }, ask) {
      return sorted(plans.harvest)
        .filter(([, of]) => of.scored >= 5 && of.scoreMax === of.scoreMin)
        .map(([symbol, of]) => ({
          symbol,
          text: `the kill score of ${symbol} is ${numberText(of.scoreMin)} in all ${of.scored} evaluations: its inputs stand still`,
          evidence: { score: of.scoreMin, evaluations: of.scored },
          command: ask.explain(of.first.planId),
          weight: of.scored,
        }));
    },
  }),
];
