import type { ExitCode, Problem } from "../diagnostics/user-error.ts";
import type { Divergence } from "./compare/divergence.ts";

export const STATUSES = ["PASS", "DIVERGED", "CANNOT_REPLAY", "CORRUPT", "STALE_SCHEMA"] as const;
export type Status = (typeof STATUSES)[number];

/** What became of one golden; plain data, because it comes from another thread. */
export interface Outcome {
  /** Path of the golden file; where it would be when it is missing. */
  readonly golden: string;
  readonly scenario: string | null;
  readonly variant: string | null;
  readonly recording: string | null;
  readonly status: Status;
  /**
   * Why, in a few words: the class of a divergence, or `scenario changed`, `obsolete`, `golden missing`,
   * `recording missing`, `recording damaged`, `golden damaged`, `worker crashed`, ...
   */
  readonly class: string | null;
  readonly problems: readonly Problem[];
  /** The first difference: of a divergence, or of measures that moved under equal outcomes. */
  readonly divergence: Divergence | null;
  /** Decisions whose measures moved while all else is equal. */
  readonly numericCount: number;
  readonly decisions: number;
  /** Sentences beside the verdict, e.g. that the recording has another hash and all decisions are the same. */
  readonly notes: readonly string[];
  /** 0 when it is no failure. */
  readonly exit: ExitCode;
  readonly written: "new" | "updated" | null;
}

/** What every outcome says, for those that have nothing more to say. */
export function outcomeOf(of: Pick<Outcome, "golden" | "status" | "exit"> & Partial<Outcome>): Outcome {
  return {
    scenario: null,
    variant: null,
    recording: null,
    class: null,
    problems: [],
    divergence: null,
    numericCount: 0,
    decisions: 0,
    notes: [],
    written: null,
    ...of,
  };
}
