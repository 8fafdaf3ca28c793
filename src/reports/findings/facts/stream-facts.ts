import { Beat } from "./beat.ts";
import { need } from "./count.ts";

/** Last word of one consumer group on one stream. */
export interface GroupState {
  readonly stream: string;
  readonly group: string;
  readonly exists: boolean;
  readonly lag: number | null;
  readonly pending: number;
  readonly consumers: number;
  readonly tsMs: number;
}

interface Interruption {
  count: number;
  missing: number;
  longestMs: number;
  readonly firstTsMs: number;
}

interface PriceRun {
  price: number;
  sinceTsMs: number;
  rows: number;
  lastTsMs: number;
  longest: { readonly price: number; readonly fromTsMs: number; readonly lengthMs: number; readonly rows: number };
  moves: number;
}

const BASES_KEPT = 4096;

/** What only a recording says: who spoke how often, how far readers were, which keys were there, how prices moved. */
export class StreamFacts {
  readonly beats = new Map<string, Beat>();
  readonly groups = new Map<string, GroupState>();
  readonly keys = new Map<string, { seen: number; absent: number; refused: string }>();
  readonly interruptions = new Map<string, Interruption>();
  readonly prices = new Map<string, PriceRun>();
  readonly reconciliations = new Map<string, number>();
  /** Distance of an intent's price from the mark at that time, in basis points. */
  readonly intentBasisBps: number[] = [];

  spoke(stream: string, tsMs: number): void {
    need(this.beats, stream, () => new Beat()).add(tsMs);
  }

  interrupted(kind: string, tsMs: number, missing: number, lengthMs: number): void {
    const row = need(this.interruptions, kind, () => ({ count: 0, missing: 0, longestMs: 0, firstTsMs: tsMs }));
    row.count += 1;
    row.missing += missing;
    row.longestMs = Math.max(row.longestMs, lengthMs);
  }

  key(name: string, event: string, code: string): void {
    const state = need(this.keys, name, () => ({ seen: 0, absent: 0, refused: "" }));
    if (event === "seen" || event === "changed" || event === "renewed") state.seen += 1;
    else if (event === "absent") state.absent += 1;
    else if (event === "refused") state.refused = code;
  }

  price(symbol: string, price: number, tsMs: number): void {
    const run = this.prices.get(symbol);
    if (run === undefined) {
      const longest = { price, fromTsMs: tsMs, lengthMs: 0, rows: 1 };
      this.prices.set(symbol, { price, sinceTsMs: tsMs, rows: 1, lastTsMs: tsMs, longest, moves: 0 });
      return;
    }
    run.lastTsMs = tsMs;
    if (price === run.price) {
      run.rows += 1;
      const lengthMs = tsMs - run.sinceTsMs;
      if (lengthMs > run.longest.lengthMs) run.longest = { price, fromTsMs: run.sinceTsMs, lengthMs, rows: run.rows };
      return;
    }
    Object.assign(run, { price, sinceTsMs: tsMs, rows: 1, moves: run.moves + 1 });
  }

  intentPrice(symbol: string, price: number): void {
    const mark = this.prices.get(symbol)?.price;
    if (mark === undefined || mark <= 0 || this.intentBasisBps.length >= BASES_KEPT) return;
    this.intentBasisBps.push((price / mark - 1) * 10_000);
  }
}
