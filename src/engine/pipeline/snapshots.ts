import type { SnapshotReceived } from "../domain/event.ts";
import { lotsToQty } from "../domain/instrument.ts";
import { snapshotTopK, updateCallLatencyEwmaMs } from "../formulas/snapshot-top-k.ts";
import type { RankerView } from "../rankers/ranker.ts";
import { resumePermits } from "./permit-stage.ts";
import { adoptPosition, qtyLotsOf, snapshotOf } from "./position-book.ts";
import { decide, hasQuirk, noteFinding, noteFindingOnce, type Step, setTimer } from "./state.ts";

/** Timer "snapshots": rank the universe, ask the exchange, and come back one interval later. */
export function startCycle(step: Step): void {
  const { policy, snapshots } = step.state;
  setTimer(step, "snapshots", step.tsMs + policy.snapshots.interval);
  if (snapshots.cycleRequestId !== null) return;
  const symbols = policy.snapshots.method === "per-symbol" ? rankCandidates(step) : askForAll(step);
  const requestId = nextRequestId(step);
  snapshots.cycleRequestId = requestId;
  snapshots.cycleStartedTsMs = step.tsMs;
  snapshots.cycleCalls = 0;
  decide(step, {
    type: "snapshot.requested",
    requestId,
    method: policy.snapshots.method,
    symbols,
    cause: "cycle",
  });
}

/** One exchange call per symbol: the ranker chooses who gets one. */
function rankCandidates(step: Step): readonly string[] {
  const { snapshots, universe, parts } = step.state;
  const view = rankerView(step);
  const ranking = parts.ranker.rank(view);
  const symbols = ranking.symbols.map((index) => universe[index]!);
  for (const symbol of symbols) snapshots.rankedEver.add(symbol);
  // allow(unordered): tier names are words, listed as the ranker wrote them
  for (const [tier, count] of Object.entries(ranking.tierCounts)) {
    snapshots.tierTotals.set(tier, (snapshots.tierTotals.get(tier) ?? 0) + count);
  }
  noteRanking(step, { ranker: parts.ranker.name, symbols, tierCounts: ranking.tierCounts, calls: view.budgetCalls });
  return symbols;
}

/** One call answers for every symbol, so there is nothing to rank: coverage is still measured. */
function askForAll(step: Step): readonly string[] {
  noteRanking(step, { ranker: "one-call-for-all", symbols: [], tierCounts: {}, calls: 1 });
  return [];
}

/** Fetches one symbol for a plan that waits; a request for the symbol already under way is shared. */
export function requestOnDemand(step: Step, symbol: string): string {
  const { snapshots, policy } = step.state;
  for (const [requestId, pending] of snapshots.onDemand) if (pending.symbol === symbol) return requestId;
  const requestId = nextRequestId(step);
  snapshots.onDemand.set(requestId, { symbol, sentTsMs: step.tsMs });
  const isForAll = policy.snapshots.method === "one-call-for-all";
  decide(step, {
    type: "snapshot.requested",
    requestId,
    method: policy.snapshots.method,
    symbols: isForAll ? [] : [symbol],
    cause: "on-demand",
  });
  return requestId;
}

/** The exchange's word on positions: remembered, compared with what own fills explain, adopted where they differ. */
export function receiveSnapshot(step: Step, event: SnapshotReceived): void {
  const { snapshots, positions } = step.state;
  const isCycle = event.requestId === snapshots.cycleRequestId;
  if (event.status === "ok") {
    const isForAll = event.symbols.length === 0;
    // A report that covered every symbol has said "flat" about all it did not name.
    const wasAllReported = positions.allAsOfTsMs > 0;
    const reported = new Map(event.positions.map((report) => [report.symbol, report]));
    if (isForAll) {
      positions.allAsOfTsMs = Math.max(positions.allAsOfTsMs, event.asOfTsMs);
      for (const symbol of positions.open.keys())
        if (!reported.has(symbol)) compare(step, flat(symbol), event.asOfTsMs, wasAllReported);
    }
    for (const symbol of isForAll ? reported.keys() : event.symbols) {
      compare(step, reported.get(symbol) ?? flat(symbol), event.asOfTsMs, wasAllReported);
    }
  } else {
    noteFindingOnce(step, "snapshot-failed", {
      code: "snapshot_failed",
      severity: "warn",
      symbol: null,
      text: "The exchange did not answer a snapshot request",
      evidence: { requestId: event.requestId, error: event.error ?? null },
    });
  }
  if (isCycle) {
    snapshots.cycleCalls += 1;
    if (!event.isFinal) return;
    const perCallMs = (step.tsMs - snapshots.cycleStartedTsMs) / snapshots.cycleCalls;
    snapshots.callLatencyEwmaMs = updateCallLatencyEwmaMs(snapshots.callLatencyEwmaMs, perCallMs);
    snapshots.cycleRequestId = null;
    resumePermits(step, null);
    return;
  }
  if (!event.isFinal) return;
  snapshots.onDemand.delete(event.requestId);
  resumePermits(step, event.requestId);
}

