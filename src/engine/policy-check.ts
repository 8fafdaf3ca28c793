import { type FormulaContradiction, formulaContradictions } from "./formula/contradictions.ts";
import { readGovernorFormula } from "./formula/governor-formula.ts";
import { killScore, killScoreMax } from "./formulas/kill-score.ts";
import type { Policy } from "./policy.ts";

/** Two settings that cannot both do what they say; known before the first event. */
export interface Contradiction {
  readonly code:
    | "close_requested_and_refused"
    | "unreachable_threshold"
    | "always_blocks"
    | "flip_alone_blocks_entries";
  readonly severity: "info" | "warn" | "error";
  readonly text: string;
  readonly evidence: Readonly<Record<string, number | string>>;
}

/**
 * Finds thresholds that contradict each other or can never be reached (incident I14, scenario S05): the score has a
 * range, components that switch rather than slide, and one place that asks for closes while another grants them.
 */
export function findContradictions(policy: Policy): Contradiction[] {
  const ofFormulas = contradictionsOfFormulas(policy).map(({ path: _, ...contradiction }) => contradiction);
  return [
    ...closeContradictions(policy),
    ...unreachableThresholds(policy),
    ...flipContradictions(policy),
    ...ofFormulas,
  ];
}

/** The same for a governor written as formulas, with the key each stands under; empty while a formula has mistakes. */
export function contradictionsOfFormulas({ governor, killScore: params, harvest }: Policy): FormulaContradiction[] {
  if (governor.name !== "formula") return [];
  const { formula, problems } = readGovernorFormula(governor.params);
  if (problems.length > 0) return [];
  return formulaContradictions(formula, { low: 0.5, high: killScoreMax(params) }, harvest.killThreshold);
}

function closeContradictions(policy: Policy): Contradiction[] {
  if (!policy.quirks.includes("close-self-veto")) return [];
  const { governor, harvest } = policy;
  const asked = harvest.killThreshold;
  const refusedFrom =
    governor.name === "entry-exit-separation"
      ? governor.params.closeThreshold
      : governor.name === "fixed-threshold"
        ? governor.params.critical
        : null;
  if (refusedFrom === null) return [];
  const from = Math.max(asked, refusedFrom);
  return [
    {
      code: "close_requested_and_refused",
      severity: "error",
      text: `Scores from ${from} on both request a close (from ${asked}) and refuse it (from ${refusedFrom})`,
      evidence: { requestedFrom: asked, refusedFrom, intervalFrom: from, intervalTo: 1 },
    },
  ];
}

function unreachableThresholds(policy: Policy): Contradiction[] {
  const { governor, killScore: params } = policy;
  const highest = killScoreMax(params);
  const found: Contradiction[] = [];
  const unreachable = (name: string, threshold: number): void => {
    if (threshold <= highest) return;
    found.push({
      code: "unreachable_threshold",
      severity: "warn",
      text: `${name} ${threshold} is above the highest possible kill score ${highest.toFixed(4)}: it never fires`,
      evidence: { threshold, scoreMax: highest },
    });
  };
  if (governor.name === "fixed-threshold") unreachable("critical", governor.params.critical);
  if (governor.name === "entry-exit-separation") {
    const { openCritical, openThreshold, blockCritical } = governor.params;
    unreachable("openCritical", openCritical);
    if (policy.quirks.includes("close-self-veto") && blockCritical <= openThreshold) {
      found.push({
        code: "unreachable_threshold",
        severity: "error",
        text: `openThreshold ${openThreshold} lies above blockCritical ${blockCritical}, which blocks first: its tiers are never reached`,
        evidence: { threshold: openThreshold, shadowedBy: blockCritical },
      });
    }
  }
  return found;
}

/** A regime flip is 0 or 1, so a threshold below what it scores alone is a switch, not a threshold. */
function flipContradictions(policy: Policy): Contradiction[] {
  const { governor, killScore: params } = policy;
  if (governor.name !== "fixed-threshold") return [];
  const alone = killScore({ regimeFlip: 1, sigmaSpike: 0, tsDrop: 0, agePenalty: 0 }, params.weights).score;
  if (governor.params.warning > alone) return [];
  return [
    {
      code: "flip_alone_blocks_entries",
      severity: "info",
      text: `A regime flip alone scores ${alone.toFixed(4)}, above the warning threshold ${governor.params.warning}: entries are blocked whenever the regime has flipped, whatever else is calm`,
      evidence: { flipScore: alone, warning: governor.params.warning },
    },
  ];
}
