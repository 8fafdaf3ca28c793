import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { nearMisses } from "../diagnostics/near-miss.ts";
import type { UserError } from "../diagnostics/user-error.ts";
import type { InputRecord, RecordingSource } from "./batch.ts";
import type { BatchSource } from "./cache/batch-source.ts";
import { type CacheMode, createCachedSource } from "./cache/cached-source.ts";
import { createNdjsonSource } from "./cache/ndjson-source.ts";
import { BATCH_ROWS } from "./columns.ts";
import { buildInstruments, parseExchangeInfo, type VenueSymbol } from "./exchange-info.ts";
import { type LeverageBracket, parseLeverageBrackets } from "./leverage-brackets.ts";
import {
  MANIFEST_FILE,
  type Manifest,
  type ManifestPart,
  type PartGroup,
  parseManifest,
  unusable,
} from "./manifest.ts";
import { badRecord, type JsonObject, partPath, readObjects } from "./part-reader.ts";

export interface OpenRecording extends RecordingSource {
  /** Path as it was given. */
  readonly dir: string;
  readonly manifest: Manifest;
  /** Leverage brackets by symbol, lowest notional first; empty when the recording has none. */
  readonly leverageBrackets: ReadonlyMap<string, readonly LeverageBracket[]>;
  /** What `batches()` reads: the cache or the parts. */
  readonly market: BatchSource;
  /** The parts themselves, whatever the cache holds. */
  readonly ndjson: BatchSource;
}

export interface OpenOptions {
  /** Rows of one batch, 65,536 when absent. */
  readonly batchRows?: number;
  /** Whether market rows may come from the columnar cache and whether one is made; `auto` when absent. */
  readonly cache?: CacheMode;
  /** Folder of the cache, instead of `.cache` inside the recording. */
  readonly cacheDir?: string;
  /** Market rows from which `auto` makes a cache, `CACHED_ROWS_MIN` when absent. */
  readonly cachedRowsMin?: number;
  /** Told in a sentence of a cache that was written, or was not trusted. */
  onNote?(text: string): void;
}

/**
 * Opens a sealed recording. The manifest and the static exchange data are read here; each market and input part is
 * verified (size, SHA-256, gzip, order, values) when it is reached, and only one of each is in memory at a time.
 *
 * @throws {UserError} with exit code 14 and the place in the file, for everything that makes a recording unusable;
 * `batches()` and `inputs()` throw the same while they are iterated.
 */
export function openRecording(dir: string, options: OpenOptions = {}): OpenRecording {
  const manifest = readManifest(dir);
  const symbols = manifest.symbols.map(({ symbol }) => symbol);
  const statics = readStatics(dir, manifest);
  const { instruments, notes } = buildInstruments(manifest.symbols, statics.venue);
  const times = manifest.parts.flatMap(({ firstTs, lastTs }) =>
    firstTs === null || lastTs === null ? [] : [firstTs, lastTs],
  );
  const marketParts = partsOf(manifest, "market");
  const place = { dir, parts: marketParts, symbols, batchRows: options.batchRows ?? BATCH_ROWS };
  const market = createCachedSource(place, {
    mode: options.cache ?? "auto",
    ...(options.cacheDir === undefined ? {} : { dir: join(options.cacheDir, manifest.hash.slice(0, 16)) }),
    ...(options.cachedRowsMin === undefined ? {} : { rowsMin: options.cachedRowsMin }),
    onNote: (text) => options.onNote?.(text),
  });
  return {
    dir,
    manifest,
    id: manifest.id,
    hash: manifest.hash,
    symbols,
    instruments,
    firstTsMs: times.length === 0 ? 0 : Math.min(...times),
    lastTsMs: times.length === 0 ? 0 : Math.max(...times),
    marketEventCount: marketParts.reduce((sum, { records }) => sum + records, 0),
    fidelity: manifest.fidelity,
    notes: [...manifest.notes, ...notes],
    leverageBrackets: statics.brackets,
    ...(statics.info.size === 0 ? {} : { venueInfo: statics.info }),
    hasDepth: manifest.streams.some(({ stream }) => stream === "depth"),
    market,
    ndjson: createNdjsonSource(place),
    batches: () => market.batches(),
    inputs: () => readInputs(dir, partsOf(manifest, "inputs"), new Set(symbols)),
  };
}

function* readInputs(
  dir: string,
  parts: readonly ManifestPart[],
  symbols: ReadonlySet<string>,
): Generator<InputRecord> {
  let lastSeq = 0;
  let lastRxMs = Number.NEGATIVE_INFINITY;
  for (const part of parts) {
    const file = partPath(dir, part);
    for (const { line, record } of readObjects(dir, part)) {
      const input = toInput(record, file, line);
      if (input.seq <= lastSeq) {
        const what = input.seq === lastSeq ? "is there twice" : `comes after ${lastSeq}`;
        throw badRecord(file, line, `seq ${input.seq} ${what}, seq must increase from record to record`);
      }
      if (input.rxMs < lastRxMs) {
        throw badRecord(
          file,
          line,
          `rx ${input.rxMs} comes after ${lastRxMs}, the time received must not go backwards`,
        );
      }
      checkSymbol(input, symbols, file, line);
      lastSeq = input.seq;
      lastRxMs = input.rxMs;
      yield input;
    }
  }
}

