import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { EXIT, type ExitCode, type Problem, UserError } from "../diagnostics/user-error.ts";
import { ENGINE_VERSION } from "../engine/version.ts";
import { checkPart } from "../recording/part-reader.ts";
import { type OpenRecording, openRecording } from "../recording/reader.ts";
import { loadScenario } from "../sim/scenario/load.ts";
import { fitRecording } from "../sim/scenario/recording-fit.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import { compareRows, diverges } from "./compare/compare.ts";
import { changesText, divergenceOf } from "./compare/divergence.ts";
import { type Golden, ROUNDING_DIGITS } from "./golden/golden.ts";
import { GoldenProblem, goldenText, parseGolden } from "./golden/golden-file.ts";
import { changesOf, isNewKey, isRuleChange, placed, setupOf } from "./golden/setup.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { type BrokenPromise, type FreshVariant, replay, STATE_HASH_INTERVAL } from "./replay.ts";

/** One scenario over one recording, and the goldens of its variants. */
export interface VerifyTask {
  readonly scenario: string;
  /** Folder of the recording. */
  readonly recording: string;
  readonly goldens: readonly { readonly file: string; readonly variant: string }[];
  readonly isStrict: boolean;
  readonly isAll: boolean;
  /** Write what is decided now, for this reason. */
  readonly because: string | null;
}

/** Replays a scenario once and compares every golden of it. Never throws for what a person can mend. */
export function verifyTask(task: VerifyTask): Outcome[] {
  const prepared = prepare(task);
  if (!("scenario" in prepared)) return task.goldens.map(({ file, variant }) => failed(task, file, variant, prepared));
  const { scenario, recording } = prepared;
  const judged = task.goldens.map((place) => beforeReplay(task, place, scenario));
  // What is left to do decides whether anything is replayed at all.
  if (judged.every((each) => each.outcome !== null) && task.because === null)
    return judged.map((each) => each.outcome!);
  let fresh: FreshVariant[];
  try {
    fresh = replay(scenario, recording);
  } catch (error) {
    const reason = reasonOf(error);
    return task.goldens.map(({ file, variant }) => failed(task, file, variant, reason));
  }
  return judged.map((each) => afterReplay(task, each, scenario, fresh));
}

interface Reason {
  readonly status: "CANNOT_REPLAY" | "CORRUPT";
  readonly class: string;
  readonly problems: readonly Problem[];
  readonly exit: ExitCode;
}

function prepare(task: VerifyTask): { scenario: Scenario; recording: OpenRecording } | Reason {
  let scenario: Scenario;
  try {
    scenario = loadScenario(task.scenario);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { status: "CANNOT_REPLAY", class: "scenario invalid", problems: error.problems, exit: EXIT.usage };
  }
  try {
    // Not from a cache: the recording itself is on trial, and nothing is written beside it.
    const recording = openRecording(task.recording, { cache: "off" });
    for (const part of recording.manifest.parts) checkPart(recording.dir, part);
    const { errors } = fitRecording(scenario, recording);
    if (errors.length === 0) return { scenario, recording };
    return { status: "CANNOT_REPLAY", class: "recording does not fit", problems: errors, exit: EXIT.recordingUnusable };
  } catch (error) {
    return reasonOf(error);
  }
}

/** @throws what is no mistake of a person or a file: the worker that runs this ends with it */
function reasonOf(error: unknown): Reason {
  if (!(error instanceof UserError)) throw error;
  const { problems, exitCode } = error;
  const isDamage = exitCode === EXIT.recordingUnusable && problems.every(({ path }) => path !== "schema");
  return isDamage
    ? { status: "CORRUPT", class: "recording damaged", problems, exit: EXIT.recordingUnusable }
    : { status: "CANNOT_REPLAY", class: "recording unusable", problems, exit: EXIT.recordingUnusable };
}

function failed(task: VerifyTask, golden: string, variant: string, reason: Reason): Outcome {
  return outcomeOf({ golden, scenario: task.scenario, variant, recording: task.recording, ...reason });
}