interface Report {
  readonly symbol: string;
  readonly qtyLots: number;
  readonly entryPrice: number;
}

function flat(symbol: string): Report {
  return { symbol, qtyLots: 0, entryPrice: 0 };
}

function compare(step: Step, report: Report, asOfTsMs: number, wasAllReported: boolean): void {
  const { positions, instrumentBySymbol, activeOrders } = step.state;
  const instrument = instrumentBySymbol.get(report.symbol);
  if (instrument === undefined) return;
  const previous = positions.snapshots.get(report.symbol);
  if (previous !== undefined && previous.asOfTsMs > asOfTsMs) return;
  positions.snapshots.set(report.symbol, { qtyLots: report.qtyLots, asOfTsMs });
  const known = qtyLotsOf(positions, report.symbol);
  if (known === report.qtyLots) return;
  // A report and our fills race: the report may be older than a fill, or an order may still be filling.
  if ((positions.lastFillTsMs.get(report.symbol) ?? -1) > asOfTsMs) return;
  for (const { order } of activeOrders.values()) if (order.symbol === report.symbol) return;

  const unexplained = report.qtyLots - known;
  const isFirstReport = previous === undefined && !wasAllReported && !positions.ownFillsQtyLots.has(report.symbol);
  step.portfolio = null;
  adoptPosition(positions, report, lotsToQty(instrument, 1), step.tsMs);
  if (isFirstReport) positions.adoptedQtyLots.set(report.symbol, report.qtyLots);
  const isLedgerTold = isFirstReport || !hasQuirk(step, "reconcile-deadlock");
  if (isLedgerTold && !hasQuirk(step, "ledger-never")) step.state.ledger.set(report.symbol, report.qtyLots);
  decide(step, {
    type: "position.reconciled",
    symbol: report.symbol,
    exchangeQtyLots: report.qtyLots,
    ledgerQtyLots: step.state.ledger.get(report.symbol) ?? null,
    ownFillsQtyLots: positions.ownFillsQtyLots.get(report.symbol) ?? 0,
    unexplainedQtyLots: unexplained,
  });
  const unexplainedQty = lotsToQty(instrument, unexplained);
  noteFinding(step, {
    code: isFirstReport ? "position_adopted" : "unexplained_delta",
    severity: isFirstReport ? "info" : "error",
    symbol: report.symbol,
    text: isFirstReport
      ? `${report.symbol} was open on the exchange before the run: ${unexplainedQty}`
      : `The position of ${report.symbol} changed by ${unexplainedQty} without an own fill: another writer on the account`,
    evidence: { exchangeQty: lotsToQty(instrument, report.qtyLots), expectedQty: lotsToQty(instrument, known) },
  });
}

