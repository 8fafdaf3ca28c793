import type { RankerView } from "../rankers/ranker.ts";
import { Scope, type Term } from "./scope.ts";
import { RATIO, type Unit } from "./unit.ts";

interface RankerTerm extends Term {
  /** Value for one symbol, truth as 1 and 0; `null` or infinite when not known. */
  read(view: RankerView, symbol: number, facts: SymbolFacts): number | null;
}

/** What is looked up once a cycle, not once a symbol. */
export interface SymbolFacts {
  readonly open: ReadonlySet<number>;
  readonly listed: ReadonlySet<number>;
}

const SECONDS: Unit = { s: 1 };
const INFINITE = Number.POSITIVE_INFINITY;

function number(
  name: string,
  meaning: string,
  unit: Unit,
  [low, high]: readonly [number, number],
  isNullable: boolean,
  read: RankerTerm["read"],
): RankerTerm {
  return { name, type: "number", meaning, unit, low, high, usualLow: low, usualHigh: 86_400, isNullable, read };
}

function truth(name: string, meaning: string, read: RankerTerm["read"]): RankerTerm {
  const range = { low: 0, high: 1, usualLow: 0, usualHigh: 1 };
  return { name, type: "truth", meaning, unit: RATIO, ...range, isNullable: false, read };
}

/** What a ranker's formula may read of each symbol, in a fixed order. docs/drivers.md shows it. */
export const RANKER_TERMS: readonly RankerTerm[] = [
  truth("is_open", "the symbol has an open position", (_, symbol, { open }) => (open.has(symbol) ? 1 : 0)),
  truth("is_listed", "the symbol is in `snapshots.allowlist`", (_, symbol, { listed }) => (listed.has(symbol) ? 1 : 0)),
  number(
    "seconds_since_intent",
    "since the symbol's last intent",
    SECONDS,
    [0, INFINITE],
    true,
    (view, symbol) => view.intentAgeMs(symbol) / 1000,
  ),
  number(
    "seconds_since_plan",
    "since the symbol's last plan",
    SECONDS,
    [0, INFINITE],
    true,
    (view, symbol) => view.planAgeMs(symbol) / 1000,
  ),
  number(
    "volume_24h",
    "volume of the last 24 h at the mark, 0 when unknown",
    { quote: 1 },
    [0, INFINITE],
    false,
    (view, symbol) => view.volume24hQuote(symbol),
  ),
  number("spread_bps", "spread of the last quote", { bps: 1 }, [-INFINITE, INFINITE], true, (view, symbol) =>
    view.spreadBps(symbol),
  ),
  number(
    "volatility",
    "exponentially weighted deviation of one-minute log returns",
    RATIO,
    [0, INFINITE],
    true,
    (view, symbol) => view.volatility(symbol),
  ),
  number(
    "seconds_since_snapshot",
    "since the exchange's last word on the symbol",
    SECONDS,
    [0, INFINITE],
    true,
    (view, symbol) => view.snapshotAgeMs(symbol) / 1000,
  ),
  number(
    "seconds_since_price",
    "since the symbol's last market event",
    SECONDS,
    [0, INFINITE],
    true,
    (view, symbol) => view.priceAgeMs(symbol) / 1000,
  ),
  number(
    "call_cost_sec",
    "how long one more call is expected to take",
    SECONDS,
    [0, INFINITE],
    false,
    (view) => view.callCostMs / 1000,
  ),
];

export const RANKER_SCOPE = new Scope(RANKER_TERMS.map(({ read: _, ...term }): Term => term));