function toInput(record: JsonObject, file: string, line: number): InputRecord {
  const { seq, rx, ts, s, ...payload } = record;
  if (!Number.isSafeInteger(seq))
    throw badRecord(file, line, `seq is ${JSON.stringify(seq)}, a whole number is needed`);
  if (!Number.isSafeInteger(rx)) throw badRecord(file, line, `rx is ${JSON.stringify(rx)}, milliseconds are needed`);
  if (ts !== undefined && !Number.isSafeInteger(ts)) {
    throw badRecord(file, line, `ts is ${JSON.stringify(ts)}, whole milliseconds are needed`);
  }
  if (typeof s !== "string" || s === "") throw badRecord(file, line, "s names no stream, a stream name is needed");
  return { seq: seq as number, rxMs: rx as number, tsMs: (ts ?? rx) as number, stream: s, payload };
}

/** Records of the exchange must name a recorded symbol; an intent may name any, and the engine rejects it by name. */
function checkSymbol(input: InputRecord, symbols: ReadonlySet<string>, file: string, line: number): void {
  if (input.stream !== "funding" && input.stream !== "gap") return;
  const symbol = input.payload["sym"];
  if (typeof symbol === "string" && symbols.has(symbol)) return;
  const shown = symbol === undefined ? "missing" : JSON.stringify(symbol);
  throw badRecord(file, line, `symbol ${shown} is unknown, one of the manifest's symbol table is needed`);
}

function readStatics(
  dir: string,
  manifest: Manifest,
): {
  venue: ReadonlyMap<string, VenueSymbol> | null;
  info: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  brackets: ReadonlyMap<string, readonly LeverageBracket[]>;
} {
  let venue: ReadonlyMap<string, VenueSymbol> | null = null;
  let info: ReadonlyMap<string, Readonly<Record<string, unknown>>> = new Map();
  let brackets: ReadonlyMap<string, readonly LeverageBracket[]> = new Map();
  for (const { stream, data, file, line } of readStaticRecords(dir, manifest)) {
    // The last record of a stream is the one in force; streams of later versions are left alone.
    if (stream === "exchangeInfo") {
      const parsed = parseExchangeInfo(data);
      if (parsed.problems.length > 0) throw unusable(parsed.problems.map((problem) => ({ file, line, ...problem })));
      venue = parsed.venue;
      info = venueEntries(data);
    } else if (stream === "leverageBrackets") {
      const parsed = parseLeverageBrackets(data);
      if (parsed.problems.length > 0) throw unusable(parsed.problems.map((problem) => ({ file, line, ...problem })));
      brackets = parsed.brackets;
    }
  }
  return { venue, info, brackets };
}

/** Entries of an exchangeInfo answer by symbol, as they came; `parseExchangeInfo` has checked that they are there. */
export function venueEntries(data: unknown): Map<string, Readonly<Record<string, unknown>>> {
  const { symbols } = data as { readonly symbols: readonly Readonly<Record<string, unknown>>[] };
  return new Map(symbols.map((entry) => [String(entry["symbol"]), entry]));
}

/** Raw static data of a recording, as they were recorded. */
export function* readStaticRecords(
  dir: string,
  manifest: Manifest,
): Generator<{ stream: string; data: unknown; file: string; line: number }> {
  for (const part of partsOf(manifest, "exchange")) {
    const file = partPath(dir, part);
    for (const { line, record } of readObjects(dir, part)) {
      const { s, data } = record;
      if (typeof s !== "string") throw badRecord(file, line, "s names no stream, a stream name is needed");
      yield { stream: s, data, file, line };
    }
  }
}

export function partsOf(manifest: Manifest, group: PartGroup): ManifestPart[] {
  return manifest.parts.filter((part) => part.group === group);
}

/** @throws {UserError} when the folder or its manifest is missing or unusable; near names are suggested. */
export function readManifest(dir: string): Manifest {
  const file = `${dir.replace(/\/+$/, "")}/${MANIFEST_FILE}`;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw missing(dir, file, error);
  }
  return parseManifest(text, file);
}

function missing(dir: string, file: string, cause: unknown): UserError {
  const code = (cause as { code?: string }).code ?? String(cause);
  const isFolder = statSync(dir, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (code !== "ENOENT" && code !== "ENOTDIR") {
    const text = `Cannot open the recording: the system answers ${code}, a readable ${MANIFEST_FILE} is needed`;
    return unusable([{ file, text }], cause);
  }
  if (isFolder) {
    const text = `Cannot open the recording: the folder has no ${MANIFEST_FILE}, a sealed recording has one`;
    const isLive = existsSync(join(dir, "live.json"));
    const hint = isLive
      ? `a recorder has not sealed it: "sim inspect ${dir}" says what is in it`
      : "was the import interrupted? run it again into a new folder";
    return unusable([{ file: dir, text, hint }], cause);
  }
  const near = nearMisses(basename(dir), siblings(dir));
  const hint =
    near.length > 0
      ? `did you mean ${near.map((name) => `"${join(dirname(dir), name)}"`).join(" or ")}?`
      : `"sim import candles FILES... --out ${dir}" makes one`;
  return unusable(
    [{ file: dir, text: "Cannot open the recording: there is no such folder, one is needed", hint }],
    cause,
  );
}

function siblings(dir: string): string[] {
  try {
    return readdirSync(dirname(dir)).sort();
  } catch {
    // The folder above is missing too: then there is nothing to suggest, and the caller's error says what is wrong.
    return [];
  }
}
