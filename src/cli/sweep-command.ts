import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "../diagnostics/user-error.ts";
import { ENGINE_VERSION } from "../engine/version.ts";
import { DOMINATION_RULE, dominatedBy } from "../lab/sweep/dominated.ts";
import { openRecordStore } from "../lab/sweep/record-store.ts";
import { runSweep, type SweepCell, type SweepOutcome } from "../lab/sweep/run-sweep.ts";
import { shareMarket } from "../lab/tasks/shared-market.ts";
import type { TaskRunner } from "../lab/tasks/task-runner.ts";
import { createThreadRunner } from "../lab/tasks/thread-runner.ts";
import { compareRecords } from "../reports/comparison/compare-records.ts";
import { declaredOptions } from "../reports/comparison/declared-comparison.ts";
import type { LabComparison } from "../reports/comparison/lab-comparison.ts";
import { type SweepDocument, sweepRows } from "../reports/comparison/sweep-document.ts";
import { trialFactsOf } from "../reports/comparison/trials.ts";
import { appendTrials, readTrialLedger } from "../reports/statistics/trial-ledger-file.ts";
import { renderSweep } from "../reports/terminal/sweep-text.ts";
import type { VariantRecord } from "../reports/variants/variant-record.ts";
import { momentTsMs } from "../sim/scenario/moment.ts";
import { overrideScenario } from "../sim/scenario/override.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import { createPaint } from "./colour.ts";
import type { SweepOptions } from "./commands/sweep.ts";
import { newTrials } from "./compare-command.ts";
import { profileDimension } from "./compare-inputs.ts";
import { type LabPlan, planLab } from "./lab-plan.ts";
import type { Interrupts, Shell } from "./shell.ts";
import { createSweepProgress } from "./sweep-progress.ts";

/** `sim sweep`: every variant under every seed and profile, side by side, each record kept as soon as it is whole. */
export async function sweepCommand(file: string, options: SweepOptions, shell: Shell): Promise<void> {
  const plan = planFor(await planLab(file, options, shell), options);
  const interrupts = shell.catchInterrupts();
  let document: SweepDocument;
  let missing: number;
  try {
    ({ document, missing } = await sweep(plan, options, shell, interrupts));
  } finally {
    interrupts.release();
  }
  if (missing > 0) {
    shell.exitWith(EXIT.interrupted);
    shell.note(`interrupted: ${missing} of ${plan.cells.length} runs are missing; --resume goes on`);
    if (options.json === true) shell.print(JSON.stringify({ schema: "rehearsal.sweep/1", interrupted: true, missing }));
    return;
  }
  if (document.failed.length > 0) shell.exitWith(EXIT.internal);
  const written = await writeSweep(document, plan.folder, options.report);
  if (options.json === true) {
    shell.print(JSON.stringify(document, null, 2));
    return;
  }
  const paint = createPaint(shell.stdout, !options.colour);
  const [wide, ascii] = [options.wide === true, options.ascii === true];
  shell.print(renderSweep(document, { width: shell.stdout.columns ?? 80, wide, ascii, paint, file: written }));
}

interface SweepPlan extends LabPlan {
  readonly folder: string;
  readonly share: number | null;
}

function planFor(plan: LabPlan, { out, stopDominated }: SweepOptions): SweepPlan {
  const share = stopDominated === undefined ? null : Number(stopDominated);
  if (share !== null && !(share > 0 && share < 1)) {
    throw refuse(`Cannot use --stop-dominated "${stopDominated}": a share above 0 and below 1 is needed`);
  }
  const { scenario } = plan;
  return { ...plan, share, folder: join(out, "sweep", `${scenario.name}-${scenario.hash.slice(0, 8)}`) };
}

async function sweep(
  plan: SweepPlan,
  options: SweepOptions,
  shell: Shell,
  interrupts: Interrupts,
): Promise<{ readonly document: SweepDocument; readonly missing: number }> {
  const { scenario, recording, cells } = plan;
  const baseline = options.baseline ?? scenario.compare?.baseline ?? scenario.variants[0]!.name;
  if (!scenario.variants.some(({ name }) => name === baseline)) {
    throw refuse(`Cannot compare with baseline "${baseline}": the scenario has no variant of that name, one is needed`);
  }
  const { runner, close } = await runnerOf(plan, options);
  try {
    const stopping = await stopDominated(plan, { runner, baseline, options, shell, interrupts });
    const gone = new Set(stopping?.stopped.map(({ variant }) => variant));
    const kept = cells.filter(({ variant }) => !gone.has(variant));
    const outcome = await runCells(plan.base, kept, { plan, runner, options, shell, interrupts });
    const { records, failed, missing } = outcome;
    const comparison = missing > 0 ? null : compared(scenario, records, { baseline, trials: options.trials });
    return {
      missing,
      document: {
        schema: "rehearsal.sweep/1",
        scenario: scenario.name,
        scenarioHash: scenario.hash,
        recording: recording.id,
        recordingHash: recording.hash,
        engineVersion: ENGINE_VERSION,
        seeds: [...plan.seeds],
        profiles: plan.profiles.flatMap((profile) => profile ?? []),
        rows: sweepRows(records, comparison),
        failed: failed.map((each) => ({ ...each })),
        stopping,
        comparison,
      },
    };
  } finally {
    await close();
  }
}

