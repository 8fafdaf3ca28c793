import { known, type Measured, requireFinite, unknown } from "./measured.ts";
import { ascending } from "./quantile.ts";
import type { Random } from "./stationary-bootstrap.ts";
import { exactSum } from "./sum.ts";

export interface GateValue {
  /** Sum of the losses among the blocked, positive. */
  readonly lossAvoided: number;
  /** Sum of the gains among the blocked, positive. */
  readonly profitForgone: number;
  /** lossAvoided - profitForgone: what the gate earned against letting all through. */
  readonly netValue: number;
  /** lossAvoided / (lossAvoided + profitForgone); `no_block` when nothing was blocked. */
  readonly efficiency: Measured;
  readonly blockRate: Measured;
  /** Expected net value of a gate that blocks as often by chance. */
  readonly randomNetValue: number;
  /** Net value of blocking exactly the losers. */
  readonly oracleNetValue: number;
  /** Net value of blocking everything. */
  readonly blockAllNetValue: number;
  /** 0 like chance at the same block rate, 1 like the oracle, below 0 worse than chance. */
  readonly skill: Measured;
}

/**
 * Value of an entry gate over episodes, from the shadow PnL of what it blocked and of what it allowed: the same shadow
 * rule for both (reports.md 3.3). `skill` is `no_room` when chance does as well as the oracle.
 */
export function gateValue(blocked: readonly number[], allowed: readonly number[]): GateValue {
  requireFinite(blocked, "blocked episodes");
  requireFinite(allowed, "allowed episodes");
  const all = [...blocked, ...allowed];
  const lossAvoided = exactSum(blocked.map((pnl) => Math.max(-pnl, 0)));
  const profitForgone = exactSum(blocked.map((pnl) => Math.max(pnl, 0)));
  const netValue = lossAvoided - profitForgone;
  const total = exactSum(all);
  const rate = all.length === 0 ? 0 : blocked.length / all.length;
  const randomNetValue = rate === 0 ? 0 : -rate * total;
  const oracleNetValue = exactSum(all.map((pnl) => Math.max(-pnl, 0)));
  const touched = lossAvoided + profitForgone;
  const room = oracleNetValue - randomNetValue;
  return {
    lossAvoided,
    profitForgone,
    netValue,
    efficiency:
      blocked.length === 0 ? unknown("no_block") : touched === 0 ? unknown("no_pnl") : known(lossAvoided / touched),
    blockRate: all.length === 0 ? unknown("no_episode") : known(rate),
    randomNetValue,
    oracleNetValue,
    blockAllNetValue: total === 0 ? 0 : -total,
    skill:
      all.length === 0
        ? unknown("no_episode")
        : room <= 0
          ? unknown("no_room")
          : known((netValue - randomNetValue) / room),
  };
}

/** One episode in time order, of one evalType. */
export interface GatedEpisode {
  readonly evalType: string;
  readonly isBlocked: boolean;
  /** PnL the entry would have made. */
  readonly shadowQuote: number;
}

/**
 * Is the net value more than the block pattern would earn at another time? Shifts the pattern in a circle within each
 * evalType, which keeps its bursts, and counts shifts that earn as much: p = (1 + #) / (shifts + 1). `no_block` or
 * `all_blocked` when every shift is the same.
 */
export function shiftTest(
  episodes: readonly GatedEpisode[],
  { random, shifts = 999 }: { readonly random: Random; readonly shifts?: number },
): Measured<{ readonly netValue: number; readonly pOneSided: number }> {
  const groups = new Map<string, GatedEpisode[]>();
  for (const episode of episodes) {
    const group = groups.get(episode.evalType);
    if (group === undefined) groups.set(episode.evalType, [episode]);
    else group.push(episode);
  }
  const blocked = episodes.filter(({ isBlocked }) => isBlocked).length;
  if (blocked === 0) return unknown("no_block");
  if ([...groups.values()].every((group) => group.every(({ isBlocked }) => isBlocked === group[0]!.isBlocked))) {
    return unknown("all_blocked");
  }
  const ordered = [...groups].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, group]) => group);
  const valueAt = (offsets: readonly number[]): number =>
    -exactSum(
      ordered.flatMap((group, index) =>
        group
          .filter((_, position) => group[(position + offsets[index]!) % group.length]!.isBlocked)
          .map(({ shadowQuote }) => shadowQuote),
      ),
    );
  const netValue = valueAt(ordered.map(() => 0));
  let asGood = 0;
  for (let shift = 0; shift < shifts; shift += 1) {
    const offsets = ordered.map((group) => Math.floor(random() * group.length));
    if (valueAt(offsets) >= netValue) asGood += 1;
  }
  return known({ netValue: netValue === 0 ? 0 : netValue, pOneSided: (1 + asGood) / (shifts + 1) });
}

