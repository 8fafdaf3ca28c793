import type { Decision } from "./domain/decision.ts";
import type { Envelope } from "./domain/event.ts";
import { onIntent } from "./pipeline/bridge.ts";
import {
  onFillNotAwaited,
  onOrderAccepted,
  onOrderEnded,
  onOrderQueried,
  onOrderRejected,
  onOrderTimeout,
  onOrderUnknown,
} from "./pipeline/execute.ts";
import { finishRun } from "./pipeline/finish.ts";
import { evaluatePositions } from "./pipeline/harvest.ts";
import { forgetExpired } from "./pipeline/key-memory.ts";
import { onLedgerDue } from "./pipeline/ledger.ts";
import { onPermitTimeout } from "./pipeline/permit-stage.ts";
import { onFundingSettled, onOrderFilled } from "./pipeline/settle.ts";
import { receiveSnapshot, startCycle } from "./pipeline/snapshots.ts";
import {
  createState,
  type EngineMemory,
  type EngineParts,
  type EngineState,
  hashedMemory,
  KEY_MEMORIES,
  memoryOf,
  noteFinding,
  type Step,
  setTimer,
} from "./pipeline/state.ts";
import { publishStatistics } from "./pipeline/statistics.ts";
import { sampleAccount } from "./pipeline/trackers.ts";
import { findContradictions } from "./policy-check.ts";
import { stateHashOf } from "./state-hash.ts";

/** How often memories with a time to live are swept, in envelopes. */
const SWEEP_INTERVAL = 4096;

export interface Engine {
  /**
   * Takes one envelope and answers with its decisions, in order. Synchronous and pure but for its own state: the same
   * envelopes over the same market give the same decisions, live or simulated.
   *
   * @throws {RangeError} when `seq` is not the successor of the last one or time runs backwards: a broken inbox
   */
  handle(envelope: Envelope): readonly Decision[];
  /**
   * Hash over everything the engine remembers, its governor's memory included; equal states have equal hashes. Policy,
   * instruments and market are given to it and not covered.
   */
  stateHash(): string;
  /** What it remembers, plain data. Not a copy: write it down before the next envelope. */
  save(): EngineSnapshot;
}

/** An engine at rest between two envelopes. */
export interface EngineSnapshot {
  readonly memory: EngineMemory;
  readonly governor: unknown;
}

/** Hash of an engine at rest, see `Engine.stateHash`. */
export function engineHashOf({ memory, governor }: EngineSnapshot): string {
  return stateHashOf({ memory: hashedMemory(memory), governor });
}

/**
 * @param memory of `save`, which the engine goes on with where the saved one stopped; the governor's memory must have
 * been given to `createGovernor`
 */
export function createEngine(parts: EngineParts, memory?: EngineMemory): Engine {
  const state = createState(parts, memory);
  const save = (): EngineSnapshot => ({ memory: memoryOf(state), governor: parts.governor.memory });
  return {
    handle(envelope) {
      if (envelope.seq !== state.seq + 1) {
        throw new RangeError(`Cannot take envelope ${envelope.seq}: ${state.seq + 1} is next, the inbox has a hole`);
      }
      if (envelope.tsMs < state.tsMs) {
        throw new RangeError(`Cannot take envelope ${envelope.seq}: its time ${envelope.tsMs} is before ${state.tsMs}`);
      }
      state.seq = envelope.seq;
      state.tsMs = envelope.tsMs;
      const step: Step = { state, tsMs: envelope.tsMs, decisions: [], portfolio: null };
      dispatch(step, envelope);
      if (envelope.seq % SWEEP_INTERVAL === 0) sweep(state);
      return step.decisions;
    },
    stateHash: () => engineHashOf(save()),
    save,
  };
}

function dispatch(step: Step, { event }: Envelope): void {
  switch (event.type) {
    case "run.started":
      start(step, event.walletQuote);
      return;
    case "intent.received":
      onIntent(step, event);
      return;
    case "market-features.received":
      // The world has already put them into the shared MarketState; here they only take their place in the order.
      return;
    case "timer.fired":
      onTimer(step, event.timerId);
      return;
    case "exchange.snapshot-received":
      receiveSnapshot(step, event);
      return;
    case "exchange.order-accepted":
      onOrderAccepted(step, event);
      return;
    case "exchange.order-rejected":
      onOrderRejected(step, event);
      return;
    case "exchange.order-filled":
      onOrderFilled(step, event);
      return;
    case "exchange.order-ended":
      onOrderEnded(step, event);
      return;
    case "exchange.order-unknown":
      onOrderUnknown(step, event);
      return;
    case "exchange.order-queried":
      onOrderQueried(step, event);
      return;
    case "exchange.funding-settled":
      onFundingSettled(step, event);
      return;
    case "operator.kill-switch-set":
      step.state.killSwitch = event.scope;
      return;
    case "run.ended":
      finishRun(step);
      return;
  }
}

function start(step: Step, walletQuote: bigint): void {
  const { account, policy, calibrated, parts } = step.state;
  account.startWalletQuote = walletQuote;
  account.walletQuote = walletQuote;
  for (const proposal of parts.initialProposals ?? []) {
    calibrated.set(proposal.symbol, { action: proposal.action, untilTsMs: step.tsMs + proposal.ttlMs, laps: 0 });
  }
  for (const contradiction of findContradictions(policy)) noteFinding(step, { ...contradiction, symbol: null });
  setTimer(step, "snapshots", step.tsMs);
  setTimer(step, "harvest", step.tsMs + policy.harvest.interval);
  setTimer(step, "statistics", step.tsMs + policy.trackers.statisticsInterval);
  setTimer(step, "account", step.tsMs + policy.trackers.accountInterval);
}

function onTimer(step: Step, timerId: string): void {
  const colon = timerId.indexOf(":");
  const name = colon < 0 ? timerId : timerId.slice(0, colon);
  const subject = colon < 0 ? "" : timerId.slice(colon + 1);
  switch (name) {
    case "snapshots":
      startCycle(step);
      return;
    case "harvest":
      evaluatePositions(step);
      return;
    case "statistics":
      publishStatistics(step);
      return;
    case "account":
      sampleAccount(step);
      return;
    case "permit":
      onPermitTimeout(step, subject);
      return;
    case "order":
      onOrderTimeout(step, subject);
      return;
    case "unawaited":
      onFillNotAwaited(step, subject);
      return;
    case "ledger":
      onLedgerDue(step, subject);
      return;
    default:
      throw new RangeError(`Cannot handle timer "${timerId}": no stage sets such a timer`);
  }
}

/** Memories are bounded by their time to live, not by the length of the run. */
function sweep(state: EngineState): void {
  for (const field of KEY_MEMORIES) forgetExpired(state[field], state.tsMs);
}
