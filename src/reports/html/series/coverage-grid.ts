import type { CandidatesRanked } from "../../../engine/domain/decision.ts";

/** What a symbol's snapshot was worth during a stretch of time. */
export type CoverageState = "fresh" | "stale" | "never-ranked";

export interface CoverageCell {
  readonly symbol: string;
  readonly fromTsMs: number;
  readonly toTsMs: number;
  readonly state: CoverageState;
  /** Share of the ranking cycles of the stretch in which the symbol was in this state. */
  readonly share: number;
}

export interface CoverageGrid {
  readonly cells: readonly CoverageCell[];
  /** Most in need first. */
  readonly symbols: readonly string[];
  readonly omittedSymbols: number;
}

const COLUMNS_MAX = 200;
const ROWS_MAX = 60;

interface Tally {
  fresh: number;
  stale: number;
  neverRanked: number;
}

/**
 * Symbols against time: ranked (so a snapshot was asked for), needed but stale, needed and never ranked. Columns double in
 * width when there are more than 200; the 60 symbols most often without what they needed are kept.
 */
export class CoverageLog {
  #widthMs = 60_000;
  #startTsMs = Number.NaN;
  #columns = new Map<number, { cycles: number; readonly bySymbol: Map<string, Tally> }>();
  #last: { readonly decision: CandidatesRanked; readonly tsMs: number } | null = null;

  observe(decision: CandidatesRanked, tsMs: number): void {
    if (Number.isNaN(this.#startTsMs)) this.#startTsMs = tsMs;
    // A decision stands for the unchanged cycles until the next one.
    if (this.#last !== null) this.#spread(this.#last.decision, this.#last.tsMs, tsMs);
    this.#last = { decision, tsMs };
  }

  finish(endTsMs: number): CoverageGrid {
    if (this.#last !== null) this.#spread(this.#last.decision, this.#last.tsMs, Math.max(endTsMs, this.#last.tsMs + 1));
    const lacking = new Map<string, number>();
    for (const { bySymbol } of this.#columns.values()) {
      for (const [symbol, { stale, neverRanked }] of bySymbol) {
        lacking.set(symbol, (lacking.get(symbol) ?? 0) + stale + neverRanked);
      }
    }
    const ordered = [...lacking]
      .sort(([left, a], [right, b]) => b - a || (left < right ? -1 : 1))
      .map(([name]) => name);
    const symbols = ordered.slice(0, ROWS_MAX);
    const shown = new Set(symbols);
    const cells: CoverageCell[] = [];
    for (const [place, { cycles, bySymbol }] of this.#columns) {
      const fromTsMs = this.#startTsMs + place * this.#widthMs;
      for (const [symbol, tally] of bySymbol) {
        if (!shown.has(symbol)) continue;
        const [state, count] = worstOf(tally);
        cells.push({ symbol, fromTsMs, toTsMs: fromTsMs + this.#widthMs, state, share: count / cycles });
      }
    }
    return { cells, symbols, omittedSymbols: ordered.length - symbols.length };
  }

  #spread(decision: CandidatesRanked, fromTsMs: number, toTsMs: number): void {
    for (;;) {
      const last = Math.floor((toTsMs - 1 - this.#startTsMs) / this.#widthMs);
      if (last < COLUMNS_MAX) break;
      this.#halve();
    }
    const first = Math.floor((fromTsMs - this.#startTsMs) / this.#widthMs);
    const last = Math.floor((toTsMs - 1 - this.#startTsMs) / this.#widthMs);
    for (let place = first; place <= last; place++) this.#tally(place, decision);
  }

  #tally(place: number, { symbols, neededStale, neededNeverRanked }: CandidatesRanked): void {
    let column = this.#columns.get(place);
    if (column === undefined) {
      column = { cycles: 0, bySymbol: new Map() };
      this.#columns.set(place, column);
    }
    column.cycles += 1;
    const add = (symbol: string, key: keyof Tally): void => {
      const tally = column.bySymbol.get(symbol) ?? { fresh: 0, stale: 0, neverRanked: 0 };
      tally[key] += 1;
      column.bySymbol.set(symbol, tally);
    };
    const lacking = new Set([...neededStale, ...neededNeverRanked]);
    for (const symbol of neededStale) add(symbol, "stale");
    for (const symbol of neededNeverRanked) add(symbol, "neverRanked");
    for (const symbol of symbols) if (!lacking.has(symbol)) add(symbol, "fresh");
  }

  #halve(): void {
    this.#widthMs *= 2;
    const before = this.#columns;
    this.#columns = new Map();
    for (const [place, { cycles, bySymbol }] of before) {
      const half = Math.floor(place / 2);
      const column = this.#columns.get(half);
      if (column === undefined) {
        this.#columns.set(half, { cycles, bySymbol });
        continue;
      }
      column.cycles += cycles;
      for (const [symbol, tally] of bySymbol) {
        const known = column.bySymbol.get(symbol);
        if (known === undefined) column.bySymbol.set(symbol, tally);
        else {
          known.fresh += tally.fresh;
          known.stale += tally.stale;
          known.neverRanked += tally.neverRanked;
        }
      }
    }
  }
}

function worstOf({ fresh, stale, neverRanked }: Tally): [CoverageState, number] {
  if (neverRanked > 0) return ["never-ranked", neverRanked];
  return stale > 0 ? ["stale", stale] : ["fresh", fresh];
}
