import type { SnapshotReceived } from "../../engine/domain/event.ts";
import { lotsToQty, notionalQuote } from "../../engine/domain/instrument.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { formatMoney, type Money, moneyFromNumber, moneyToNumber } from "../../engine/domain/money.ts";
import { createDrawdown, createEquityBuckets } from "./equity.ts";
import type { Instruments } from "./instruments.ts";
import { estimateOf, rateOf, undefinedOf } from "./rate.ts";
import { createRecentMap } from "./recent-map.ts";
import type { Estimate, MoneyBlock } from "./schema.ts";
import { createTrades, profitFactorOf, type Trades } from "./trades.ts";

const DAY_MS = 86_400_000;
/** Below an hour, turnover per day is an extrapolation. */
const TURNOVER_SPAN_MIN_MS = 3_600_000;

export interface Account {
  observe(entry: JournalEntry): void;
  /** Symbols held by our own fills, sorted. */
  openSymbols(): string[];
  finish(endTsMs: number): MoneyBlock;
}

/** Books fills and funding as they were learnt; wallet and result are exact, ratios are doubles. */
export function createAccount(instruments: Instruments, startTsMs: number): Account {
  const trades = createTrades(instruments);
  const buckets = createEquityBuckets(startTsMs);
  const realizedDrawdown = createDrawdown();
  const marked = createMarkedEquity(instruments);
  const reduceOnlyOrders = createRecentMap<boolean>(65_536);
  const sums = { realized: 0n, fees: 0n, funding: 0n, notional: 0n, fills: 0, makerFills: 0 };
  let startWallet: Money | null = null;
  let lastBookingTsMs = Number.NEGATIVE_INFINITY;
  let walletDifference: Money | null = null;

  const wallet = (): Money => (startWallet ?? 0n) + sums.realized - sums.fees + sums.funding;

  function book(tsMs: number, bookedTsMs: number): void {
    lastBookingTsMs = Math.max(lastBookingTsMs, bookedTsMs);
    walletDifference = null;
    if (startWallet === null) return;
    realizedDrawdown.observe(wallet());
    buckets.observe(tsMs, wallet());
  }

  function begin(tsMs: number, amount: Money): void {
    startWallet = amount;
    realizedDrawdown.observe(wallet());
    buckets.observe(tsMs, wallet());
  }

  return {
    observe({ envelope: { tsMs, event }, decisions }) {
      if (event.type === "run.started") begin(tsMs, event.walletQuote);
      else if (event.type === "exchange.order-filled") {
        const instrument = instruments.get(event.symbol);
        if (instrument !== undefined) sums.notional += notionalQuote(instrument, event.priceTicks, event.qtyLots);
        sums.realized += event.realizedPnlQuote;
        sums.fees += event.feeQuote;
        sums.fills += 1;
        if (event.isMaker) sums.makerFills += 1;
        trades.fill(event, reduceOnlyOrders.get(event.clientOrderId) ?? false);
        book(tsMs, event.exchangeTsMs);
      } else if (event.type === "exchange.funding-settled") {
        sums.funding += event.amountQuote;
        trades.fund(event.symbol, event.amountQuote);
        book(tsMs, tsMs);
      } else if (event.type === "exchange.snapshot-received" && event.status === "ok") {
        if (startWallet === null) begin(tsMs, event.walletQuote);
        marked.observe(event);
        if (event.asOfTsMs >= lastBookingTsMs) walletDifference = event.walletQuote - wallet();
      }
      for (const decision of decisions) {
        if (decision.type === "account.sampled") marked.sample(decision.equityQuote);
        if (decision.type === "order.submitted") reduceOnlyOrders.set(decision.clientOrderId, decision.isReduceOnly);
      }
    },
    openSymbols: () => trades.openSymbols(),
    finish(endTsMs) {
      const figures = buckets.finish(endTsMs);
      const net = sums.realized - sums.fees + sums.funding;
      const spanMs = endTsMs - startTsMs;
      const { closed } = trades;
      return {
        isAnythingClosed: closed.count > 0 || closed.closesWithoutOpening > 0,
        startWalletQuote: startWallet === null ? null : formatMoney(startWallet),
        endWalletQuote: startWallet === null ? null : formatMoney(wallet()),
        walletDifferenceQuote: walletDifference === null ? null : formatMoney(walletDifference),
        realizedPnlQuote: formatMoney(sums.realized),
        recomputedPnlQuote: formatMoney(closed.recomputedPnlQuote),
        feesQuote: formatMoney(sums.fees),
        fundingQuote: formatMoney(sums.funding),
        netPnlQuote: formatMoney(net),
        tradedNotionalQuote: formatMoney(sums.notional),
        turnoverPerDay: turnoverOf(sums.notional, figures.meanEquity, spanMs),
        fills: sums.fills,
        makerFills: sums.makerFills,
        ...tradeFigures(trades),
        totalReturn: figures.totalReturn,
        cagr: figures.cagr,
        sharpe: figures.sharpe,
        volatility: figures.volatility,
        maxDrawdown: drawdownOf(realizedDrawdown.fraction, "no_wallet", sums.fills),
        maxDrawdownQuote: formatMoney(realizedDrawdown.absolute),
        markedSamples: marked.samples,
        maxDrawdownMarked: drawdownOf(marked.fraction, "no_marked_sample", marked.samples),
        maxDrawdownMarkedQuote: marked.samples === 0 ? null : formatMoney(marked.absolute),
      };
    },
  };
}

