import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "../diagnostics/user-error.ts";
import { parseDurationMs } from "../engine/domain/duration.ts";
import { ENGINE_VERSION } from "../engine/version.ts";
import { openRecordStore } from "../lab/sweep/record-store.ts";
import { runSweep, type SweepCell } from "../lab/sweep/run-sweep.ts";
import { shareMarket } from "../lab/tasks/shared-market.ts";
import { createThreadRunner } from "../lab/tasks/thread-runner.ts";
import { judgeFold, totalsOf, type WalkForward } from "../lab/walkforward/walk-forward.ts";
import { type Fold, type Span, walkForward } from "../reports/statistics/splits.ts";
import { renderWalkForward } from "../reports/terminal/walk-forward-text.ts";
import type { VariantRecord } from "../reports/variants/variant-record.ts";
import { momentTsMs } from "../sim/scenario/moment.ts";
import { overrideScenario } from "../sim/scenario/override.ts";
import { createPaint } from "./colour.ts";
import type { WalkForwardOptions } from "./commands/walkforward.ts";
import { type LabPlan, planLab } from "./lab-plan.ts";
import type { Interrupts, Shell } from "./shell.ts";
import { createSweepProgress } from "./sweep-progress.ts";

const FOLDS_MAX = 100;
/** Shorter spans hold no decisions worth a name. */
const SPAN_MIN_MS = 3_600_000;

/** `sim walkforward`: every variant in every training and test span, and what choosing on the one was worth in the other. */
export async function walkForwardCommand(file: string, options: WalkForwardOptions, shell: Shell): Promise<void> {
  const plan = await planLab(
    file,
    { ...options, ...(options.seed === undefined ? {} : { seeds: options.seed }) },
    shell,
  );
  const { scenario, recording } = plan;
  const names = scenario.variants.map(({ name }) => name);
  const baseline = options.baseline ?? names[0]!;
  if (!names.includes(baseline)) {
    throw refuse(
      `Cannot compare with baseline "${baseline}": it is no variant here, one of ${names.join(", ")} is needed`,
    );
  }
  if (names.length < 2) throw refuse("Cannot choose: the scenario has one variant, two are needed");
  const { folds, embargoMs } = foldsOf(plan, options);
  const interrupts = shell.catchInterrupts();
  const judged = [];
  try {
    const threads = Math.min(plan.jobs, names.length);
    const runner = createThreadRunner({ threads, market: threads > 1 ? shareMarket(recording) : null });
    const progress = createSweepProgress(shell.stderr, options.quiet === true, () => performance.now());
    const spans = folds.flatMap(({ train, test }) => [train, test]);
    const all = await recordsOf(plan, spans, { runner, options, interrupts, progress });
    progress.finish();
    for (const [place, fold] of folds.entries()) {
      judged.push(judgeFold(fold, { train: all[2 * place]!, test: all[2 * place + 1]! }, baseline));
    }
  } finally {
    interrupts.release();
  }
  const document: WalkForward = {
    schema: "rehearsal.walk-forward/1",
    scenario: scenario.name,
    scenarioHash: scenario.hash,
    recording: recording.id,
    recordingHash: recording.hash,
    engineVersion: ENGINE_VERSION,
    seed: plan.seeds[0]!,
    baseline,
    variants: names,
    embargoMs,
    isRolling: options.rolling === true,
    folds: judged,
    ...totalsOf(judged),
  };
  const written = write(document, options.out);
  if (options.json === true) {
    shell.print(JSON.stringify(document, null, 2));
    return;
  }
  const paint = createPaint(shell.stdout, !options.colour);
  const [wide, ascii] = [options.wide === true, options.ascii === true];
  shell.print(renderWalkForward(document, { width: shell.stdout.columns ?? 80, wide, ascii, paint, file: written }));
}

