/**
 * How the shapes of files and frames changed over time. A row says since when a shape is in use and which fields it
 * has; fields that are not listed are carried like all others, and reported.
 */
export interface MapperRow {
  readonly mapper: string;
  readonly sinceMs: number;
  /** Names of fields; empty where the file names its own columns. */
  readonly fields: readonly string[];
}

const WS_SINCE = Date.UTC(2019, 8, 8);
/** `nq`, `st`, `ps` and `ap` came with 2026. */
const WS_2026 = Date.UTC(2026, 0, 1);
const MICROSECONDS_SINCE = Date.UTC(2025, 0, 1);

/** Rows of one source, oldest first; `fields` in words, as the exchange names them. */
function rows(
  source: string,
  ...shapes: readonly (readonly [sinceMs: number, fields: string])[]
): [string, MapperRow[]] {
  return [
    source,
    shapes.map(([sinceMs, fields], index) => ({
      ...{ mapper: `${source}/${index + 1}`, sinceMs },
      fields: fields === "" ? [] : fields.split(" "),
    })),
  ];
}

const TABLE: ReadonlyMap<string, readonly MapperRow[]> = new Map([
  rows("ws.bookTicker", [WS_SINCE, "e u s b B a A T E"], [WS_2026, "e u s b B a A T E st ps"]),
  rows("ws.trade", [WS_SINCE, "e E T s t p q X m b a M"], [WS_2026, "e E T s t p q X m b a M st ps nq"]),
  rows("ws.aggTrade", [WS_SINCE, "e E s a p q f l T m M"], [WS_2026, "e E s a p q nq f l T m M st ps"]),
  rows("ws.markPriceUpdate", [WS_SINCE, "e E s p i P r T"], [WS_2026, "e E s p ap i P r T st ps"]),
  rows("ws.depthUpdate", [WS_SINCE, "e E T s U u pu b a"], [WS_2026, "e E T s U u pu b a st ps"]),
  rows("ws.depthSnapshot", [WS_SINCE, "lastUpdateId E T bids asks"]),
  // Spot files of the public archive are in microseconds since 2025; those of futures stay in milliseconds.
  rows("archive.trades", [0, ""], [MICROSECONDS_SINCE, ""]),
  rows("archive.aggTrades", [0, ""], [MICROSECONDS_SINCE, ""]),
  rows("archive.klines", [0, ""], [MICROSECONDS_SINCE, ""]),
  rows("csv.candles", [0, ""]),
  rows("csv.trades", [0, ""]),
  rows("csv.depth", [0, ""]),
  rows("feather.candles", [0, ""]),
]);

/** The row in force: the last one that begins at or before the time, or the first. `null` for an unknown source. */
export function mapperFor(source: string, timeMs: number): MapperRow | null {
  const known = TABLE.get(source);
  if (known === undefined) return null;
  return known.filter(({ sinceMs }) => sinceMs <= timeMs).at(-1) ?? known[0]!;
}

/** Entry of a manifest's `mappers`: with what its records were read. */
export interface UsedMapper {
  readonly source: string;
  readonly mapper: string;
  readonly records: number;
  /** Unit of the times in the source. */
  readonly unit: string;
}

/** Counts what each mapper read, and the fields that it does not know. */
export class MapperUse {
  readonly #used = new Map<string, { source: string; mapper: string; unit: string; records: number }>();
  readonly #unknown = new Map<string, number>();

  /** One record, with its fields by name when they are known. Nothing happens for a source without a table. */
  add(
    source: string,
    timeMs: number,
    unit: string,
    fields: Readonly<Record<string, unknown>> | null,
    records = 1,
  ): void {
    const row = mapperFor(source, timeMs);
    if (row === null) return;
    const key = `${row.mapper} ${unit}`;
    const used = this.#used.get(key);
    if (used === undefined) this.#used.set(key, { source, mapper: row.mapper, unit, records });
    else used.records += records;
    if (fields === null || row.fields.length === 0) return;
    for (const name of Object.keys(fields)) {
      if (row.fields.includes(name)) continue;
      const place = `${row.mapper}: ${name}`;
      this.#unknown.set(place, (this.#unknown.get(place) ?? 0) + 1);
    }
  }

  /** By mapper. */
  used(): UsedMapper[] {
    return [...this.#used].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, entry]) => ({ ...entry }));
  }

  notes(): string[] {
    return [...this.#unknown]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([place, records]) => `field not in the table of mapper ${place}, carried on ${records} records`);
  }
}
