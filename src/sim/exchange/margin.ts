import { type Side, sideSign } from "../../engine/domain/intent.ts";
import type { Money } from "../../engine/domain/money.ts";
import type { Contract } from "../../venue/contract.ts";

export interface OpenCostOptions {
  readonly contract: Contract;
  readonly side: Side;
  readonly qtyLots: number;
  /** Price the order is expected to trade at. */
  readonly price: number;
  readonly markPrice: number;
  readonly lastPrice: number;
  readonly leverage: number;
}

/** A short's margin is reckoned on a price at least this much above the last trade (Binance FAQ, "open cost"). */
const SHORT_LAST_FACTOR = 1.0015;

/**
 * Money an order ties up when it opens: initial margin plus what it would lose at the mark at once.
 *
 * Long margin is `price * qty / leverage`; short margin takes `max(last * 1.0015, mark, price)`. At a price of 9253.30,
 * a mark of 9259.84 and 20x, 1 BTC costs a buyer 462.665; a seller's loss at once is 6.54 (Binance FAQ
 * 87fa7ee33b574f7084d42bd2ce2e463b).
 */
export function openCostQuote(options: OpenCostOptions): Money {
  const { contract, side, qtyLots, price, markPrice, lastPrice, leverage } = options;
  const marginPrice = side === "BUY" ? price : Math.max(lastPrice * SHORT_LAST_FACTOR, markPrice, price);
  const marginQuote = contract.valueQuote(marginPrice, qtyLots) / BigInt(leverage);
  const sign = BigInt(sideSign(side));
  const gainQuote = sign * (contract.valueQuote(markPrice, qtyLots) - contract.valueQuote(price, qtyLots));
  return gainQuote < 0n ? marginQuote - gainQuote : marginQuote;
}
