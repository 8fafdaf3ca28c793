import { type Instrument, notionalQuote, priceToTicks } from "../../engine/domain/instrument.ts";
import type { Money } from "../../engine/domain/money.ts";
import type { Execution, Ledger } from "./executions.ts";

/** Mark of a symbol at a time; `null` before the first one. */
export type MarkAt = (symbol: string, tsMs: number) => number | null;

/**
 * Why a live session made another profit than its rehearsal on the simulated exchange. All amounts are live minus
 * simulated, in quote money; positive is in favour of live. The parts add up to `totalQuote` to the last unit.
 *
 * - `fees`: commissions
 * - `slippage`: price of the fill against the mark at its moment, on what both filled
 * - `latency`: move of the mark from the decision to the fill, on what both filled
 * - `missed`, `extra`: fills that only the rehearsal, only the session had, valued at the last mark
 * - `funding`
 * - `residual`: decisions at other marks, and prices nobody recorded
 */
export interface DriftParts {
  readonly feesQuote: Money;
  readonly slippageQuote: Money;
  readonly latencyQuote: Money;
  readonly missedQuote: Money;
  readonly extraQuote: Money;
  readonly fundingQuote: Money;
  readonly residualQuote: Money;
}

export interface Drift {
  /** Profit of each way with open positions at the last mark; `paper` fills every live order at its decision's mark, free. */
  readonly paperQuote: Money;
  readonly simulatedQuote: Money;
  readonly liveQuote: Money;
  readonly totalQuote: Money;
  readonly parts: DriftParts;
  readonly counts: {
    readonly live: number;
    readonly simulated: number;
    readonly matched: number;
    readonly missed: number;
    readonly extra: number;
  };
  /** The matched orders that cost most, worst first. */
  readonly worst: readonly DriftedOrder[];
}

export interface DriftedOrder {
  readonly planId: string;
  readonly symbol: string;
  readonly side: "BUY" | "SELL";
  readonly differenceQuote: Money;
  readonly slippageQuote: Money;
  readonly latencyQuote: Money;
}

const WORST_SHOWN = 5;

/** @param lastMark final mark of a symbol: open positions of both sides are valued at it */
export function measureDrift(
  live: Ledger,
  simulated: Ledger,
  instruments: readonly Instrument[],
  markAt: MarkAt,
  lastMark: (symbol: string) => number | null,
): Drift {
  const bySymbol = new Map(instruments.map((instrument) => [instrument.symbol, instrument]));
  const valued = new Valuer(bySymbol, markAt, lastMark);
  const { pairs, onlyLive, onlySimulated } = match(live.executions, simulated.executions);
  let slippageQuote = 0n;
  let latencyQuote = 0n;
  let missedQuote = 0n;
  let extraQuote = 0n;
  const orders: DriftedOrder[] = [];
  for (const { ours, theirs } of pairs) {
    const common = Math.min(lotsOf(ours), lotsOf(theirs));
    const slippage = valued.slippage(ours, common) - valued.slippage(theirs, common);
    const latency = valued.latency(ours, common) - valued.latency(theirs, common);
    slippageQuote += slippage;
    latencyQuote += latency;
    extraQuote += valued.rest(ours, common);
    missedQuote -= valued.rest(theirs, common);
    orders.push({
      planId: ours.planId,
      symbol: ours.symbol,
      side: ours.side,
      differenceQuote: valued.gross(ours) - valued.gross(theirs) - feesOf([ours]) + feesOf([theirs]),
      slippageQuote: slippage,
      latencyQuote: latency,
    });
  }
  for (const execution of onlyLive) extraQuote += valued.gross(execution);
  for (const execution of onlySimulated) missedQuote -= valued.gross(execution);
  const feesQuote = feesOf(simulated.executions) - feesOf(live.executions);
  const fundingQuote = live.fundingQuote - simulated.fundingQuote;
  const liveQuote = profitOf(live, valued);
  const simulatedQuote = profitOf(simulated, valued);
  const totalQuote = liveQuote - simulatedQuote;
  const known = feesQuote + slippageQuote + latencyQuote + missedQuote + extraQuote + fundingQuote;
  return {
    paperQuote: live.executions.reduce((sum, each) => sum + valued.paper(each), 0n),
    simulatedQuote,
    liveQuote,
    totalQuote,
    parts: {
      feesQuote,
      slippageQuote,
      latencyQuote,
      missedQuote,
      extraQuote,
      fundingQuote,
      residualQuote: totalQuote - known,
    },
    counts: {
      live: live.executions.length,
      simulated: simulated.executions.length,
      matched: pairs.length,
      missed: onlySimulated.length,
      extra: onlyLive.length,
    },
    worst: orders
      .sort(
        (left, right) => Number(left.differenceQuote - right.differenceQuote) || (left.planId < right.planId ? -1 : 1),
      )
      .slice(0, WORST_SHOWN),
  };
}

interface Pair {
  readonly ours: Execution;
  readonly theirs: Execution;
}