function rankerView(step: Step): RankerView {
  const { state, tsMs } = step;
  const { policy, market, universe } = state;
  const index = universeIndex(step);
  const isIntentTierDead = hasQuirk(step, "intent-tier-dead");
  const ageOf = (times: ReadonlyMap<string, number>, symbol: number): number => {
    const last = times.get(universe[symbol]!);
    return last === undefined ? Number.POSITIVE_INFINITY : tsMs - last;
  };
  const { budgetCalls, minTopK, cycleTarget } = policy.snapshots;
  const topK = snapshotTopK(state.snapshots.callLatencyEwmaMs, cycleTarget, minTopK);
  return {
    tsMs,
    symbols: universe,
    openPositions: [...state.positions.open.keys()]
      .map((symbol) => index.get(symbol)!)
      .sort((left, right) => left - right),
    intentAgeMs: (symbol) => (isIntentTierDead ? Number.POSITIVE_INFINITY : ageOf(state.lastIntentTsMs, symbol)),
    planAgeMs: (symbol) => ageOf(state.lastPlanTsMs, symbol),
    volume24hQuote: (symbol) => (symbol < market.symbols.length ? market.volume24hQuote(symbol, tsMs) : 0),
    spreadBps: (symbol) => (symbol < market.symbols.length ? market.spreadBps(symbol) : null),
    volatility: (symbol) => {
      const variance = symbol < market.symbols.length ? market.returnVariance[symbol]! : 0;
      return variance > 0 ? Math.sqrt(variance) : null;
    },
    snapshotAgeMs: (symbol) => {
      const snapshot = snapshotOf(state.positions, universe[symbol]!);
      return snapshot === null ? Number.POSITIVE_INFINITY : tsMs - snapshot.asOfTsMs;
    },
    priceAgeMs: (symbol) => {
      const lastTsMs = symbol < market.symbols.length ? market.lastTsMs[symbol]! : 0;
      return lastTsMs > 0 ? Math.max(0, tsMs - lastTsMs) : Number.POSITIVE_INFINITY;
    },
    callCostMs: state.snapshots.callLatencyEwmaMs,
    allowlist: policy.snapshots.allowlist.flatMap((symbol) => index.get(symbol) ?? []),
    budgetCalls: Math.min(budgetCalls, Math.max(topK, 1)),
  };
}

// allow(collected): looked up by a key in hand, never listed
// allow(module-state): an index of a list that does not change
const universeIndices = new WeakMap<readonly string[], Map<string, number>>();

function universeIndex(step: Step): Map<string, number> {
  let index = universeIndices.get(step.state.universe);
  if (index === undefined) {
    index = new Map(step.state.universe.map((symbol, place) => [symbol, place]));
    universeIndices.set(step.state.universe, index);
  }
  return index;
}

/** Coverage of what was needed this cycle, published when it differs from the cycle before. */
function noteRanking(
  step: Step,
  ranking: {
    readonly ranker: string;
    readonly symbols: readonly string[];
    readonly tierCounts: Readonly<Record<string, number>>;
    readonly calls: number;
  },
): void {
  const { state, tsMs } = step;
  const { ranker, symbols, tierCounts, calls: budgetCalls } = ranking;
  const { policy, positions, snapshots } = state;
  const needed: string[] = [];
  positions.open.forEach((_, symbol) => {
    needed.push(symbol);
  });
  const openCount = needed.length;
  const needWindowMs = policy.snapshots.needWindow;
  state.lastIntentTsMs.forEach((lastTsMs, symbol) => {
    if (tsMs - lastTsMs <= needWindowMs && !positions.open.has(symbol)) needed.push(symbol);
  });
  if (needed.length > openCount) snapshots.intentTierChances += 1;
  const isForAll = policy.snapshots.method === "one-call-for-all";
  let neededFresh = 0;
  const neededStale: string[] = [];
  const neededNeverRanked: string[] = [];
  for (const symbol of needed) {
    if (state.instrumentBySymbol.get(symbol)?.isOnVenue !== true) continue;
    const snapshot = snapshotOf(positions, symbol);
    if (snapshot !== null && tsMs - snapshot.asOfTsMs <= policy.permits.snapshotAgeMax) neededFresh += 1;
    else if (isForAll || snapshots.rankedEver.has(symbol)) neededStale.push(symbol);
    else neededNeverRanked.push(symbol);
  }
  // allow(sort): each symbol is needed once
  neededStale.sort();
  // allow(sort): each symbol is needed once
  neededNeverRanked.sort();
  for (const symbol of neededNeverRanked) snapshots.neverRanked.add(symbol);
  const calls = isForAll ? 1 : symbols.length;
  const key = `${symbols.join()}|${neededFresh}|${neededStale.join()}|${neededNeverRanked.join()}`;
  if (key === snapshots.lastRankingKey) {
    snapshots.repeatedCycles += 1;
    return;
  }
  decide(step, {
    type: "candidates.ranked",
    ranker,
    symbols,
    tierCounts,
    repeatedCycles: snapshots.repeatedCycles,
    neededFresh,
    neededStale,
    neededNeverRanked,
    cycleCostMs: Math.round(calls * snapshots.callLatencyEwmaMs),
    budgetCalls,
  });
  snapshots.lastRankingKey = key;
  snapshots.repeatedCycles = 0;
}

function nextRequestId(step: Step): string {
  step.state.snapshots.requestCount += 1;
  return `snap-${step.state.snapshots.requestCount}`;
}
