import { UserError } from "../../diagnostics/user-error.ts";
import type { Instrument } from "../../engine/domain/instrument.ts";
import type { JournalHeader } from "../../engine/domain/journal.ts";
import { createEngine, type EngineSnapshot } from "../../engine/engine.ts";
import { createInvariantChecker, type InvariantMemory, type InvariantOptions } from "../../engine/invariants.ts";
import type { MarketState } from "../../engine/market/market-state.ts";
import { ENGINE_VERSION } from "../../engine/version.ts";
import { matchingText } from "../../venue/matching-text.ts";
import type { VenueMarket } from "../../venue/venue-market.ts";
import { type ExchangeSnapshot, SimulatedExchange } from "../exchange/simulated-exchange.ts";
import { troublesOf } from "../exchange/troubles-of.ts";
import type { ResolvedVariant } from "../scenario/schema.ts";
import { createRandomStreams, type RandomStreamState } from "../time/random-streams.ts";
import { Scheduler, type SchedulerState } from "../time/scheduler.ts";
import { enginePartsOf, marketOf } from "./engine-parts.ts";
import { initialPositions } from "./run-instruments.ts";
import type { RunRequest, VariantResult } from "./types.ts";
import { RANK, type Scheduled, VariantWorld, type WorldSnapshot } from "./variant-world.ts";
import type { Watchers } from "./watchers.ts";

/** Envelopes between two state hashes of a journal. */
const STATE_HASH_INTERVAL = 1000;

/** One variant of a run, ready to start. */
export interface Variant {
  readonly definition: ResolvedVariant;
  readonly world: VariantWorld;
  readonly exchange: SimulatedExchange;
  readonly stateHash: () => string;
  readonly save: () => VariantSnapshot;
}

/** One variant between two things that happen to it; plain data. */
export interface VariantSnapshot {
  readonly name: string;
  readonly world: WorldSnapshot;
  readonly engine: EngineSnapshot;
  /** Hash of the engine as it was saved: it must come back with the same. */
  readonly stateHash: string;
  readonly exchange: ExchangeSnapshot;
  readonly scheduler: SchedulerState<Scheduled>;
  readonly invariants: InvariantMemory;
  readonly streams: ReadonlyMap<string, RandomStreamState>;
}

/** Virtual time of a run, both ends included. */
export interface RunWindow {
  readonly fromTsMs: number;
  readonly toTsMs: number;
}

export function createVariant(parts: {
  readonly definition: ResolvedVariant;
  readonly index: number;
  readonly request: RunRequest;
  readonly instruments: readonly Instrument[];
  readonly venueMarket: VenueMarket;
  readonly markets: Map<string, MarketState>;
  readonly watchers: Watchers;
  readonly window: RunWindow;
  /** What this variant goes on with; from the start when absent. */
  readonly saved: VariantSnapshot | undefined;
}): Variant {
  const { definition, index, request, instruments, venueMarket, watchers, window, saved } = parts;
  const { scenario, recording } = request;
  const { policy } = definition;
  const market = sharedMarket(parts.markets, recording.symbols, policy.trackers);
  const scheduler = saved === undefined ? new Scheduler<Scheduled>() : Scheduler.restore(saved.scheduler);
  // The same seed for every variant: common random numbers make variants comparable.
  const random = createRandomStreams(scenario.seed, saved?.streams);
  const exchange = new SimulatedExchange({
    instruments,
    symbolsMissing: definition.exchange.missing,
    market: venueMarket,
    fidelity: recording.fidelity,
    ...(recording.venueInfo === undefined ? {} : { venueInfo: recording.venueInfo }),
    ...(recording.leverageBrackets === undefined ? {} : { leverageBrackets: recording.leverageBrackets }),
    fees: definition.exchange.fees,
    fill: definition.exchange.fill,
    ...troublesOf(definition.exchange, recording),
    random,
    walletQuote: scenario.account.wallet,
    leverage: scenario.account.leverage,
    initialPositions: initialPositions(scenario, instruments),
    schedule: (dueTsMs, arrival) => scheduler.push(dueTsMs, RANK.exchange, { kind: "exchange", arrival }),
    emit: (dueTsMs, event) => scheduler.push(dueTsMs, RANK.event, { kind: "event", event }),
    note: (finding) => world.note(finding),
    watch: (symbol, isWatched) => {
      watchers.set(symbol, index, isWatched);
    },
  });
  const engineParts = enginePartsOf({
    scenario,
    definition,
    instruments,
    market,
    governorMemory: saved?.engine.governor,
  });
  const engine = createEngine(engineParts, saved?.engine.memory);
  const symbolIndex = new Map(recording.symbols.map((symbol, place) => [symbol, place]));
  const invariantOptions: InvariantOptions = {
    killScore: policy.killScore,
    featuresOf: (symbol) => {
      const place = symbolIndex.get(symbol);
      return place === undefined ? null : market.features(place);
    },
  };
  const invariants = createInvariantChecker(invariantOptions, saved?.invariants);
  const world = new VariantWorld({
    engine,
    exchange,
    scheduler,
    invariants,
    stateHashInterval: request.stateHashInterval ?? STATE_HASH_INTERVAL,
    onEntry: (entry) => request.onEntry(index, entry),
  });
  request.onHeader(index, headerOf(request, definition, instruments, window));
  if (saved !== undefined) {
    world.load(saved.world);
    exchange.load(saved.exchange);
    requireSameState(saved, engine.stateHash());
  } else exchange.begin(window.fromTsMs);
  return {
    definition,
    world,
    exchange,
    stateHash: () => engine.stateHash(),
    save: () => ({
      name: definition.name,
      world: world.save(),
      engine: engine.save(),
      stateHash: engine.stateHash(),
      exchange: exchange.save(),
      scheduler: scheduler.save(),
      invariants: invariants.save(),
      streams: random.states(),
    }),
  };
}

