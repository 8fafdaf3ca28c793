import { formatMoney, moneyToNumber, parseMoney } from "../../engine/domain/money.ts";
import { riskCoverage, valueAtBlockRate } from "../statistics/gate-value.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import type { Random } from "../statistics/stationary-bootstrap.ts";
import type { JudgedEpisode, VariantRecord } from "../variants/variant-record.ts";
import { assumptionsOf, gateLimits } from "./assumptions.ts";
import { classifierGrid, conclusionOf } from "./classifier-grid.ts";
import { delayedExits } from "./delayed-exits.ts";
import { horizonValueOf, type ShadowedEntry, valueRowOf, valueRowsBy, valueRowsByReason } from "./entry-value.ts";
import type { ExecutionModel } from "./execution-model.ts";
import { exitSectionOf } from "./exit-value.ts";
import { HORIZONS, type Horizon } from "./horizon.ts";
import type { PricePaths, PriceWindow } from "./price-paths.ts";
import { roleOf } from "./refusal-stage.ts";
import { type CoverageSection, type EntrySection, GATE_SCHEMA, type GateReport } from "./schema.ts";
import { scorePredictor } from "./score-predictor.ts";
import { episodeId, type ShadowExit, shadowEntry } from "./shadow.ts";
import { thin } from "./thin.ts";

const DAY_MS = 86_400_000;
const CURVE_POINTS_MAX = 100;

/** The part of a variant's record the gate is judged on. */
export type JudgedRecord = Pick<
  VariantRecord,
  | "variant"
  | "scenario"
  | "scenarioHash"
  | "recording"
  | "recordingHash"
  | "engineVersion"
  | "seed"
  | "judgements"
  | "roundTrips"
>;

export interface GateReportOptions {
  readonly model: ExecutionModel;
  /** Start and end of what is judged, the warm-up left out. */
  readonly fromTsMs: number;
  readonly endTsMs: number;
  /** By `episodeId`: when the pipeline's exit rule would have closed each entry. */
  readonly exits: ReadonlyMap<string, ShadowExit>;
  readonly stopDistanceDefault: number;
  /** A stream of numbers of its own for each name, the same for the same name. */
  readonly randomOf: (name: string) => Random;
  readonly coverage?: Measured<CoverageSection>;
  readonly horizons?: readonly Horizon[];
}

/** Prices `gateReport` will ask for; the exit rule's are those up to its last close. */
export function priceWindowsOf(
  record: Pick<JudgedRecord, "judgements">,
  options: Pick<GateReportOptions, "exits" | "endTsMs"> & { readonly horizons?: readonly Horizon[] },
): PriceWindow[] {
  const { exits, endTsMs, horizons = HORIZONS } = options;
  const longest = Math.max(0, ...horizons.map(({ ms }) => ms ?? 0));
  const slackMs = 60_000;
  return record.judgements.flatMap((episode): PriceWindow[] => {
    const { symbol, firstTsMs, decision, isExit } = episode;
    if (decision === "SKIP") return [];
    // A refused exit may wait until the end; an executed one has no shadow.
    if (isExit) return decision === "BLOCKED" ? [{ symbol, fromTsMs: firstTsMs, toTsMs: endTsMs }] : [];
    const closes = exits.get(episodeId(episode))?.closes ?? [];
    const isOpenAtEnd = closes.reduce((sum, { share }) => sum + share, 0) < 1 - 1e-12;
    const closedTsMs = isOpenAtEnd && exits.size > 0 ? endTsMs : (closes.at(-1)?.tsMs ?? firstTsMs);
    return [{ symbol, fromTsMs: firstTsMs, toTsMs: Math.max(firstTsMs + longest, closedTsMs) + slackMs }];
  });
}

/**
 * Judges a gate from the episodes of one run and the prices that followed (reports.md section 3): what its refusals
 * avoided and gave up, against chance and against an oracle, and what its delays of exits cost. Entries, exits and those
 * of unknown kind are never mixed. Order of episodes does not matter; sums are exact.
 */
