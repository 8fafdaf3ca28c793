import { numberOf, readEntry, textOf } from "../../../recording/inspect/entry-fields.ts";
import type { IntentFact } from "./intent-facts.ts";

/** A `trade.intent` entry in either of its wrappings; what it does not say is `null`, never guessed. */
export function readIntent(
  entryId: string,
  fields: Readonly<Record<string, unknown>>,
  tsMs: number,
  outcome: IntentFact["outcome"],
): IntentFact {
  const { fields: outer, body } = readEntry({ fields });
  const of = body ?? {};
  const side = textOf(of["action"] ?? of["side"]).toUpperCase();
  const symbol = textOf(of["symbol"]).toUpperCase();
  const price = numberOf(of["entry_price"] ?? of["price"]);
  const written = /^(\d{1,16})-\d+$/.exec(entryId)?.[1];
  const flag = of["reduceOnly"] ?? of["reduce_only"];
  return {
    entryId,
    tsMs,
    writtenTsMs: written === undefined ? null : Number(written),
    symbol: symbol === "" ? null : symbol,
    side: side === "BUY" || side === "SELL" ? side : null,
    price: Number.isFinite(price) && price > 0 ? price : null,
    model: textOf(of["model"]),
    source: textOf(of["source"] ?? outer["source"]),
    isReduceOnlyTold: flag !== undefined && flag !== null && flag !== "",
    outcome,
  };
}
