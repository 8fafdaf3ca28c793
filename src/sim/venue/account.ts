import { type Instrument, lotsToQty, notionalQuote, priceToTicks } from "../../engine/domain/instrument.ts";
import { type Money, moneyFromNumber, moneyToNumber } from "../../engine/domain/money.ts";

/** One open position of the account, one-way mode. */
export interface ExchangePosition {
  /** Signed lots: long is positive. */
  qtyLots: number;
  /** Exact price times quantity of what is still open, never negative. */
  entryNotionalQuote: Money;
}

/** One line of the income history, as the venue would list it. */
export interface Income {
  readonly type: "REALIZED_PNL" | "COMMISSION" | "FUNDING_FEE";
  readonly symbol: string;
  readonly amountQuote: Money;
  readonly tsMs: number;
}

/** What one fill did to the money. */
export interface FillMoney {
  readonly realizedPnlQuote: Money;
  readonly feeQuote: Money;
}

const INCOME_KEPT = 10_000;

/**
 * The account's books, exact to 1e-8 quote. A reduction takes the proportional share of the entry notional; the rest
 * stays with the position, so nothing is lost to rounding and the books reconcile to the last unit.
 */
export class Account {
  readonly startWalletQuote: Money;
  walletQuote: Money;
  realizedPnlQuote: Money = 0n;
  /** Commission paid, positive. */
  feesQuote: Money = 0n;
  /** Funding received minus paid. */
  fundingQuote: Money = 0n;
  readonly positions = new Map<string, ExchangePosition>();
  /** Newest entries of the income history; older ones are only in the sums. */
  readonly income: Income[] = [];

  constructor(walletQuote: Money) {
    this.startWalletQuote = walletQuote;
    this.walletQuote = walletQuote;
  }

  qtyLots(symbol: string): number {
    return this.positions.get(symbol)?.qtyLots ?? 0;
  }

  fill(
    instrument: Instrument,
    fill: { readonly signedLots: number; readonly priceTicks: number; readonly feeRate: FeeRate; readonly tsMs: number },
  ): FillMoney {
    const lots = Math.abs(fill.signedLots);
    const notional = notionalQuote(instrument, fill.priceTicks, lots);
    const feeQuote = fill.feeRate.of(notional);
    const realizedPnlQuote = this.#move(instrument.symbol, fill.signedLots, notional);
    this.walletQuote += realizedPnlQuote - feeQuote;
    this.realizedPnlQuote += realizedPnlQuote;
    this.feesQuote += feeQuote;
    const { symbol } = instrument;
    if (realizedPnlQuote !== 0n) this.#note({ type: "REALIZED_PNL", symbol, amountQuote: realizedPnlQuote, tsMs: fill.tsMs });
    if (feeQuote !== 0n) this.#note({ type: "COMMISSION", symbol, amountQuote: -feeQuote, tsMs: fill.tsMs });
    return { realizedPnlQuote, feeQuote };
  }

  /** Funding of one settlement: `-qty * mark * rate`, longs pay a positive rate; truncated to 1e-8 like the venue. */
  settleFunding(instrument: Instrument, rate: number, markPrice: number, tsMs: number): Money {
    const qtyLots = this.qtyLots(instrument.symbol);
    if (qtyLots === 0) return 0n;
    const amountQuote = moneyFromNumber(-lotsToQty(instrument, qtyLots) * markPrice * rate);
    this.walletQuote += amountQuote;
    this.fundingQuote += amountQuote;
    if (amountQuote !== 0n) {
      this.#note({ type: "FUNDING_FEE", symbol: instrument.symbol, amountQuote, tsMs });
    }
    return amountQuote;
  }

  unrealizedQuote(instrument: Instrument, markPrice: number): Money {
    const position = this.positions.get(instrument.symbol);
    if (position === undefined) return 0n;
    const notional = notionalQuote(instrument, priceToTicks(instrument, markPrice), Math.abs(position.qtyLots));
    return position.qtyLots > 0 ? notional - position.entryNotionalQuote : position.entryNotionalQuote - notional;
  }

  entryPrice(instrument: Instrument): number {
    const position = this.positions.get(instrument.symbol);
    if (position === undefined) return 0;
    return moneyToNumber(position.entryNotionalQuote) / lotsToQty(instrument, Math.abs(position.qtyLots));
  }

  /** `null` when wallet = start + realized - fees + funding to the last unit, else the difference. */
  mismatch(): Money | null {
    const expected = this.startWalletQuote + this.realizedPnlQuote - this.feesQuote + this.fundingQuote;
    return expected === this.walletQuote ? null : this.walletQuote - expected;
  }

  /** Books a signed quantity and returns the profit of what it closed. */
  #move(symbol: string, signedLots: number, notional: Money): Money {
    const position = this.positions.get(symbol);
    if (position === undefined) {
      this.positions.set(symbol, { qtyLots: signedLots, entryNotionalQuote: notional });
      return 0n;
    }
    const before = position.qtyLots;
    if (Math.sign(before) === Math.sign(signedLots)) {
      position.qtyLots += signedLots;
      position.entryNotionalQuote += notional;
      return 0n;
    }
    const lots = Math.abs(signedLots);
    const closedLots = Math.min(lots, Math.abs(before));
    const closedCost = (position.entryNotionalQuote * BigInt(closedLots)) / BigInt(Math.abs(before));
    const closedValue = lots === closedLots ? notional : (notional * BigInt(closedLots)) / BigInt(lots);
    position.qtyLots += signedLots;
    if (position.qtyLots === 0) this.positions.delete(symbol);
    else if (Math.sign(position.qtyLots) === Math.sign(before)) position.entryNotionalQuote -= closedCost;
    else position.entryNotionalQuote = notional - closedValue;
    return before > 0 ? closedValue - closedCost : closedCost - closedValue;
  }

  #note(income: Income): void {
    this.income.push(income);
    if (this.income.length > 2 * INCOME_KEPT) this.income.splice(0, INCOME_KEPT);
  }
}

/** A commission rate from its decimal text, applied exactly and truncated to 1e-8. */
export class FeeRate {
  readonly #rate: bigint;

  /** @throws {RangeError} when the text is no decimal with at most 8 decimals */
  constructor(text: string) {
    const match = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text);
    if (match === null) throw new RangeError(`Cannot use fee rate "${text}": it is not a decimal with at most 8 decimals`);
    const [, sign, whole, fraction] = match;
    const magnitude = BigInt(whole! + (fraction ?? "").padEnd(8, "0"));
    this.#rate = sign === "-" ? -magnitude : magnitude;
  }

  of(notional: Money): Money {
    return (notional * this.#rate) / 100_000_000n;
  }
}