function foldsOf(
  { scenario, recording }: LabPlan,
  options: WalkForwardOptions,
): { readonly folds: readonly Fold[]; readonly embargoMs: number } {
  const [count, share, embargoMs] = [Number(options.folds), Number(options.train), parseDurationMs(options.embargo)];
  if (!Number.isInteger(count) || count < 2 || count > FOLDS_MAX) {
    throw refuse(`Cannot use --folds "${options.folds}": a whole number from 2 to ${FOLDS_MAX} is needed`);
  }
  if (!(share > 0 && share < 1)) {
    throw refuse(`Cannot use --train "${options.train}": a share above 0 and below 1 is needed`);
  }
  if (embargoMs === null) throw refuse(`Cannot use --embargo "${options.embargo}": a duration such as "1h" is needed`);
  const { from, to } = scenario.window;
  const span: Span = {
    fromTsMs: from === undefined ? recording.firstTsMs : momentTsMs(from, recording.firstTsMs),
    toTsMs: to === undefined ? recording.lastTsMs : Math.min(recording.lastTsMs, momentTsMs(to, recording.firstTsMs)),
  };
  const trainMs = Math.floor((span.toTsMs - span.fromTsMs) * share);
  const testMs = Math.floor((span.toTsMs - span.fromTsMs - trainMs - embargoMs) / count);
  const isRoom = trainMs >= SPAN_MIN_MS && testMs >= SPAN_MIN_MS;
  const folds = isRoom
    ? walkForward({ span, trainMs, testMs, embargoMs, isExpanding: options.rolling !== true })
    : null;
  if (folds?.value == null) {
    const hours = (ms: number): string => `${Math.max(0, ms / 3_600_000).toFixed(1)} h`;
    throw refuse(
      `Cannot walk forward: training has ${hours(trainMs)} and each of ${count} tests ${hours(testMs)}, an hour of each is needed`,
    );
  }
  return { folds: folds.value, embargoMs };
}

/** Records of all variants for each span. */
async function recordsOf(
  plan: LabPlan,
  spans: readonly Span[],
  context: {
    readonly runner: ReturnType<typeof createThreadRunner>;
    readonly options: WalkForwardOptions;
    readonly interrupts: Interrupts;
    readonly progress: ReturnType<typeof createSweepProgress>;
  },
): Promise<readonly (readonly VariantRecord[])[]> {
  const { runner, options, interrupts, progress } = context;
  const store = openRecordStore(join(options.out, "walkforward", "records"));
  const each = plan.scenario.variants.length;
  const all: (readonly VariantRecord[])[] = [];
  for (const [place, span] of spans.entries()) {
    const [from, to] = [new Date(span.fromTsMs).toISOString(), new Date(span.toTsMs).toISOString()];
    const part = overrideScenario(plan.scenario, { from, to });
    const { records, failed, missing } = await runSweep({
      base: { ...plan.base, overrides: { ...plan.base.overrides, from, to }, scenarioHash: part.hash },
      cells: plan.scenario.variants.map(
        ({ name }): SweepCell => ({ variant: name, seed: plan.seeds[0]!, profile: null }),
      ),
      runner,
      store,
      lanes: plan.jobs,
      isResumed: true,
      shouldStop: () => interrupts.shouldStop(),
      onProgress: ({ done }) => progress.update({ done: place * each + done, of: spans.length * each, reused: 0 }),
    });
    if (missing > 0) {
      throw new UserError(
        [
          {
            text: "Cannot walk forward: the runs were interrupted, all of them are needed",
            hint: "the same command goes on",
          },
        ],
        EXIT.interrupted,
      );
    }
    if (failed.length > 0) {
      const [first] = failed;
      throw new UserError([{ text: `Cannot walk forward: ${first!.variant} failed, ${first!.reason}` }], EXIT.internal);
    }
    all.push(records);
  }
  return all;
}

function write(document: WalkForward, outDir: string): string {
  const folder = join(outDir, "walkforward");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${document.scenario}-${document.scenarioHash.slice(0, 8)}.json`);
  writeFileSync(`${file}.part`, `${JSON.stringify(document, null, 2)}\n`);
  renameSync(`${file}.part`, file);
  return file;
}

function refuse(text: string): UserError {
  return new UserError([{ text, hint: "sim walkforward --help" }]);
}
