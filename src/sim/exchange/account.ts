import { type Side, sideSign } from "../../engine/domain/intent.ts";
import { formatMoney, type Money } from "../../engine/domain/money.ts";
import type { Contract } from "../../venue/contract.ts";
import type { ExchangePrices } from "./exchange-prices.ts";
import { IncomeHistory, type IncomeSnapshot } from "./income-history.ts";

/** Position of one symbol in one-way mode. */
export interface ExchangePosition {
  /** Signed: long is positive, 0 is flat. */
  qtyLots: number;
  /** What the open lots were bought or sold for, never negative; the average price is derived from it. */
  entryCostQuote: Money;
}

/** A trade as the account books it: the lots that reduce and the lots that open, each with its notional. */
export interface Trade {
  readonly contract: Contract;
  readonly side: Side;
  readonly closingLots: number;
  readonly closingNotionalQuote: Money;
  readonly openingLots: number;
  readonly openingNotionalQuote: Money;
  readonly feeQuote: Money;
  readonly tsMs: number;
}

export interface AccountOptions {
  readonly contracts: readonly Contract[];
  readonly prices: ExchangePrices;
  readonly walletQuote: Money;
  readonly leverage: number;
  readonly incomeCapacity: number;
}

/** An account at rest; plain data. */
export interface AccountSnapshot {
  readonly walletQuote: Money;
  readonly realizedQuote: Money;
  readonly feesQuote: Money;
  readonly fundingQuote: Money;
  readonly orderMarginQuote: Money;
  readonly tradeCashQuote: Money;
  readonly startCostQuote: Money;
  /** Positions by symbol index, and the open ones in the order in which they were opened. */
  readonly positions: readonly ExchangePosition[];
  readonly open: readonly number[];
  readonly income: IncomeSnapshot;
}

/** Wallet and positions of one account: cross margin, one-way mode, one quote asset. All money is exact. */
export class ExchangeAccount {
  readonly startQuote: Money;
  readonly income: IncomeHistory;
  walletQuote: Money;
  realizedQuote: Money = 0n;
  /** Paid, positive; rebates make it smaller. */
  feesQuote: Money = 0n;
  /** Received minus paid. */
  fundingQuote: Money = 0n;
  /** Margin that resting orders tie up. */
  orderMarginQuote: Money = 0n;

  readonly #contracts: readonly Contract[];
  readonly #prices: ExchangePrices;
  readonly #leverage: bigint;
  readonly #positions: ExchangePosition[];
  /** Indices of symbols with a position, in the order in which they were opened. */
  readonly #open = new Set<number>();
  /** The other side of the books: what trading brought in and the cost of what was open at the start. */
  #tradeCashQuote: Money = 0n;
  #startCostQuote: Money = 0n;

  constructor(options: AccountOptions) {
    this.#contracts = options.contracts;
    this.#prices = options.prices;
    this.#leverage = BigInt(options.leverage);
    this.startQuote = options.walletQuote;
    this.walletQuote = options.walletQuote;
    this.income = new IncomeHistory(options.incomeCapacity);
    this.#positions = options.contracts.map(() => ({ qtyLots: 0, entryCostQuote: 0n }));
  }

