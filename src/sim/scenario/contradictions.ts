import { formatMoney } from "../../engine/domain/money.ts";
import { readGovernorFormula } from "../../engine/formula/governor-formula.ts";
import type { Policy } from "../../engine/policy.ts";
import { contradictionsOfFormulas } from "../../engine/policy-check.ts";
import { formulaBreaches } from "./formula-breaches.ts";
import type { RuleBreach } from "./scenario-problems.ts";

export interface Contradictions {
  /** The scenario cannot mean what it says. */
  readonly errors: readonly RuleBreach[];
  /** It can run, but a part of it can never have an effect. */
  readonly warnings: readonly RuleBreach[];
}

/** Limits of one resolved pipeline that contradict each other. Paths start below `pipeline`. */
export function contradictionsOf(policy: Policy): Contradictions {
  const formulas = formulaBreaches(policy);
  const errors = [...limitErrors(policy), ...orderErrors(policy), ...governorErrors(policy), ...formulas];
  return { errors, warnings: [...vetoWarnings(policy), ...formulaWarnings(policy), ...snapshotWarnings(policy)] };
}

function limitErrors({ limits, permits }: Policy): RuleBreach[] {
  const total = limits.notionalTotalMaxQuote;
  const breaches: RuleBreach[] = [];
  const above = (path: readonly string[], amount: bigint, what: string) => {
    if (amount <= total) return;
    breaches.push({
      path,
      text: `Cannot use ${formatMoney(amount)} as ${what}: it is above limits.notionalTotalMaxQuote, at most ${formatMoney(total)} is needed`,
    });
  };
  above(["limits", "notionalPerTradeMaxQuote"], limits.notionalPerTradeMaxQuote, "the limit of one trade");
  above(["permits", "addOnMaxQuote"], permits.addOnMaxQuote, "the limit of add-ons");
  return breaches;
}

function orderErrors({ harvest, trackers }: Policy): RuleBreach[] {
  const breaches: RuleBreach[] = [];
  const { partial25R, partial50R, partial75R } = harvest.ladder;
  if (!(partial25R <= partial50R && partial50R <= partial75R)) {
    breaches.push({
      path: ["harvest", "ladder"],
      text: `Cannot climb the ladder ${partial25R}, ${partial50R}, ${partial75R}: its steps fall, partial25R <= partial50R <= partial75R is needed`,
    });
  }
  const [low, normal, high] = trackers.volatilityRegimeBounds;
  if (!(low < normal && normal < high)) {
    breaches.push({
      path: ["trackers", "volatilityRegimeBounds"],
      text: `Cannot use the bounds ${low}, ${normal}, ${high}: they do not rise, each above the one before is needed`,
    });
  }
  if (trackers.featurePointsMin > trackers.featureWindowBars) {
    breaches.push({
      path: ["trackers", "featurePointsMin"],
      text: `Cannot wait for ${trackers.featurePointsMin} points: the window has only ${trackers.featureWindowBars} bars, at most as many are needed`,
    });
  }
  return breaches;
}

function governorErrors({ governor }: Policy): RuleBreach[] {
  const below = (key: string, value: number, other: string, bound: number): RuleBreach[] =>
    value >= bound
      ? []
      : [
          {
            path: ["governor", "params", key],
            text: `Cannot use ${key} ${value}: it is below ${other} ${bound}, so ${other} could never decide; at least ${bound} is needed`,
          },
        ];
  switch (governor.name) {
    case "fixed-threshold":
      return below("critical", governor.params.critical, "warning", governor.params.warning);
    case "entry-exit-separation":
      return below("openCritical", governor.params.openCritical, "openThreshold", governor.params.openThreshold);
    // Other governors have no pair of thresholds that could contradict each other; a new one needs no line here.
    default:
      return [];
  }
}

/** Closes start at `harvest.killThreshold`; a veto at or below it refuses every close the score asks for (S05). */
function vetoWarnings({ governor, harvest, quirks }: Policy): RuleBreach[] {
  if (!quirks.includes("close-self-veto")) return [];
  const veto = vetoOf(governor);
  if (veto === null || veto.cutoff > harvest.killThreshold) return [];
  return [
    {
      path: ["governor", ...veto.path],
      text: `Cannot close on the kill score: closes are asked for from harvest.killThreshold ${harvest.killThreshold} and refused from ${veto.name} ${veto.cutoff}, a veto above the request is needed`,
      hint: "take the quirk close-self-veto away, or raise the veto",
    },
  ];
}

/** Formulas that can never block, never let anything pass, or refuse the closes that the score asks for. */
function formulaWarnings(policy: Policy): RuleBreach[] {
  return [...contradictionWarnings(policy), ...claimWarnings(policy)];
}

/** A claim that no analysis could prove was tried on samples, and whoever relies on it has to know. */
function claimWarnings({ governor }: Policy): RuleBreach[] {
  if (governor.name !== "formula") return [];
  const { params } = governor;
  return readGovernorFormula(params).formula.proofs.flatMap((proof): RuleBreach[] => {
    if (proof.by === "analysis") return [];
    const index = params.monotone.findIndex(
      (claim) => claim.of === proof.of && claim.in === proof.in && claim.direction === proof.direction,
    );
    const claim = `${proof.of} ${proof.direction.replace("-", " ")} in ${proof.in}`;
    return [
      {
        path: ["governor", "params", "monotone", index],
        text: `Cannot prove that ${claim}: it held between ${proof.sampleCount} pairs of samples, a formula without jumps and mixed signs is needed for a proof`,
      },
    ];
  });
}

function contradictionWarnings(policy: Policy): RuleBreach[] {
  return contradictionsOfFormulas(policy).map(({ path, text, code }) => ({
    path: ["governor", "params", ...path],
    text,
    hint:
      code === "close_requested_and_refused"
        ? "closes that reduce risk are best left without an exit section"
        : `"sim explain" shows its numbers once it has run`,
  }));
}

/** The lowest score at which the governor refuses a close under `close-self-veto`. */
function vetoOf(governor: Policy["governor"]): { name: string; cutoff: number; path: readonly string[] } | null {
  switch (governor.name) {
    case "fixed-threshold":
      return { name: "critical", cutoff: governor.params.critical, path: ["params", "critical"] };
    case "entry-exit-separation": {
      const { closeThreshold, blockCritical } = governor.params;
      return closeThreshold <= blockCritical
        ? { name: "closeThreshold", cutoff: closeThreshold, path: ["params", "closeThreshold"] }
        : { name: "blockCritical", cutoff: blockCritical, path: ["params", "blockCritical"] };
    }
    case "dynamic-threshold":
      return { name: "the close threshold", cutoff: 0.65, path: ["name"] };
    default:
      return null;
  }
}

function snapshotWarnings({ permits, snapshots }: Policy): RuleBreach[] {
  if (permits.snapshotAgeMax >= snapshots.interval) return [];
  return [
    {
      path: ["permits", "snapshotAgeMax"],
      text: `Cannot rely on cycle snapshots: they come every ${snapshots.interval} ms and count as stale after ${permits.snapshotAgeMax} ms, a limit of at least the interval is needed`,
    },
  ];
}
