import { formatMoney, type Money, moneyToNumber } from "../../engine/domain/money.ts";
import { reasonHead } from "../../engine/domain/reason.ts";
import { burstTotals, episodeInterval } from "../statistics/episode-interval.ts";
import { gateValue, shiftTest } from "../statistics/gate-value.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import { ascending, quantile } from "../statistics/quantile.ts";
import { tailOf } from "../statistics/returns.ts";
import type { Random } from "../statistics/stationary-bootstrap.ts";
import type { JudgedEpisode } from "../variants/variant-record.ts";
import { refusalStage } from "./refusal-stage.ts";
import type { HorizonValue, ValueRow } from "./schema.ts";
import type { ShadowOutcome } from "./shadow.ts";

const HOUR_MS = 3_600_000;

/** An entry episode with its shadow at one horizon. */
export interface ShadowedEntry {
  readonly episode: JudgedEpisode;
  /** Refused by the governor; those a limit refused later count as let through. */
  readonly isBlocked: boolean;
  readonly outcome: ShadowOutcome;
}

/**
 * Value of a gate over entries that were refused and let through, by the same shadow rule (reports.md 3.3). `entries` in
 * time order; `days` is the length of the judged run.
 */
export function horizonValueOf(
  horizon: string,
  entries: readonly ShadowedEntry[],
  options: { readonly days: number; readonly random: Random },
): HorizonValue {
  const { days, random } = options;
  const blocked = entries.filter(({ isBlocked }) => isBlocked);
  const allowed = entries.filter(({ isBlocked }) => !isBlocked);
  const numbers = (own: readonly ShadowedEntry[]): number[] =>
    own.map(({ outcome }) => moneyToNumber(outcome.pnlQuote));
  const value = gateValue(numbers(blocked), numbers(allowed));
  const shift = shiftTest(
    entries.map(({ episode, isBlocked, outcome }) => ({
      evalType: episode.evalType,
      isBlocked,
      shadowQuote: moneyToNumber(outcome.pnlQuote),
    })),
    { random },
  );
  const sums = sumValues(blocked);
  const cvarAll = cvarOf(numbers(entries));
  const cvarAllowed = cvarOf(numbers(allowed));
  return {
    horizon,
    n: entries.length,
    blocked: blocked.length,
    censored: entries.filter(({ outcome }) => outcome.isCensored).length,
    ...moneyOf(sums),
    netValueInterval: netValueInterval(blocked, days),
    efficiency: value.efficiency,
    blockRate: value.blockRate,
    // A sum of nothing but costs of nothing reads -0, which JSON does not know.
    randomNetValue: value.randomNetValue + 0,
    oracleNetValue: value.oracleNetValue,
    blockAllNetValue: value.blockAllNetValue,
    skill: blocked.length === 0 ? unknown("no_block") : value.skill,
    pShift: shift.value === null ? shift : known(shift.value.pOneSided),
    tail: {
      cvar95All: cvarAll,
      cvar95Allowed: cvarAllowed,
      cvar95Cut:
        cvarAll.value === null
          ? cvarAll
          : cvarAllowed.value === null
            ? cvarAllowed
            : known(cvarAllowed.value - cvarAll.value),
      maxDrawdownAllQuote: formatMoney(drawdownOf(entries)),
      maxDrawdownAllowedQuote: formatMoney(drawdownOf(allowed)),
      premiumPerDay:
        blocked.length === 0
          ? unknown("no_block")
          : value.netValue >= 0
            ? unknown("no_premium")
            : days > 0
              ? known(-value.netValue / days)
              : unknown("no_time"),
    },
    blockedMae: spreadOf(blocked.flatMap(({ outcome }) => outcome.excursion.value?.mae ?? [])),
    blockedMfe: spreadOf(blocked.flatMap(({ outcome }) => outcome.excursion.value?.mfe ?? [])),
  };
}

