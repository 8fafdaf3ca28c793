import { parseExchangeInfo } from "../exchange-info.ts";
import { parseLeverageBrackets } from "../leverage-brackets.ts";
import type { PartGroup } from "../manifest.ts";
import type { JsonObject } from "../part-reader.ts";
import type { PartOrder } from "../part-writer.ts";
import { isDecimalText } from "../record.ts";
import { MARKET_STREAMS } from "../stream-rank.ts";

/** Why a reader would refuse a record, leaving its place among the others aside; `null` when it would take it. */
export function recordProblem(group: PartGroup, record: JsonObject, symbols: ReadonlySet<string>): string | null {
  const { s, sym } = record;
  if (typeof s !== "string" || s === "") return "s names no stream";
  if (group === "exchange") return staticProblem(s, record["data"]);
  if (orderOf(record) === undefined) return "seq, rx or ts is no whole number";
  if ((record["seq"] as number) < 1) return "seq is under 1";
  const isKnown = typeof sym === "string" && symbols.has(sym);
  if (group === "inputs") {
    return (s === "gap" || s === "funding") && !isKnown ? "its symbol is not in the manifest's table" : null;
  }
  if (!(MARKET_STREAMS as readonly string[]).includes(s)) return "its stream is no stream of prices";
  if (!isKnown) return "its symbol is not in the manifest's table";
  const { p, b, a, q } = record;
  if (!isPrice(p)) return "its price is no decimal text over 0";
  if ((b !== undefined && !isPrice(b)) || (a !== undefined && !isPrice(a)))
    return "its bid or ask is no decimal over 0";
  return q === undefined || isDecimal(q) ? null : "its quantity is no decimal text";
}

/** `undefined` when the record has no place in the order. */
export function orderOf({ seq, rx, ts = rx }: JsonObject): PartOrder | undefined {
  const isPlaced = Number.isSafeInteger(seq) && Number.isSafeInteger(rx) && Number.isSafeInteger(ts);
  return isPlaced ? { seq: seq as number, rxMs: rx as number, tsMs: ts as number } : undefined;
}

function staticProblem(stream: string, data: unknown): string | null {
  const problems =
    stream === "exchangeInfo"
      ? parseExchangeInfo(data).problems
      : stream === "leverageBrackets"
        ? parseLeverageBrackets(data).problems
        : [];
  return problems.length === 0 ? null : `${stream} is unusable in ${problems.length} places`;
}

function isPrice(value: unknown): boolean {
  return isDecimal(value) && Number(value) > 0;
}

function isDecimal(value: unknown): value is string {
  return typeof value === "string" && isDecimalText(value) && Number.isFinite(Number(value));
}
