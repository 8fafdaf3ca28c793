import { basename } from "node:path";
import type { RecordingSource } from "../batch.ts";
import { nameSome } from "../exchange-info.ts";
import type { InputFile } from "../manifest.ts";
import { createMemoryWriter } from "../memory.ts";
import type { RecordSink } from "../record.ts";
import { streamRank } from "../stream-rank.ts";
import { createRecordingWriter, type RecordingOptions, type SealedRecording } from "../writer.ts";
import { readBracketsFile } from "./brackets.ts";
import { type ArrowLines, type CandleFile, isArrowFile } from "./candle-file.ts";
import { PATH_NOTE } from "./candle-path.ts";
import { candleSpan, gapNotes, readCandleFiles, writeCandles } from "./candles.ts";
import { readExchangeInfoFile } from "./exchange-info.ts";
import { fundingNote, fundingRows, readFundingFile } from "./funding.ts";
import { MapperUse, type UsedMapper } from "./mappers.ts";
import { findUnclosedMinutes, unclosedNotes, unclosedRows } from "./unclosed-bars.ts";

export interface ImportSources {
  /** CSV, archive klines or feather; several of one symbol when their times do not overlap. */
  readonly candles: readonly string[];
  readonly funding?: string;
  readonly exchangeInfo?: string;
  readonly brackets?: string;
  /** Reads feather files; `importCandles` loads it when it is needed. */
  readonly arrowLines?: ArrowLines;
}

export interface ImportOptions extends ImportSources {
  /** Directory of the new recording. */
  readonly out: string;
  /** Name of the directory when absent. */
  readonly id?: string;
  readonly createdBy?: string;
}

/** `importRecording` for files of which some may be feather: what reads those is loaded only then. */
export async function importCandles(options: ImportOptions): Promise<SealedRecording> {
  if (!options.candles.some(isArrowFile)) return importRecording(options);
  const { arrowLines } = await import("./feather.ts");
  return importRecording({ ...options, arrowLines });
}

/**
 * Imports candles, and what belongs to them, into a new recording.
 *
 * @throws {UserError} with all problems of the candle files at once, or of the first other file that has any.
 */
export function importRecording(options: ImportOptions): SealedRecording {
  const gathered = gather(options);
  const { out, id = basename(out), createdBy = "rehearsal import" } = options;
  const writer = createRecordingWriter({ ...gathered.options, dir: out, id, createdBy });
  try {
    gathered.fill(writer);
  } catch (error) {
    writer.abort();
    throw error;
  }
  return writer.seal();
}

/** The same recording without a disk; its hash is the one `importRecording` would give it. */
export function importToMemory(sources: ImportSources & { readonly id?: string }): RecordingSource {
  const gathered = gather(sources);
  const writer = createMemoryWriter({ ...gathered.options, id: sources.id ?? "memory", createdBy: "rehearsal import" });
  gathered.fill(writer);
  return writer.seal();
}

interface Gathered {
  readonly options: Pick<RecordingOptions, "symbols" | "fidelity" | "notes" | "inputs" | "carried">;
  readonly fill: (sink: RecordSink) => void;
}

/** Everything is read and checked before anything is written. */
function gather(sources: ImportSources): Gathered {
  const files = readCandleFiles(sources.candles, sources.arrowLines);
  const symbols = files.map(({ symbol }) => symbol);
  const funding = sources.funding === undefined ? null : readFundingFile(sources.funding);
  const exchangeInfo = sources.exchangeInfo === undefined ? null : readExchangeInfoFile(sources.exchangeInfo);
  const brackets = sources.brackets === undefined ? null : readBracketsFile(sources.brackets);
  const { firstMs, lastMs } = candleSpan(files);
  const settled = fundingRows(funding?.rates ?? [], symbols, firstMs, lastMs);
  const unclosed = findUnclosedMinutes(files);
  const notes = [PATH_NOTE, ...gapNotes(files), ...lateNotes(files, firstMs), ...unclosedNotes(unclosed)];
  // At one time money settles before a finding is told, which is the order of their ranks.
  const others = [...settled.rows, ...unclosedRows(unclosed)].sort(
    (left, right) => left.rxMs - right.rxMs || streamRank(left.stream) - streamRank(right.stream),
  );
  const leftOut = fundingNote(settled);
  if (leftOut !== null) notes.push(leftOut);
  const extras: (InputFile | undefined)[] = [funding?.input, exchangeInfo?.input, brackets?.input];
  return {
    options: {
      symbols,
      fidelity: "candles",
      notes,
      carried: { mappers: mappersOf(files) },
      inputs: [...files.flatMap(({ inputs }) => inputs), ...extras.filter((input) => input !== undefined)],
    },
    fill: (sink) => {
      if (exchangeInfo !== null) sink.exchangeInfo(exchangeInfo.raw);
      if (brackets !== null) sink.leverageBrackets(brackets.raw);
      writeCandles(files, others, sink);
    },
  };
}

const SOURCES = { csv: "csv.candles", archive: "archive.klines", feather: "feather.candles" } as const;

function mappersOf(files: readonly CandleFile[]): UsedMapper[] {
  const use = new MapperUse();
  for (const { form, unit, openTimesMs } of files)
    use.add(SOURCES[form], openTimesMs[0]!, unit, null, openTimesMs.length);
  return use.used();
}

/** A symbol that begins later than the others has no gap, but a reader of the recording should know. */
function lateNotes(files: readonly CandleFile[], firstMs: number): string[] {
  const late = files.filter(({ openTimesMs }) => openTimesMs[0]! > firstMs).map(({ symbol }) => symbol);
  return late.length === 0 ? [] : [`symbols that begin later than the first: ${nameSome(late)}`];
}
