import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, type ExitCode, type Problem, UserError } from "../diagnostics/user-error.ts";
import { loadScenario } from "../sim/scenario/load.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import { chooseGoldens, goldenPlace, goldensBelow, scenariosBelow } from "./find-goldens.ts";
import { findRecordings, type RecordingShelf } from "./find-recordings.ts";
import type { GoldenHeader } from "./golden/golden.ts";
import { GoldenProblem, parseGolden } from "./golden/golden-file.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { type PoolOptions, verifySideBySide } from "./pool.ts";
import { acceptHint, type VerifyTask } from "./verify-task.ts";

export interface VerifyRequest {
  /** Folders with recordings, those first that win. */
  readonly recordings: readonly string[];
  /** Folder of goldens, or a part of it. */
  readonly goldens: string;
  /** Folder of the scenarios that need a golden. */
  readonly scenarios: string;
  /** A missing golden and one whose scenario is gone are failures. */
  readonly isCi: boolean;
  readonly isStrict: boolean;
  readonly isAll: boolean;
  /** Write goldens, for this reason; `null` compares only. */
  readonly because: string | null;
}

export interface Verification {
  /** In the order of their paths. */
  readonly outcomes: readonly Outcome[];
  readonly scenarioCount: number;
  /** Of scenario files that cannot be read. */
  readonly problems: readonly Problem[];
  /** Everything that has a say in the exit code. */
  readonly causes: readonly ExitCode[];
}

/** Replays the recordings of all goldens that are asked for, and says of each what became of it. */
export async function verify(request: VerifyRequest, pool: PoolOptions = {}): Promise<Verification> {
  const scenarios = loadScenarios(request.scenarios);
  const places = scenarios.flatMap(({ scenario }) =>
    scenario === null
      ? []
      : writtenVariants(scenario).map(({ name }) => goldenPlace(request.scenarios, scenario, name)),
  );
  const { root, isChosen } = chooseGoldens(request.goldens, places);
  const shelf = findRecordings(request.recordings);
  const variantsOf = createVariantNames(scenarios);
  const known = new Set<string>();
  const outcomes: Outcome[] = [];
  const plans: Plan[] = [];
  for (const file of goldensBelow(request.goldens)) {
    const header = headerOf(file);
    if (header instanceof GoldenProblem) {
      const scenario =
        scenarios.find((each) => placesOf(request, each.scenario, root).includes(file))?.scenario ?? null;
      // Its place says whose golden it is, so it can be made again.
      if (scenario !== null && request.because !== null) continue;
      outcomes.push(unreadable(file, scenario?.file ?? null, header));
      known.add(file);
      continue;
    }
    const place = placeOf(file, header, request, shelf, variantsOf);
    known.add(join(root, goldenPlace(request.scenarios, { file: header.scenario }, header.variant)));
    known.add(file);
    if ("status" in place) outcomes.push(place);
    else plans.push(place);
  }
  for (const { scenario } of scenarios) {
    if (scenario === null) continue;
    for (const { name } of writtenVariants(scenario)) {
      const file = join(root, goldenPlace(request.scenarios, scenario, name));
      if (known.has(file) || !isChosen(file)) continue;
      if (request.because === null) outcomes.push(missing(file, scenario, name, request.isCi));
      else plans.push({ golden: file, scenario: scenario.file, variant: name, recording: scenario.recordingPath });
    }
  }
  const verified = await verifySideBySide(tasksOf(plans, request), pool);
  const all = [...outcomes, ...verified].sort((left, right) => (left.golden < right.golden ? -1 : 1));
  const problems = scenarios.flatMap((each) => each.problems);
  const scenarioCount = new Set(all.map(({ scenario }) => scenario)).size;
  return { outcomes: all, scenarioCount, problems, causes: causesOf(all, problems) };
}

interface Loaded {
  readonly file: string;
  readonly scenario: Scenario | null;
  readonly problems: readonly Problem[];
}

/** A golden with everything its replay needs. */
interface Plan {
  readonly golden: string;
  readonly scenario: string;
  readonly variant: string;
  readonly recording: string;
}

/** Points of a sweep are tries, not promises: their base has a golden, they have none. */
function writtenVariants({ variants }: Scenario): Scenario["variants"] {
  return variants.filter(({ settings }) => settings === undefined);
}

function loadScenarios(folder: string): Loaded[] {
  return scenariosBelow(folder).map(load);
}

