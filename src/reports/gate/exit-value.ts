import { formatMoney, type Money } from "../../engine/domain/money.ts";
import { reasonHead } from "../../engine/domain/reason.ts";
import { known, type Measured } from "../statistics/measured.ts";
import { exactSum } from "../statistics/sum.ts";
import { kaplanMeier, survivalQuantile } from "../statistics/survival.ts";
import type { JudgedEpisode } from "../variants/variant-record.ts";
import type { BlockedExit, DelayCost, ExitWait } from "./delayed-exits.ts";
import type { DelayRow, ExitSection } from "./schema.ts";
import { thin } from "./thin.ts";

const STEPS_MAX = 100;

interface CostedExit {
  readonly episode: JudgedEpisode;
  readonly cost: DelayCost;
}

/** What refused exits of one evalType cost, and how long positions waited (reports.md 3.2 and 3.7). */
export function exitSectionOf(
  episodes: readonly JudgedEpisode[],
  exits: readonly BlockedExit[],
  waits: readonly ExitWait[],
): ExitSection {
  const costed = exits.flatMap(({ episode, cost }) => (cost.value === null ? [] : [{ episode, cost: cost.value }]));
  const unpriced = new Map<string, number>();
  for (const { cost } of exits)
    if (cost.reason !== null) unpriced.set(cost.reason, (unpriced.get(cost.reason) ?? 0) + 1);
  const sum = (read: (cost: DelayCost) => Money): Money => costed.reduce((total, { cost }) => total + read(cost), 0n);
  let worst = 0n;
  for (const { cost } of costed) if (cost.worstOpenLossQuote < worst) worst = cost.worstOpenLossQuote;
  return {
    episodes: episodes.length,
    executed: episodes.filter(({ decision }) => decision === "EXECUTE").length,
    blocked: exits.length,
    skipped: episodes.filter(({ decision }) => decision === "SKIP").length,
    // allow(sort): the keys of a Map are unique
    unpriced: [...unpriced]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([reason, count]) => ({ reason, episodes: count })),
    total: rowOf("all", costed),
    fundingPaidQuote: formatMoney(sum(({ fundingPaidQuote }) => fundingPaidQuote)),
    worstOpenLossQuote: formatMoney(worst),
    exposureQuoteSeconds: exactSum(costed.map(({ cost }) => cost.exposureQuoteSeconds)),
    byReason: rowsBy(costed, ({ reason }) => reasonHead(reason)),
    byRegime: rowsBy(costed, ({ regime }) => regime),
    bySymbol: rowsBy(costed, ({ symbol }) => symbol),
    waits: waitsOf(waits),
  };
}

function rowsBy(costed: readonly CostedExit[], nameOf: (episode: JudgedEpisode) => string): DelayRow[] {
  const groups = new Map<string, CostedExit[]>();
  for (const each of costed) {
    const name = nameOf(each.episode);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [each]);
    else group.push(each);
  }
  // allow(sort): the keys of a Map are unique
  return [...groups].sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, own]) => rowOf(name, own));
}

function rowOf(name: string, own: readonly CostedExit[]): DelayRow {
  return {
    name,
    blocked: own.length,
    evaluations: own.reduce((sum, { episode }) => sum + episode.evaluations, 0),
    delayCostQuote: formatMoney(own.reduce((sum, { cost }) => sum + cost.delayCostQuote, 0n)),
    censored: own.filter(({ cost }) => cost.isCensored).length,
  };
}

function waitsOf(waits: readonly ExitWait[]): ExitSection["waits"] {
  const survival = kaplanMeier(
    waits.map(({ fromTsMs, toTsMs, ending }) => ({
      seconds: (toTsMs - fromTsMs) / 1000,
      // A position that went another way was not let go either.
      isCensored: ending !== "executed",
    })),
  );
  const of = (read: (value: NonNullable<typeof survival.value>) => Measured): Measured =>
    survival.value === null ? survival : read(survival.value);
  const count = (ending: ExitWait["ending"]): number => waits.filter((wait) => wait.ending === ending).length;
  return {
    n: waits.length,
    executed: count("executed"),
    closed: count("closed"),
    atEnd: count("end"),
    p50Seconds: of(({ steps }) => survivalQuantile(steps, 0.5)),
    p95Seconds: of(({ steps }) => survivalQuantile(steps, 0.95)),
    restrictedMeanSeconds: of(({ restrictedMean }) => known(restrictedMean)),
    restrictedToSeconds: of(({ restrictedToSeconds }) => known(restrictedToSeconds)),
    steps: thin(survival.value?.steps ?? [], STEPS_MAX).map(({ seconds, survival: share, atRisk, ended }) => ({
      seconds,
      survival: share,
      atRisk,
      ended,
    })),
  };
}