/** Two orders are the same when they come from one plan; else when symbol, side and kind agree, in their order. */
function match(
  live: readonly Execution[],
  simulated: readonly Execution[],
): {
  readonly pairs: readonly Pair[];
  readonly onlyLive: readonly Execution[];
  readonly onlySimulated: readonly Execution[];
} {
  const byPlan = new Map(simulated.map((each) => [each.planId, each]));
  const pairs: Pair[] = [];
  const left: Execution[] = [];
  for (const ours of live) {
    const theirs = byPlan.get(ours.planId);
    if (theirs === undefined) left.push(ours);
    else {
      byPlan.delete(ours.planId);
      pairs.push({ ours, theirs });
    }
  }
  // Plans of exits are named after their moment, which is another one in a rehearsal.
  const queues = new Map<string, Execution[]>();
  for (const each of byPlan.values()) {
    if (each.evalType === "ENTRY") continue;
    const queue = queues.get(kindOf(each));
    if (queue === undefined) queues.set(kindOf(each), [each]);
    else queue.push(each);
  }
  const onlyLive: Execution[] = [];
  for (const ours of left) {
    const theirs = ours.evalType === "ENTRY" ? undefined : queues.get(kindOf(ours))?.shift();
    if (theirs === undefined) onlyLive.push(ours);
    else {
      byPlan.delete(theirs.planId);
      pairs.push({ ours, theirs });
    }
  }
  return { pairs, onlyLive, onlySimulated: [...byPlan.values()] };
}

function kindOf({ symbol, side, evalType }: Execution): string {
  return `${symbol} ${side} ${evalType}`;
}

function lotsOf({ fills }: Execution): number {
  return fills.reduce((sum, { qtyLots }) => sum + qtyLots, 0);
}

function feesOf(executions: readonly Execution[]): Money {
  return executions.reduce((sum, { fills }) => fills.reduce((part, { feeQuote }) => part + feeQuote, sum), 0n);
}

function profitOf({ executions, fundingQuote }: Ledger, valued: Valuer): Money {
  return executions.reduce((sum, each) => sum + valued.gross(each), 0n) - feesOf(executions) + fundingQuote;
}

/** Whole ticks and lots only: sums do not depend on their order. */
class Valuer {
  readonly #instruments: ReadonlyMap<string, Instrument>;
  readonly #markAt: MarkAt;
  readonly #lastMark: (symbol: string) => number | null;

  constructor(
    instruments: ReadonlyMap<string, Instrument>,
    markAt: MarkAt,
    lastMark: (symbol: string) => number | null,
  ) {
    this.#instruments = instruments;
    this.#markAt = markAt;
    this.#lastMark = lastMark;
  }

  /** Profit of the fills up to the last mark, before fees. */
  gross(execution: Execution): Money {
    return this.#sum(execution, lotsOf(execution), ({ priceTicks }, last) => last - priceTicks);
  }

  /** As `gross`, of what lies beyond so many lots. */
  rest(execution: Execution, lots: number): Money {
    return this.gross(execution) - this.#sum(execution, lots, ({ priceTicks }, last) => last - priceTicks);
  }

  /** Mark at the fill against its price, of the first so many lots. */
  slippage(execution: Execution, lots: number): Money {
    return this.#sum(execution, lots, ({ priceTicks, exchangeTsMs }) => {
      const mark = this.#ticksAt(execution.symbol, exchangeTsMs);
      return mark === null ? 0 : mark - priceTicks;
    });
  }

  /** Mark at the decision against the mark at the fill. */
  latency(execution: Execution, lots: number): Money {
    const { symbol, decisionPrice } = execution;
    if (decisionPrice === null) return 0n;
    const decided = priceToTicks(this.#instruments.get(symbol)!, decisionPrice);
    return this.#sum(execution, lots, ({ exchangeTsMs }) => {
      const mark = this.#ticksAt(symbol, exchangeTsMs);
      return mark === null ? 0 : decided - mark;
    });
  }

  /** At the mark of the decision, without any cost. */
  paper(execution: Execution): Money {
    const { symbol, decisionPrice } = execution;
    if (decisionPrice === null) return this.gross(execution);
    const decided = priceToTicks(this.#instruments.get(symbol)!, decisionPrice);
    return this.#sum(execution, lotsOf(execution), (_, last) => last - decided);
  }

  #sum(
    { symbol, side, fills }: Execution,
    lots: number,
    ticksOf: (fill: Execution["fills"][number], lastTicks: number) => number,
  ): Money {
    const instrument = this.#instruments.get(symbol);
    const last = this.#lastMark(symbol);
    if (instrument === undefined || last === null) return 0n;
    const lastTicks = priceToTicks(instrument, last);
    let sum = 0n;
    let open = lots;
    for (const fill of fills) {
      const qtyLots = Math.min(open, fill.qtyLots);
      if (qtyLots <= 0) break;
      open -= qtyLots;
      const ticks = ticksOf(fill, lastTicks) * (side === "BUY" ? 1 : -1);
      const amount = notionalQuote(instrument, Math.abs(ticks), qtyLots);
      sum += ticks < 0 ? -amount : amount;
    }
    return sum;
  }

  #ticksAt(symbol: string, tsMs: number): number | null {
    const mark = this.#markAt(symbol, tsMs);
    return mark === null ? null : priceToTicks(this.#instruments.get(symbol)!, mark);
  }
}
