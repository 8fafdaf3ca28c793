import { MARKET_KEYS } from "../record.ts";
import type { Inspection } from "./inspection.ts";

type StreamRow = Inspection["streams"][number];
type Skew = NonNullable<Inspection["clockSkewMs"]>;

const IDS_KEPT = 65_536;
const FIELDS_KEPT = 200;
const SKEW_LIMIT_MS = 10_000;

const ENVELOPE = ["seq", "rx", "ts", "s"];
const KNOWN: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ...["mark", "book", "trade"].map((stream) => [stream, new Set<string>(MARKET_KEYS)] as const),
  ["funding", new Set([...ENVELOPE, "sym", "rate", "markPrice", "id"])],
  ["gap", new Set([...ENVELOPE, "sym", "startTsMs", "endTsMs", "missing", "cause"])],
  ["marketstate", new Set([...ENVELOPE, "id", "fields"])],
  ["trade.intent", new Set([...ENVELOPE, "id", "fields"])],
]);

/** Rate, silence, order and duplicates of one stream; memory does not grow with its length. */
export class StreamTally {
  readonly #stream: string;
  readonly #ids = new Set<string>();
  readonly #unknown = new Map<string, number>();
  #records = 0;
  #firstRxMs = 0;
  #lastRxMs = 0;
  #longestSilenceMs = 0;
  #latestTsMs = Number.NEGATIVE_INFINITY;
  #outOfOrder = 0;
  #duplicates = 0;

  constructor(stream: string) {
    this.#stream = stream;
  }

  add(rxMs: number, tsMs: number, record: Readonly<Record<string, unknown>>): void {
    if (this.#records === 0) this.#firstRxMs = rxMs;
    else this.#longestSilenceMs = Math.max(this.#longestSilenceMs, rxMs - this.#lastRxMs);
    this.#records++;
    this.#lastRxMs = rxMs;
    if (tsMs < this.#latestTsMs) this.#outOfOrder++;
    else this.#latestTsMs = tsMs;
    if (typeof record["id"] === "string") this.#id(record["id"], record["fields"]);
    const known = KNOWN.get(this.#stream);
    if (known === undefined) return;
    for (const key in record) {
      if (known.has(key) || !(this.#unknown.has(key) || this.#unknown.size < FIELDS_KEPT)) continue;
      this.#unknown.set(key, (this.#unknown.get(key) ?? 0) + 1);
    }
  }

  row(): StreamRow {
    const spanMs = this.#lastRxMs - this.#firstRxMs;
    return {
      stream: this.#stream,
      records: this.#records,
      firstRxMs: this.#firstRxMs,
      lastRxMs: this.#lastRxMs,
      perSecond: spanMs > 0 ? ((this.#records - 1) * 1000) / spanMs : null,
      longestSilenceMs: this.#longestSilenceMs,
      outOfOrder: this.#outOfOrder,
      duplicates: this.#duplicates,
      unknownFields: [...this.#unknown]
        .map(([name, records]) => ({ name, share: records / this.#records }))
        .sort((left, right) => right.share - left.share || (left.name < right.name ? -1 : 1)),
    };
  }

  #id(id: string, fields: unknown): void {
    // Market state is one Redis stream a symbol: their ids are only unique together with the symbol.
    const symbol =
      this.#stream === "marketstate" && typeof fields === "object" && fields !== null
        ? String((fields as { symbol?: unknown }).symbol)
        : "";
    const key = `${symbol} ${id}`;
    if (this.#ids.has(key)) {
      this.#duplicates++;
      return;
    }
    this.#ids.add(key);
    if (this.#ids.size > IDS_KEPT) this.#ids.delete(this.#ids.values().next().value!);
  }
}

/** Exact to the millisecond within 10 s either way; beyond, percentiles are given as 10 s and the extremes stay exact. */
export class SkewTally {
  readonly #counts = new Float64Array(2 * SKEW_LIMIT_MS + 1);
  #records = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  add(skewMs: number): void {
    this.#records++;
    this.#min = Math.min(this.#min, skewMs);
    this.#max = Math.max(this.#max, skewMs);
    const at = Math.max(-SKEW_LIMIT_MS, Math.min(SKEW_LIMIT_MS, skewMs)) + SKEW_LIMIT_MS;
    this.#counts[at] = this.#counts[at]! + 1;
  }

  percentiles(): Skew | null {
    if (this.#records === 0) return null;
    return { p1: this.#at(0.01), p50: this.#at(0.5), p99: this.#at(0.99), min: this.#min, max: this.#max };
  }

  #at(share: number): number {
    const rank = Math.ceil(share * this.#records);
    let seen = 0;
    for (let at = 0; at < this.#counts.length; at++) {
      seen += this.#counts[at]!;
      if (seen >= rank) return at - SKEW_LIMIT_MS;
    }
    return SKEW_LIMIT_MS;
  }
}