async function runnerOf(
  plan: LabPlan,
  { queue }: SweepOptions,
): Promise<{ readonly runner: TaskRunner; close(): Promise<void> }> {
  if (queue !== undefined) {
    const { createQueueRunner } = await import("../lab/queue/queue-runner.ts");
    const opened = await createQueueRunner(queue);
    return { runner: opened, close: () => opened.close() };
  }
  const threads = Math.min(plan.jobs, plan.cells.length);
  // One thread alone reads the recording as fast as the columns could be copied for it.
  const market = threads > 1 ? shareMarket(plan.recording) : null;
  return { runner: createThreadRunner({ threads, market }), close: async () => {} };
}

interface CellContext {
  readonly plan: SweepPlan;
  readonly runner: TaskRunner;
  readonly options: SweepOptions;
  readonly shell: Shell;
  readonly interrupts: Interrupts;
}

async function runCells(
  base: LabPlan["base"],
  cells: readonly SweepCell[],
  context: CellContext,
): Promise<SweepOutcome> {
  const { plan, runner, options, shell, interrupts } = context;
  const progress = createSweepProgress(shell.stderr, options.quiet === true, () => performance.now());
  try {
    return await runSweep({
      base,
      cells,
      runner,
      store: openRecordStore(join(plan.folder, "records")),
      lanes: plan.jobs,
      isResumed: options.resume === true,
      shouldStop: () => interrupts.shouldStop(),
      onProgress: (state) => progress.update(state),
    });
  } finally {
    progress.finish();
  }
}

/** The first part of the window for all, and who need not see the rest of it. */
async function stopDominated(
  plan: SweepPlan,
  context: Omit<CellContext, "plan"> & { readonly baseline: string },
): Promise<SweepDocument["stopping"]> {
  const { scenario, recording, share } = plan;
  if (share === null) return null;
  const fromTsMs =
    scenario.window.from === undefined ? recording.firstTsMs : momentTsMs(scenario.window.from, recording.firstTsMs);
  const endTsMs =
    scenario.window.to === undefined ? recording.lastTsMs : momentTsMs(scenario.window.to, recording.firstTsMs);
  const to = new Date(Math.round(fromTsMs + share * (endTsMs - fromTsMs))).toISOString();
  const part = overrideScenario(scenario, { to });
  const first = plan.cells.filter(({ seed, profile }) => seed === plan.seeds[0] && profile === plan.profiles[0]);
  const base = { ...plan.base, overrides: { ...plan.base.overrides, to }, scenarioHash: part.hash };
  const { records } = await runCells(base, first, { ...context, plan });
  return { rule: DOMINATION_RULE, share, stopped: dominatedBy(records, context.baseline) };
}

function compared(
  scenario: Scenario,
  records: readonly VariantRecord[],
  { baseline, trials }: { readonly baseline: string; readonly trials: string },
): LabComparison | null {
  const names = [...new Set(records.map(({ variant }) => variant))];
  if (names.length < 2 || !names.includes(baseline)) return null;
  appendTrials(trials, newTrials(records, trials));
  const hashes = [...new Set(records.map(({ recordingHash }) => recordingHash))];
  return compareRecords(records, {
    ...(scenario.compare === undefined ? {} : declaredOptions(scenario.compare, names)),
    baseline,
    profileOf: profileDimension(records),
    trials: trialFactsOf(readTrialLedger(trials), hashes),
  });
}

/** @returns the file to look at: the page when one was asked for, the document else */
async function writeSweep(document: SweepDocument, folder: string, isReported: boolean): Promise<string> {
  const texts = [{ name: "sweep.json", text: `${JSON.stringify(document, null, 2)}\n` }];
  if (isReported) {
    // The charts take longer to load than a small sweep takes to run.
    const { renderSweepReport } = await import("../reports/html/render-sweep.ts");
    texts.push({ name: "report.html", text: renderSweepReport(document) });
  }
  try {
    mkdirSync(folder, { recursive: true });
    for (const { name, text } of texts) {
      const file = join(folder, name);
      writeFileSync(`${file}.part`, text);
      renameSync(`${file}.part`, file);
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    const text = `Cannot write the sweep to ${folder}: writing failed with ${code}, a writable folder is needed`;
    throw new UserError([{ text, hint: "--out DIR chooses another, --resume keeps what is done" }], undefined, {
      cause,
    });
  }
  return join(folder, texts.at(-1)!.name);
}

function refuse(text: string): UserError {
  return new UserError([{ text, hint: "sim sweep --help" }]);
}
