import type { Decision, OrderSubmitted, PermitGranted } from "../domain/decision.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Money } from "../domain/money.ts";
import type { Plan, PlanAction } from "../domain/plan.ts";
import type { BoundGovernor } from "../governors/governor.ts";
import type { MarketState } from "../market/market-state.ts";
import type { Policy } from "../policy.ts";
import type { Quirk } from "../quirks.ts";
import type { BoundRanker } from "../rankers/ranker.ts";
import type { ActiveSums } from "./active-plans.ts";
import { createKeyMemory, digestOf, type KeyMemory } from "./key-memory.ts";
import { createPositionBook, type PositionBook } from "./position-book.ts";
import { createStatistics, type Statistics } from "./statistics.ts";
import type { PortfolioView } from "./trackers.ts";

/** The parts a world hands to the core; everything else the core makes itself. */
export interface EngineParts {
  readonly policy: Policy;
  readonly instruments: readonly Instrument[];
  /** Shared and read-only here: the world updates it before it delivers an event. */
  readonly market: MarketState;
  readonly governor: BoundGovernor;
  readonly ranker: BoundRanker;
  /** Proposals the origin's hash held at the start (`initial.proposals` of a scenario). */
  readonly initialProposals?: readonly {
    readonly symbol: string;
    readonly action: PlanAction;
    readonly ttlMs: number;
  }[];
  /** Symbol names beyond the instruments that rankers have to deal with. */
  readonly universeExtra?: readonly string[];
}

/** Where an executed plan stands between its publication and its one result. */
export type PlanStage =
  | { readonly kind: "permit-queued" }
  | { readonly kind: "snapshot-awaited"; readonly requestId: string }
  | { readonly kind: "permit-awaited"; readonly reason: string }
  | { readonly kind: "ordered"; readonly clientOrderId: string };

export interface ActivePlan {
  readonly plan: Plan;
  stage: PlanStage;
  permit: PermitGranted | null;
  /** Until when the executor waits for a permit. */
  readonly waitUntilTsMs: number;
}

export type OrderStatus = "submitted" | "accepted" | "partially-filled" | "unknown";

export interface ActiveOrder {
  readonly order: OrderSubmitted;
  readonly submittedTsMs: number;
  status: OrderStatus;
  orderId: string | null;
  filledQtyLots: number;
  filledNotionalQuote: Money;
  feeQuote: Money;
  realizedPnlQuote: Money;
  lastExchangeTsMs: number;
  queryAttempts: number;
  isResultWritten: boolean;
}

export interface Account {
  startWalletQuote: Money;
  walletQuote: Money;
  realizedPnlQuote: Money;
  feesQuote: Money;
  fundingQuote: Money;
  equityPeak: number;
  /** Wallet of the last equity sample; `null` before the first. */
  sampledWalletQuote: Money | null;
}

/** What the harvest lane last said about a symbol, to publish changes and not repetitions. */
export interface LastProposal {
  action: PlanAction;
  stopPrice: number | null;
  score: number;
  publishedTsMs: number;
}

export interface EngineState {
  readonly parts: EngineParts;
  readonly policy: Policy;
  readonly quirks: ReadonlySet<Quirk>;
  readonly market: MarketState;
  readonly instrumentBySymbol: ReadonlyMap<string, Instrument>;
  readonly universe: readonly string[];
  seq: number;
  tsMs: number;

  readonly account: Account;
  readonly positions: PositionBook;
  /** Committed ledger, signed lots; the exchange is the truth and this one lags. */
  readonly ledger: Map<string, number>;
  /** Orders whose ledger commit is made or on its way. */
  readonly ledgerOrders: KeyMemory;

  /** Entry ids that were judged. */
  readonly seenIntents: KeyMemory;
  /** Plans that were executed. */
  readonly donePlans: KeyMemory;
  /** `symbol:trade id` of fills that are booked: no fill counts twice. */
  readonly seenTrades: KeyMemory;
  /** Changed by active-plans.ts only, which keeps `activeSums` in step. */
  readonly activePlans: Map<string, ActivePlan>;
  readonly activeSums: ActiveSums;
  readonly activeOrders: Map<string, ActiveOrder>;
  /** Facts about orders needed after their end: pending ledger commits. */
  readonly pendingLedger: Map<string, PendingLedger>;

  readonly lastIntentTsMs: Map<string, number>;
  readonly lastPlanTsMs: Map<string, number>;
  readonly lastEntryTsMs: Map<string, number>;
  readonly lastExecutionTsMs: Map<string, number>;
  readonly lastProposals: Map<string, LastProposal>;
  /** Calibrated actions of the UNKNOWN loop with the end of their TTL. */
  readonly calibrated: Map<string, { action: PlanAction; untilTsMs: number; laps: number }>;

  readonly snapshots: SnapshotState;
  readonly statistics: Statistics;
  killSwitch: "off" | "entries" | "all";
  /** Closes the heat gate has seen, and those it changed. */
  readonly heatGate: { inputs: number; effects: number };
  readonly notedOnce: Set<string>;
}

export interface PendingLedger {
  readonly orderId: string;
  readonly symbol: string;
  readonly deltaQtyLots: number;
  readonly exchangeTsMs: number;
}

