import type { KillScore } from "../domain/plan.ts";
import type { Drivers, PlanToJudge } from "../governors/governor.ts";
import type { Term } from "./scope.ts";
import { RATIO, type Unit } from "./unit.ts";

interface DriverTerm extends Omit<Term, "meaning" | "type" | "name"> {
  readonly name: string;
  readonly meaning: string;
  read(drivers: Drivers, killScore: KillScore | null): number | null;
}

const INFINITE = Number.POSITIVE_INFINITY;
const SECONDS: Unit = { s: 1 };
const HOURS: Unit = { h: 1 };
const QUOTE: Unit = { quote: 1 };
const PERCENT: Unit = { percent: 1 };
const BPS: Unit = { bps: 1 };

/** `[low, high]` of a driver, with the span most values lie in where an end is open. */
function term(
  meaning: string,
  unit: Unit,
  [low, high]: readonly [number, number],
  [usualLow, usualHigh]: readonly [number, number],
  isNullable = false,
): Omit<DriverTerm, "name" | "read"> {
  return { meaning, unit, low, high, usualLow, usualHigh, isNullable };
}

const UNIT_SPAN = [0, 1] as const;
const OPEN = [0, INFINITE] as const;
const ANY = [-INFINITE, INFINITE] as const;

/** Every driver of the governor's view as formulas know it; the type keeps the list whole. docs/drivers.md shows it. */
const DRIVER_TERMS: Readonly<Record<keyof Drivers, Omit<DriverTerm, "name" | "read">>> = {
  killScore: term("edge-collapse score of the symbol, higher is worse", RATIO, [0.5, 1], [0.5, 0.93], true),
  portfolioHeat: term(
    "notional times daily volatility over equity, summed over open positions",
    RATIO,
    OPEN,
    UNIT_SPAN,
  ),
  volatilityRegime: term("0 low, 0.33 normal, 0.67 high, 1 extreme", RATIO, UNIT_SPAN, UNIT_SPAN),
  drawdown: term("fall of equity from its peak", RATIO, OPEN, UNIT_SPAN),
  pendingExposure: term("notional of unfinished entries over equity", RATIO, OPEN, UNIT_SPAN),
  positionAgeSec: term("age of the symbol's position, 0 when flat", SECONDS, OPEN, [0, 172_800]),
  rNet: term("result of the position in units of its initial risk", RATIO, ANY, [-5, 10], true),
  pnlPct: term("unrealized result in percent of the entry price", PERCENT, ANY, [-20, 20], true),
  confidence: term("confidence of the intent", RATIO, UNIT_SPAN, UNIT_SPAN, true),
  openRisk: term("loss to all stops over equity", RATIO, OPEN, UNIT_SPAN),
  openPositions: term("number of open positions", RATIO, OPEN, [0, 30]),
  totalNotional: term("sum of absolute notionals at the marks", QUOTE, OPEN, [0, 100_000]),
  planNotional: term("notional of this plan at the mark", QUOTE, OPEN, [0, 10_000], true),
  equity: term("wallet plus unrealized result", QUOTE, ANY, [0, 100_000]),
  trendStrength: term("absolute robust slope over volatility, per minute", RATIO, OPEN, UNIT_SPAN, true),
  sigma: term("volatility of one-minute log returns", RATIO, OPEN, [0, 0.05], true),
  spreadBps: term("spread of the last quote", BPS, ANY, [0, 100], true),
  fundingRate: term(
    "last settled funding rate of the symbol, positive when longs pay",
    RATIO,
    ANY,
    [-0.003, 0.003],
    true,
  ),
  hoursToFunding: term("hours to the next full funding time, every eight hours UTC", HOURS, [0, 8], [0, 8]),
  markAgeSec: term("seconds since the symbol's last market event", SECONDS, OPEN, [0, 3600], true),
};

const COMPONENT = { ...term("", RATIO, OPEN, UNIT_SPAN, true) };

const COMPONENTS: readonly DriverTerm[] = [
  {
    ...COMPONENT,
    name: "regime_flip",
    meaning: "component of the kill score: 1 when the trend regime is gone",
    high: 1,
    read: (_, score) => score?.regimeFlip ?? null,
  },
  {
    ...COMPONENT,
    name: "sigma_spike",
    meaning: "component of the kill score: volatility above its reference, in references",
    usualHigh: 2,
    read: (_, score) => score?.sigmaSpike ?? null,
  },
  {
    ...COMPONENT,
    name: "ts_drop",
    meaning: "component of the kill score: trend strength below its reference",
    read: (_, score) => score?.tsDrop ?? null,
  },
  {
    ...COMPONENT,
    name: "age_penalty",
    meaning: "component of the kill score: age of the position as a share of the longest allowed",
    high: 1,
    read: (_, score) => score?.agePenalty ?? null,
  },
  {
    ...COMPONENT,
    name: "kill_logit",
    meaning: "weighted sum of the components before the sigmoid",
    usualHigh: 3,
    read: (_, score) => score?.logit ?? null,
  },
];

/** Names of formulas: the field's words, small and joined by underscores. */
export function formulaName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What a governor's formula may read, in a fixed order. */
export const GOVERNOR_TERMS: readonly DriverTerm[] = [
  // allow(unordered): in the order of the table above, which is source
  ...(Object.keys(DRIVER_TERMS) as (keyof Drivers)[]).map((field) => ({
    ...DRIVER_TERMS[field],
    name: formulaName(field),
    read: (drivers: Drivers) => drivers[field],
  })),
  ...COMPONENTS,
];

/** Fills the slots of the drivers; what is not known is NaN. */
export function readDrivers(values: Float64Array, drivers: Drivers, killScore: PlanToJudge["killScore"]): void {
  for (let slot = 0; slot < GOVERNOR_TERMS.length; slot++) {
    values[slot] = GOVERNOR_TERMS[slot]!.read(drivers, killScore) ?? Number.NaN;
  }
}
