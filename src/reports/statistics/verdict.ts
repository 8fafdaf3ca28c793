import { type Badge, badgeOf, type EvidenceFacts } from "../summary/evidence.ts";

export type { Badge } from "../summary/evidence.ts";

export type Verdict = "better" | "worse" | "equal within margin" | "inconclusive" | "not estimable";

export interface ComparisonFacts extends Omit<EvidenceFacts, "isDeclaredBefore"> {
  /** Disjoint market regimes with a discordant episode; three stand in for three recordings. */
  readonly regimes: number;
  readonly isDeclaredBefore: boolean;
}

export interface Evidence {
  readonly badge: Badge;
  /** What is missing for the next badge. */
  readonly reasons: readonly string[];
  readonly mayShowInterval: boolean;
  /** The words a report may use with this badge. */
  readonly wording: "changed N decisions" | "first difference" | "on this recording" | "in general";
}

const WORDING = {
  E0: "changed N decisions",
  E1: "first difference",
  E2: "on this recording",
  E3: "in general",
} as const satisfies Readonly<Record<Badge, Evidence["wording"]>>;

/** Evidence badge of a comparison over its discordant episodes (reports.md 2.0), with the words it allows. */
export function evidenceOf(facts: ComparisonFacts): Evidence {
  const { badge, reasons } = badgeOf({ ...facts, recordings: Math.max(facts.recordings, facts.regimes) });
  return { badge, reasons, mayShowInterval: badge === "E2" || badge === "E3", wording: WORDING[badge] };
}

/**
 * The verdict on candidate minus baseline (reports.md 2.13). `margin` is the practical difference declared in the
 * scenario, in the unit of the metric. Without an interval, or with fewer episodes than E2 asks for, `not estimable`:
 * a recording of ten minutes has no verdict.
 */
export function verdictOf(options: {
  readonly interval: readonly [low: number, high: number] | null;
  readonly margin: number;
  readonly isHigherBetter: boolean;
  readonly badge: Badge;
}): Verdict {
  const { interval, margin, isHigherBetter, badge } = options;
  if (!(margin >= 0)) throw new RangeError(`Cannot judge with margin ${margin}: 0 or more is needed`);
  if (interval === null || badge === "E0" || badge === "E1") return "not estimable";
  const [low, high] = isHigherBetter ? interval : [-interval[1], -interval[0]];
  if (low > margin) return "better";
  if (high < -margin) return "worse";
  if (low >= -margin && high <= margin) return "equal within margin";
  return "inconclusive";
}

/** What several execution profiles, seeds or horizons say together. */
export interface Agreement {
  /** The common verdict, or `inconclusive` when they differ. */
  readonly verdict: Verdict;
  readonly isFlipping: boolean;
  /** Cases by verdict in the order given, so that a report can name those that flip. */
  readonly casesByVerdict: ReadonlyMap<Verdict, readonly string[]>;
}

/** A verdict that changes with the profile or the seed is none, and the report says which case changed it. */
export function agreementOf(cases: readonly { readonly name: string; readonly verdict: Verdict }[]): Agreement {
  const casesByVerdict = new Map<Verdict, string[]>();
  for (const { name, verdict } of cases) {
    const names = casesByVerdict.get(verdict);
    if (names === undefined) casesByVerdict.set(verdict, [name]);
    else names.push(name);
  }
  const [only] = casesByVerdict.keys();
  if (only === undefined) return { verdict: "not estimable", isFlipping: false, casesByVerdict };
  const isFlipping = casesByVerdict.size > 1;
  return { verdict: isFlipping ? "inconclusive" : only, isFlipping, casesByVerdict };
}
