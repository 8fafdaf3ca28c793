import { lotsToQty } from "../domain/instrument.ts";
import { moneyFromNumber, moneyToNumber } from "../domain/money.ts";
import type { InputProvenance, KillScore } from "../domain/plan.ts";
import { killComponents, killScore } from "../formulas/kill-score.ts";
import type { Drivers } from "../governors/governor.ts";
import { heatOf } from "../portfolio/portfolio-heat.ts";
import { pendingEntryNotional } from "./active-plans.ts";
import type { Position } from "./position-book.ts";
import { entryPriceOf, snapshotOf } from "./position-book.ts";
import { decide, instrumentOf, markPriceOf, type Step, setTimer } from "./state.ts";

/** Daily from one-minute volatility. */
const MINUTES_PER_DAY_ROOT = Math.sqrt(1440);

/** Portfolio numbers at one instant, from open positions at their marks. */
export interface PortfolioView {
  readonly equity: number;
  readonly grossNotional: number;
  readonly heat: number;
  readonly openRisk: number;
  readonly drawdown: number;
  readonly openPositions: number;
}

/**
 * Equity is the wallet plus unrealized result at the marks; a position without a mark counts at its entry. Also moves
 * the equity peak, so it is called once per instant that needs it.
 */
export function viewPortfolio(step: Step): PortfolioView {
  step.portfolio ??= computePortfolio(step);
  return step.portfolio;
}

function computePortfolio(step: Step): PortfolioView {
  const { account, positions, policy } = step.state;
  let unrealized = 0;
  let grossNotional = 0;
  let heatSum = 0;
  let riskSum = 0;
  for (const position of positions.open.values()) {
    const instrument = instrumentOf(step, position.symbol);
    const qty = lotsToQty(instrument, Math.abs(position.qtyLots));
    const entryNotional = moneyToNumber(position.entryNotionalQuote);
    const mark = markPriceOf(step, instrument);
    const notional = mark === null ? entryNotional : qty * mark;
    unrealized += position.qtyLots > 0 ? notional - entryNotional : entryNotional - notional;
    grossNotional += notional;
    const sigma = step.state.market.sigma(instrument.index) ?? 0;
    heatSum += notional * sigma * MINUTES_PER_DAY_ROOT;
    riskSum += notional * (position.riskPct ?? policy.harvest.stopDistanceDefaultPct);
  }
  const equity = moneyToNumber(account.walletQuote) + unrealized;
  if (equity > account.equityPeak) account.equityPeak = equity;
  return {
    equity,
    grossNotional,
    // A journal holds finite numbers only: without equity any exposure is as hot as a number can say.
    heat: Math.min(Number.MAX_VALUE, heatOf(heatSum, equity)),
    openRisk: Math.min(Number.MAX_VALUE, heatOf(riskSum, equity)),
    drawdown: account.equityPeak > 0 ? Math.max(0, 1 - equity / account.equityPeak) : 0,
    openPositions: positions.open.size,
  };
}

/** Weight of the volatility regime: 0 low, 0.33 normal, 0.67 high, 1 extreme (pipeline.md 1.14, P2.8). */
export function volatilityRegime(step: Step, symbolIndex: number): number {
  const ratio = step.state.market.volatilityRatio(symbolIndex);
  if (ratio === null) return 0.33;
  const [low, high, extreme] = step.state.policy.trackers.volatilityRegimeBounds;
  return ratio < low ? 0 : ratio < high ? 0.33 : ratio < extreme ? 0.67 : 1;
}

/** Kill score of a symbol at an age; `null` while the market features are not known. */
export function scoreSymbol(step: Step, symbolIndex: number, ageSec: number): KillScore | null {
  const features = step.state.market.features(symbolIndex);
  if (features === null) return null;
  const params = step.state.policy.killScore;
  const { sigma, trendStrength, pTrend, pMeanReversion, pChop } = features;
  const components = killComponents({ sigma, trendStrength, pTrend, pMeanReversion, pChop, ageSec }, params);
  return killScore(components, params.weights);
}

/** Timer "account": equity for the drawdown of reports; a flat account whose wallet has not moved says nothing new. */
export function sampleAccount(step: Step): void {
  const { account, positions, policy } = step.state;
  setTimer(step, "account", step.tsMs + policy.trackers.accountInterval);
  if (positions.open.size === 0 && account.walletQuote === account.sampledWalletQuote) return;
  account.sampledWalletQuote = account.walletQuote;
  const portfolio = viewPortfolio(step);
  decide(step, {
    type: "account.sampled",
    walletQuote: account.walletQuote,
    equityQuote: moneyFromNumber(portfolio.equity),
    grossNotional: portfolio.grossNotional,
    openPositions: portfolio.openPositions,
    portfolioHeat: portfolio.heat,
    drawdown: portfolio.drawdown,
  });
}

export interface PositionMeasures {
  readonly entryPrice: number;
  readonly ageSec: number;
  readonly pnlPerUnit: number;
  readonly pnlPct: number;
}

/** What a position has made per unit at a mark, and for how long it has been open. */
export function measurePosition(step: Step, position: Position, markPrice: number): PositionMeasures {
  const instrument = instrumentOf(step, position.symbol);
  const entryPrice = entryPriceOf(position, lotsToQty(instrument, 1));
  const pnlPerUnit = position.qtyLots > 0 ? markPrice - entryPrice : entryPrice - markPrice;
  return {
    entryPrice,
    ageSec: Math.max(0, (step.tsMs - position.openedTsMs) / 1000),
    pnlPerUnit,
    pnlPct: (pnlPerUnit / entryPrice) * 100,
  };
}

