import { strToU8, zlibSync } from "fflate";
import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import { visibleText } from "../visible-text.ts";
import { textOfEntry } from "./entry-text.ts";
import { type Change, StateChanges } from "./state-changes.ts";
import { Units } from "./units.ts";

/** Entries of a chunk: a page unpacks one in some ten milliseconds. */
export const CHUNK_ENTRIES = 4000;

/** One side of a timeline: a run's variant in chunks, each with the state it begins with. */
export interface TimelineSide {
  readonly runId: string;
  readonly variant: string;
  readonly startTsMs: number;
  readonly entries: number;
  readonly decisions: number;
  /** Events without a decision that were left out; what they changed is told by the next one. */
  readonly omitted: number;
  readonly symbols: readonly string[];
  readonly chunks: readonly TimelineChunk[];
  /** The first decisions, for a reader without a script. */
  readonly first: readonly { readonly tsMs: number; readonly text: string }[];
}

export interface TimelineChunk {
  /** Place of its first entry. */
  readonly from: number;
  readonly firstTsMs: number;
  readonly lastTsMs: number;
  readonly firstSeq: number;
  /** Decisions in it, so that a search for one can pass over it. */
  readonly decisions: number;
  /** Zlib-compressed JSON as base64, see `PackedChunk`. */
  readonly packed: string;
}

/** What a chunk unpacks to; all texts are once in `texts` and elsewhere its places. */
export interface PackedChunk {
  readonly texts: readonly string[];
  /** State before its first entry: symbol, field, value. */
  readonly state: readonly (readonly [number, number, number])[];
  /** Time since the chunk's first, seq since its first, head, lines, symbols, ids, changes, and 1 for a decision. */
  readonly rows: readonly PackedRow[];
}

export type PackedRow = readonly [
  dtMs: number,
  dseq: number,
  head: number,
  lines: readonly number[],
  symbols: readonly number[],
  ids: readonly number[],
  changes: readonly number[],
  isDecision: 0 | 1,
];

const FIRST_SHOWN = 50;

/** Packs a journal entry by entry; memory is one chunk and what was packed. */
export class TimelineBuilder {
  readonly #header: JournalHeader;
  readonly #units: Units;
  readonly #changes: StateChanges;
  readonly #isThinned: boolean;
  readonly #state = new Map<string, readonly [string, string, string]>();
  readonly #chunks: TimelineChunk[] = [];
  readonly #first: { tsMs: number; text: string }[] = [];
  #entries = 0;
  #decisions = 0;
  #omitted = 0;
  /** Changes of events that were left out, until one is shown. */
  #carried: Change[] = [];
  #open: OpenChunk | null = null;

  /** @param isThinned whether events without a decision are left out, as is fit for a million of them */
  constructor(header: JournalHeader, isThinned = false) {
    this.#header = header;
    this.#isThinned = isThinned;
    this.#units = new Units(header);
    this.#changes = new StateChanges(this.#units);
  }

  observe(entry: JournalEntry): void {
    const { seq, tsMs } = entry.envelope;
    const told = textOfEntry(entry, this.#units);
    const own = this.#changes.of(entry);
    if (this.#isThinned && !told.isDecision && entry.envelope.event.type !== "run.started") {
      this.#omitted += 1;
      this.#carried = [...this.#carried.filter((each) => !own.some((other) => isOfOne(each, other))), ...own];
      return;
    }
    const changes = [...this.#carried.filter((each) => !own.some((other) => isOfOne(each, other))), ...own];
    this.#carried = [];
    this.#open ??= new OpenChunk({ from: this.#entries, tsMs, seq, state: [...this.#state.values()] });
    this.#open.add(tsMs, seq, told, changes);
    for (const { symbol, field, value } of changes) {
      const key = `${symbol}\n${field}`;
      if (value === null) this.#state.delete(key);
      else this.#state.set(key, [symbol, field, value]);
    }
    this.#entries += 1;
    if (told.isDecision) {
      this.#decisions += 1;
      if (this.#first.length < FIRST_SHOWN) this.#first.push({ tsMs, text: [told.head, ...told.lines].join("; ") });
    }
    if (this.#open.size >= CHUNK_ENTRIES) this.#close();
  }

  finish(): TimelineSide {
    this.#close();
    const { runId, variant, startTsMs, symbols } = this.#header;
    return {
      runId,
      variant,
      startTsMs,
      entries: this.#entries,
      decisions: this.#decisions,
      omitted: this.#omitted,
      symbols,
      chunks: this.#chunks,
      first: this.#first,
    };
  }

  #close(): void {
    if (this.#open !== null) this.#chunks.push(this.#open.pack());
    this.#open = null;
  }
}

function isOfOne(left: Change, right: Change): boolean {
  return left.symbol === right.symbol && left.field === right.field;
}

class OpenChunk {
  readonly #from: number;
  readonly #firstTsMs: number;
  readonly #firstSeq: number;
  readonly #texts: string[] = [];
  readonly #placeOf = new Map<string, number>();
  readonly #state: [number, number, number][];
  readonly #rows: PackedRow[] = [];
  #lastTsMs: number;
  #decisions = 0;

  constructor(begin: {
    readonly from: number;
    readonly tsMs: number;
    readonly seq: number;
    readonly state: readonly (readonly [string, string, string])[];
  }) {
    this.#from = begin.from;
    this.#firstTsMs = begin.tsMs;
    this.#lastTsMs = begin.tsMs;
    this.#firstSeq = begin.seq;
    this.#state = begin.state.map(([symbol, field, value]) => [
      this.#text(symbol),
      this.#text(field),
      this.#text(value),
    ]);
  }

  get size(): number {
    return this.#rows.length;
  }

  add(tsMs: number, seq: number, told: ReturnType<typeof textOfEntry>, changes: readonly Change[]): void {
    this.#lastTsMs = tsMs;
    if (told.isDecision) this.#decisions += 1;
    this.#rows.push([
      tsMs - this.#firstTsMs,
      seq - this.#firstSeq,
      this.#text(told.head),
      told.lines.map((line) => this.#text(line)),
      told.symbols.map((symbol) => this.#text(symbol)),
      told.ids.map((id) => this.#text(id)),
      changes.flatMap(({ symbol, field, value }) => [
        this.#text(symbol),
        this.#text(field),
        value === null ? -1 : this.#text(value),
      ]),
      told.isDecision ? 1 : 0,
    ]);
  }

  pack(): TimelineChunk {
    const chunk: PackedChunk = { texts: this.#texts, state: this.#state, rows: this.#rows };
    return {
      from: this.#from,
      firstTsMs: this.#firstTsMs,
      lastTsMs: this.#lastTsMs,
      firstSeq: this.#firstSeq,
      decisions: this.#decisions,
      // Written in JavaScript: the same bytes on every machine, which the platform's own zlib does not promise.
      packed: Buffer.from(zlibSync(strToU8(JSON.stringify(chunk)), { level: 6 })).toString("base64"),
    };
  }

  #text(text: string): number {
    let place = this.#placeOf.get(text);
    if (place === undefined) {
      place = this.#texts.length;
      this.#texts.push(visibleText(text));
      this.#placeOf.set(text, place);
    }
    return place;
  }
}