export function gateReport(record: JudgedRecord, prices: PricePaths, options: GateReportOptions): GateReport {
  const { fromTsMs, endTsMs, model, coverage = unknown("not_recorded") } = options;
  const days = Math.max(0, endTsMs - fromTsMs) / DAY_MS;
  const judged = record.judgements.filter(({ firstTsMs }) => firstTsMs >= fromTsMs).sort(inOrder);
  const entryOf = (evalType: "ENTRY" | "UNKNOWN"): EntrySection =>
    entrySectionOf(
      judged.filter((episode) => !episode.isExit && episode.evalType === evalType),
      prices,
      { ...options, days, streamName: evalType },
    );
  const delayed = delayedExits(judged, record.roundTrips, { prices, model, endTsMs });
  const exitOf = (evalType: "EXIT" | "UNKNOWN") =>
    exitSectionOf(
      judged.filter((episode) => episode.isExit && episode.evalType === evalType),
      delayed.exits.filter(({ episode }) => episode.evalType === evalType),
      delayed.waits.filter((wait) => wait.evalType === evalType),
    );
  const entry = { ENTRY: entryOf("ENTRY"), UNKNOWN: entryOf("UNKNOWN") };
  const exit = { EXIT: exitOf("EXIT"), UNKNOWN: exitOf("UNKNOWN") };
  const byEvalType: GateReport["byEvalType"] = [
    ...(["ENTRY", "UNKNOWN"] as const).map((evalType) => ({
      evalType,
      kind: "entry" as const,
      blocked: entry[evalType].total.blocked,
      netValueQuote: entry[evalType].total.netValueQuote,
    })),
    ...(["EXIT", "UNKNOWN"] as const).map((evalType) => ({
      evalType,
      kind: "exit" as const,
      blocked: exit[evalType].total.blocked,
      netValueQuote: formatMoney(-parseMoney(exit[evalType].total.delayCostQuote)),
    })),
  ];
  const { variant, scenario, scenarioHash, recording, recordingHash, engineVersion, seed } = record;
  const report: Omit<GateReport, "isReconciled" | "limits"> = {
    schema: GATE_SCHEMA,
    ...{ variant, scenario, scenarioHash, recording, recordingHash, engineVersion, seed },
    days,
    entry,
    exit,
    byEvalType,
    netValueQuote: formatMoney(byEvalType.reduce((sum, row) => sum + parseMoney(row.netValueQuote), 0n)),
    coverage,
    assumptions: assumptionsOf(model),
  };
  return { ...report, limits: gateLimits(report), isReconciled: isReconciled(report) };
}

