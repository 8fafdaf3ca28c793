import { join } from "node:path";
import type { MarketBatch } from "../batch.ts";
import { checkPart } from "../part-reader.ts";
import type { BatchSource } from "./batch-source.ts";
import { CacheBuilder } from "./cache-builder.ts";
import { createNdjsonSource, type MarketParts } from "./ndjson-source.ts";
import { CACHE_FILE, CACHE_FOLDER, cacheKey } from "./parquet-layout.ts";
import { openParquetSource, UnusableCache } from "./parquet-source.ts";

/**
 * - `auto`: use the cache when it is valid; build it while reading when the recording is large or its cache was invalid
 * - `rebuild`: build it at the first reading, whatever is there
 * - `off`: neither read nor write it
 */
export type CacheMode = "auto" | "off" | "rebuild";

/**
 * Market rows from which a cache is built. Below it the NDJSON parts read in about half a second and the cache (34 to 64 bytes
 * a row) would take more room than the recording is worth (docs/cache.md).
 */
export const CACHED_ROWS_MIN = 1_000_000;

export interface CacheOptions {
  readonly mode: CacheMode;
  /** Folder of the cache file; `.cache` inside the recording when absent. */
  readonly dir?: string;
  readonly rowsMin?: number;
  /** One sentence for the person: a cache that was not trusted, or one that was written. */
  onNote?(text: string): void;
}

/**
 * Market rows by way of the Parquet cache. A cache that is torn, damaged, foreign or from another version is rebuilt
 * from the parts while they are read, and a folder that cannot be written is read without one: neither is an error.
 *
 * The parts stay the truth: their sizes and hashes are checked when their rows are reached, cache or not.
 */
export function createCachedSource(market: MarketParts, options: CacheOptions): BatchSource {
  return options.mode === "off" ? createNdjsonSource(market) : new CachedSource(market, options);
}

class CachedSource implements BatchSource {
  readonly #market: MarketParts;
  readonly #options: CacheOptions;
  readonly #file: string;
  readonly #key: string;
  readonly #rows: number;
  readonly #ndjson: BatchSource;
  #mustRebuild: boolean;

  constructor(market: MarketParts, options: CacheOptions) {
    this.#market = market;
    this.#options = options;
    this.#file = join(options.dir ?? join(market.dir, CACHE_FOLDER), CACHE_FILE);
    this.#key = cacheKey(market);
    this.#rows = market.parts.reduce((sum, { records }) => sum + records, 0);
    this.#ndjson = createNdjsonSource(market);
    this.#mustRebuild = options.mode === "rebuild";
  }

  describe(): string {
    try {
      return (this.#open() ?? this.#ndjson).describe();
    } catch (error) {
      if (!(error instanceof UnusableCache)) throw error;
      return this.#ndjson.describe();
    }
  }

  *batches(): Generator<MarketBatch> {
    let given = 0;
    try {
      const cached = this.#open();
      if (cached !== null) {
        const checks = new PartChecks(this.#market);
        const rows = cached.batches()[Symbol.iterator]();
        try {
          for (let next = rows.next(); next.done !== true; next = rows.next()) {
            checks.reach(next.value.length);
            given += 1;
            yield next.value;
          }
        } finally {
          rows.return?.();
        }
        return;
      }
    } catch (error) {
      if (!(error instanceof UnusableCache)) throw error;
      this.#mustRebuild = true;
      this.#options.onNote?.(`market cache ${this.#file} is not used and made again: ${error.message}`);
    }
    const isWanted = this.#mustRebuild || this.#rows >= (this.#options.rowsMin ?? CACHED_ROWS_MIN);
    yield* this.#rows > 0 && isWanted ? this.#build(given) : this.#ndjson.batches();
  }

  #open(): BatchSource | null {
    if (this.#mustRebuild) return null;
    return openParquetSource(this.#file, { key: this.#key, rows: this.#rows });
  }

  /** Reads the parts and writes the cache in one pass; the first `given` batches have been handed out already. */
  *#build(given: number): Generator<MarketBatch> {
    let builder = this.#builder(false);
    // Handed out one behind: a run may stop within the last batch, and the cache is to be whole by then.
    let last: MarketBatch | null = null;
    let number = 0;
    try {
      for (const batch of this.#ndjson.batches()) {
        if (batch.bidQty !== null && !builder.hasSizes) builder = this.#withSizes(builder, number);
        builder.append(batch);
        if (last !== null) yield last;
        number += 1;
        last = number > given ? batch : null;
      }
      this.#seal(builder);
      if (last !== null) yield last;
    } finally {
      builder.abort();
    }
  }

  #builder(hasSizes: boolean): CacheBuilder {
    return new CacheBuilder(this.#file, this.#key, this.#market.symbols, hasSizes);
  }

  /** A file's columns are decided when it is begun: sizes that come later begin it anew, which costs one more reading. */
  #withSizes(builder: CacheBuilder, batches: number): CacheBuilder {
    builder.abort();
    const again = this.#builder(true);
    let left = batches;
    if (left > 0) {
      for (const batch of this.#ndjson.batches()) {
        again.append(batch);
        left -= 1;
        if (left === 0) break;
      }
    }
    return again;
  }

  #seal(builder: CacheBuilder): void {
    const bytes = builder.seal();
    if (bytes === null) return;
    this.#mustRebuild = false;
    this.#options.onNote?.(`market cache ${this.#file} written, ${Math.ceil(bytes / 1e6)} MB: later runs read it`);
  }
}

/** Checks each part's file before the first of its rows is handed out, as reading the part itself would. */
class PartChecks {
  readonly #market: MarketParts;
  #part = 0;
  #rowsChecked = 0;
  #rowsGiven = 0;

  constructor(market: MarketParts) {
    this.#market = market;
  }

  reach(rows: number): void {
    const { dir, parts } = this.#market;
    this.#rowsGiven += rows;
    while (this.#part < parts.length && this.#rowsChecked < this.#rowsGiven) {
      checkPart(dir, parts[this.#part]!);
      this.#rowsChecked += parts[this.#part]!.records;
      this.#part += 1;
    }
  }
}
