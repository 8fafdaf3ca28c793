import type { JsonObject } from "../part-reader.ts";
import type { InputRow } from "../record.ts";
import { INTERRUPTIONS } from "../stream-rank.ts";
import type { GapPayload } from "../tally.ts";

const CAUSE = "silence";
const WHOLE = "*";
const KINDS: ReadonlySet<string> = new Set<string>(["gap", ...INTERRUPTIONS]);

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Silences that a recording tells of itself: they need no record more. */
export class ToldSilences {
  readonly #bySymbol = new Map<string, Span[]>();

  add(record: JsonObject): void {
    const { s, sym, startTsMs, endTsMs } = record;
    if (!KINDS.has(s as string) || typeof startTsMs !== "number" || typeof endTsMs !== "number") return;
    // What interrupted a source interrupted whichever symbols came from it.
    const symbol = s === "gap" && typeof sym === "string" ? sym : WHOLE;
    const spans = this.#bySymbol.get(symbol) ?? [];
    this.#bySymbol.set(symbol, spans);
    spans.push({ startMs: startTsMs, endMs: endTsMs });
  }

  isTold(symbol: string, startMs: number, endMs: number): boolean {
    const overlaps = (span: Span) => span.startMs < endMs && span.endMs > startMs;
    return [symbol, WHOLE].some((name) => this.#bySymbol.get(name)?.some(overlaps) === true);
  }
}

/** Finds the silences of each symbol that are longer than the recording's own grid allows. */
export class SilenceFinder {
  readonly #gapMs: number;
  readonly #gridMs: number;
  readonly #told: ToldSilences;
  readonly #last = new Map<string, { readonly rxMs: number; readonly tsMs: number }>();
  readonly rows: InputRow[] = [];

  constructor(gridMs: number, gapMs: number, told: ToldSilences) {
    this.#gridMs = gridMs;
    this.#gapMs = gapMs;
    this.#told = told;
  }

  /** In the order of `rxMs`. True when a gap record is added before this price. */
  add(symbol: string, rxMs: number, tsMs: number): boolean {
    const last = this.#last.get(symbol);
    this.#last.set(symbol, { rxMs, tsMs });
    if (last === undefined || rxMs - last.rxMs <= this.#gapMs || tsMs <= last.tsMs) return false;
    if (this.#told.isTold(symbol, last.tsMs, tsMs)) return false;
    const missing = Math.max(1, Math.round((rxMs - last.rxMs) / this.#gridMs) - 1);
    const payload: GapPayload = { sym: symbol, startTsMs: last.tsMs, endTsMs: tsMs, missing, cause: CAUSE };
    this.rows.push({ rxMs, tsMs, stream: "gap", payload: { ...payload } });
    return true;
  }
}
