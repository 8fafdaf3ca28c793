import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";
import type { InputRow, RecordSink } from "../record.ts";
import type { GapPayload } from "../tally.ts";
import { type ArrowLines, type CandleFile, joinCandleFiles, MINUTE_MS, readCandleFile } from "./candle-file.ts";
import { PATH_OFFSETS_MS, pathPrices, quarterVolumes } from "./candle-path.ts";
import { badSource } from "./source-file.ts";

/**
 * Reads candle files, sorted by symbol: the symbol table must not depend on the order of arguments. Several files of
 * one symbol become one when their times do not overlap.
 *
 * @throws {UserError} with the problems of all files at once, among them two files with the same minutes of a symbol.
 */
export function readCandleFiles(paths: readonly string[], arrowLines?: ArrowLines): CandleFile[] {
  if (paths.length === 0) {
    throw new UserError([{ text: "Cannot import candles: no file is named, one per symbol is needed" }], EXIT.usage);
  }
  const problems: Problem[] = [];
  const bySymbol = new Map<string, CandleFile[]>();
  for (const path of paths) {
    const read = readCandleFile(path, arrowLines);
    if ("problems" in read) problems.push(...read.problems);
    else bySymbol.set(read.file.symbol, [...(bySymbol.get(read.file.symbol) ?? []), read.file]);
  }
  const joined: CandleFile[] = [];
  for (const files of bySymbol.values()) {
    const file = joinCandleFiles(files);
    if ("text" in file) problems.push(file);
    else joined.push(file);
  }
  if (problems.length > 0) throw badSource(problems);
  return joined.sort((left, right) => (left.symbol < right.symbol ? -1 : 1));
}

/** First price and last price of all files. */
export function candleSpan(files: readonly CandleFile[]): { firstMs: number; lastMs: number } {
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const { openTimesMs } of files) {
    firstMs = Math.min(firstMs, openTimesMs[0]!);
    lastMs = Math.max(lastMs, openTimesMs.at(-1)! + PATH_OFFSETS_MS[3]);
  }
  return { firstMs, lastMs };
}

interface Active {
  readonly symbol: number;
  readonly prices: readonly string[];
  readonly volumes: readonly string[];
  readonly extra: { readonly extra?: Readonly<Record<string, unknown>> };
}

/**
 * Writes four prices a candle in the order of time and symbol index, merged with other records (sorted by `rxMs`).
 *
 * Missing minutes between two candles of a symbol become one `gap` record, received when the candles resume.
 */
export function writeCandles(files: readonly CandleFile[], others: readonly InputRow[], sink: RecordSink): void {
  const next = files.map(() => 0);
  let nextOther = 0;
  const writeOthersBefore = (timeMs: number): void => {
    while (nextOther < others.length && others[nextOther]!.rxMs < timeMs) sink.input(others[nextOther++]!);
  };
  for (;;) {
    const minuteMs = files.reduce(
      (earliest, { openTimesMs }, index) => Math.min(earliest, openTimesMs[next[index]!] ?? Number.POSITIVE_INFINITY),
      Number.POSITIVE_INFINITY,
    );
    if (minuteMs === Number.POSITIVE_INFINITY) break;
    writeOthersBefore(minuteMs);
    const active: Active[] = [];
    for (const [symbol, file] of files.entries()) {
      const at = next[symbol]!;
      if (file.openTimesMs[at] !== minuteMs) continue;
      writeGap(file, at, sink);
      const candle = file.candle(at);
      const extra = candle.extra === undefined ? {} : { extra: { x: candle.extra } };
      active.push({ symbol, prices: pathPrices(candle), volumes: quarterVolumes(candle.volume), extra });
      next[symbol] = at + 1;
    }
    for (const [step, offsetMs] of PATH_OFFSETS_MS.entries()) {
      const rxMs = minuteMs + offsetMs;
      writeOthersBefore(rxMs);
      for (const { symbol, prices, volumes, extra } of active) {
        // What a candle says beyond its prices is only known when it closes.
        const closed = step === PATH_OFFSETS_MS.length - 1 ? extra : {};
        sink.market({ rxMs, symbol, price: prices[step]!, qty: volumes[step]!, ...closed });
      }
    }
  }
  writeOthersBefore(Number.POSITIVE_INFINITY);
}

function writeGap(file: CandleFile, at: number, sink: RecordSink): void {
  if (at === 0) return;
  const resumedMs = file.openTimesMs[at]!;
  const startTsMs = file.openTimesMs[at - 1]! + MINUTE_MS;
  if (startTsMs === resumedMs) return;
  const missing = (resumedMs - startTsMs) / MINUTE_MS;
  const payload: GapPayload = { sym: file.symbol, startTsMs, endTsMs: resumedMs, missing, cause: "no candles" };
  sink.input({ rxMs: resumedMs, stream: "gap", payload: { ...payload } });
}

/**
 * What a person should know of missing minutes: the total, and each hole that all symbols share (a halt of the
 * exchange or of the recorder).
 */
export function gapNotes(files: readonly CandleFile[]): string[] {
  let missing = 0;
  let gaps = 0;
  let symbols = 0;
  const sharedBy = new Map<string, { startMs: number; endMs: number; symbols: number }>();
  for (const { openTimesMs } of files) {
    const before = gaps;
    for (let at = 1; at < openTimesMs.length; at++) {
      const startMs = openTimesMs[at - 1]! + MINUTE_MS;
      const endMs = openTimesMs[at]!;
      if (startMs === endMs) continue;
      gaps++;
      missing += (endMs - startMs) / MINUTE_MS;
      const key = `${startMs}-${endMs}`;
      const hole = sharedBy.get(key) ?? { startMs, endMs, symbols: 0 };
      hole.symbols++;
      sharedBy.set(key, hole);
    }
    if (gaps > before) symbols++;
  }
  if (gaps === 0) return [];
  const notes = [`missing minutes: ${missing}, gaps: ${gaps}, symbols with gaps: ${symbols} of ${files.length}`];
  const shared = [...sharedBy.values()].filter((hole) => files.length > 1 && hole.symbols === files.length);
  for (const { startMs, endMs } of shared.sort((left, right) => left.startMs - right.startMs)) {
    const minutes = (endMs - startMs) / MINUTE_MS;
    const [from, to] = [startMs, endMs].map((timeMs) => new Date(timeMs).toISOString());
    notes.push(`all ${files.length} symbols have no candles for ${minutes} minutes, from ${from} to ${to}: a halt`);
  }
  return notes;
}
