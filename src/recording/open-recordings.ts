import type { Instrument } from "../engine/domain/instrument.ts";
import type { InputRecord, RecordingSource } from "./batch.ts";
import { sha256Hex } from "./gzip.ts";
import { FIDELITIES, unusable } from "./manifest.ts";
import { mergeBatches } from "./merge-batches.ts";
import { type OpenOptions, type OpenRecording, openRecording } from "./reader.ts";
import { streamRank } from "./stream-rank.ts";

/** Where the rows of one of the recordings go in the whole. */
interface Place {
  readonly recording: OpenRecording;
  readonly symbols: Uint16Array | null;
  readonly seqOffset: number;
}

/**
 * Opens one recording, or several as one: a long time in pieces, or a universe whose symbols were recorded by several
 * recorders at once. The order of `dirs` does not matter.
 *
 * Rows and inputs are merged by time received, stream rank and `seq`. `seq` goes on from recording to recording, so it
 * is unique and tells where a record came from; where recordings run side by side it is not increasing from row to row.
 * Of a symbol in several recordings the instrument, exchangeInfo and brackets of the last one that has them count, of
 * their fidelities the coarsest.
 *
 * @throws {UserError} with exit code 14 as `openRecording` does, and when two recordings of one symbol overlap in time:
 * nobody could say which of the two prices was the price.
 */
export function openRecordings(dirs: readonly string[], options: OpenOptions = {}): RecordingSource {
  const recordings = dirs.map((dir) => openRecording(dir, options));
  if (recordings.length === 1) return recordings[0]!;
  recordings.sort(inTime);
  refuseOverlaps(recordings);
  const symbols = [...new Set(recordings.flatMap((recording) => recording.symbols))];
  if (symbols.length > 65_536) {
    const text = `Cannot replay the recordings as one: together they have ${symbols.length} symbols, at most 65536 fit a market column`;
    throw unusable([{ text, file: recordings[0]!.dir }]);
  }
  const places = placesOf(recordings, symbols);
  const timed = recordings.filter(hasTimes);
  return {
    id: recordings.map(({ id }) => id).join("+"),
    hash: sha256Hex(JSON.stringify(["rehearsal.recordings/1", ...recordings.map(({ hash }) => hash)])),
    symbols,
    instruments: instrumentsOf(recordings, symbols),
    firstTsMs: timed.length === 0 ? 0 : Math.min(...timed.map(({ firstTsMs }) => firstTsMs)),
    lastTsMs: timed.length === 0 ? 0 : Math.max(...timed.map(({ lastTsMs }) => lastTsMs)),
    marketEventCount: recordings.reduce((sum, { marketEventCount }) => sum + marketEventCount, 0),
    fidelity: recordings.map(({ fidelity }) => fidelity).sort(coarsestFirst)[0]!,
    hasDepth: recordings.some(({ hasDepth }) => hasDepth === true),
    ...venueOf(recordings),
    notes: recordings.flatMap(({ id, notes }) => notes.map((note) => `${id}: ${note}`)),
    batches: () =>
      mergeBatches(
        places.map(({ recording, ...place }) => ({ batches: recording.batches(), ...place })),
        options.batchRows,
      ),
    inputs: () => mergeInputs(places),
  };
}

/** Later recordings overwrite what earlier ones say of a symbol. */
function venueOf(recordings: readonly OpenRecording[]): Pick<RecordingSource, "venueInfo" | "leverageBrackets"> {
  const venueInfo = new Map(recordings.flatMap((recording) => [...(recording.venueInfo ?? [])]));
  const leverageBrackets = new Map(recordings.flatMap((recording) => [...recording.leverageBrackets]));
  return { ...(venueInfo.size === 0 ? {} : { venueInfo }), leverageBrackets };
}

function inTime(left: OpenRecording, right: OpenRecording): number {
  if (left.firstTsMs !== right.firstTsMs) return left.firstTsMs - right.firstTsMs;
  if (left.lastTsMs !== right.lastTsMs) return left.lastTsMs - right.lastTsMs;
  return left.hash < right.hash ? -1 : left.hash > right.hash ? 1 : 0;
}

