import { lotsToQty } from "../domain/instrument.ts";
import type { KillScore, PlanAction } from "../domain/plan.ts";
import { applyPlanId } from "../formulas/plan-id.ts";
import { profitLockStop } from "../formulas/profit-lock.ts";
import { harvestAction, rNet, rNetOrigin } from "../formulas/r-net.ts";
import { calibrateByHeat } from "../portfolio/portfolio-heat.ts";
import { govern, type PlanDraft } from "./govern.ts";
import { isRemembered } from "./key-memory.ts";
import { closeShareOf } from "./permit-stage.ts";
import type { Position } from "./position-book.ts";
import { decide, hasQuirk, instrumentOf, markPriceOf, noteFindingOnce, type Step, setTimer } from "./state.ts";
import { collectDrivers, collectInputs, measurePosition, scoreSymbol, taintsOf, viewPortfolio } from "./trackers.ts";

/** Publish again when the stop or the score moved by more than this (pipeline.md 1.5, P2.5). */
const STOP_MOVE_MIN = 0.001;
const SCORE_MOVE_MIN = 0.001;

/** Multiples of sigma that make a stop distance, by regime (pipeline.md 1.5, P1.5). */
const STOP_SIGMAS = { trend: 1.5, meanReversion: 0.8, chop: 1.0 } as const;
const STOP_DISTANCE_MIN = 0.005;

/** One evaluated position, real or invented. */
interface Evaluation {
  readonly symbol: string;
  readonly symbolIndex: number;
  readonly isLong: boolean;
  readonly qty: number;
  readonly qtyLots: number;
  readonly entryPrice: number;
  readonly markPrice: number;
  readonly ageSec: number;
  readonly riskPct: number;
  readonly currentStopPrice: number | null;
  readonly takeProfitPrice: number | null;
  readonly rungsDone: ReadonlySet<string>;
  readonly isPhantom: boolean;
}

/** Timer "harvest": every open position is asked whether its edge is still there (pipeline.md 1.5, P2). */
export function evaluatePositions(step: Step): void {
  const { state } = step;
  setTimer(step, "harvest", step.tsMs + state.policy.harvest.interval);
  if (hasQuirk(step, "phantom-position")) {
    // The origin's publisher looked where nobody writes, so it never saw a real position.
    for (const symbol of state.policy.harvest.symbols) {
      const evaluation = phantomOf(step, symbol);
      if (evaluation !== null) evaluate(step, evaluation, null);
    }
    return;
  }
  for (const position of [...state.positions.open.values()]) {
    const evaluation = evaluationOf(step, position);
    if (evaluation !== null) evaluate(step, evaluation, position);
  }
}

function evaluationOf(step: Step, position: Position): Evaluation | null {
  const instrument = instrumentOf(step, position.symbol);
  const mark = markPriceOf(step, instrument);
  if (mark === null) {
    noteFindingOnce(step, `unmarked:${position.symbol}`, {
      code: "position_without_mark",
      severity: "error",
      symbol: position.symbol,
      text: `${position.symbol} is open and has no mark price: neither its stop nor its exit can be judged`,
      evidence: { qtyLots: position.qtyLots },
    });
    return null;
  }
  if (mark > position.peakPrice) position.peakPrice = mark;
  if (mark < position.troughPrice) position.troughPrice = mark;
  const measures = measurePosition(step, position, mark);
  const { policy } = step.state;
  return {
    symbol: position.symbol,
    symbolIndex: instrument.index,
    isLong: position.qtyLots > 0,
    qty: lotsToQty(instrument, Math.abs(position.qtyLots)),
    qtyLots: position.qtyLots,
    entryPrice: measures.entryPrice,
    markPrice: mark,
    ageSec: measures.ageSec,
    riskPct: position.riskPct ?? policy.harvest.stopDistanceDefaultPct,
    currentStopPrice: position.stopPrice,
    takeProfitPrice: position.takeProfitPrice,
    rungsDone: position.rungsDone,
    isPhantom: false,
  };
}

/**
 * The built-in position of the origin's publisher: LONG, entry 100 for BTC and 50 for the rest, 5 % up, one hour old
 * (pipeline.md 0.1 and 1.5). Whatever is decided on it is tainted.
 */
function phantomOf(step: Step, symbol: string): Evaluation | null {
  const instrument = step.state.instrumentBySymbol.get(symbol);
  if (instrument === undefined) return null;
  const features = step.state.market.features(instrument.index);
  if (features === null) return null;
  const entryPrice = symbol.includes("BTC") ? 100 : 50;
  const stopDistance =
    (STOP_SIGMAS.trend * features.pTrend +
      STOP_SIGMAS.meanReversion * features.pMeanReversion +
      STOP_SIGMAS.chop * features.pChop) *
    features.sigma;
  noteFindingOnce(step, `phantom:${symbol}`, {
    code: "synthetic_position",
    severity: "error",
    symbol,
    text: `The exits of ${symbol} are computed from a built-in position (entry ${entryPrice}, age 3600 s): there is no such position on the exchange`,
    evidence: { entryPrice, ageSec: 3600, exchangeQtyLots: 0 },
  });
  return {
    symbol,
    symbolIndex: instrument.index,
    isLong: true,
    qty: 0,
    qtyLots: 0,
    entryPrice,
    markPrice: 1.05 * entryPrice,
    ageSec: 3600,
    riskPct: Math.max(STOP_DISTANCE_MIN, stopDistance),
    currentStopPrice: 0.98 * entryPrice,
    takeProfitPrice: 1.1 * entryPrice,
    rungsDone: new Set(),
    isPhantom: true,
  };
}