/** Refused entries by a name, in order of the name; the rows add up to `valueRowOf` of them all. */
export function valueRowsBy(refused: readonly ShadowedEntry[], nameOf: (episode: JudgedEpisode) => string): ValueRow[] {
  const groups = new Map<string, ShadowedEntry[]>();
  for (const entry of refused) {
    const name = nameOf(entry.episode);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [entry]);
    else group.push(entry);
  }
  // allow(sort): the keys of a Map are unique
  return [...groups].sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, own]) => valueRowOf(name, own));
}

export function valueRowsByReason(
  refused: readonly ShadowedEntry[],
): (ValueRow & { readonly stage: "governor" | "limit" })[] {
  return valueRowsBy(refused, ({ reason }) => reasonHead(reason)).map((row) => ({
    ...row,
    stage: refusalStage(row.name),
  }));
}

export function valueRowOf(name: string, refused: readonly ShadowedEntry[]): ValueRow {
  return {
    name,
    blocked: refused.length,
    evaluations: refused.reduce((sum, { episode }) => sum + episode.evaluations, 0),
    ...moneyOf(sumValues(refused)),
  };
}

interface Sums {
  readonly avoided: Money;
  readonly forgone: Money;
}

function sumValues(refused: readonly ShadowedEntry[]): Sums {
  let avoided = 0n;
  let forgone = 0n;
  for (const { outcome } of refused) {
    if (outcome.pnlQuote < 0n) avoided -= outcome.pnlQuote;
    else forgone += outcome.pnlQuote;
  }
  return { avoided, forgone };
}

function moneyOf({
  avoided,
  forgone,
}: Sums): Pick<ValueRow, "lossAvoidedQuote" | "profitForgoneQuote" | "netValueQuote"> {
  return {
    lossAvoidedQuote: formatMoney(avoided),
    profitForgoneQuote: formatMoney(forgone),
    netValueQuote: formatMoney(avoided - forgone),
  };
}

/** Refusals of one clock hour are one burst: what moves one market moves the others. */
function netValueInterval(blocked: readonly ShadowedEntry[], days: number): HorizonValue["netValueInterval"] {
  if (!(days > 0)) return unknown("no_time");
  const totals = burstTotals(
    blocked.map(({ episode, outcome }) => ({
      trigger: String(Math.floor(episode.firstTsMs / HOUR_MS)),
      differenceQuote: -moneyToNumber(outcome.pnlQuote),
    })),
  );
  const interval = episodeInterval(totals, { days });
  if (interval.value === null) {
    return interval.reason === "no_discordant_episode" ? unknown("no_block") : interval;
  }
  const { interval: plain, skewCorrected, pieces } = interval.value;
  return known({
    low: Math.min(plain[0], skewCorrected[0]),
    high: Math.max(plain[1], skewCorrected[1]),
    pieces,
  });
}

function cvarOf(pnl: readonly number[]): Measured {
  const tail = tailOf(pnl);
  return tail.value === null ? tail : known(tail.value.cvar95);
}

/** Largest fall of the summed results in the order of closing, 0 or more. */
function drawdownOf(entries: readonly ShadowedEntry[]): Money {
  const ordered = [...entries].sort(
    (left, right) =>
      left.outcome.closedTsMs - right.outcome.closedTsMs ||
      left.episode.firstTsMs - right.episode.firstTsMs ||
      (left.episode.firstPlanId < right.episode.firstPlanId ? -1 : 1),
  );
  let sum = 0n;
  let peak = 0n;
  let deepest = 0n;
  for (const { outcome } of ordered) {
    sum += outcome.pnlQuote;
    if (sum > peak) peak = sum;
    if (peak - sum > deepest) deepest = peak - sum;
  }
  return deepest;
}

function spreadOf(values: readonly number[]): HorizonValue["blockedMae"] {
  if (values.length === 0) return unknown("no_block");
  const sorted = ascending(values);
  return known({
    n: sorted.length,
    p05: quantile(sorted, 0.05),
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
  });
}
