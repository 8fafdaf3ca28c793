import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { Instrument } from "../../engine/domain/instrument.ts";
import { lotsToQty, lotsToQtyText } from "../../engine/domain/instrument.ts";
import { formatMoney, type Money, moneyToNumber } from "../../engine/domain/money.ts";
import type { EngineMemory } from "../../engine/pipeline/state.ts";
import { type AccountReport, isOwnClientOrderId } from "../ports.ts";

/** Average prices may differ by so much: exchanges round theirs (rivals.md, nautilus: 0.01 %). */
const PRICE_TOLERANCE = 1e-4;

/** One thing on which exchange, ledger and journal disagree. */
export interface BookDifference {
  readonly invariant: "quantity" | "average-price" | "pnl" | "own-ids";
  readonly symbol: string | null;
  /** What is, in words and numbers. */
  readonly text: string;
}

/**
 * Compares what the exchange says with what the journal explains, by four invariants:
 *
 * - quantity: position of the exchange = position of the engine, and the committed ledger too once nothing is pending
 * - average price: entry prices agree within 0.01 %
 * - PnL: wallet of the exchange = start + realized - fees + funding, within the tolerance
 * - own ids: every open order under our prefix is an order of the journal, so its id follows from a plan
 *
 * @param pnlToleranceQuote what funding and fees of an absence may amount to; 0 demands the last unit
 * @returns everything that differs; empty when the books agree
 */
export function reconcileBooks(
  memory: Pick<EngineMemory, "positions" | "ledger" | "pendingLedger" | "account" | "activeOrders">,
  report: AccountReport,
  instruments: readonly Instrument[],
  pnlToleranceQuote: Money,
): BookDifference[] {
  const differences: BookDifference[] = [];
  const bySymbol = new Map(instruments.map((instrument) => [instrument.symbol, instrument]));
  const reported = new Map(report.positions.map((position) => [position.symbol, position]));
  const inMotion = new Set([...memory.activeOrders.values()].map(({ order }) => order.symbol));
  const pending = new Set([...memory.pendingLedger.values()].map(({ symbol }) => symbol));
  const symbols = new Set([...memory.positions.open.keys(), ...reported.keys(), ...memory.ledger.keys()]);
  for (const symbol of [...symbols].sort()) {
    const instrument = bySymbol.get(symbol);
    const held = reported.get(symbol);
    if (instrument === undefined) {
      const text = `the exchange holds ${held?.qtyLots ?? 0} lots of ${symbol}, which is not in the session`;
      differences.push({ invariant: "quantity", symbol, text });
      continue;
    }
    // An order that is filling moves both sides: its fills are told one after another.
    if (inMotion.has(symbol)) continue;
    const known = memory.positions.open.get(symbol);
    const [theirs, ours] = [held?.qtyLots ?? 0, known?.qtyLots ?? 0];
    if (theirs !== ours) {
      const text = `the exchange holds ${lotsToQtyText(instrument, theirs)} ${symbol}, the journal explains ${lotsToQtyText(instrument, ours)}`;
      differences.push({ invariant: "quantity", symbol, text });
      continue;
    }
    const ledger = memory.ledger.get(symbol);
    if (ledger !== undefined && ledger !== ours && !pending.has(symbol)) {
      const text = `the ledger says ${lotsToQtyText(instrument, ledger)} ${symbol}, exchange and journal ${lotsToQtyText(instrument, ours)}`;
      differences.push({ invariant: "quantity", symbol, text });
    }
    if (known === undefined || held === undefined) continue;
    const average = moneyToNumber(known.entryNotionalQuote) / (Math.abs(ours) * lotsToQty(instrument, 1));
    if (Math.abs(held.entryPrice - average) <= PRICE_TOLERANCE * average) continue;
    const text = `the exchange says ${symbol} was entered at ${held.entryPrice}, the journal's fills average ${average}`;
    differences.push({ invariant: "average-price", symbol, text });
  }
  const { walletQuote } = memory.account;
  const gapQuote = report.walletQuote - walletQuote;
  const isWithin = (gapQuote < 0n ? -gapQuote : gapQuote) <= pnlToleranceQuote;
  if (!isWithin && inMotion.size === 0) {
    const text = `the exchange says the wallet holds ${formatMoney(report.walletQuote)}, the journal explains ${formatMoney(walletQuote)} (${formatMoney(gapQuote)} apart, ${formatMoney(pnlToleranceQuote)} allowed)`;
    differences.push({ invariant: "pnl", symbol: null, text });
  }
  for (const { clientOrderId, symbol } of report.openOrders) {
    if (!isOwnClientOrderId(clientOrderId) || memory.activeOrders.has(clientOrderId)) continue;
    const text = `order ${clientOrderId} is open on the exchange and no plan of the journal made it`;
    differences.push({ invariant: "own-ids", symbol, text });
  }
  return differences;
}

/**
 * A session that begins must not trade on what somebody else opened.
 *
 * @throws {UserError} exit 15, naming every position and every order under our prefix
 */
export function refuseForeign({ positions, openOrders }: AccountReport, instruments: readonly Instrument[]): void {
  const held = positions.map(({ symbol, qtyLots }) => {
    const instrument = instruments.find((each) => each.symbol === symbol);
    return `${instrument === undefined ? `${qtyLots} lots` : lotsToQtyText(instrument, qtyLots)} ${symbol}`;
  });
  const own = openOrders.filter(({ clientOrderId }) => isOwnClientOrderId(clientOrderId));
  const orders = own.map(({ clientOrderId, symbol }) => `order ${clientOrderId} of ${symbol}`);
  if (held.length + orders.length === 0) return;
  const text = `Cannot begin a session on the account: it holds ${[...held, ...orders].join(", ")}, an account without positions and orders of ours is needed`;
  throw new UserError([{ text, hint: "close them, or take them over with --adopt" }], EXIT.liveRefused);
}