function evaluate(step: Step, evaluation: Evaluation, position: Position | null): void {
  const score = scoreSymbol(step, evaluation.symbolIndex, evaluation.ageSec);
  const pnlPerUnit = evaluation.isLong
    ? evaluation.markPrice - evaluation.entryPrice
    : evaluation.entryPrice - evaluation.markPrice;
  const r = measureR(step, evaluation, pnlPerUnit);
  const lockedStop = lockProfit(step, evaluation, position, r);
  const asked = ask(step, evaluation, score, r);
  const action = circulating(step, evaluation.symbol) ?? asked.action;
  if (action === "HOLD") return;
  if (hasPlanInFlight(step, evaluation.symbol)) return;
  if (!isNews(step, evaluation.symbol, action, lockedStop, score?.score ?? 0)) return;
  propose(step, evaluation, { action, causes: asked.causes, score, r, lockedStop, pnlPerUnit });
}

/** R per unit, as meant; under the quirk the origin's position-level figure decides. */
function measureR(step: Step, evaluation: Evaluation, pnlPerUnit: number): number {
  if (hasQuirk(step, "position-level-r")) return measureOriginR(step, evaluation, pnlPerUnit);
  return rNet({
    entryPrice: evaluation.entryPrice,
    stopDistancePct: evaluation.riskPct,
    costRate: step.state.policy.harvest.costRate,
    unrealizedPnlPerUnit: pnlPerUnit,
  });
}

function measureOriginR(step: Step, evaluation: Evaluation, pnlPerUnit: number): number {
  // The invented position counts one unit, which is why its R looked right.
  const qty = evaluation.qty === 0 ? 1 : evaluation.qty;
  return rNetOrigin({
    entryPrice: evaluation.entryPrice,
    stopDistancePct: evaluation.riskPct,
    costRate: step.state.policy.harvest.costRate,
    unrealizedPnl: pnlPerUnit * qty,
  });
}

/** Moves the stop behind the entry once the position has earned it; a stop never loosens. */
function lockProfit(step: Step, evaluation: Evaluation, position: Position | null, r: number): number | null {
  const { lockR, lockBreakevenPct } = step.state.policy.harvest;
  const stop = profitLockStop({
    isLong: evaluation.isLong,
    entryPrice: evaluation.entryPrice,
    currentStopPrice: evaluation.currentStopPrice,
    rNet: r,
    lockR,
    breakevenPct: lockBreakevenPct,
  });
  if (stop !== null && position !== null) {
    decide(step, {
      type: "stop.moved",
      symbol: evaluation.symbol,
      stopPrice: stop,
      previousStopPrice: position.stopPrice,
      cause: "profit_lock",
    });
    position.stopPrice = stop;
  }
  return stop;
}

interface Asked {
  readonly action: PlanAction;
  readonly causes: readonly string[];
}

/** What the kernel wants, strongest first: stop, take profit, kill score, ladder. */
function ask(step: Step, evaluation: Evaluation, score: KillScore | null, r: number): Asked {
  const { harvest } = step.state.policy;
  const { isLong, markPrice, currentStopPrice, takeProfitPrice } = evaluation;
  const { isPhantom } = evaluation;
  if (
    !isPhantom &&
    currentStopPrice !== null &&
    (isLong ? markPrice <= currentStopPrice : markPrice >= currentStopPrice)
  ) {
    return { action: "FULL_CLOSE_PROPOSED", causes: ["stop_hit"] };
  }
  if (
    !isPhantom &&
    takeProfitPrice !== null &&
    (isLong ? markPrice >= takeProfitPrice : markPrice <= takeProfitPrice)
  ) {
    return { action: "FULL_CLOSE_PROPOSED", causes: ["take_profit_hit"] };
  }
  const rung = harvestAction(r, harvest.ladder);
  const rungCauses = rung === "NONE" ? [] : [`harvest_${rung.toLowerCase()}`];
  if (score !== null && score.score >= harvest.killThreshold) {
    return { action: gateByHeat(step, "FULL_CLOSE_PROPOSED"), causes: [...rungCauses, ...killCauses(score)] };
  }
  if (rung === "NONE" || evaluation.rungsDone.has(rung)) return { action: "HOLD", causes: [] };
  return { action: rung, causes: rungCauses };
}

