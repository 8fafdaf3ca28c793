import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../../diagnostics/user-error.ts";
import { firstJournalDifference, type JournalDifference } from "./journal-difference.ts";
import { type Commit, type CommitRange, nameOf } from "./revisions.ts";
import type { ScenarioPlace, Workshop } from "./worktree.ts";

/** A revision that says nothing about the question, like `git bisect skip`. */
export interface Skipped {
  readonly commit: Commit;
  readonly reason: string;
}

export interface BisectRequest {
  readonly range: CommitRange;
  readonly scenario: ScenarioPlace;
  readonly workshop: Workshop;
  /** Told of every revision before it is built, with how many are still in question. */
  onTrial(commit: Commit, inQuestion: number): void;
  /** Looked at between two revisions; `true` gives up. */
  shouldStop(): boolean;
}

/** `null` from `bisect`: interrupted. Without `found`: both ends decide the same. */
export interface BisectResult {
  readonly skipped: readonly Skipped[];
  /** Revisions that were built and run. */
  readonly trials: number;
  readonly found: {
    readonly commit: Commit;
    /** Skipped commits right before it: the change may be theirs. */
    readonly candidates: readonly Commit[];
    readonly variant: string;
    readonly difference: JournalDifference;
  } | null;
}

interface Parting {
  readonly variant: string;
  readonly difference: JournalDifference;
}

/**
 * Finds the first commit whose decisions differ from those of `range.good`, by halving; each revision runs once.
 *
 * @throws {UserError} when one of the two ends cannot be built or run: nothing lies between them then.
 */
export async function bisect(request: BisectRequest): Promise<BisectResult | null> {
  const { range, shouldStop } = request;
  const { later } = range;
  const skipped = new Map<number, string>();
  let trials = 0;
  const run = async (commit: Commit, inQuestion: number) => {
    request.onTrial(commit, inQuestion);
    trials += 1;
    return request.workshop.run(commit.id, request.scenario);
  };
  const good = await run(range.good, later.length);
  if (shouldStop()) return null;
  if ("reason" in good) throw unusableEnd("good", range.good, good.reason);
  const bad = await run(later.at(-1)!, later.length);
  if (shouldStop()) return null;
  if ("reason" in bad) throw unusableEnd("bad", later.at(-1)!, bad.reason);
  let parting = partingOf(good.runFolder, bad.runFolder);
  if (parting === null) return { skipped: [], trials, found: null };

  let lastSame = -1;
  let firstOther = later.length - 1;
  for (;;) {
    const next = nearestMiddle(lastSame, firstOther, skipped);
    if (next === null) break;
    const trial = await run(later[next]!, firstOther - lastSame);
    if (shouldStop()) return null;
    if ("reason" in trial) {
      skipped.set(next, trial.reason);
      continue;
    }
    const found = partingOf(good.runFolder, trial.runFolder);
    if (found === null) lastSame = next;
    else [firstOther, parting] = [next, found];
  }
  return {
    skipped: [...skipped].map(([index, reason]) => ({ commit: later[index]!, reason })),
    trials,
    found: { commit: later[firstOther]!, candidates: later.slice(lastSame + 1, firstOther), ...parting },
  };
}

/** The commit nearest to the middle of those in question that was not skipped; of two equally near the older. */
function nearestMiddle(lastSame: number, firstOther: number, skipped: ReadonlyMap<number, string>): number | null {
  const middle = (lastSame + firstOther) / 2;
  let best: number | null = null;
  for (let index = lastSame + 1; index < firstOther; index++) {
    if (skipped.has(index)) continue;
    if (best === null || Math.abs(index - middle) < Math.abs(best - middle)) best = index;
  }
  return best;
}

function partingOf(goodFolder: string, otherFolder: string): Parting | null {
  const [expected, actual] = [journals(goodFolder), journals(otherFolder)];
  for (const name of expected) {
    const variant = dirname(name) === "." ? "base" : dirname(name);
    if (!actual.includes(name)) {
      const none = { seq: 0, tsMs: 0, event: "none", stage: "none", path: "", expected: name, actual: "" };
      return { variant, difference: { ...none, kind: "missing" } };
    }
    const difference = firstJournalDifference(join(goodFolder, name), join(otherFolder, name), {
      isStateLeftOut: true,
    });
    if (difference !== null) return { variant, difference };
  }
  return null;
}

function journals(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith("journal.ndjson"))
    .sort();
}

function unusableEnd(end: "good" | "bad", commit: Commit, reason: string): UserError {
  return new UserError([
    {
      text: `Cannot bisect: the ${end} revision ${nameOf(commit)} ${reason}, both ends must build and run`,
      hint: `choose another --${end} revision, or --scenario-of revision when the scenario is newer than it`,
    },
  ]);
}