export interface SnapshotState {
  requestCount: number;
  /** Request in flight of the periodic cycle, `null` between cycles. */
  cycleRequestId: string | null;
  cycleStartedTsMs: number;
  cycleCalls: number;
  readonly onDemand: Map<string, { readonly symbol: string; readonly sentTsMs: number }>;
  readonly permitQueue: string[];
  callLatencyEwmaMs: number;
  lastRankingKey: string;
  repeatedCycles: number;
  readonly rankedEver: Set<string>;
  /** Symbols that were needed in some cycle without ever having been ranked. */
  readonly neverRanked: Set<string>;
  /** Contributions of each tier over the run: a tier that never contributed is dead. */
  readonly tierTotals: Map<string, number>;
  /** Cycles in which a symbol without a position had a recent intent: the intent tier had something to find. */
  intentTierChances: number;
}

/** Fields of the state that follow from the parts or from other fields: everything else is memory. */
const GIVEN = ["parts", "policy", "quirks", "market", "instrumentBySymbol", "universe", "activeSums"] as const;

/** What an engine remembers: every field of its state that is not given to it, whatever fields there may be. */
export type EngineMemory = Omit<EngineState, (typeof GIVEN)[number]>;

/** The memory itself, not a copy: it moves on with the next envelope. */
export function memoryOf(state: EngineState): EngineMemory {
  const memory: Partial<EngineState> = { ...state };
  for (const field of GIVEN) delete memory[field];
  return memory as EngineMemory;
}

/** Fields that grow with the day and are hashed by their digest. */
export const KEY_MEMORIES = ["seenIntents", "donePlans", "seenTrades", "ledgerOrders"] as const;

/** The memory as a state hash sees it: all of it, long lists of keys as their digests. */
export function hashedMemory(memory: EngineMemory): Readonly<Record<string, unknown>> {
  const hashed: Record<string, unknown> = { ...memory };
  for (const field of KEY_MEMORIES) hashed[field] = digestOf(memory[field]);
  return hashed;
}

/** @param memory of a checkpoint, which the state goes on with: it is taken over, not copied */
export function createState(parts: EngineParts, memory?: EngineMemory): EngineState {
  const state = emptyState(parts);
  return memory === undefined ? state : { ...state, ...memory };
}

function emptyState(parts: EngineParts): EngineState {
  return {
    parts,
    policy: parts.policy,
    quirks: new Set(parts.policy.quirks),
    market: parts.market,
    instrumentBySymbol: new Map(parts.instruments.map((instrument) => [instrument.symbol, instrument])),
    universe: [...parts.instruments.map((instrument) => instrument.symbol), ...(parts.universeExtra ?? [])],
    seq: 0,
    tsMs: 0,
    account: {
      startWalletQuote: 0n,
      walletQuote: 0n,
      realizedPnlQuote: 0n,
      feesQuote: 0n,
      fundingQuote: 0n,
      equityPeak: 0,
      sampledWalletQuote: null,
    },
    positions: createPositionBook(),
    ledger: new Map(),
    ledgerOrders: createKeyMemory(),
    seenIntents: createKeyMemory(),
    donePlans: createKeyMemory(),
    seenTrades: createKeyMemory(),
    activePlans: new Map(),
    activeSums: { entryNotional: null },
    activeOrders: new Map(),
    pendingLedger: new Map(),
    lastIntentTsMs: new Map(),
    lastPlanTsMs: new Map(),
    lastEntryTsMs: new Map(),
    lastExecutionTsMs: new Map(),
    lastProposals: new Map(),
    calibrated: new Map(),
    snapshots: {
      requestCount: 0,
      cycleRequestId: null,
      cycleStartedTsMs: 0,
      cycleCalls: 0,
      onDemand: new Map(),
      permitQueue: [],
      callLatencyEwmaMs: parts.policy.snapshots.callLatencyStart,
      lastRankingKey: "",
      repeatedCycles: 0,
      rankedEver: new Set(),
      neverRanked: new Set(),
      tierTotals: new Map(),
      intentTierChances: 0,
    },
    statistics: createStatistics(),
    killSwitch: parts.policy.limits.killSwitch,
    heatGate: { inputs: 0, effects: 0 },
    notedOnce: new Set(),
  };
}

/** One call of `handle`: the state, its time, and the decisions taken so far. */
export interface Step {
  readonly state: EngineState;
  readonly tsMs: number;
  readonly decisions: Decision[];
  /** Of `viewPortfolio`; `null` before it was asked for, and again when a position or the wallet has changed. */
  portfolio: PortfolioView | null;
}

export function decide(step: Step, decision: Decision): void {
  step.decisions.push(decision);
}

export function setTimer(step: Step, timerId: string, dueTsMs: number): void {
  decide(step, { type: "timer.set", timerId, dueTsMs });
}

export function hasQuirk(step: Step, quirk: Quirk): boolean {
  return step.state.quirks.has(quirk);
}

type FindingParts = Omit<Extract<Decision, { type: "finding.noted" }>, "type">;

export function noteFinding(step: Step, finding: FindingParts): void {
  decide(step, { type: "finding.noted", ...finding });
}

/** Notes a finding the first time its key appears: a defect that acts every ten seconds is one finding. */
export function noteFindingOnce(step: Step, key: string, finding: FindingParts): void {
  if (step.state.notedOnce.has(key)) return;
  step.state.notedOnce.add(key);
  noteFinding(step, finding);
}

export function instrumentOf(step: Step, symbol: string): Instrument {
  const instrument = step.state.instrumentBySymbol.get(symbol);
  if (instrument === undefined) throw new RangeError(`Cannot find instrument "${symbol}" in the run's symbol table`);
  return instrument;
}

/** Last mark the engine has seen, `null` when it has seen none. */
export function markPriceOf(step: Step, instrument: Instrument): number | null {
  const price = step.state.market.price[instrument.index]!;
  return price > 0 ? price : null;
}