function killCauses(score: KillScore): string[] {
  const causes = ["kill_score_triggered"];
  if (score.regimeFlip > 0) causes.push("regime_flip");
  if (score.sigmaSpike > 0.5) causes.push("sigma_spike");
  if (score.tsDrop > 0.2) causes.push("ts_drop");
  if (score.agePenalty > 0.5) causes.push("age_penalty");
  return causes;
}

/** P2.6b: in a cold book a full close becomes a partial one. With the origin's vocabulary it never recognises one. */
function gateByHeat(step: Step, action: PlanAction): PlanAction {
  const { state } = step;
  if (state.policy.harvest.heatGate === "off") return action;
  const word = hasQuirk(step, "dead-heat-gate") ? "FULL_CLOSE" : "FULL_CLOSE_PROPOSED";
  const outcome = calibrateByHeat({ action, heat: viewPortfolio(step).heat, fullCloseWord: word });
  state.heatGate.inputs += 1;
  if (outcome.action !== action) state.heatGate.effects += 1;
  return outcome.action;
}

/** The action the UNKNOWN loop has put into the proposal, while it lives. */
function circulating(step: Step, symbol: string): PlanAction | null {
  const known = step.state.calibrated.get(symbol);
  if (known === undefined) return null;
  if (known.untilTsMs > step.tsMs) return known.action;
  step.state.calibrated.delete(symbol);
  return null;
}

function hasPlanInFlight(step: Step, symbol: string): boolean {
  for (const { plan } of step.state.activePlans.values()) {
    if (plan.symbol === symbol && plan.evalType !== "ENTRY") return true;
  }
  return false;
}

function isNews(step: Step, symbol: string, action: PlanAction, stopPrice: number | null, score: number): boolean {
  const last = step.state.lastProposals.get(symbol);
  if (last === undefined || last.action !== action) return true;
  if (step.tsMs - last.publishedTsMs >= step.state.policy.harvest.republishAfter) return true;
  if (Math.abs(score - last.score) > SCORE_MOVE_MIN) return true;
  if (stopPrice === null || last.stopPrice === null) return stopPrice !== last.stopPrice;
  return Math.abs(stopPrice / last.stopPrice - 1) > STOP_MOVE_MIN;
}

function propose(
  step: Step,
  evaluation: Evaluation,
  proposal: {
    readonly action: PlanAction;
    readonly causes: readonly string[];
    readonly score: KillScore | null;
    readonly r: number;
    readonly lockedStop: number | null;
    readonly pnlPerUnit: number;
  },
): void {
  const { action, score } = proposal;
  const { state, tsMs } = step;
  const isUnknown = action === "UNKNOWN";
  const qty = evaluation.qty * closeShareOf(action);
  const inputs = collectInputs(step, evaluation.symbolIndex, evaluation.isPhantom);
  const draft: PlanDraft = {
    planId: applyPlanId(evaluation.symbol, action, score?.score ?? 0, proposal.lockedStop, tsMs),
    origin: "harvest",
    evalType: isUnknown ? "UNKNOWN" : "EXIT",
    action,
    symbol: evaluation.symbol,
    side: evaluation.isLong ? "SELL" : "BUY",
    qty,
    isReduceOnly: !isUnknown,
    createdTsMs: tsMs,
    intentEntryId: null,
    confidence: null,
    causes: proposal.causes,
    killScore: score,
    rNet: proposal.r,
    rNetOrigin: measureOriginR(step, evaluation, proposal.pnlPerUnit),
    newStopPrice: proposal.lockedStop,
    takeProfitPrice: null,
    positionQtyLots: evaluation.qtyLots,
    markPrice: evaluation.markPrice,
    inputs,
    taints: taintsOf(step, evaluation.symbolIndex, inputs),
    episodeKey: `position:${evaluation.symbol}`,
    decision: "SKIP",
    reasonCodes: [],
    verdict: null,
  };
  const drivers = collectDrivers(step, {
    symbolIndex: evaluation.symbolIndex,
    killScore: score,
    confidence: null,
    planNotional: qty * evaluation.markPrice,
    position: {
      entryPrice: evaluation.entryPrice,
      ageSec: evaluation.ageSec,
      pnlPerUnit: proposal.pnlPerUnit,
      pnlPct: (proposal.pnlPerUnit / evaluation.entryPrice) * 100,
    },
    rNet: proposal.r,
  });
  govern(step, draft, drivers);
  // A plan that went on to a permit either closes the position or is asked again at once; only refusals are repeated
  // at the slow pace.
  const wasRefused = !state.activePlans.has(draft.planId) && !isRemembered(state.donePlans, draft.planId);
  if (!wasRefused) {
    state.lastProposals.delete(evaluation.symbol);
    return;
  }
  state.lastProposals.set(evaluation.symbol, {
    action,
    stopPrice: proposal.lockedStop,
    score: score?.score ?? 0,
    publishedTsMs: tsMs,
  });
}