function coarsestFirst(left: OpenRecording["fidelity"], right: OpenRecording["fidelity"]): number {
  return FIDELITIES.indexOf(right) - FIDELITIES.indexOf(left);
}

function refuseOverlaps(recordings: readonly OpenRecording[]): void {
  const timed = recordings.filter(hasTimes);
  const problems = timed.flatMap((later, place) => {
    const names = new Set(later.symbols);
    return timed.slice(0, place).flatMap((earlier) => {
      if (earlier.lastTsMs < later.firstTsMs) return [];
      const shared = earlier.symbols.filter((symbol) => names.has(symbol));
      if (shared.length === 0) return [];
      const others = shared.length === 1 ? "" : ` and ${shared.length - 1} more`;
      const text =
        `Cannot replay the recordings as one: "${earlier.dir}" has ${shared[0]}${others} from ${spanText(earlier)}, ` +
        `"${later.dir}" from ${spanText(later)}, recordings of one symbol must not overlap`;
      return [{ file: later.dir, text, hint: "leave one of the two out, or import each part of the time once" }];
    });
  });
  if (problems.length > 0) throw unusable(problems);
}

function hasTimes({ manifest }: OpenRecording): boolean {
  return manifest.parts.some(({ firstTs }) => firstTs !== null);
}

function spanText({ firstTsMs, lastTsMs }: OpenRecording): string {
  return `${new Date(firstTsMs).toISOString()} to ${new Date(lastTsMs).toISOString()}`;
}

function placesOf(recordings: readonly OpenRecording[], symbols: readonly string[]): Place[] {
  const indexes = new Map(symbols.map((symbol, index) => [symbol, index]));
  let seqOffset = 0;
  return recordings.map((recording) => {
    const map = Uint16Array.from(recording.symbols, (symbol) => indexes.get(symbol)!);
    const place = {
      recording,
      symbols: map.every((index, own) => index === own) ? null : map,
      seqOffset,
    };
    for (const { lastSeq } of recording.manifest.parts)
      seqOffset = Math.max(seqOffset, place.seqOffset + (lastSeq ?? 0));
    return place;
  });
}

function instrumentsOf(recordings: readonly OpenRecording[], symbols: readonly string[]): Instrument[] {
  const last = new Map<string, Instrument>();
  for (const { instruments } of recordings)
    for (const instrument of instruments) last.set(instrument.symbol, instrument);
  return symbols.map((symbol, index) => ({ ...last.get(symbol)!, index }));
}

interface InputHead {
  readonly rest: Iterator<InputRecord>;
  readonly seqOffset: number;
  record: InputRecord;
}

function* mergeInputs(places: readonly Place[]): Generator<InputRecord> {
  const heads: InputHead[] = [];
  for (const { recording, seqOffset } of places) {
    const rest = recording.inputs()[Symbol.iterator]();
    const first = rest.next();
    if (first.done !== true) heads.push({ rest, seqOffset, record: moved(first.value, seqOffset) });
  }
  while (heads.length > 0) {
    const head = heads.reduce((lowest, other) => (isBefore(other.record, lowest.record) ? other : lowest));
    yield head.record;
    const next = head.rest.next();
    if (next.done === true) heads.splice(heads.indexOf(head), 1);
    else head.record = moved(next.value, head.seqOffset);
  }
}

function moved(record: InputRecord, seqOffset: number): InputRecord {
  return { ...record, seq: record.seq + seqOffset };
}

function isBefore(left: InputRecord, right: InputRecord): boolean {
  if (left.rxMs !== right.rxMs) return left.rxMs < right.rxMs;
  const leftRank = streamRank(left.stream);
  const rightRank = streamRank(right.stream);
  return leftRank < rightRank || (leftRank === rightRank && left.seq < right.seq);
}
