import type { Instrument } from "../../engine/domain/instrument.ts";
import type { JournalHeader } from "../../engine/domain/journal.ts";
import type { MarketState } from "../../engine/market/market-state.ts";
import type { EngineParts } from "../../engine/pipeline/state.ts";
import { ENGINE_VERSION } from "../../engine/version.ts";
import { enginePartsOf, marketOf } from "../../sim/run/engine-parts.ts";
import type { ResolvedVariant, Scenario } from "../../sim/scenario/schema.ts";

/** Fresh parts of an engine for a session, its replay or a shadow: the same file gives the same core. */
export function sessionParts(
  scenario: Scenario,
  definition: ResolvedVariant,
  instruments: readonly Instrument[],
  market: MarketState = sessionMarket(definition, instruments),
): EngineParts {
  return enginePartsOf({ scenario, definition, instruments, market });
}

export function sessionMarket(definition: ResolvedVariant, instruments: readonly Instrument[]): MarketState {
  return marketOf(
    instruments.map(({ symbol }) => symbol),
    definition.policy.trackers,
  );
}

/** The first line of a session's journal. A recording that is being made has no hash yet. */
export function sessionHeader(parts: {
  readonly id: string;
  readonly scenario: Scenario;
  readonly definition: ResolvedVariant;
  readonly variant: string;
  readonly instruments: readonly Instrument[];
  readonly startTsMs: number;
}): JournalHeader {
  const { id, scenario, definition, variant, instruments, startTsMs } = parts;
  return {
    schema: "rehearsal.journal/1",
    runId: id,
    variant,
    scenario: scenario.name,
    scenarioHash: scenario.hash,
    recording: id,
    recordingHash: "",
    engineVersion: ENGINE_VERSION,
    seed: scenario.seed,
    startTsMs,
    warmupUntilTsMs: startTsMs + scenario.warmupMs,
    symbols: instruments.map(({ symbol }) => symbol),
    stepSizes: instruments.map(({ stepSize }) => stepSize),
    tickSizes: instruments.map(({ tickSize }) => tickSize),
    quirks: definition.policy.quirks,
    universeSize: Math.max(scenario.universe.count ?? 0, instruments.length),
  };
}
