import { Recent } from "../inspect/recent.ts";
import type { JsonObject } from "../part-reader.ts";
import { MARKET_STREAMS } from "../stream-rank.ts";

const SEEN_KEPT = 65_536;

export const DUPLICATE_RULE =
  "left out, the first one stays: the same line as an earlier record, with its seq; the same Redis entry id and fields in " +
  "one stream; the same symbol, times, numbers and native fields of a capture. Equal prices without native fields are " +
  "kept: two trades may be equal. Within the last 65,536 records of a kind";

/** Tells records that are there twice; records that only look alike are left alone. */
export class Duplicates {
  readonly #seen = new Recent<string>(3 * SEEN_KEPT);

  /** `again` repeats an earlier record whole, `other` has the id of an earlier one and says something else. */
  verdict(record: JsonObject, text: string): "first" | "again" | "other" {
    const { seq, rx, ts = rx, s, id, fields, x } = record;
    if (this.#see(`seq ${String(seq)}`, text) === "again") return "again";
    if (typeof id === "string" && typeof fields === "object" && fields !== null) {
      // Market state is one Redis stream a symbol: ids are only unique together with it.
      const lane = s === "marketstate" ? String((fields as { symbol?: unknown }).symbol) : "";
      return this.#see(`id ${JSON.stringify([s, lane, record["redisStream"], id])}`, JSON.stringify(fields));
    }
    const isCapture = (MARKET_STREAMS as readonly unknown[]).includes(s) && typeof x === "object" && x !== null;
    if (!isCapture || Object.keys(x).length === 0) return "first";
    const { sym, p, b, a, q } = record;
    return this.#see(`x ${JSON.stringify([s, sym, ts, p, b, a, q, x])}`, "");
  }

  #see(key: string, content: string): "first" | "again" | "other" {
    const known = this.#seen.get(key);
    if (known !== undefined) return known === content ? "again" : "other";
    this.#seen.set(key, content);
    return "first";
  }
}
