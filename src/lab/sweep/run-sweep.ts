import { UserError } from "../../diagnostics/user-error.ts";
import type { VariantRecord } from "../../reports/variants/variant-record.ts";
import type { FillProfile } from "../tasks/fill-profile.ts";
import { type LabJob, recordKeyOf } from "../tasks/lab-job.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import type { RecordStore } from "./record-store.ts";

/** Variants of one job at most: enough to share a pass, few enough that little is lost when it is interrupted. */
const JOB_VARIANTS_MAX = 8;

/** One cell of a sweep: a variant under a seed and a profile. */
export interface SweepCell {
  readonly variant: string;
  readonly seed: string;
  readonly profile: FillProfile | null;
}

export interface FailedCell extends SweepCell {
  readonly reason: string;
}

export interface SweepRequest {
  /** Everything of a job but its variants, seed and profile. */
  readonly base: Omit<LabJob, "variants" | "seed" | "profile">;
  readonly cells: readonly SweepCell[];
  readonly runner: TaskRunner;
  readonly store: RecordStore;
  /** Jobs that can run at once. */
  readonly lanes: number;
  /** Takes what the store has; `false` runs everything anew. */
  readonly isResumed: boolean;
  shouldStop(): boolean;
  onProgress(progress: { readonly done: number; readonly of: number; readonly reused: number }): void;
}

export interface SweepOutcome {
  /** In the order of the cells; failed and unfinished ones are left out. */
  readonly records: readonly VariantRecord[];
  readonly failed: readonly FailedCell[];
  /** Not run because it was asked to stop. */
  readonly missing: number;
  readonly reused: number;
}

/**
 * Runs every cell that is not in the store and gives all records in the order of the cells, whoever ran them and in
 * whatever order they came: an interrupted sweep that goes on gives the bytes of one that went through.
 *
 * @throws {UserError} when a job says that no runner could run it
 */
export async function runSweep(request: SweepRequest): Promise<SweepOutcome> {
  const { base, cells, runner, store, shouldStop } = request;
  const jobOf = ({ seed, profile }: SweepCell, variants: readonly string[]): LabJob => ({
    ...base,
    variants,
    seed,
    profile,
  });
  const keys = cells.map((cell) => recordKeyOf(jobOf(cell, []), cell.variant));
  const records = new Map<string, VariantRecord>();
  if (request.isResumed) {
    cells.forEach(({ variant, seed }, place) => {
      const known = store.read(keys[place]!, { variant, seed, scenarioHash: base.scenarioHash });
      if (known !== null) records.set(keys[place]!, known);
    });
  }
  const reused = records.size;
  const wanted = cells.filter((_, place) => !records.has(keys[place]!));
  const jobs = batched(wanted, request.lanes).map((batch) =>
    jobOf(
      batch[0]!,
      batch.map(({ variant }) => variant),
    ),
  );
  const failed: FailedCell[] = [];
  let refusal: UserError | null = null;
  let done = reused;
  request.onProgress({ done, of: cells.length, reused });
  await runner.run(
    jobs,
    (place, answer) => {
      const job = jobs[place]!;
      if ("problems" in answer) refusal ??= new UserError(answer.problems, answer.exit);
      else if ("crash" in answer) {
        const reason = answer.crash.split("\n")[0] || "its thread ended without a word";
        for (const variant of job.variants) failed.push({ variant, seed: job.seed, profile: job.profile, reason });
      } else {
        answer.records.forEach((record, index) => {
          const key = recordKeyOf(job, job.variants[index]!);
          store.write(key, record);
          records.set(key, record);
        });
      }
      done += job.variants.length;
      request.onProgress({ done, of: cells.length, reused });
    },
    () => shouldStop() || refusal !== null,
  );
  if (refusal !== null) throw refusal;
  const order = (cell: SweepCell): number => cells.findIndex((each) => isSame(each, cell));
  return {
    records: keys.flatMap((key) => records.get(key) ?? []),
    failed: failed.sort((left, right) => order(left) - order(right)),
    missing: cells.length - records.size - failed.length,
    reused,
  };
}

/** Cells of one seed and profile together, in passes that keep every lane busy. */
function batched(cells: readonly SweepCell[], lanes: number): SweepCell[][] {
  const size = Math.max(1, Math.min(JOB_VARIANTS_MAX, Math.ceil(cells.length / (2 * Math.max(1, lanes)))));
  const batches: SweepCell[][] = [];
  for (const cell of cells) {
    const open = batches.at(-1);
    const [first] = open ?? [];
    if (
      open !== undefined &&
      first !== undefined &&
      open.length < size &&
      first.seed === cell.seed &&
      first.profile === cell.profile
    )
      open.push(cell);
    else batches.push([cell]);
  }
  return batches;
}

function isSame(left: SweepCell, right: SweepCell): boolean {
  return left.variant === right.variant && left.seed === right.seed && left.profile === right.profile;
}
