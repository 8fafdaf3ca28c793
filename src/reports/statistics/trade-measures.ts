import { wilson } from "../summary/rate.ts";
import { finite, known, type Measured, requireFinite, unknown } from "./measured.ts";
import { hasZeroVariance, meanOf, sampleStd } from "./moments.ts";
import { exactSum } from "./sum.ts";

/** What the net PnL of closed round trips says; fees and funding are inside, the order of trades matters for streaks. */
export interface TradeMeasures {
  readonly trades: number;
  readonly wins: number;
  readonly losses: number;
  /** Exactly zero after fees and funding; in no denominator, always printed. */
  readonly breakeven: number;
  readonly winRate: Measured<{ readonly share: number; readonly low: number; readonly high: number }>;
  readonly profitFactor: Measured;
  /** Mean net PnL of all closed trades, breakeven ones included. */
  readonly expectancy: Measured;
  /** Expectancy per unit of mean loss: (1 + mean win / mean loss) W - 1. */
  readonly expectancyRatio: Measured;
  readonly payoff: Measured;
  readonly sqn: Measured;
  readonly longestWinStreak: number;
  readonly longestLossStreak: number;
}

const SQN_TRADES_MIN = 20;
const SQN_TRADES_MAX = 100;

/** Measures of closed trades (reports.md 1.2). What has no denominator is `null`: `no_trade`, `no_loss`, `no_win`. */
export function tradeMeasuresOf(netPnl: readonly number[]): TradeMeasures {
  requireFinite(netPnl, "trades");
  const wins = netPnl.filter((value) => value > 0);
  const losses = netPnl.filter((value) => value < 0).map((value) => -value);
  const decided = wins.length + losses.length;
  const none = unknown(netPnl.length === 0 ? "no_trade" : "only_breakeven");
  const [won, lost] = [exactSum(wins), exactSum(losses)];
  const payoff =
    decided === 0
      ? none
      : losses.length === 0
        ? unknown("no_loss")
        : wins.length === 0
          ? unknown("no_win")
          : finite(won / wins.length / (lost / losses.length));
  return {
    trades: netPnl.length,
    wins: wins.length,
    losses: losses.length,
    breakeven: netPnl.length - decided,
    winRate: decided === 0 ? none : winRateOf(wins.length, decided),
    profitFactor: decided === 0 ? none : losses.length === 0 ? unknown("no_loss") : finite(won / lost),
    expectancy: netPnl.length === 0 ? none : known(exactSum(netPnl) / netPnl.length),
    expectancyRatio:
      decided === 0
        ? none
        : losses.length === 0
          ? unknown("no_loss")
          : finite(exactSum(netPnl) / netPnl.length / (lost / losses.length)),
    payoff,
    sqn: sqnOf(netPnl),
    longestWinStreak: longestStreak(netPnl, 1),
    longestLossStreak: longestStreak(netPnl, -1),
  };
}

function winRateOf(wins: number, decided: number): TradeMeasures["winRate"] {
  const [low, high] = wilson(wins, decided);
  return known({ share: wins / decided, low, high });
}

/** System quality number (Tharp): sqrt(n) mean / deviation, n capped at 100 so that trading more is not better. */
function sqnOf(netPnl: readonly number[]): Measured {
  if (netPnl.length < SQN_TRADES_MIN) return unknown("too_few");
  if (hasZeroVariance(netPnl)) return unknown("zero_variance");
  return finite((Math.sqrt(Math.min(netPnl.length, SQN_TRADES_MAX)) * meanOf(netPnl)) / sampleStd(netPnl));
}

function longestStreak(netPnl: readonly number[], sign: 1 | -1): number {
  let longest = 0;
  let run = 0;
  for (const value of netPnl) {
    run = value * sign > 0 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/**
 * Herfindahl index of absolute PnL by group (symbol, day or trade): 1/k for k equal ones, 1 when one has it all.
 * Absolute, because with a net loss shares of the net mean nothing.
 */
export function concentrationOf(pnlByGroup: readonly number[]): Measured {
  const total = exactSum(pnlByGroup.map(Math.abs));
  if (total === 0) return unknown("no_pnl");
  return known(exactSum(pnlByGroup.map((value) => (Math.abs(value) / total) ** 2)));
}