function load(file: string): Loaded {
  try {
    return { file, scenario: loadScenario(file), problems: [] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { file, scenario: null, problems: error.problems };
  }
}

function placesOf(request: VerifyRequest, scenario: Scenario | null, root: string): string[] {
  if (scenario === null) return [];
  return writtenVariants(scenario).map(({ name }) => join(root, goldenPlace(request.scenarios, scenario, name)));
}

function headerOf(file: string): GoldenHeader | GoldenProblem {
  try {
    return parseGolden(readFileSync(file, "utf8"), file).header;
  } catch (error) {
    if (error instanceof GoldenProblem) return error;
    throw error;
  }
}

function placeOf(
  golden: string,
  header: GoldenHeader,
  request: VerifyRequest,
  shelf: RecordingShelf,
  variantsOf: (file: string) => readonly string[] | null,
): Plan | Outcome {
  const { scenario, variant, recording, recordingHash } = header;
  const base = { golden, scenario, variant, recording } as const;
  const isGone = !existsSync(scenario);
  if (isGone || variantsOf(scenario)?.includes(variant) === false) {
    const is = isGone ? `there is no ${scenario}` : `${scenario} has no variant "${variant}"`;
    const text = `Cannot replay the golden: it is obsolete, ${is}, the scenario it was made from is needed`;
    return outcomeOf({
      ...base,
      status: "CANNOT_REPLAY",
      class: "obsolete",
      problems: [{ file: golden, text, hint: `git rm ${golden}` }],
      exit: request.isCi ? EXIT.evidenceIncomplete : EXIT.ok,
    });
  }
  const found = shelf.find(recording, recordingHash);
  if (found === null) {
    const where = request.recordings.join(", ");
    const text = `Cannot replay the golden: recording ${recording} @${recordingHash.slice(0, 8)} is not in ${where}, its folder is needed`;
    const problem: Problem = { file: golden, text, hint: "RECORDINGS_PATH names further folders" };
    return outcomeOf({
      ...base,
      status: "CANNOT_REPLAY",
      class: "recording missing",
      problems: [problem],
      exit: EXIT.recordingUnusable,
    });
  }
  if ("dir" in found) return { golden, scenario, variant, recording: found.dir };
  const isSchema = found.problems.some(({ path }) => path === "schema");
  return outcomeOf({
    ...base,
    status: isSchema ? "CANNOT_REPLAY" : "CORRUPT",
    class: isSchema ? "recording unusable" : "recording damaged",
    problems: found.problems,
    exit: EXIT.recordingUnusable,
  });
}

/** Names of a scenario's variants; `null` for one that cannot be read: its replay says what is wrong with it. */
function createVariantNames(loaded: readonly Loaded[]): (file: string) => readonly string[] | null {
  const known = new Map<string, readonly string[] | null>();
  const namesOf = ({ scenario }: Loaded) => scenario?.variants.map(({ name }) => name) ?? null;
  for (const each of loaded) known.set(each.file, namesOf(each));
  return (file) => {
    const names = known.get(file) ?? namesOf(load(file));
    known.set(file, names);
    return names;
  };
}

function unreadable(golden: string, scenario: string | null, { status, problem }: GoldenProblem): Outcome {
  const kind = status === "CORRUPT" ? "golden damaged" : "golden of another version";
  return outcomeOf({ golden, scenario, status, class: kind, problems: [problem], exit: EXIT.recordingUnusable });
}

function missing(golden: string, scenario: Scenario, variant: string, isCi: boolean): Outcome {
  const text = `Cannot compare variant "${variant}" of ${scenario.file}: it has no golden, ${golden} is needed`;
  return outcomeOf({
    golden,
    scenario: scenario.file,
    variant,
    status: "CANNOT_REPLAY",
    class: "golden missing",
    problems: [{ file: scenario.file, text, hint: acceptHint(golden) }],
    exit: isCi ? EXIT.evidenceIncomplete : EXIT.ok,
  });
}

/** One task for each scenario on each recording: its variants run in one pass. */
function tasksOf(plans: readonly Plan[], { isStrict, isAll, because }: VerifyRequest): VerifyTask[] {
  const tasks = new Map<string, { file: string; variant: string }[]>();
  for (const { golden, scenario, variant, recording } of plans) {
    const key = JSON.stringify([scenario, recording]);
    const goldens = tasks.get(key) ?? [];
    goldens.push({ file: golden, variant });
    tasks.set(key, goldens);
  }
  return [...tasks].map(([key, goldens]) => {
    const [scenario, recording] = JSON.parse(key) as [string, string];
    return { scenario, recording, goldens, isStrict, isAll, because };
  });
}

function causesOf(outcomes: readonly Outcome[], problems: readonly Problem[]): ExitCode[] {
  const causes = new Set<ExitCode>(outcomes.map(({ exit }) => exit));
  if (problems.length > 0) causes.add(EXIT.usage);
  // What compares nothing proves nothing.
  if (!outcomes.some(isCompared)) causes.add(EXIT.evidenceIncomplete);
  causes.delete(EXIT.ok);
  return [...causes];
}

/** `true` when decisions were laid beside decisions, or written. */
export function isCompared({ status, written }: Outcome): boolean {
  return status === "PASS" || status === "DIVERGED" || written !== null;
}
