import { parseApplyResult, type ResultOrder, readDetails } from "../../engine/portfolio/apply-result.ts";
import { normaliseResult } from "../../engine/portfolio/decision-normalise.ts";
import { type Fields, numberOf, textFields, textOf } from "./entry-fields.ts";

/** The permit an executor worked under, as it copied it into its result. */
export interface ResultPermit {
  readonly safeQty: number | null;
  readonly exchangeQty: number | null;
  readonly ledgerQty: number | null;
}

/** An `apply.result` entry for readers that only count: both writers in one shape, with their own words. */
export interface ReadResult {
  readonly planId: string;
  readonly symbol: string;
  readonly writer: "executor" | "apply-layer";
  /** The spelling of `executed`, as written. */
  readonly executedWord: string;
  readonly isExecuted: boolean;
  /** What the pipeline counts for it. */
  readonly decision: string;
  readonly reason: string | null;
  readonly orders: readonly ResultOrder[];
  readonly hasSteps: boolean;
  readonly permit: ResultPermit | null;
}

/** `null` when the entry is no usable result. */
export function readResult(fields: Fields): ReadResult | null {
  const texts = textFields(fields);
  const parsed = parseApplyResult(texts);
  if (!parsed.ok) return null;
  const { planId, symbol, writer, isExecuted, reason, orders } = parsed.result;
  const permit = readDetails(texts)?.["permit"];
  return {
    planId,
    symbol: symbol ?? textOf(readDetails(texts)?.["symbol"]),
    writer,
    executedWord: textOf(texts["executed"]),
    isExecuted,
    decision: normaliseResult(texts).decision,
    reason,
    orders,
    hasSteps: texts["steps_results"] !== undefined,
    permit: typeof permit === "object" && permit !== null ? readPermit(permit as Fields) : null,
  };
}

function readPermit(permit: Fields): ResultPermit {
  const of = (name: string) => {
    const value = numberOf(permit[name]);
    return Number.isFinite(value) ? value : null;
  };
  return { safeQty: of("safe_qty"), exchangeQty: of("exchange_position_amt"), ledgerQty: of("ledger_amt") };
}