  save(): AccountSnapshot {
    const { walletQuote, realizedQuote, feesQuote, fundingQuote, orderMarginQuote } = this;
    return {
      walletQuote,
      realizedQuote,
      feesQuote,
      fundingQuote,
      orderMarginQuote,
      tradeCashQuote: this.#tradeCashQuote,
      startCostQuote: this.#startCostQuote,
      positions: this.#positions,
      open: [...this.#open],
      income: this.income.save(),
    };
  }

  /** Goes on where the saved account stopped, which must have had the same contracts. */
  load(saved: AccountSnapshot): void {
    this.walletQuote = saved.walletQuote;
    this.realizedQuote = saved.realizedQuote;
    this.feesQuote = saved.feesQuote;
    this.fundingQuote = saved.fundingQuote;
    this.orderMarginQuote = saved.orderMarginQuote;
    this.#tradeCashQuote = saved.tradeCashQuote;
    this.#startCostQuote = saved.startCostQuote;
    saved.positions.forEach((position, index) => {
      Object.assign(this.#positions[index]!, position);
    });
    this.#open.clear();
    for (const index of saved.open) this.#open.add(index);
    this.income.load(saved.income);
  }

  /** Symbols with a position, by index. */
  get openIndices(): readonly number[] {
    return [...this.#open].sort((left, right) => left - right);
  }

  position(symbolIndex: number): Readonly<ExchangePosition> {
    return this.#positions[symbolIndex]!;
  }

  /** Sets a position that was open before the run, at its average entry price. */
  adopt(contract: Contract, qtyLots: number, entryPrice: number): void {
    const { index } = contract.instrument;
    const position = this.#positions[index]!;
    this.#startCostQuote -= signedCost(position);
    position.qtyLots = qtyLots;
    position.entryCostQuote = contract.valueQuote(entryPrice, Math.abs(qtyLots));
    this.#startCostQuote += signedCost(position);
    if (qtyLots === 0) this.#open.delete(index);
    else this.#open.add(index);
  }

  /** How many lots of a trade would reduce the position instead of opening. */
  closingLots(symbolIndex: number, side: Side, qtyLots: number): number {
    const held = -sideSign(side) * this.#positions[symbolIndex]!.qtyLots;
    return held > 0 ? Math.min(held, qtyLots) : 0;
  }

  /**
   * Books a trade and returns its realized profit before the fee. Reducing takes the proportional share of the entry
   * cost, truncated; the rest stays with the position, and closing takes all of it: nothing is ever lost.
   */
  book(trade: Trade): Money {
    const { contract, side, closingLots, openingLots, feeQuote } = trade;
    const { index } = contract.instrument;
    const position = this.#positions[index]!;
    const sign = sideSign(side);
    let realizedQuote = 0n;
    if (closingLots > 0) {
      const held = Math.abs(position.qtyLots);
      const costQuote =
        closingLots === held ? position.entryCostQuote : (position.entryCostQuote * BigInt(closingLots)) / BigInt(held);
      realizedQuote = sign < 0 ? trade.closingNotionalQuote - costQuote : costQuote - trade.closingNotionalQuote;
      position.entryCostQuote -= costQuote;
      position.qtyLots += sign * closingLots;
    }
    if (openingLots > 0) {
      position.qtyLots += sign * openingLots;
      position.entryCostQuote += trade.openingNotionalQuote;
    }
    if (position.qtyLots === 0) this.#open.delete(index);
    else this.#open.add(index);
    const notionalQuote = trade.closingNotionalQuote + trade.openingNotionalQuote;
    this.#tradeCashQuote += sign < 0 ? notionalQuote : -notionalQuote;
    this.walletQuote += realizedQuote - feeQuote;
    this.realizedQuote += realizedQuote;
    this.feesQuote += feeQuote;
    const { symbol } = contract.instrument;
    const { tsMs } = trade;
    if (closingLots > 0) this.income.add({ tsMs, symbol, type: "REALIZED_PNL", amountQuote: realizedQuote });
    if (feeQuote !== 0n) this.income.add({ tsMs, symbol, type: "COMMISSION", amountQuote: -feeQuote });
    return realizedQuote;
  }

  receiveFunding(contract: Contract, amountQuote: Money, tsMs: number): void {
    this.walletQuote += amountQuote;
    this.fundingQuote += amountQuote;
    this.income.add({ tsMs, symbol: contract.instrument.symbol, type: "FUNDING_FEE", amountQuote });
  }

  /** Profit of all open positions at the last price; a symbol without a price counts as unmoved. */
  unrealizedQuote(): Money {
    let total = 0n;
    for (const index of this.#open) {
      const price = this.#prices.price[index]!;
      const { qtyLots, entryCostQuote } = this.#positions[index]!;
      if (price > 0) total += this.#contracts[index]!.unrealizedQuote(price, qtyLots, entryCostQuote);
    }
    return total;
  }

  equityQuote(): Money {
    return this.walletQuote + this.unrealizedQuote();
  }

  /** Initial margin of positions (notional at the last price over leverage) and resting orders. */
  usedMarginQuote(): Money {
    let total = this.orderMarginQuote;
    for (const index of this.#open) {
      const price = this.#prices.price[index]!;
      const { qtyLots, entryCostQuote } = this.#positions[index]!;
      const contract = this.#contracts[index]!;
      const notionalQuote = price > 0 ? contract.valueQuote(price, Math.abs(qtyLots)) : entryCostQuote;
      total += notionalQuote / this.#leverage;
    }
    return total;
  }

  /** What new orders may tie up; negative when positions have lost more than that. */
  availableQuote(): Money {
    return this.equityQuote() - this.usedMarginQuote();
  }

  /**
   * Proves the books: `wallet = start + realized - fees + funding`, and realized profit once more from the other side,
   * as the cash that trading brought in plus what the open positions cost minus what those of the start did.
   *
   * @returns `null` when both hold to the last unit, else what differs
   */
  reconcile(): string | null {
    const walletQuote = this.startQuote + this.realizedQuote - this.feesQuote + this.fundingQuote;
    if (walletQuote !== this.walletQuote) {
      return `the wallet is ${formatMoney(this.walletQuote)}, but start + realized - fees + funding is ${formatMoney(walletQuote)}`;
    }
    let costQuote = 0n;
    for (const position of this.#positions) costQuote += signedCost(position);
    const realizedQuote = this.#tradeCashQuote + costQuote - this.#startCostQuote;
    if (realizedQuote !== this.realizedQuote) {
      return `realized profit is ${formatMoney(this.realizedQuote)}, but the trades and open positions account for ${formatMoney(realizedQuote)}`;
    }
    return null;
  }
}

function signedCost(position: ExchangePosition): Money {
  return position.qtyLots < 0 ? -position.entryCostQuote : position.entryCostQuote;
}
