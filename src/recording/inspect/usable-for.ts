import type { Inspection } from "./inspection.ts";

const HOUR_MS = 3_600_000;
const DECISIONS_KEPT = 1_000_000;
/** Minute closes the features need (pipeline.md 1.4). */
export const FEATURE_MINUTES = 257;
/** reports.md 2.0: under six hours, or five episodes, nothing but counts can be said. */
const E1_HOURS_MIN = 6;
const E1_DECISIONS_MIN = 5;
/** From here on an interval can be given, when the episodes are in different hours. */
const E2_DECISIONS_MIN = 10;
const E2_HOURS_MIN = 3;

/** When decisions were recorded: intents, or plans where there are no intents. */
export class DecisionTimes {
  readonly #timesMs: number[] = [];

  add(rxMs: number): void {
    if (this.#timesMs.length < DECISIONS_KEPT) this.#timesMs.push(rxMs);
  }

  get count(): number {
    return this.#timesMs.length;
  }

  /** Decisions with that much time behind them until `endMs`. */
  before(endMs: number, horizonMs: number): number {
    return this.#timesMs.filter((timeMs) => timeMs + horizonMs <= endMs).length;
  }

  /** Different hours with a decision. */
  hours(): number {
    return new Set(this.#timesMs.map((timeMs) => Math.floor(timeMs / HOUR_MS))).size;
  }
}

export interface Grounds {
  readonly damageCount: number;
  readonly intents: number;
  readonly readySymbols: number;
  readonly streams: Inspection["streams"];
  /** Last price of all; `null` without prices. */
  readonly marketEndMs: number | null;
  readonly decisions: DecisionTimes;
}

/** What the recording is good for, each with the numbers that say so. */
export function usableFor(of: Grounds): Inspection["usableFor"] {
  const starts = of.streams.map(({ firstRxMs }) => firstRxMs);
  const ends = of.streams.map(({ lastRxMs }) => lastRxMs);
  const least = (values: readonly number[]) => values.reduce((min, value) => Math.min(min, value), Infinity);
  const most = (values: readonly number[]) => values.reduce((max, value) => Math.max(max, value), -Infinity);
  const hours = of.streams.length === 0 ? 0 : (most(ends) - least(starts)) / HOUR_MS;
  const isWhole = of.damageCount === 0;
  return [
    { use: "replay", ok: isWhole, reason: isWhole ? "every part is whole" : `${of.damageCount} places are damaged` },
    { use: "funnel", ok: of.intents > 0, reason: `${of.intents} intents recorded` },
    {
      use: "features",
      ok: of.readySymbols > 0,
      reason: `${of.readySymbols} symbols have prices in ${FEATURE_MINUTES} or more minutes`,
    },
    shadow("30 m", HOUR_MS / 2, of),
    shadow("4 h", 4 * HOUR_MS, of),
    bootstrap(hours, of.decisions),
  ];
}

/** What a blocked decision would have done needs prices until its horizon. */
function shadow(name: string, horizonMs: number, { marketEndMs, decisions }: Grounds): Inspection["usableFor"][number] {
  const use = `gate shadow ${name}`;
  if (decisions.count === 0) return { use, ok: false, reason: "no decisions recorded" };
  if (marketEndMs === null) return { use, ok: false, reason: "no prices recorded" };
  const covered = decisions.before(marketEndMs, horizonMs);
  const reason = `span: ${covered} of ${decisions.count} decisions have ${name} of prices after them`;
  return { use, ok: covered > 0, reason };
}

function bootstrap(hours: number, decisions: DecisionTimes): Inspection["usableFor"][number] {
  const { count } = decisions;
  const isE2 = count >= E2_DECISIONS_MIN && decisions.hours() >= E2_HOURS_MIN;
  const isE1 = hours >= E1_HOURS_MIN && count >= E1_DECISIONS_MIN;
  const level = !isE1 ? "E0" : isE2 ? "at most E2" : "at most E1";
  const reason = `${level}: span ${hours.toFixed(1)} h, ${count} decisions in ${decisions.hours()} different hours`;
  return { use: "bootstrap", ok: isE1 && isE2, reason };
}
