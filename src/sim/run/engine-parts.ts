import type { Instrument } from "../../engine/domain/instrument.ts";
import type { PlanAction } from "../../engine/domain/plan.ts";
import { createGovernor } from "../../engine/governors/index.ts";
import { MarketState } from "../../engine/market/market-state.ts";
import type { EngineParts } from "../../engine/pipeline/state.ts";
import { createRanker } from "../../engine/rankers/index.ts";
import type { ResolvedVariant, Scenario } from "../scenario/schema.ts";

/**
 * What an engine is made of, from a scenario: a simulated variant and a live session go through here, so that one file
 * means one core wherever it runs.
 *
 * @param governorMemory of a checkpoint; a governor without a past when absent
 */
export function enginePartsOf(parts: {
  readonly scenario: Scenario;
  readonly definition: ResolvedVariant;
  readonly instruments: readonly Instrument[];
  /** Its symbols are those of the instruments, in their order. */
  readonly market: MarketState;
  readonly governorMemory?: Parameters<typeof createGovernor>[1];
}): EngineParts {
  const { scenario, definition, instruments, market, governorMemory } = parts;
  const { policy } = definition;
  return {
    policy,
    instruments,
    market,
    governor: createGovernor(policy.governor, governorMemory, (name) => scenario.plugIns?.governor(name)),
    ranker: createRanker(policy.snapshots.ranker, (name) => scenario.plugIns?.ranker(name)),
    universeExtra: extraSymbols(
      scenario,
      instruments.map(({ symbol }) => symbol),
    ),
    // allow(unordered): symbols are words, in the order of the file
    initialProposals: Object.entries(scenario.initial.proposals).map(([symbol, { action, ttl }]) => ({
      symbol,
      action: action as PlanAction,
      ttlMs: ttl,
    })),
  };
}

/** The market as a variant's trackers look at it. */
export function marketOf(symbols: readonly string[], trackers: ResolvedVariant["policy"]["trackers"]): MarketState {
  const { featureWindowBars, featurePointsMin, marketStateInterval } = trackers;
  return new MarketState({
    symbols,
    windowBars: featureWindowBars,
    pointsMin: featurePointsMin,
    refreshBars: Math.max(1, Math.round(marketStateInterval / 60_000)),
  });
}

/** Universe names beyond the instruments: those written down, then made-up ones up to the count. */
function extraSymbols(scenario: Scenario, symbols: readonly string[]): string[] {
  const known = new Set(symbols);
  const extra = scenario.universe.symbols.filter((symbol) => !known.has(symbol));
  const wanted = (scenario.universe.count ?? 0) - symbols.length - extra.length;
  for (let number = 1; number <= wanted; number++) extra.push(`FILLER${String(number).padStart(4, "0")}USDT`);
  return extra;
}
