import type {
  CandidatesRanked,
  Decision,
  FindingNoted,
  IntentRejected,
  OrderSubmitted,
  PermitDenied,
  PermitGranted,
  PositionReconciled,
  ResultRecorded,
  ResultStatus,
} from "../../src/engine/domain/decision.ts";
import type { EngineEvent, OrderFilled, SnapshotReceived } from "../../src/engine/domain/event.ts";
import type { JournalEntry, JournalHeader } from "../../src/engine/domain/journal.ts";
import { parseMoney } from "../../src/engine/domain/money.ts";
import type { KillScore, Plan, PlanDecision, Verdict } from "../../src/engine/domain/plan.ts";

/** 2026-02-02T00:13:20Z: a round start that leaves readable offsets. */
export const START_TS_MS = 1_769_991_200_000;

export function header(changes: Partial<JournalHeader> = {}): JournalHeader {
  return {
    schema: "rehearsal.journal/1",
    runId: "r-7f3a",
    variant: "fixed",
    scenario: "regime-flip.yaml",
    scenarioHash: "c41e0000",
    recording: "rec-0202",
    recordingHash: "9bd00000",
    engineVersion: "0.1.0",
    seed: "1",
    startTsMs: START_TS_MS,
    warmupUntilTsMs: START_TS_MS,
    symbols: ["BTCUSDT", "ETHUSDT", "ZECUSDT", "WAVESUSDT", "GALAUSDT"],
    stepSizes: ["0.001", "0.001", "0.001", "0.1", "1"],
    tickSizes: ["0.10", "0.01", "0.01", "0.0001", "0.00001"],
    quirks: [],
    universeSize: 566,
    ...changes,
  };
}

/** The numbers of the incident: 1.0 x 1.0 + 0.5 x 0.2398 + 0.3 x 0.0417 = 1.1324, sigmoid 0.7563. */
export function killScore(changes: Partial<KillScore> = {}): KillScore {
  return {
    score: 0.7562778521799141,
    logit: 1.1324,
    regimeFlip: 1,
    sigmaSpike: 0,
    tsDrop: 0.2398,
    agePenalty: 0.0416666666667,
    weights: { regimeFlip: 1, sigmaSpike: 0.5, tsDrop: 0.5, agePenalty: 0.3 },
    ...changes,
  };
}

export function verdict(decision: PlanDecision, changes: Partial<Verdict> = {}): Verdict {
  const isBlocked = decision === "BLOCKED";
  return {
    governor: "fixed-threshold",
    decision,
    reasonCode: isBlocked ? "kill_score_warning_risk_increase" : "kill_score_ok",
    value: isBlocked ? 0.7562778521799141 : 0.214,
    cutoff: 0.6,
    margin: isBlocked ? 0.1562778521799141 : 0.386,
    terms: { killScore: isBlocked ? 0.7562778521799141 : 0.214, warning: 0.6, critical: 0.8 },
    qtyScale: 1,
    ...changes,
  };
}

export function plan(planId: string, changes: Partial<Plan> = {}): Plan {
  const decision = changes.decision ?? "EXECUTE";
  return {
    planId,
    origin: "bridge",
    evalType: "ENTRY",
    action: "ENTRY",
    symbol: "ZECUSDT",
    side: "BUY",
    qty: 0.632,
    isReduceOnly: false,
    createdTsMs: START_TS_MS,
    intentEntryId: null,
    confidence: 0.72,
    decision,
    reasonCodes: decision === "BLOCKED" ? ["kill_score_warning_risk_increase"] : ["kill_score_ok"],
    killScore: null,
    causes: ["intent"],
    rNet: null,
    rNetOrigin: null,
    newStopPrice: null,
    takeProfitPrice: null,
    verdict: verdict(decision),
    positionQtyLots: 0,
    markPrice: 316.1,
    inputs: [],
    taints: [],
    episodeKey: `intent:${changes.symbol ?? "ZECUSDT"}`,
    ...changes,
  };
}

/** An exit evaluation of an unknown kind on a held position, blocked: the incident's BTC and ETH rows. */
export function blockedExit(planId: string, symbol: string, changes: Partial<Plan> = {}): Plan {
  return plan(planId, {
    origin: "harvest",
    evalType: "UNKNOWN",
    action: "UNKNOWN",
    causes: ["kill_score_triggered", "regime_flip"],
    symbol,
    side: "SELL",
    decision: "BLOCKED",
    killScore: killScore(),
    positionQtyLots: 100,
    episodeKey: `position:${symbol}`,
    ...changes,
  });
}