/** Two builds of one version may remember different things; then the rest would not be the rest of that run. */
function requireSameState(saved: VariantSnapshot, stateHash: string): void {
  if (saved.stateHash === stateHash) return;
  const text = `Cannot go on with variant "${saved.name}": its state hash is ${stateHash} and was ${saved.stateHash}, the build that saved it is needed`;
  throw new UserError([{ text, hint: "run the scenario from its start" }]);
}

/** What only the simulated world knows of a variant when it has ended. */
export function resultOf({ definition, world, exchange, stateHash }: Variant): VariantResult {
  return {
    name: definition.name,
    entries: world.entries,
    stateHash: stateHash(),
    accountMismatch: exchange.account.reconcile(),
  };
}

/** One market for all variants that look at it the same way. */
function sharedMarket(
  markets: Map<string, MarketState>,
  symbols: readonly string[],
  trackers: ResolvedVariant["policy"]["trackers"],
): MarketState {
  const { featureWindowBars, featurePointsMin, marketStateInterval } = trackers;
  const key = `${featureWindowBars}/${featurePointsMin}/${marketStateInterval}`;
  let market = markets.get(key);
  if (market === undefined) {
    market = marketOf(symbols, trackers);
    markets.set(key, market);
  }
  return market;
}

function headerOf(
  request: RunRequest,
  definition: ResolvedVariant,
  instruments: readonly Instrument[],
  window: RunWindow,
): JournalHeader {
  const { scenario, recording } = request;
  return {
    schema: "rehearsal.journal/1",
    runId: request.runId,
    variant: definition.name,
    scenario: scenario.name,
    scenarioHash: scenario.hash,
    recording: recording.id,
    recordingHash: recording.hash,
    engineVersion: ENGINE_VERSION,
    seed: scenario.seed,
    startTsMs: window.fromTsMs,
    warmupUntilTsMs: window.fromTsMs + scenario.warmupMs,
    symbols: recording.symbols,
    stepSizes: instruments.map(({ stepSize }) => stepSize),
    tickSizes: instruments.map(({ tickSize }) => tickSize),
    quirks: definition.policy.quirks,
    universeSize: Math.max(scenario.universe.count ?? 0, recording.symbols.length),
    matching: {
      fidelity: recording.fidelity,
      profile: definition.exchange.fill.profile,
      text: matchingText(recording.fidelity, definition.exchange.fill.profile),
    },
  };
}