interface Judged {
  readonly file: string;
  readonly variant: string;
  /** `null` for a golden that is yet to be made, or cannot be read. */
  readonly golden: Golden | null;
  /** Verdict that needs no replay. */
  readonly outcome: Outcome | null;
}

function beforeReplay(task: VerifyTask, { file, variant }: VerifyTask["goldens"][number], scenario: Scenario): Judged {
  const base = { golden: file, scenario: task.scenario, variant, recording: task.recording };
  const golden = readGolden(file);
  if (golden === null) return { file, variant, golden: null, outcome: null };
  if (golden instanceof GoldenProblem) {
    const { status, problem } = golden;
    const kind = status === "CORRUPT" ? "golden damaged" : "golden of another version";
    const outcome = outcomeOf({ ...base, status, class: kind, problems: [problem], exit: EXIT.recordingUnusable });
    return { file, variant, golden: null, outcome };
  }
  const index = scenario.variants.findIndex(({ name }) => name === variant);
  const changes = changesOf(golden.header.setup, setupOf(scenario, scenario.variants[index]!));
  if (isRuleChange(changes)) return { file, variant, golden, outcome: null };
  const text = `Cannot compare with the golden: another experiment is described, ${changesText(placed(changes, task.scenario, index))}, the scenario it was made from is needed`;
  const problem: Problem = { file: task.scenario, text, hint: acceptHint(file) };
  const outcome = outcomeOf({
    ...base,
    status: "CANNOT_REPLAY",
    class: "scenario changed",
    problems: [problem],
    exit: EXIT.evidenceIncomplete,
  });
  return { file, variant, golden, outcome };
}

function readGolden(file: string): Golden | GoldenProblem | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    return parseGolden(text, file);
  } catch (error) {
    if (error instanceof GoldenProblem) return error;
    throw error;
  }
}

function afterReplay(task: VerifyTask, judged: Judged, scenario: Scenario, fresh: readonly FreshVariant[]): Outcome {
  const { file, variant, golden } = judged;
  const index = scenario.variants.findIndex(({ name }) => name === variant);
  const now = fresh[index]!;
  const outcome =
    judged.outcome ?? (golden === null ? newOutcome(task, judged) : compared(task, golden, file, now, scenario, index));
  if (task.because === null) return outcome;
  const broken = unexpected(now.failures, scenario, variant);
  if (broken.length > 0) return refused(outcome, broken);
  const isAsItIs = outcome.status === "PASS" && outcome.notes.length === 0 && outcome.numericCount === 0;
  if (golden !== null && isAsItIs && golden.header.journalSha256 === now.journalSha256) return outcome;
  write(file, textOf(task.because, scenario, index, now));
  return {
    ...outcome,
    status: "PASS",
    exit: EXIT.ok,
    written: golden === null && judged.outcome === null ? "new" : "updated",
  };
}

function newOutcome(task: VerifyTask, { file, variant }: Judged): Outcome {
  return outcomeOf({
    golden: file,
    scenario: task.scenario,
    variant,
    recording: task.recording,
    status: "PASS",
    exit: EXIT.ok,
  });
}