/** Share of what is allowed, and how that share did. */
export interface RiskCoveragePoint {
  /** Share of the episodes allowed. */
  readonly coverage: number;
  /** Highest score that is still allowed. */
  readonly cutoff: number;
  readonly meanPnl: number;
  /** Mean of the worst 5 % of the allowed, at least one episode. */
  readonly cvar95: number;
  readonly netValue: number;
}

/**
 * Risk-coverage curve of a score: allow the lowest scores first, one point a distinct score. Two governors on different
 * scales are compared on it; at their own cutoffs the stricter one wins by doing nothing.
 */
export function riskCoverage(
  scores: readonly number[],
  shadow: readonly number[],
): Measured<readonly RiskCoveragePoint[]> {
  const order = orderByScore(scores, shadow);
  if (order.length === 0) return unknown("no_episode");
  const total = exactSum(shadow);
  const points: RiskCoveragePoint[] = [];
  const allowed: number[] = [];
  for (let index = 0; index < order.length; ) {
    const cutoff = scores[order[index]!]!;
    for (; index < order.length && scores[order[index]!] === cutoff; index += 1) allowed.push(shadow[order[index]!]!);
    const sum = exactSum(allowed);
    const worst = ascending(allowed).slice(0, Math.max(1, Math.ceil(allowed.length * 0.05)));
    points.push({
      coverage: allowed.length / order.length,
      cutoff,
      meanPnl: sum / allowed.length,
      cvar95: exactSum(worst) / worst.length,
      netValue: sum - total,
    });
  }
  return known(points);
}

function orderByScore(scores: readonly number[], shadow: readonly number[]): number[] {
  requireFinite(scores, "scores");
  requireFinite(shadow, "shadow outcomes");
  if (scores.length !== shadow.length) {
    throw new RangeError(
      `Cannot pair scores and outcomes: ${scores.length} and ${shadow.length}, equally many are needed`,
    );
  }
  return scores.map((_, index) => index).sort((left, right) => scores[left]! - scores[right]! || left - right);
}

/**
 * Net value of a score when it blocks exactly the share `blockRate` of the episodes, highest scores first; episodes
 * tied at the cutoff count in proportion, so the answer does not depend on their order.
 */
export function valueAtBlockRate(scores: readonly number[], shadow: readonly number[], blockRate: number): Measured {
  if (!(blockRate >= 0 && blockRate <= 1))
    throw new RangeError(`Cannot block a share of ${blockRate}: 0 to 1 is needed`);
  const order = orderByScore(scores, shadow).reverse();
  if (order.length === 0) return unknown("no_episode");
  let left = blockRate * order.length;
  const blocked: number[] = [];
  for (let index = 0; index < order.length && left > 0; ) {
    const cutoff = scores[order[index]!]!;
    const tied: number[] = [];
    for (; index < order.length && scores[order[index]!] === cutoff; index += 1) tied.push(shadow[order[index]!]!);
    const share = Math.min(1, left / tied.length);
    blocked.push(share * exactSum(tied));
    left -= tied.length * share;
  }
  const sum = exactSum(blocked);
  return known(sum === 0 ? 0 : -sum);
}

/** Net value of two governors when both block the same share of the episodes. */
export interface MatchedComparison {
  readonly blockRate: number;
  readonly baseline: number;
  readonly candidate: number;
  readonly difference: number;
}

/** Net value of two scores over the same episodes at one block rate. */
export function compareAtBlockRate(options: {
  readonly baselineScores: readonly number[];
  readonly candidateScores: readonly number[];
  readonly shadow: readonly number[];
  readonly blockRate: number;
}): Measured<MatchedComparison> {
  const { baselineScores, candidateScores, shadow, blockRate } = options;
  const baseline = valueAtBlockRate(baselineScores, shadow, blockRate);
  const candidate = valueAtBlockRate(candidateScores, shadow, blockRate);
  if (baseline.value === null) return baseline;
  if (candidate.value === null) return candidate;
  return known({
    blockRate,
    baseline: baseline.value,
    candidate: candidate.value,
    difference: candidate.value - baseline.value,
  });
}