export function result(planId: string, status: ResultStatus, changes: Partial<ResultRecorded> = {}): ResultRecorded {
  const isExecuted = status === "FILLED" || status === "PARTIAL";
  return {
    type: "result.recorded",
    planId,
    symbol: "ZECUSDT",
    evalType: "ENTRY",
    status,
    isExecuted,
    reason: isExecuted ? "none" : "refused",
    detail: "",
    orderId: isExecuted ? "1098143307" : null,
    clientOrderId: `c-${planId}`,
    side: "BUY",
    requestedQtyLots: 632,
    filledQtyLots: isExecuted ? 632 : 0,
    filledNotionalQuote: isExecuted ? parseMoney("199.9216") : 0n,
    feeQuote: isExecuted ? parseMoney("0.08") : 0n,
    realizedPnlQuote: 0n,
    ...changes,
  };
}

export function order(planId: string, changes: Partial<OrderSubmitted> = {}): OrderSubmitted {
  return {
    type: "order.submitted",
    clientOrderId: `c-${planId}`,
    planId,
    symbol: "ZECUSDT",
    evalType: "ENTRY",
    side: "BUY",
    orderType: "MARKET",
    timeInForce: null,
    qtyLots: 632,
    limitPriceTicks: null,
    isReduceOnly: false,
    decisionMarkPrice: 316.1,
    ...changes,
  };
}

export function fill(planId: string, changes: Partial<OrderFilled> = {}): OrderFilled {
  const qtyLots = changes.qtyLots ?? 632;
  return {
    type: "exchange.order-filled",
    clientOrderId: `c-${planId}`,
    orderId: "1098143307",
    tradeId: `t-${planId}`,
    symbol: "ZECUSDT",
    side: "BUY",
    qtyLots,
    priceTicks: 31_610,
    cumulativeQtyLots: qtyLots,
    isOrderComplete: true,
    isMaker: false,
    feeQuote: parseMoney("0.08"),
    realizedPnlQuote: 0n,
    exchangeTsMs: START_TS_MS,
    ...changes,
  };
}

export function permit(planId: string, changes: Partial<PermitGranted> = {}): PermitGranted {
  return {
    type: "permit.granted",
    planId,
    symbol: "ZECUSDT",
    path: "open",
    safeQtyLots: null,
    exchangeQtyLots: 0,
    ledgerQtyLots: 0,
    snapshotAgeMs: 900,
    expiresTsMs: START_TS_MS + 60_000,
    reason: "sanity_checks_passed",
    ...changes,
  };
}

export function denial(planId: string, reason: string, changes: Partial<PermitDenied> = {}): PermitDenied {
  return {
    type: "permit.denied",
    planId,
    symbol: "ZECUSDT",
    path: "open",
    reason,
    exchangeQtyLots: null,
    ledgerQtyLots: null,
    snapshotAgeMs: null,
    ...changes,
  };
}

export function rejection(entryId: string, reason: string, symbol = "WAVESUSDT"): IntentRejected {
  return { type: "intent.rejected", entryId, symbol, side: "BUY", reason, detail: "" };
}

export function reconciled(changes: Partial<PositionReconciled> = {}): PositionReconciled {
  return {
    type: "position.reconciled",
    symbol: "ZECUSDT",
    exchangeQtyLots: 8316,
    ledgerQtyLots: 0,
    ownFillsQtyLots: 3152,
    unexplainedQtyLots: 5164,
    ...changes,
  };
}

export function ranked(changes: Partial<CandidatesRanked> = {}): CandidatesRanked {
  return {
    type: "candidates.ranked",
    ranker: "tiered",
    symbols: ["ZECUSDT"],
    tierCounts: { positions: 1, intents: 0 },
    neededFresh: 1,
    neededStale: [],
    neededNeverRanked: [],
    cycleCostMs: 300,
    budgetCalls: 60,
    repeatedCycles: 0,
    ...changes,
  };
}

export function finding(code: string, changes: Partial<FindingNoted> = {}): FindingNoted {
  return {
    type: "finding.noted",
    code,
    severity: "warn",
    symbol: null,
    text: `${code} happened`,
    evidence: {},
    ...changes,
  };
}

export function snapshot(changes: Partial<SnapshotReceived> = {}): SnapshotReceived {
  return {
    type: "exchange.snapshot-received",
    requestId: "s-1",
    isFinal: false,
    status: "ok",
    asOfTsMs: START_TS_MS,
    symbols: [],
    positions: [],
    walletQuote: parseMoney("10000"),
    ...changes,
  };
}

