import type { OrderFilled } from "../../engine/domain/event.ts";
import { notionalQuote } from "../../engine/domain/instrument.ts";
import { sideSign } from "../../engine/domain/intent.ts";
import { type Money, moneyToNumber } from "../../engine/domain/money.ts";
import { createDistribution } from "./distribution.ts";
import type { Instruments } from "./instruments.ts";
import type { Distribution } from "./schema.ts";

interface OpenTrade {
  readonly openedTsMs: number;
  readonly isLong: boolean;
  /** Signed; average cost is `costQuote / qtyLots`. */
  qtyLots: number;
  /** Notional paid for what is still held, always positive. */
  costQuote: Money;
  /** Realized, fees and funding so far. */
  netQuote: Money;
  maxLots: number;
  /** Everything ever opened and closed of it: average prices come from these. */
  openedLots: number;
  openedQuote: Money;
  closedLots: number;
  closedQuote: Money;
}

/** One trade with all that was ever booked on it. */
export interface RoundTripFacts extends Readonly<OpenTrade> {
  readonly symbol: string;
  /** `null` while it is open; then `qtyLots` is what is held. */
  readonly closedTsMs: number | null;
}

/** Round trips: flat to flat (or through zero) on one symbol, valued at average cost, net of fees and funding. */
export interface Trades {
  fill(fill: OrderFilled, isReduceOnly: boolean): void;
  /** `false` when no trade is open on the symbol: the payment belongs to no trade. */
  fund(symbol: string, amountQuote: Money): boolean;
  /** Signed position by our own fills, in lots. */
  positionOf(symbol: string): number;
  openSymbols(): string[];
  /** What is held, in order of symbol. */
  open(): RoundTripFacts[];
  readonly closed: ClosedTrades;
}

export interface ClosedTrades {
  count: number;
  wins: number;
  losses: number;
  breakeven: number;
  winsQuote: Money;
  lossesQuote: Money;
  netQuote: Money;
  recomputedPnlQuote: Money;
  closesWithoutOpening: number;
  holdTime(): Distribution;
}

export function createTrades(instruments: Instruments, onClosed?: (trade: RoundTripFacts) => void): Trades {
  const open = new Map<string, OpenTrade>();
  const holdTime = createDistribution();
  const closed: ClosedTrades = {
    count: 0,
    wins: 0,
    losses: 0,
    breakeven: 0,
    winsQuote: 0n,
    lossesQuote: 0n,
    netQuote: 0n,
    recomputedPnlQuote: 0n,
    closesWithoutOpening: 0,
    holdTime: () => holdTime.finish("ms", "no closed trade"),
  };

  function close(symbol: string, trade: OpenTrade, tsMs: number): void {
    open.delete(symbol);
    onClosed?.({ ...trade, symbol, closedTsMs: tsMs });
    holdTime.add(Math.max(0, tsMs - trade.openedTsMs));
    closed.count += 1;
    closed.netQuote += trade.netQuote;
    if (trade.netQuote > 0n) {
      closed.wins += 1;
      closed.winsQuote += trade.netQuote;
    } else if (trade.netQuote < 0n) {
      closed.losses += 1;
      closed.lossesQuote -= trade.netQuote;
    } else closed.breakeven += 1;
  }

  const openSymbols = () => [...open.keys()].sort((left, right) => (left < right ? -1 : 1));

  return {
    closed,
    fill(fill, isReduceOnly) {
      const instrument = instruments.get(fill.symbol);
      if (instrument === undefined) return;
      const signedLots = sideSign(fill.side) * fill.qtyLots;
      const trade = open.get(fill.symbol);
      const closingLots =
        trade !== undefined && trade.qtyLots > 0 !== signedLots > 0
          ? Math.min(Math.abs(trade.qtyLots), fill.qtyLots)
          : 0;
      // The fee is shared between the part that closes and the part that opens; the remainder stays with the opening.
      const closingFee = closingLots === 0 ? 0n : (fill.feeQuote * BigInt(closingLots)) / BigInt(fill.qtyLots);

      if (trade !== undefined && closingLots > 0) {
        const heldLots = Math.abs(trade.qtyLots);
        const costShare = (trade.costQuote * BigInt(closingLots)) / BigInt(heldLots);
        const proceeds = notionalQuote(instrument, fill.priceTicks, closingLots);
        const pnl = trade.qtyLots > 0 ? proceeds - costShare : costShare - proceeds;
        closed.recomputedPnlQuote += pnl;
        trade.netQuote += pnl - closingFee;
        trade.costQuote -= costShare;
        trade.closedLots += closingLots;
        trade.closedQuote += proceeds;
        trade.qtyLots -= Math.sign(trade.qtyLots) * closingLots;
        if (trade.qtyLots === 0) close(fill.symbol, trade, fill.exchangeTsMs);
      }

      const openingLots = fill.qtyLots - closingLots;
      if (openingLots === 0) return;
      if (isReduceOnly) {
        // It reduced a position that was there before the journal began, or that someone else opened.
        closed.closesWithoutOpening += 1;
        closed.recomputedPnlQuote += fill.realizedPnlQuote;
        return;
      }
      const held = open.get(fill.symbol);
      const cost = notionalQuote(instrument, fill.priceTicks, openingLots);
      const fee = fill.feeQuote - closingFee;
      if (held === undefined) {
        open.set(fill.symbol, {
          openedTsMs: fill.exchangeTsMs,
          qtyLots: Math.sign(signedLots) * openingLots,
          costQuote: cost,
          netQuote: -fee,
          isLong: signedLots > 0,
          maxLots: openingLots,
          openedLots: openingLots,
          openedQuote: cost,
          closedLots: 0,
          closedQuote: 0n,
        });
        return;
      }
      held.qtyLots += Math.sign(signedLots) * openingLots;
      held.costQuote += cost;
      held.netQuote -= fee;
      held.maxLots = Math.max(held.maxLots, Math.abs(held.qtyLots));
      held.openedLots += openingLots;
      held.openedQuote += cost;
    },
    fund(symbol, amountQuote) {
      const trade = open.get(symbol);
      if (trade === undefined) return false;
      trade.netQuote += amountQuote;
      return true;
    },
    positionOf: (symbol) => open.get(symbol)?.qtyLots ?? 0,
    openSymbols,
    open: () => openSymbols().map((symbol) => ({ ...open.get(symbol)!, symbol, closedTsMs: null })),
  };
}

/** sum(wins) / |sum(losses)|; `null` without losses, because a ratio over nothing is not large, it is undefined. */
export function profitFactorOf(closed: ClosedTrades): number | null {
  return closed.lossesQuote === 0n ? null : moneyToNumber(closed.winsQuote) / moneyToNumber(closed.lossesQuote);
}
