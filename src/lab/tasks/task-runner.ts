import type { ExitCode, Problem } from "../../diagnostics/user-error.ts";
import type { VariantRecord } from "../../reports/variants/variant-record.ts";
import type { LabJob } from "./lab-job.ts";

/** What became of a job. */
export type LabAnswer =
  | { readonly records: readonly VariantRecord[] }
  /** The job cannot be run anywhere: a mistake of the user's, or files that do not match. */
  | { readonly problems: readonly Problem[]; readonly exit: ExitCode }
  /** Who ran it is gone; another may try. */
  | { readonly crash: string };

/** Runs jobs somewhere: on threads of this machine, or on whoever takes them from a queue. */
export interface TaskRunner {
  /** Told of each job as it ends, in any order. A job that keeps crashing ends as a crash. */
  run(
    jobs: readonly LabJob[],
    onAnswer: (place: number, answer: LabAnswer) => void,
    shouldStop: () => boolean,
  ): Promise<void>;
}

/** Runs of a job before it is given up. */
export const ATTEMPTS_MAX = 2;
