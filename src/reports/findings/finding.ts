import type { Severity } from "../../engine/domain/decision.ts";
import type { Facts } from "./facts/facts.ts";

export type Evidence = Readonly<Record<string, number | string>>;

/** Something a person should know and do something about, with what it rests on. */
export interface Finding {
  /** Stable and tested; docs/findings.md lists all. */
  readonly code: string;
  readonly severity: Severity;
  /** `null` when it is about the whole run. */
  readonly symbol: string | null;
  readonly text: string;
  /** Name to number or word; units are the last word of a name. */
  readonly evidence: Evidence;
  /** The `sim` command that shows it. */
  readonly command: string;
  readonly advice: string;
  /** How much of it there is, in occurrences: the order among equals in severity. */
  readonly weight: number;
}

/** What a rule says when it fires; the rest of a `Finding` is the rule's own. */
export interface Detection {
  readonly symbol?: string | null;
  readonly text: string;
  readonly evidence: Evidence;
  readonly command: string;
  readonly weight?: number;
  /** When this occurrence is graver or lighter than the rule says. */
  readonly severity?: Severity;
}

/** Words of the commands that show something of what was read. */
export interface Ask {
  explain(planOrEntryId: string): string;
  at(symbol: string, tsMs: number): string;
  /** The whole of it: the report of a run, the inspection of a recording. */
  overview(): string;
}

export interface Rule {
  readonly code: string;
  readonly severity: Severity;
  readonly title: string;
  /** What the rule asks of what happened. */
  readonly question: string;
  /** What it can be answered from. */
  readonly needs: "journal" | "recording" | "any";
  /** Incidents it would have told, such as `I9`; empty for rules of statistics. */
  readonly incidents: readonly string[];
  readonly advice: string;
  /** Findings noted by the run itself that say the same; they are not told twice. */
  readonly covers: readonly string[];
  detect(facts: Facts, ask: Ask): readonly Detection[];
}

type RuleParts = Omit<Rule, "covers" | "incidents"> & Partial<Pick<Rule, "covers" | "incidents">>;

/** A rule reads `Facts` and nothing else: no engine, no file, no clock. */
export function defineFinding(parts: RuleParts): Rule {
  return { covers: [], incidents: [], ...parts };
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warn: 1, info: 2 };

/** Worst first, then the heaviest, then by code and symbol: the order is the same whoever sorts. */
export function byRank(left: Finding, right: Finding): number {
  return (
    RANK[left.severity] - RANK[right.severity] ||
    right.weight - left.weight ||
    (left.code < right.code ? -1 : left.code > right.code ? 1 : compareTexts(left.symbol ?? "", right.symbol ?? ""))
  );
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
