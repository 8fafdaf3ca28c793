/** What the AI engine wants, after validation (pipeline.md 2.1). */
export interface Intent {
  readonly entryId: string;
  /** Producer time when the payload says one, else the time part of the entry id. */
  readonly createdTsMs: number;
  readonly symbol: string;
  readonly side: Side;
  /** Base units as derived, before any rounding: the plan id hashes this number. */
  readonly qty: number;
  /** Which payload fields gave the quantity. */
  readonly qtySource: "quantity" | "qty" | "size/price" | "position_size_usd/entry_price";
  readonly entryPrice: number | null;
  readonly confidence: number | null;
  readonly stopLossPrice: number | null;
  readonly takeProfitPrice: number | null;
  readonly leverage: number;
  readonly isReduceOnly: boolean;
  readonly source: string;
  readonly model: string | null;
}

export type Side = "BUY" | "SELL";
export type EvalType = "ENTRY" | "EXIT" | "UNKNOWN";

export function sideSign(side: Side): 1 | -1 {
  return side === "BUY" ? 1 : -1;
}
