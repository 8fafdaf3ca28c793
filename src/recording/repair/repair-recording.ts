import { findUnclosedMinutes, UNCLOSED_RULE, unclosedRows } from "../import/unclosed-bars.ts";
import { MarketTally } from "../inspect/market-tally.ts";
import type { Manifest } from "../manifest.ts";
import { readManifest } from "../reader.ts";
import { type InputRow, inputRecord, type NumberedInput, type NumberedMarketRow } from "../record.ts";
import type { MarketStream } from "../stream-rank.ts";
import { RecordingTally } from "../tally.ts";
import type { SealedRecording } from "../writer.ts";
import { type Correction, CorrectionLog } from "./correction-log.ts";
import { LineWriter } from "./line-writer.ts";
import { PathCandles } from "./path-candles.ts";
import { type KeptRow, ORDERED_GROUPS, RepairSource } from "./repair-source.ts";
import { rewriteJson } from "./rewrite-json.ts";
import { addedRow, isBefore, Merge, type MergeRow, rankOf, rowKey } from "./row-order.ts";
import { SilenceFinder, ToldSilences } from "./silences.ts";

/** A grid that fewer than half of the distances keep is no grid: trades come when they come. */
const GRID_SHARE_MIN = 0.5;
const UNCLOSED = "bar.unclosed.suspected";

export interface RepairedRecording {
  readonly sealed: SealedRecording;
  /** Of this repair; those of earlier ones are in the manifest too. */
  readonly corrections: readonly Correction[];
}

/**
 * Writes a new recording from what can be read of another one, which is only read: unreadable records and duplicates
 * left out, records in the order of replay, silences and suspected bars told. Every correction is in the manifest with
 * its count, first place and rule. No price is made up, none is changed, and exchange times stay as they are: received
 * earlier than exchange time is normal. A recording without faults is copied as it is.
 *
 * Reads the original several times; only records that are out of order need memory for all of them.
 *
 * @throws {UserError} when the manifest is unusable, or `out` is no new or empty folder.
 */
export function repairRecording(dir: string, out: string): RepairedRecording {
  return new Repair(dir).run(out);
}

class Repair {
  readonly #manifest: Manifest;
  readonly #source: RepairSource;
  readonly #log = new CorrectionLog();
  readonly #market = new MarketTally();
  readonly #told = new ToldSilences();
  readonly #candles: PathCandles | null;
  readonly #isOrdered = { market: true, inputs: true };
  readonly #added: InputRow[] = [];
  #hasUnclosed = false;

  constructor(dir: string) {
    this.#manifest = readManifest(dir);
    this.#source = new RepairSource(dir, this.#manifest);
    this.#candles = this.#manifest.fidelity === "candles" ? new PathCandles() : null;
  }

