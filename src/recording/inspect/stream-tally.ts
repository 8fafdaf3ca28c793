import { MARKET_KEYS } from "../record.ts";
import { INTERRUPTIONS, MARKET_STREAMS } from "../stream-rank.ts";
import { readEntry } from "./entry-fields.ts";
import { FieldTally } from "./field-tally.ts";
import type { Inspection } from "./inspection.ts";
import { Recent } from "./recent.ts";
import { SkewTally } from "./skew-tally.ts";

type StreamRow = Inspection["streams"][number];
type Json = Readonly<Record<string, unknown>>;

const SEEN_KEPT = 65_536;
const FIELDS_KEPT = 200;

const ENVELOPE = ["seq", "rx", "ts", "s"];
const HOLE = [...ENVELOPE, "startTsMs", "endTsMs", "missing", "cause"];
/** Captures carry their native fields in `x`, and the receiver's clock in `local_ns`. */
const CARRIED = ["x", "local_ns", "stream", "line"];
/** An entry of a Redis stream as imports and recorders keep it. */
const ENTRY = [...ENVELOPE, "id", "fields", "redisStream", "group", "delivery", "key", "ttlMs"];
const KNOWN: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ...MARKET_STREAMS.map((stream) => [stream, new Set<string>([...MARKET_KEYS, ...CARRIED])] as const),
  ...INTERRUPTIONS.map((stream) => [stream, new Set([...HOLE, "stream"])] as const),
  ["funding", new Set([...ENVELOPE, "sym", "rate", "markPrice", "id"])],
  ["gap", new Set([...HOLE, "sym"])],
]);

/** Rate, silence, order, duplicates and fields of one stream; memory does not grow with its length. */
export class StreamTally {
  readonly #stream: string;
  readonly #ids = new Recent<true>(SEEN_KEPT);
  readonly #contents = new Recent<true>(SEEN_KEPT);
  readonly #unknown = new Map<string, number>();
  readonly #latestId = new Map<string, string>();
  readonly #fields: FieldTally;
  readonly #skew = new SkewTally();
  #records = 0;
  #firstRxMs = 0;
  #lastRxMs = 0;
  #longestSilenceMs = 0;
  #latestTsMs = Number.NEGATIVE_INFINITY;
  #outOfOrder = 0;
  #idsOutOfOrder = 0;
  #duplicates = 0;
  #repeatedContents = 0;
  #firstId: string | null = null;
  #lastId: string | null = null;

  constructor(stream: string) {
    this.#stream = stream;
    this.#fields = new FieldTally(stream);
  }

  add(rxMs: number, tsMs: number, record: Json): void {
    if (this.#records === 0) this.#firstRxMs = rxMs;
    else this.#longestSilenceMs = Math.max(this.#longestSilenceMs, rxMs - this.#lastRxMs);
    this.#records++;
    this.#lastRxMs = rxMs;
    this.#skew.add(rxMs - tsMs);
    if (tsMs < this.#latestTsMs) this.#outOfOrder++;
    else this.#latestTsMs = tsMs;
    const { id, fields } = record;
    const isEntry = typeof fields === "object" && fields !== null && !Array.isArray(fields);
    if (typeof id === "string") this.#id(id, isEntry ? (fields as Json) : {});
    if (isEntry) this.#fields.add(readEntry(record));
    const content = contentOf(record, isEntry);
    if (this.#contents.get(content) === true) this.#repeatedContents++;
    else this.#contents.set(content, true);
    const known = KNOWN.get(this.#stream) ?? (isEntry ? ENTRY_KEYS : null);
    if (known === null) return;
    for (const key in record) {
      if (known.has(key) || !(this.#unknown.has(key) || this.#unknown.size < FIELDS_KEPT)) continue;
      this.#unknown.set(key, (this.#unknown.get(key) ?? 0) + 1);
    }
  }

  row(): StreamRow {
    const spanMs = this.#lastRxMs - this.#firstRxMs;
    const outside = [...this.#unknown].map(([name, records]) => ({ name, share: records / this.#records }));
    return {
      stream: this.#stream,
      records: this.#records,
      firstId: this.#firstId,
      lastId: this.#lastId,
      firstRxMs: this.#firstRxMs,
      lastRxMs: this.#lastRxMs,
      perSecond: spanMs > 0 ? ((this.#records - 1) * 1000) / spanMs : null,
      longestSilenceMs: this.#longestSilenceMs,
      outOfOrder: this.#outOfOrder,
      idsOutOfOrder: this.#idsOutOfOrder,
      duplicates: this.#duplicates,
      repeatedContents: this.#repeatedContents,
      unknownFields: [...outside, ...this.#fields.unknown()].sort(
        (left, right) => right.share - left.share || (left.name < right.name ? -1 : 1),
      ),
      absentFields: this.#fields.absent(),
      clockSkewMs: this.#skew.percentiles(),
    };
  }

  #id(id: string, fields: Json): void {
    // Market state is one Redis stream a symbol: their ids are only unique together with the symbol.
    const lane = this.#stream === "marketstate" ? String(fields["symbol"]) : "";
    this.#firstId ??= id;
    this.#lastId = id;
    const key = `${lane} ${id}`;
    if (this.#ids.get(key) === true) {
      this.#duplicates++;
      return;
    }
    this.#ids.set(key, true);
    const latest = this.#latestId.get(lane);
    if (latest !== undefined && isEarlierId(id, latest)) this.#idsOutOfOrder++;
    else if (latest !== undefined || this.#latestId.size < SEEN_KEPT) this.#latestId.set(lane, id);
  }
}

const ENTRY_KEYS: ReadonlySet<string> = new Set(ENTRY);

/** Everything but the record's own place: its number, its time of arrival, and the id that Redis gave it. */
function contentOf(record: Json, isEntry: boolean): string {
  if (isEntry) return JSON.stringify(record["fields"]);
  const { seq: _seq, rx, ts = rx, ...rest } = record;
  return `${String(ts)} ${JSON.stringify(rest)}`;
}

/** Entry ids are two whole numbers; ids of other forms are never said to be out of order. */
export function isEarlierId(id: string, other: string): boolean {
  const left = /^(\d{1,16})-(\d{1,16})$/.exec(id);
  const right = /^(\d{1,16})-(\d{1,16})$/.exec(other);
  if (left === null || right === null) return false;
  const byTime = Number(left[1]) - Number(right[1]);
  return byTime < 0 || (byTime === 0 && Number(left[2]) < Number(right[2]));
}
