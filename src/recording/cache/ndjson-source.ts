import type { MarketBatch } from "../batch.ts";
import { createColumns } from "../columns.ts";
import type { ManifestPart } from "../manifest.ts";
import { MarketScanner } from "../market-scanner.ts";
import { checkCount, partPath, readPart } from "../part-reader.ts";
import type { BatchSource } from "./batch-source.ts";

/** Market rows of one recording, as the manifest lists them. */
export interface MarketParts {
  /** Folder of the recording, as it was given. */
  readonly dir: string;
  /** Parts of the market group in replay order. */
  readonly parts: readonly ManifestPart[];
  readonly symbols: readonly string[];
  /** Rows of every batch but the last. */
  readonly batchRows: number;
}

/** The interchange form itself: each part is verified (size, SHA-256, gzip, order, values) when it is reached. */
export function createNdjsonSource(market: MarketParts): BatchSource {
  return {
    describe: () => `NDJSON parts of ${market.dir}`,
    batches: () => readBatches(market),
  };
}

function* readBatches({ dir, parts, symbols, batchRows }: MarketParts): Generator<MarketBatch> {
  const scanner = new MarketScanner(symbols);
  let columns = createColumns(batchRows);
  for (const part of parts) {
    const file = partPath(dir, part);
    scanner.load(readPart(dir, part), file);
    let records = 0;
    while (!scanner.isPartDone) {
      const before = columns.length;
      scanner.fill(columns);
      records += columns.length - before;
      if (columns.length === batchRows) {
        yield columns;
        // A consumer may keep a batch, so it is never filled again.
        columns = createColumns(batchRows);
      }
    }
    checkCount(file, part, records);
  }
  if (columns.length > 0) yield columns;
}
