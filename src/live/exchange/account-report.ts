import type { PositionReport } from "../../engine/domain/event.ts";
import { type Instrument, qtyToLots } from "../../engine/domain/instrument.ts";
import { type Money, parseMoney } from "../../engine/domain/money.ts";
import type { OpenOrderReport } from "../ports.ts";

/** Entries of `/fapi/v3/positionRisk`, `/fapi/v3/balance` and `/fapi/v1/openOrders`, as ccxt hands them over. */
export type Raw = Readonly<Record<string, unknown>>;

/** Open positions of symbols of the session, and of others by name: somebody else trades on the account. */
export function positionsOf(
  raw: readonly Raw[],
  instruments: ReadonlyMap<string, Instrument>,
): { readonly positions: readonly PositionReport[]; readonly foreign: readonly string[] } {
  const positions: PositionReport[] = [];
  const foreign: string[] = [];
  for (const each of raw) {
    const symbol = String(each["symbol"]);
    const qty = Number(each["positionAmt"]);
    if (qty === 0 || !Number.isFinite(qty)) continue;
    const instrument = instruments.get(symbol);
    if (instrument === undefined) {
      foreign.push(symbol);
      continue;
    }
    positions.push({
      symbol,
      qtyLots: lotsOf(instrument, qty),
      entryPrice: Number(each["entryPrice"]),
      markPrice: Number(each["markPrice"]),
    });
  }
  return { positions, foreign };
}

/** Signed. A quantity of the exchange is a multiple of the step; what is not is cut towards zero. */
export function lotsOf(instrument: Instrument, qty: number): number {
  return qty < 0 ? -qtyToLots(instrument, -qty, "down") : qtyToLots(instrument, qty, "down");
}

/** Wallet of the margin asset without unrealized profit. */
export function walletOf(raw: readonly Raw[], asset = "USDT"): Money {
  const entry = raw.find((each) => each["asset"] === asset);
  return entry === undefined ? 0n : moneyOf(entry["balance"] ?? entry["walletBalance"]);
}

/** Up to 8 decimals; more are cut, as the exchange cuts them. */
export function moneyOf(value: unknown): Money {
  const text = /^(-?\d+(?:\.\d{1,8})?)\d*$/.exec(String(value))?.[1];
  return text === undefined ? 0n : parseMoney(text);
}

export function openOrderOf(raw: Raw, instrument: Instrument | undefined): OpenOrderReport {
  const lots = (value: unknown) => (instrument === undefined ? 0 : lotsOf(instrument, Number(value)));
  return {
    clientOrderId: String(raw["clientOrderId"]),
    orderId: String(raw["orderId"]),
    symbol: String(raw["symbol"]),
    side: raw["side"] === "SELL" ? "SELL" : "BUY",
    qtyLots: lots(raw["origQty"]),
    filledQtyLots: lots(raw["executedQty"]),
  };
}
