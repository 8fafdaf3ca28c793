import type { Severity } from "../../../engine/domain/decision.ts";
import { ExecutionFacts } from "./execution-facts.ts";
import { IntentFacts } from "./intent-facts.ts";
import { PlanFacts } from "./plan-facts.ts";
import { PositionFacts } from "./position-facts.ts";
import { StreamFacts } from "./stream-facts.ts";

/** A finding that the run wrote into its journal, by code and symbol. */
export interface NotedFinding {
  readonly code: string;
  severity: Severity;
  readonly symbol: string | null;
  readonly text: string;
  readonly evidence: Readonly<Record<string, number | string>>;
  readonly firstTsMs: number;
  count: number;
}

/** What is known of the search that led to a run; a journal alone does not say how many others were tried. */
export interface StudyFacts {
  /** Variants ever tried on these recordings. */
  readonly trials: number;
  /** Parameters that were free to choose. */
  readonly parameters: number;
  /** Sharpe ratio a period of the one that was chosen, and over how many periods. */
  readonly bestSharpe?: number;
  readonly periods?: number;
}

export interface FactsIdentity {
  readonly kind: "journal" | "recording";
  /** Name people know it by. */
  readonly name: string;
  readonly quirks: readonly string[];
  readonly recording: string;
  readonly engineVersion: string | null;
}

/**
 * Everything rules may ask: counts, extremes and first examples, collected in one pass. Memory grows with symbols and
 * words, not with time, but for the last 20,000 plans and those that wait for a result.
 */
export class Facts {
  readonly identity: FactsIdentity;
  readonly intents = new IntentFacts();
  readonly plans = new PlanFacts();
  readonly execution = new ExecutionFacts();
  readonly positions = new PositionFacts();
  readonly streams = new StreamFacts();
  readonly noted = new Map<string, NotedFinding>();
  study: StudyFacts | null;
  firstTsMs: number | null = null;
  lastTsMs: number | null = null;
  records = 0;
  /** The source says itself that it is over. */
  isEnded = false;

  constructor(identity: FactsIdentity, study: StudyFacts | null = null) {
    this.identity = identity;
    this.study = study;
  }

  seen(tsMs: number): void {
    this.records += 1;
    this.firstTsMs ??= tsMs;
    this.lastTsMs = Math.max(this.lastTsMs ?? tsMs, tsMs);
  }

  note(finding: Omit<NotedFinding, "count" | "firstTsMs">, tsMs: number): void {
    const key = `${finding.code} ${finding.symbol ?? ""}`;
    const known = this.noted.get(key);
    if (known === undefined) this.noted.set(key, { ...finding, firstTsMs: tsMs, count: 1 });
    else known.count += 1;
  }
}

/** What the run noted under a code, one for each symbol. */
export function notedOf(noted: Facts["noted"], code: string): NotedFinding[] {
  return [...noted.values()].filter((each) => each.code === code);
}