  run(out: string): RepairedRecording {
    const writer = new LineWriter(out);
    try {
      for (const row of this.#source.rows("exchange", this.#log)) {
        writer.line("exchange", row.text, row.stream, null);
      }
      for (const group of ORDERED_GROUPS) this.#survey(group);
      this.#addSilences();
      this.#addUnclosed();
      const isNumbered = this.#isNumbered();
      if (!isNumbered) {
        const rule = "seq follows the order of replay again: time received, rank of the stream, former seq";
        this.#log.add("numbered again", rule, null);
      }
      const tally = new RecordingTally(this.#manifest.symbols.map(({ symbol }) => symbol));
      for (const row of this.#source.rows("exchange", null)) tally.staticRecord(row.stream);
      this.#write(writer, tally, isNumbered);
      const corrections = this.#log.entries();
      const sealed = writer.seal(this.#head(tally, corrections));
      return { sealed, corrections };
    } catch (error) {
      writer.abort();
      throw error;
    }
  }

  /** First reading: what is there, what is left out, whether it is in order. */
  #survey(group: "market" | "inputs"): void {
    let last: MergeRow | null = null;
    for (const row of this.#source.rows(group, this.#log)) {
      const key = rowKey(row, this.#manifest);
      if (last !== null && isBefore(key, last)) {
        this.#isOrdered[group] = false;
        const rule = "put in the order of replay: time received, rank of the stream, former seq; exchange times stay";
        const what = `${group} records put in order`;
        this.#log.add(what, rule, row.place, { largestStepBackMs: 0 });
        this.#log.raise(what, "largestStepBackMs", last.rxMs - key.rxMs);
      }
      if (last === null || isBefore(last, key)) last = key;
      if (group === "inputs") {
        this.#told.add(row.record);
        if (row.record["finding"] === UNCLOSED) this.#hasUnclosed = true;
      }
    }
    // Grid and candles are read from prices in their right order.
    if (group === "inputs") return;
    for (const { record, order } of this.#sorted("market")) {
      const { sym, p, q } = record as { sym: string; p: string; q?: string };
      this.#market.add(sym, order!.rxMs, p, null);
      this.#candles?.add(sym, order!.tsMs, p, q);
    }
  }

  #addSilences(): void {
    const { gridMs, gridShare, gapMs, gaps } = this.#market.summary(0);
    if (gaps === 0 || gridMs === null || gridMs === 0 || gridShare === null || gridShare < GRID_SHARE_MIN) return;
    const finder = new SilenceFinder(gridMs, gapMs, this.#told);
    const rule =
      `a gap record where the prices of a symbol are silent for more than ${gapMs} ms (5 s or 4 steps of the grid of ` +
      `${gridMs} ms, which half of the distances keep) and no record tells it; no price is put into it`;
    for (const { record, order, place } of this.#sorted("market")) {
      const isAdded = finder.add(record["sym"] as string, order!.rxMs, order!.tsMs);
      if (isAdded) this.#log.add("gap records added", rule, place, { cause: "silence" });
    }
    this.#added.push(...finder.rows);
  }

  #addUnclosed(): void {
    if (this.#candles === null || this.#hasUnclosed) return;
    const rows = unclosedRows(findUnclosedMinutes(this.#candles.files()));
    if (rows.length === 0) return;
    const rule = `flagged by a finding record, prices unchanged; ${UNCLOSED_RULE}`;
    this.#log.add("suspected unclosed bars flagged", rule, null, {}, rows.length);
    this.#added.push(...rows);
  }

  /** Whether the numbers may stay: nothing comes in between, and they grow in the order of replay. */
  #isNumbered(): boolean {
    if (this.#added.length > 0) return false;
    let last = 0;
    for (const { row } of this.#merged()) {
      const { seq } = (row as KeptRow).order!;
      if (seq <= last) return false;
      last = seq;
    }
    return true;
  }

  #write(writer: LineWriter, tally: RecordingTally, isNumbered: boolean): void {
    const indexOf = new Map(this.#manifest.symbols.map(({ symbol }, index) => [symbol, index]));
    let seq = 0;
    for (const { row, added } of this.#merged()) {
      seq++;
      if (added !== null) {
        const numbered = inputRecord(added, seq);
        tally.input(numbered);
        writer.line("inputs", numbered.line.slice(0, -1), added.stream, numbered);
        continue;
      }
      const kept = row!;
      const order = isNumbered ? kept.order! : { ...kept.order!, seq };
      count(tally, kept, order.tsMs, indexOf);
      writer.line(kept.group, isNumbered ? kept.text : withSeq(kept.text, seq), kept.stream, order);
    }
  }

  #merged(): Iterable<MergeRow> {
    const added = [...this.#added].map((row, index) => addedRow(row, index, this.#manifest));
    added.sort((left, right) => (isBefore(left, right) ? -1 : 1));
    return new Merge([this.#keys("market"), this.#keys("inputs"), added]).rows();
  }

  *#keys(group: "market" | "inputs"): Generator<MergeRow> {
    for (const row of this.#sorted(group)) yield rowKey(row, this.#manifest);
  }

  #sorted(group: "market" | "inputs"): Iterable<KeptRow> {
    const rows = this.#source.rows(group, null);
    if (this.#isOrdered[group]) return rows;
    const rank = (row: KeptRow) => rankOf(row.stream, this.#manifest);
    return [...rows].sort(
      (left, right) =>
        left.order!.rxMs - right.order!.rxMs || rank(left) - rank(right) || left.order!.seq - right.order!.seq,
    );
  }

  #head(tally: RecordingTally, corrections: readonly Correction[]): Manifest {
    const manifest = this.#manifest;
    if (corrections.length === 0) return manifest;
    const counted = new Map(tally.symbols().map((entry) => [entry.symbol, entry]));
    const from = { id: manifest.id, hash: manifest.hash };
    return {
      ...manifest,
      symbols: manifest.symbols.map((entry) => {
        const { records } = counted.get(entry.symbol)!;
        // Decimals are the default tick and step: they stay, or instruments would change with what was left out.
        return { ...entry, records };
      }),
      streams: tally.streams().map((entry) => ({ ...entry, rank: rankOf(entry.stream, manifest) })),
      gaps: tally.gaps(),
      corrections: [
        ...manifest.corrections,
        ...corrections.map((correction) => ({ ...correction, by: "sim inspect --repair", from })),
      ],
    };
  }
}

function count(tally: RecordingTally, row: KeptRow, tsMs: number, indexOf: ReadonlyMap<string, number>): void {
  const { record, stream, group, order } = row;
  const { seq, rxMs } = order!;
  if (group === "inputs") {
    const { seq: _seq, rx: _rx, ts: _ts, s: _s, ...payload } = record;
    tally.input({ seq, rxMs, tsMs, stream, payload, line: "" } satisfies NumberedInput);
    return;
  }
  const { sym, p } = record as Record<"sym" | "p", string>;
  const numbered = { stream: stream as MarketStream, tsMs } as NumberedMarketRow;
  tally.market({ rxMs, symbol: indexOf.get(sym)!, price: p }, numbered);
}

/** The record with another number; no other byte changes. */
function withSeq(text: string, seq: number): string {
  const head = /^\{"seq":\d+(?=[,}])/.exec(text);
  if (head !== null) return `{"seq":${seq}${text.slice(head[0].length)}`;
  return rewriteJson(text, (key, _value, depth) => (key === "seq" && depth === 1 ? String(seq) : undefined)) ?? text;
}