function entrySectionOf(
  episodes: readonly JudgedEpisode[],
  prices: PricePaths,
  options: GateReportOptions & { readonly days: number; readonly streamName: string },
): EntrySection {
  const { model, exits, horizons = HORIZONS, days, randomOf, streamName, stopDistanceDefault } = options;
  const judged = episodes.filter(({ decision }) => decision !== "SKIP");
  const unpriced = new Map<string, number>();
  const perHorizon = horizons.map((horizon, place) => {
    const entries: ShadowedEntry[] = [];
    for (const episode of judged) {
      const exit = exits.get(episodeId(episode));
      const outcome = shadowEntry(episode, horizon, { prices, model, exit });
      if (outcome.value !== null) {
        entries.push({ episode, isBlocked: roleOf(episode) === "blocked", outcome: outcome.value });
      } else if (place === 0) unpriced.set(outcome.reason, (unpriced.get(outcome.reason) ?? 0) + 1);
    }
    return { name: horizon.name, entries };
  });
  const primary = perHorizon[0]?.entries ?? [];
  const refused = primary.filter(({ isBlocked }) => isBlocked);
  const limited = primary.filter(({ episode }) => roleOf(episode) === "limited");
  const numbers = primary.map(({ outcome }) => moneyToNumber(outcome.pnlQuote));
  const grid = classifierGrid(perHorizon, stopDistanceDefault);
  const shares = primary.flatMap(({ outcome }) => outcome.volumeShare ?? []);
  const scored = primary.filter(({ episode }) => episode.killScore !== null);
  const scores = scored.map(({ episode }) => episode.killScore!);
  const scoredPnl = scored.map(({ outcome }) => moneyToNumber(outcome.pnlQuote));
  const curve = riskCoverage(scores, scoredPnl);
  return {
    episodes: episodes.length,
    evaluations: episodes.reduce((sum, { evaluations }) => sum + evaluations, 0),
    blocked: episodes.filter((episode) => roleOf(episode) === "blocked").length,
    limited: episodes.filter((episode) => roleOf(episode) === "limited").length,
    executed: episodes.filter((episode) => roleOf(episode) === "allowed").length,
    skipped: episodes.length - judged.length,
    // allow(sort): the keys of a Map are unique
    unpriced: [...unpriced]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([reason, count]) => ({ reason, episodes: count })),
    horizons: perHorizon.map(({ name, entries }) =>
      horizonValueOf(name, entries, { days, random: randomOf(`gate/${streamName}/${name}`) }),
    ),
    total: valueRowOf("governor", refused),
    limits: valueRowOf("limits", limited),
    byReason: valueRowsByReason([...refused, ...limited]),
    byRegime: valueRowsBy(refused, ({ regime }) => regime),
    bySymbol: valueRowsBy(refused, ({ symbol }) => symbol),
    grid,
    ...conclusionOf(grid),
    riskCoverage: curve.value === null ? curve : known(thin(curve.value, CURVE_POINTS_MAX)),
    scoreAtBlockRate:
      numbers.length === 0
        ? unknown("no_episode")
        : scored.length < primary.length
          ? unknown("episodes_without_score")
          : valueAtBlockRate(scores, scoredPnl, refused.length / primary.length),
    predictor: scorePredictor(primary),
    largeOrders: {
      aboveOnePercent: shares.filter((share) => share > 0.01).length,
      unknownVolume: primary.length - shares.length,
    },
  };
}

/** Every table adds up to its total, to the unit; a report that does not is a bug and says so. */
function isReconciled(report: Pick<GateReport, "entry" | "exit">): boolean {
  const sum = (rows: readonly { readonly netValueQuote: string }[]): bigint =>
    rows.reduce((total, row) => total + parseMoney(row.netValueQuote), 0n);
  const cost = (rows: readonly { readonly delayCostQuote: string }[]): bigint =>
    rows.reduce((total, row) => total + parseMoney(row.delayCostQuote), 0n);
  const entries = [report.entry.ENTRY, report.entry.UNKNOWN].every((section) => {
    const total = parseMoney(section.total.netValueQuote);
    return (
      sum(section.byReason.filter(({ stage }) => stage === "governor")) === total &&
      sum(section.byReason.filter(({ stage }) => stage === "limit")) === parseMoney(section.limits.netValueQuote) &&
      sum(section.byRegime) === total &&
      sum(section.bySymbol) === total &&
      parseMoney(section.total.lossAvoidedQuote) - parseMoney(section.total.profitForgoneQuote) === total
    );
  });
  const exits = [report.exit.EXIT, report.exit.UNKNOWN].every((section) => {
    const total = parseMoney(section.total.delayCostQuote);
    return [section.byReason, section.byRegime, section.bySymbol].every((rows) => cost(rows) === total);
  });
  return entries && exits;
}

/** A unique order, so that a report does not depend on that of its record. */
function inOrder(left: JudgedEpisode, right: JudgedEpisode): number {
  if (left.firstTsMs !== right.firstTsMs) return left.firstTsMs - right.firstTsMs;
  const [one, other] = [`${episodeId(left)} ${left.decision}`, `${episodeId(right)} ${right.decision}`];
  return one < other ? -1 : one > other ? 1 : 0;
}