export interface JournalBuilder {
  /** One entry at `START_TS_MS + offsetMs`. */
  at(offsetMs: number, event: EngineEvent, ...decisions: Decision[]): JournalBuilder;
  /** A timer with decisions: the usual carrier of what the core does on its own. */
  tick(offsetMs: number, ...decisions: Decision[]): JournalBuilder;
  intent(offsetMs: number, entryId: string, symbol: string, ...decisions: Decision[]): JournalBuilder;
  publish(offsetMs: number, ...plans: Plan[]): JournalBuilder;
  end(offsetMs: number, ...decisions: Decision[]): JournalBuilder;
  readonly entries: JournalEntry[];
}

export function journal(walletQuote = "10000"): JournalBuilder {
  const entries: JournalEntry[] = [];
  const builder: JournalBuilder = {
    entries,
    at(offsetMs, event, ...decisions) {
      entries.push({ envelope: { seq: entries.length + 1, tsMs: START_TS_MS + offsetMs, event }, decisions });
      return builder;
    },
    tick: (offsetMs, ...decisions) => builder.at(offsetMs, { type: "timer.fired", timerId: "t" }, ...decisions),
    intent: (offsetMs, entryId, symbol, ...decisions) =>
      builder.at(offsetMs, { type: "intent.received", entryId, fields: { symbol, side: "BUY" } }, ...decisions),
    publish: (offsetMs, ...plans) =>
      builder.tick(offsetMs, ...plans.map((each) => ({ type: "plan.published" as const, plan: each }))),
    end: (offsetMs, ...decisions) =>
      builder.at(offsetMs, { type: "run.ended", cause: "end-of-recording" }, ...decisions),
  };
  return builder.at(0, { type: "run.started", walletQuote: parseMoney(walletQuote) });
}

/**
 * The seed document as a journal: 11 intents (5 ZEC filled, 5 WAVES refused, 1 GALA unanswered), 5 extra entry
 * evaluations, and BTC and ETH exits asked again and again with evalType UNKNOWN, over 10 minutes.
 */
export function incident(): JournalBuilder {
  const built = journal();
  let cumulative = 0;
  const steps: { offsetMs: number; write: () => void }[] = [];
  const at = (offsetMs: number, write: () => void) => steps.push({ offsetMs, write });
  [237_000, 299_000, 360_000, 422_000, 484_000].forEach((offsetMs, index) => {
    const [entryId, planId] = [`${START_TS_MS + offsetMs}-2`, `fade71576${index}e5ab39`];
    at(offsetMs, () => {
      const zec = plan(planId, { intentEntryId: entryId, createdTsMs: START_TS_MS + offsetMs });
      built.intent(offsetMs, entryId, "ZECUSDT", { type: "plan.published", plan: zec });
    });
    at(offsetMs + 1500, () => built.tick(offsetMs + 1500, permit(planId)));
    at(offsetMs + 2000, () => built.tick(offsetMs + 2000, order(planId)));
    at(offsetMs + 3000, () => {
      cumulative += 632;
      built.at(
        offsetMs + 3000,
        fill(planId, { exchangeTsMs: START_TS_MS + offsetMs + 2900, cumulativeQtyLots: 632 }),
        result(planId, "FILLED", { filledNotionalQuote: parseMoney("199.7752") }),
      );
    });
  });
  for (let index = 0; index < 5; index++) {
    const offsetMs = 240_500 + index * 62_000;
    const [entryId, planId] = [`${START_TS_MS + offsetMs}-0`, `aa00${index}bb`];
    at(offsetMs, () => {
      const waves = plan(planId, { intentEntryId: entryId, symbol: "WAVESUSDT" });
      built.intent(offsetMs, entryId, "WAVESUSDT", { type: "plan.published", plan: waves });
    });
    at(offsetMs + 100, () =>
      built.tick(
        offsetMs + 100,
        result(planId, "REJECTED_VENUE", { symbol: "WAVESUSDT", reason: "symbol_not_in_allowlist:WAVESUSDT" }),
      ),
    );
  }
  at(590_000, () => built.intent(590_000, `${START_TS_MS + 590_000}-0`, "GALAUSDT"));
  for (let index = 0; index < 12; index++) {
    const offsetMs = 1000 + index * 50_000;
    at(offsetMs, () =>
      built.publish(offsetMs, blockedExit(`91c0${index}`, "BTCUSDT"), blockedExit(`3e77${index}`, "ETHUSDT")),
    );
  }
  steps.sort((left, right) => left.offsetMs - right.offsetMs);
  for (const { write } of steps) write();
  return built.end(600_000, reconciled({ ownFillsQtyLots: cumulative, unexplainedQtyLots: 8316 - cumulative }));
}