function compared(
  task: VerifyTask,
  golden: Golden,
  file: string,
  fresh: FreshVariant,
  scenario: Scenario,
  index: number,
): Outcome {
  const { header } = golden;
  const isSameEngine = header.engineVersion === fresh.header.engineVersion;
  const comparison = compareRows(golden.rows, fresh.rows, {
    isStateCompared: isSameEngine && header.stateHashInterval === STATE_HASH_INTERVAL,
  });
  // Another engine or another Node may round the last bit of a logarithm in its own way.
  const isBitComparable = isSameEngine && header.node === nodeMajor() && header.journalSha256 !== undefined;
  const areBitsOther = isBitComparable && header.journalSha256 !== fresh.journalSha256;
  const isOnlyBits = areBitsOther && comparison.differences.length === 0;
  const isDiverged = diverges(comparison, task.isStrict) || (task.isStrict && isOnlyBits);
  const numericCount = comparison.differences.filter(({ kind }) => kind === "numeric").length;
  const changes = placed(changesOf(header.setup, setupOf(scenario, scenario.variants[index]!)), task.scenario, index);
  const divergence =
    comparison.differences.length === 0
      ? null
      : divergenceOf({ golden, fresh, comparison, changes, isAll: task.isAll });
  const notes: string[] = [];
  if (isOnlyBits && !task.isStrict) {
    notes.push(
      "the journal has other bytes than the golden's: an order or a last digit moved, and nothing was decided otherwise",
    );
  }
  if (!isDiverged) {
    if (header.recordingHash !== fresh.header.recordingHash) {
      notes.push(`the recording has another hash than the golden names, ${fresh.header.recordingHash.slice(0, 8)}`);
    }
    const edited = changes.filter((change) => !isNewKey(change));
    if (edited.length > 0) notes.push(`${changesText(edited)}, and nothing is decided otherwise`);
    if (!isSameEngine) {
      notes.push(
        `the golden is of engine ${header.engineVersion}, its states were not compared with ${ENGINE_VERSION}`,
      );
    }
  }
  return outcomeOf({
    golden: file,
    scenario: task.scenario,
    variant: header.variant,
    recording: fresh.header.recording,
    status: isDiverged ? "DIVERGED" : "PASS",
    class: divergence?.class ?? (isDiverged ? "bytes differ" : null),
    ...(isDiverged && divergence === null ? { problems: [bytesProblem(file)] } : {}),
    divergence,
    numericCount,
    decisions: comparison.nowDecisions,
    notes,
    exit: isDiverged ? EXIT.divergence : EXIT.ok,
  });
}

function bytesProblem(file: string): Problem {
  const text =
    "Cannot call the golden equal: every decision is, to 12 digits, but the journal has other bytes: an order or a last digit moved";
  return { file, text, hint: acceptHint(file) };
}

function nodeMajor(): number {
  return Number(process.versions.node.split(".")[0]);
}

/** A scenario that rebuilds an incident says which invariants broke in it. */
function unexpected(failures: readonly BrokenPromise[], { expect }: Scenario, variant: string): BrokenPromise[] {
  const expected = expect.findings.filter((each) => each.present && (each.variant ?? variant) === variant);
  return failures.filter(({ code }) => !expected.some((each) => each.code === code));
}

function refused(outcome: Outcome, broken: readonly BrokenPromise[]): Outcome {
  const more = broken.length > 1 ? `, and ${broken.length - 1} more` : "";
  const text = `Cannot write the golden: the run breaks its own promises, ${broken[0]!.text}${more}, a sound run is needed`;
  const problem: Problem = {
    file: outcome.golden,
    text,
    hint: "a scenario that is about it names it in expect.findings",
  };
  return {
    ...outcome,
    status: "CANNOT_REPLAY",
    class: "run fails its invariants",
    problems: [problem],
    exit: EXIT.internal,
  };
}

function textOf(because: string, scenario: Scenario, index: number, fresh: FreshVariant): string {
  const { header, counts, rows } = fresh;
  const variant = scenario.variants[index]!;
  return goldenText(
    {
      scenario: scenario.file.replaceAll("\\", "/"),
      scenarioHash: scenario.hash,
      variant: variant.name,
      recording: header.recording,
      recordingHash: header.recordingHash,
      engineVersion: header.engineVersion,
      node: nodeMajor(),
      seeds: [scenario.seed],
      reason: because,
      roundingDigits: ROUNDING_DIGITS,
      stateHashInterval: STATE_HASH_INTERVAL,
      journalSha256: fresh.journalSha256,
      counts,
      setup: setupOf(scenario, variant),
    },
    rows,
  );
}

/** Whole or not at all: a golden that was cut off in the middle would be called damaged. */
function write(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, text);
    renameSync(temporary, file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    throw new UserError(
      [{ file, text: `Cannot write the golden: the system answers ${code}, a writable folder is needed` }],
      undefined,
      { cause },
    );
  }
}

/** The command that accepts what is decided now for one golden. */
export function acceptHint(golden: string): string {
  return `accept: sim verify ${golden} --update --because "..."`;
}