function tradeFigures(
  trades: Trades,
): Pick<
  MoneyBlock,
  | "trades"
  | "wins"
  | "losses"
  | "breakeven"
  | "openAtEnd"
  | "closesWithoutOpening"
  | "winRate"
  | "profitFactor"
  | "expectancy"
  | "holdTime"
> {
  const { closed } = trades;
  const factor = profitFactorOf(closed);
  return {
    trades: closed.count,
    wins: closed.wins,
    losses: closed.losses,
    breakeven: closed.breakeven,
    openAtEnd: trades.openSymbols().length,
    closesWithoutOpening: closed.closesWithoutOpening,
    winRate: rateOf(closed.wins, closed.wins + closed.losses, "no closed trade won or lost"),
    profitFactor:
      factor === null
        ? undefinedOf("ratio", closed.count === 0 ? "no_trades" : "no_loss", closed.count)
        : estimateOf("ratio", factor, closed.count),
    expectancy:
      closed.count === 0
        ? undefinedOf("quote/trade", "no_trades", 0)
        : estimateOf("quote/trade", moneyToNumber(closed.netQuote) / closed.count, closed.count),
    holdTime: closed.holdTime(),
  };
}

function drawdownOf(fraction: number | null, reason: string, n: number): Estimate {
  return fraction === null ? undefinedOf("share", reason, n) : estimateOf("share", fraction, n);
}

function turnoverOf(notional: Money, meanEquity: number | null, spanMs: number): Estimate {
  if (spanMs < TURNOVER_SPAN_MIN_MS) return undefinedOf("1/day", "short_span: 1 h needed");
  if (meanEquity === null || !(meanEquity > 0)) return undefinedOf("1/day", "no_equity");
  return estimateOf("1/day", moneyToNumber(notional) / meanEquity / (spanMs / DAY_MS));
}

interface MarkedEquity {
  /** Equity the engine sampled itself. */
  sample(equity: Money): void;
  observe(snapshot: SnapshotReceived): void;
  readonly samples: number;
  readonly fraction: number | null;
  readonly absolute: Money;
}

/**
 * Wallet plus unrealized result at every snapshot. A per-symbol snapshot renews its symbols only; the others keep the
 * mark they last had, so with that method the curve is as stale as the snapshots are. Journals leave routine snapshots
 * out, so a fall between two samples is not seen: `samples` says how many there were.
 */
function createMarkedEquity(instruments: Instruments): MarkedEquity {
  const drawdown = createDrawdown();
  const unrealized = new Map<string, number>();
  let samples = 0;
  return {
    observe(snapshot) {
      for (const symbol of snapshot.symbols) unrealized.delete(symbol);
      for (const { symbol, qtyLots, entryPrice, markPrice } of snapshot.positions) {
        const instrument = instruments.get(symbol);
        if (instrument === undefined || qtyLots === 0) unrealized.delete(symbol);
        else unrealized.set(symbol, lotsToQty(instrument, qtyLots) * (markPrice - entryPrice));
      }
      let sum = 0;
      for (const symbol of [...unrealized.keys()].sort((left, right) => (left < right ? -1 : 1)))
        sum += unrealized.get(symbol)!;
      if (!Number.isFinite(sum)) return;
      samples += 1;
      drawdown.observe(snapshot.walletQuote + moneyFromNumber(sum));
    },
    sample(equity) {
      samples += 1;
      drawdown.observe(equity);
    },
    get samples() {
      return samples;
    },
    get fraction() {
      return drawdown.fraction;
    },
    get absolute() {
      return drawdown.absolute;
    },
  };
}
