import { REASONS } from "../../engine/domain/reason.ts";
import type { Facts } from "../findings/facts/facts.ts";
import { clockText, numberText, percentText } from "../format.ts";
import type { LaneBook, ReasonCount, VerdictBook } from "./verdict-book.ts";

export const LANE_QUESTIONS = ["no-execute", "no-exit", "why-blocked", "coverage"] as const;
export type LaneQuestion = (typeof LANE_QUESTIONS)[number];

export interface LaneCause {
  readonly reason: string;
  /** Share of what was judged, 0 to 1. */
  readonly share: number;
  readonly n: number;
  readonly meaning: string;
  /** Most frequent first. */
  readonly symbols: readonly string[];
  /** Plan or entry id, to look at in the journal. */
  readonly example: string;
}

export interface LaneAnswer {
  readonly question: LaneQuestion;
  readonly symbol: string | null;
  /** `false` when there was nothing to judge yet. */
  readonly isAnswered: boolean;
  /** One sentence. */
  readonly answer: string;
  /** Where the rest stopped, the most frequent first. */
  readonly causes: readonly LaneCause[];
  /** What a person might suspect and need not. */
  readonly notTheCause: readonly string[];
}

const SYMBOLS_SHOWN = 5;

/** `no-execute` and `no-exit`: what became of everything that was judged in that lane. */
export function answerLane(book: VerdictBook, lane: "entries" | "exits"): LaneAnswer {
  const of = book.lanes[lane];
  const inFlight = book.inFlight(lane);
  return {
    question: lane === "entries" ? "no-execute" : "no-exit",
    symbol: null,
    isAnswered: of.judged + inFlight + book.lanes.unknown.judged > 0,
    answer: `${killText(book)}${laneText(lane, of, inFlight, book)}`,
    causes: causesOf(of),
    notTheCause: innocents(book, lane),
  };
}

/** `why-blocked SYMBOL`: the last word on the symbol, and everything before it counted. */
export function answerSymbol(book: VerdictBook, symbol: string): LaneAnswer {
  const known = book.bySymbol.get(symbol);
  if (known === undefined) {
    const text = `${symbol} has not been judged yet: no intent and no exit of it has come`;
    return { question: "why-blocked", symbol, isAnswered: false, answer: text, causes: [], notTheCause: [] };
  }
  const { lanes, last } = known;
  const compared =
    last.value === null || last.cutoff === null
      ? ""
      : `; value ${numberText(last.value)} against cutoff ${numberText(last.cutoff)}`;
  const detail = last.detail === "" ? "" : ` (${last.detail})`;
  const word = { entries: "entry", exits: "exit", unknown: "evaluation of unknown type" }[last.lane];
  const text = `${symbol} at ${clockText(last.tsMs)}: ${word} ${last.outcome}, ${last.reason}${detail}: ${meaningOf(last.reason)}${compared}`;
  const both = [...causesOf(lanes.entries), ...causesOf(lanes.exits), ...causesOf(lanes.unknown)];
  return {
    question: "why-blocked",
    symbol,
    isAnswered: true,
    answer: `${killText(book)}${text}`,
    causes: both,
    notTheCause: (["entries", "exits"] as const)
      .filter((lane) => lanes[lane].executed > 0)
      .map((lane) => `${lane} of ${symbol} did execute: ${lanes[lane].executed} of ${lanes[lane].judged}`),
  };
}

/** `coverage`: whether the symbols in need have snapshots. */
export function answerCoverage({ positions: { coverage } }: Facts): LaneAnswer {
  const never = coverage.neverRanked.total;
  const needed = coverage.neededFresh + coverage.neededStale + never;
  const share = needed === 0 ? 0 : coverage.neededFresh / needed;
  const question = { question: "coverage", symbol: null } as const;
  if (needed === 0) {
    const text = `no symbol has needed a snapshot yet (${coverage.cycles} ranking cycles)`;
    return { ...question, isAnswered: false, answer: text, causes: [], notTheCause: [] };
  }
  const cause = (reason: string, n: number, meaning: string, symbols: readonly string[]): LaneCause[] =>
    n === 0 ? [] : [{ reason, share: n / needed, n, meaning, symbols, example: "" }];
  return {
    ...question,
    isAnswered: true,
    answer: `${percentText(share)} of the needed snapshots were fresh: ${coverage.neededFresh} of ${needed}, ranker ${coverage.ranker}`,
    causes: [
      ...cause("stale", coverage.neededStale, "ranked, but the snapshot was too old when it was needed", []),
      ...cause(
        "never_ranked",
        never,
        "the ranker passed the symbol over",
        coverage.neverRanked
          .list()
          .map(({ name }) => name)
          .slice(0, SYMBOLS_SHOWN),
      ),
    ].sort((left, right) => right.n - left.n),
    notTheCause: [],
  };
}

function laneText(
  lane: "entries" | "exits",
  { judged, executed, lastExecuted }: LaneBook,
  inFlight: number,
  book: VerdictBook,
): string {
  const waiting = inFlight > 0 ? `, ${inFlight} in flight` : "";
  if (judged + inFlight === 0) {
    const cause =
      lane === "exits" ? "no exit was asked for" : book.intents === 0 ? "no intent has come" : "no plan was made";
    return `nothing to judge: ${cause}`;
  }
  if (lastExecuted === null)
    return `no ${lane === "entries" ? "entry" : "exit"} has executed: 0 of ${judged}${waiting}`;
  return `${lane} DO execute: ${executed} of ${judged}${waiting}, last ${lastExecuted.symbol} at ${clockText(lastExecuted.tsMs)}`;
}

function killText({ killSwitch }: VerdictBook): string {
  return killSwitch === "off" ? "" : `the kill switch is on for ${killSwitch}; `;
}

function causesOf({ judged, reasons }: LaneBook): LaneCause[] {
  return [...reasons.values()]
    .sort((left, right) => right.n - left.n || (left.reason < right.reason ? -1 : 1))
    .map((each) => ({
      reason: each.reason,
      share: each.n / judged,
      n: each.n,
      meaning: meaningOf(each.reason),
      symbols: symbolsOf(each),
      example: each.example,
    }));
}

function symbolsOf({ symbols }: ReasonCount): string[] {
  return [...symbols]
    .sort(([left, n], [right, m]) => m - n || (left < right ? -1 : 1))
    .slice(0, SYMBOLS_SHOWN)
    .map(([symbol]) => symbol);
}

/** Counts of the two lanes mislead when they are added up: the other lane is named when it does work. */
function innocents(book: VerdictBook, lane: "entries" | "exits"): string[] {
  const other = lane === "entries" ? "exits" : "entries";
  const { executed, judged } = book.lanes[other];
  const shown = [];
  if (executed > 0) shown.push(`${other} do execute (${executed} of ${judged}): orders do reach the exchange`);
  const { unknown } = book.lanes;
  if (unknown.judged > 0) {
    const symbols = [...new Set([...unknown.reasons.values()].flatMap((each) => [...each.symbols.keys()]))].sort();
    shown.push(
      `${unknown.judged} evaluations of type UNKNOWN (${symbols.slice(0, SYMBOLS_SHOWN).join(", ")}) are counted neither as entries nor as exits`,
    );
  }
  if (book.killSwitch === "off") shown.push("the kill switch is off");
  return shown;
}

function meaningOf(reason: string): string {
  const colon = reason.indexOf(":");
  return REASONS[colon < 0 ? reason : reason.slice(0, colon)]?.meaning ?? "a word of the venue or the outside";
}
