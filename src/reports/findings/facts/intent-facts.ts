import { Beat } from "./beat.ts";
import { Count, need } from "./count.ts";

/** One intent as it arrived, from a journal or from a recording. */
export interface IntentFact {
  readonly entryId: string;
  readonly tsMs: number;
  /** Time part of the entry id. */
  readonly writtenTsMs: number | null;
  readonly symbol: string | null;
  readonly side: "BUY" | "SELL" | null;
  readonly price: number | null;
  readonly model: string;
  readonly source: string;
  /** Whether it says of itself that it only reduces, or that it does not; else a default decides. */
  readonly isReduceOnlyTold: boolean;
  /** `untold` where the source does not say what became of it. */
  readonly outcome: "plan" | "rejected" | "none" | "untold";
}

interface SymbolIntents {
  count: number;
  lastPrice: number | null;
  sinceTsMs: number;
  same: number;
  /** Longest row of intents that name one price. */
  longest: { readonly intents: number; readonly price: number; readonly fromTsMs: number; readonly toTsMs: number };
}

/** A producer that gave up computing says so in the name of its model. */
const FALLBACK = /fallback|hash|default|dummy|random/i;
const TEST = /^test[_-]|[_-]test$|^test$/i;

/** What was asked for, and what became of it. */
export class IntentFacts {
  readonly bySide = new Map<"BUY" | "SELL", { count: number; dropped: number; readonly droppedSymbols: Count }>();
  readonly bySymbol = new Map<string, SymbolIntents>();
  readonly rejections = new Count();
  readonly unreadable = new Count();
  readonly fallbacks = new Count();
  readonly tests = new Count();
  /** Against an open position, without a word on whether they close it; by symbol. */
  readonly untoldCloses = new Count();
  readonly beat = new Beat();
  readonly backlog = { count: 0, ageMaxMs: 0, entryId: "", planned: 0 };
  /** First one without any outcome. */
  firstDropped = "";
  total = 0;

  /** @param heldQty own position in its symbol, signed base units; 0 where nothing is known of one */
  add(fact: IntentFact, staleAfterMs: number, heldQty: number): void {
    this.total += 1;
    if (!fact.isReduceOnlyTold && heldQty * (fact.side === "BUY" ? 1 : fact.side === "SELL" ? -1 : 0) < 0) {
      this.untoldCloses.add(fact.symbol ?? "no symbol", fact.entryId);
    }
    this.beat.add(fact.tsMs);
    if (FALLBACK.test(fact.model)) this.fallbacks.add(fact.model, fact.entryId);
    if (TEST.test(fact.source) || TEST.test(fact.model)) this.tests.add(fact.source, fact.entryId);
    if (fact.side !== null) this.#side(fact.side, fact);
    else this.unreadable.add("side", fact.entryId);
    if (fact.symbol !== null) this.#price(fact.symbol, fact);
    else this.unreadable.add("symbol", fact.entryId);
    const ageMs = fact.writtenTsMs === null ? 0 : fact.tsMs - fact.writtenTsMs;
    if (ageMs <= staleAfterMs) return;
    this.backlog.count += 1;
    if (fact.outcome === "plan") this.backlog.planned += 1;
    if (ageMs > this.backlog.ageMaxMs) Object.assign(this.backlog, { ageMaxMs: ageMs, entryId: fact.entryId });
  }

  #side(side: "BUY" | "SELL", { outcome, symbol, entryId }: IntentFact): void {
    const make = () => ({ count: 0, dropped: 0, droppedSymbols: new Count() });
    const counts = need(this.bySide, side, make);
    counts.count += 1;
    if (outcome !== "none") return;
    counts.dropped += 1;
    counts.droppedSymbols.add(symbol ?? "no symbol", entryId);
    if (this.firstDropped === "") this.firstDropped = entryId;
  }

  #price(symbol: string, { price, tsMs }: IntentFact): void {
    const known = need(this.bySymbol, symbol, () => ({
      count: 0,
      lastPrice: null,
      sinceTsMs: tsMs,
      same: 0,
      longest: { intents: 0, price: 0, fromTsMs: tsMs, toTsMs: tsMs },
    }));
    known.count += 1;
    if (price === null) return;
    if (price === known.lastPrice) known.same += 1;
    else Object.assign(known, { lastPrice: price, same: 1, sinceTsMs: tsMs });
    if (known.same <= known.longest.intents) return;
    known.longest = { intents: known.same, price, fromTsMs: known.sinceTsMs, toTsMs: tsMs };
  }
}