const FUNDING_INTERVAL_MS = 28_800_000;

/** To the next 00, 08 or 16 UTC, when USD-M contracts of the regular interval settle; more than 0, at most 8. */
export function hoursToFunding(tsMs: number): number {
  return (FUNDING_INTERVAL_MS - (tsMs % FUNDING_INTERVAL_MS)) / 3_600_000;
}

function markAgeSec(step: Step, symbolIndex: number): number | null {
  const lastTsMs = step.state.market.lastTsMs[symbolIndex] ?? 0;
  return lastTsMs > 0 ? Math.max(0, step.tsMs - lastTsMs) / 1000 : null;
}

/** All drivers a governor may use for one plan. */
export function collectDrivers(
  step: Step,
  input: {
    readonly symbolIndex: number;
    readonly killScore: KillScore | null;
    readonly confidence: number | null;
    readonly planNotional: number | null;
    readonly position: PositionMeasures | null;
    readonly rNet: number | null;
  },
): Drivers {
  const portfolio = viewPortfolio(step);
  const features = step.state.market.features(input.symbolIndex);
  return {
    killScore: input.killScore?.score ?? null,
    portfolioHeat: portfolio.heat,
    volatilityRegime: volatilityRegime(step, input.symbolIndex),
    drawdown: portfolio.drawdown,
    pendingExposure: portfolio.equity > 0 ? pendingEntryNotional(step.state) / portfolio.equity : 0,
    positionAgeSec: input.position?.ageSec ?? 0,
    rNet: input.rNet,
    pnlPct: input.position?.pnlPct ?? null,
    confidence: input.confidence,
    openRisk: portfolio.openRisk,
    openPositions: portfolio.openPositions,
    totalNotional: portfolio.grossNotional,
    planNotional: input.planNotional,
    equity: portfolio.equity,
    trendStrength: features?.trendStrength ?? null,
    sigma: features?.sigma ?? null,
    spreadBps: step.state.market.spreadBps(input.symbolIndex),
    fundingRate: step.state.market.fundingRateOf(input.symbolIndex),
    hoursToFunding: hoursToFunding(step.tsMs),
    markAgeSec: markAgeSec(step, input.symbolIndex),
  };
}

/**
 * Where the inputs of a decision on this symbol came from and how old they are: its mark, its market features, the
 * position it was judged on, and the newest word of the exchange about it.
 *
 * @param isPhantom the position is invented (quirk phantom-position), and so is the mark it is valued at
 */
export function collectInputs(step: Step, symbolIndex: number, isPhantom: boolean): InputProvenance[] {
  const { market, positions } = step.state;
  const symbol = market.symbols[symbolIndex]!;
  const lastTsMs = market.lastTsMs[symbolIndex]!;
  const mark: InputProvenance = isPhantom
    ? { input: "mark", provenance: "synthetic", ageMs: null }
    : lastTsMs === 0
      ? { input: "mark", provenance: "default", ageMs: null }
      : { input: "mark", provenance: "exchange", ageMs: step.tsMs - lastTsMs };
  const hasFeatures = market.features(symbolIndex) !== null;
  const features: InputProvenance = market.hasRecordedFeatures(symbolIndex)
    ? { input: "features", provenance: "recording", ageMs: null }
    : { input: "features", provenance: hasFeatures ? "computed" : "default", ageMs: null };
  const snapshot = snapshotOf(positions, symbol);
  return [
    mark,
    features,
    isPhantom
      ? { input: "position", provenance: "synthetic", ageMs: null }
      : { input: "position", provenance: "computed", ageMs: ageOf(step, positions.lastFillTsMs.get(symbol)) },
    snapshot === null
      ? { input: "snapshot", provenance: "default", ageMs: null }
      : { input: "snapshot", provenance: "cache", ageMs: step.tsMs - snapshot.asOfTsMs },
  ];
}

/**
 * Taints of a decision: inputs that are synthetic or missing, a mark that is stale or frozen. A missing snapshot is no
 * taint, because the permit stage refuses or fetches.
 */
export function taintsOf(step: Step, symbolIndex: number, inputs: readonly InputProvenance[]): string[] {
  const taints: string[] = [];
  let markAgeMs: number | null = null;
  for (const { input, provenance, ageMs } of inputs) {
    if (input === "mark") markAgeMs = ageMs;
    if (input !== "snapshot" && (provenance === "synthetic" || provenance === "default"))
      taints.push(`${input}:${provenance}`);
  }
  if (markAgeMs !== null) {
    if (markAgeMs > 2 * step.state.policy.trackers.marketStateInterval) taints.push("mark:stale");
    if (isFrozen(step, symbolIndex)) taints.push("mark:frozen");
  }
  return taints;
}

function ageOf(step: Step, tsMs: number | undefined): number | null {
  return tsMs === undefined ? null : step.tsMs - tsMs;
}

/** `true` when quotes still arrive and the price has not moved for `bridge.frozenPriceAfter`: a dead ticker. */
export function isFrozen(step: Step, symbolIndex: number): boolean {
  const { market, policy } = step.state;
  const movedTsMs = market.movedTsMs[symbolIndex]!;
  return (
    movedTsMs > 0 &&
    step.tsMs - movedTsMs >= policy.bridge.frozenPriceAfter &&
    market.lastTsMs[symbolIndex]! > movedTsMs
  );
}
