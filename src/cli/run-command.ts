import { resolve } from "node:path";
import { EXIT, type ExitCode, type Problem, UserError } from "../diagnostics/user-error.ts";
import { renderRunReport } from "../reports/terminal/run-report.ts";
import { loadPlugIns } from "../sim/plugins/load-plug-ins.ts";
import type { PlugIns } from "../sim/plugins/plug-ins.ts";
import { loadScenario } from "../sim/scenario/load.ts";
import { overrideScenario, type ScenarioOverrides } from "../sim/scenario/override.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import { createPaint } from "./colour.ts";
import type { RunOptions } from "./commands/run.ts";
import { type ExecutedScenario, executeScenario } from "./execute-scenario.ts";
import { createProgress } from "./progress.ts";
import { overridesOf, partNote, type RunPart, requireOneRun, runPartOf } from "./run-part.ts";
import { expectationLines, type ScenarioVerdict, verdictTable } from "./run-table.ts";
import { findScenarios } from "./scenario-files.ts";
import { gravest, type Interrupts, problemText, type Shell } from "./shell.ts";

/**
 * `sim run`: all scenarios are read before the first one runs, so that a mistake in the last file costs nothing.
 *
 * One file gives its report, several or a folder one table; either way each has its files below `--out`.
 */
export async function runCommand(paths: readonly string[], options: RunOptions, shell: Shell): Promise<void> {
  const { files, isSingle } = findScenarios(paths);
  const part = runPartOf(options);
  const overrides = overridesOf(options, part);
  const plugIns = await loadPlugIns(options.plugin ?? []);
  const scenarios = loadAll(files, overrides, plugIns);
  requireOneRun(part, scenarios);
  const interrupts = shell.catchInterrupts();
  const verdicts: ScenarioVerdict[] = [];
  try {
    for (const scenario of scenarios) {
      if (interrupts.shouldStop()) break;
      verdicts.push(await runOne(scenario, { options, part, overrides, shell, interrupts, isSingle }));
    }
  } finally {
    interrupts.release();
  }
  if (interrupts.shouldStop()) shell.exitWith(EXIT.interrupted);
  for (const { causes } of verdicts) for (const cause of causes) shell.exitWith(cause);
  shell.print(isSingle ? singleOutput(verdicts[0]!, options, shell) : tableOutput(verdicts, scenarios, options, shell));
}

function loadAll(files: readonly string[], overrides: ScenarioOverrides, plugIns: PlugIns): Scenario[] {
  const problems: Problem[] = [];
  const scenarios = files.flatMap((file) => {
    try {
      return [overrideScenario(loadScenario(file, plugIns), overrides)];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new UserError(problems);
  return scenarios;
}

interface RunContext {
  readonly options: RunOptions;
  readonly part: RunPart;
  readonly overrides: ScenarioOverrides;
  readonly shell: Shell;
  readonly interrupts: Interrupts;
  readonly isSingle: boolean;
}

async function runOne(scenario: Scenario, context: RunContext): Promise<ScenarioVerdict> {
  const { options, part, overrides, shell, interrupts, isSingle } = context;
  const isQuiet = options.quiet === true;
  const progress = createProgress({
    stream: shell.stderr,
    mode: isQuiet ? "none" : options.progress,
    label: isSingle ? "replay" : scenario.name,
    nowMs: () => performance.now(),
  });
  const begunMs = performance.now();
  try {
    const executed = await executeScenario(scenario, {
      outDir: options.out,
      isReplaceAllowed: options.force === true,
      // A folder of scenarios is asked for its verdicts; a single one for what happened.
      isReported: options.report ?? isSingle,
      isGateJudged: options.gate === true,
      furtherRecordings:
        options.recording === undefined
          ? (part.from?.checkpoint.header.furtherRecordings ?? [])
          : options.recording.slice(1).map((folder) => resolve(folder)),
      ...part,
      overrides,
      cache: options.cache ? "auto" : "off",
      onNote: (text) => {
        if (!isQuiet) shell.note(text);
      },
      onWarning: (warning) => {
        if (!isQuiet) shell.note(`warning ${problemText(warning)}`);
      },
      onProgress: (state) => progress.update(state),
      shouldStop: () => interrupts.shouldStop(),
      onLeave: (cleanUp) => interrupts.onLeave(cleanUp),
    });
    const wallMs = performance.now() - begunMs;
    progress.finish();
    for (const failure of executed.failures) shell.note(`internal error, please report it: ${failure}`);
    const note = partNote(executed, part);
    if (note !== null && !isQuiet) shell.note(note);
    if (options.verbose === true && !isQuiet) shell.note(speedText(executed, wallMs));
    return { scenario, executed, problems: [], causes: executed.causes, wallMs };
  } catch (error) {
    progress.finish();
    // One unusable recording does not keep the other scenarios of a folder from their verdict.
    if (isSingle || !(error instanceof UserError)) throw error;
    shell.note(error.problems.map(problemText).join("\n"));
    return {
      scenario,
      executed: null,
      problems: error.problems,
      causes: [error.exitCode],
      wallMs: performance.now() - begunMs,
    };
  }
}

function speedText({ marketEvents }: ExecutedScenario, wallMs: number): string {
  const perSecond = wallMs > 0 ? marketEvents / wallMs / 1000 : 0;
  return `${marketEvents} market events in ${(wallMs / 1000).toFixed(2)} s, ${perSecond.toFixed(2)} M/s`;
}

function singleOutput(verdict: ScenarioVerdict, options: RunOptions, shell: Shell): string {
  const executed = verdict.executed!;
  if (options.json === true) return JSON.stringify(runDocument(verdict), null, 2);
  const paint = createPaint(shell.stdout, !options.colour);
  const report = renderRunReport(executed.summaries, executed.comparison, {
    width: shell.stdout.columns ?? 80,
    wide: options.wide === true,
    ascii: options.ascii === true,
    paint,
    outDir: executed.folder,
    lab: executed.lab,
    findings: executed.findings,
    reportFile: executed.report,
  });
  const expectations = expectationLines(executed.expectations, paint);
  return expectations.length === 0 ? report : `${report}\n${expectations.join("\n")}`;
}

function tableOutput(
  verdicts: readonly ScenarioVerdict[],
  scenarios: readonly Scenario[],
  options: RunOptions,
  shell: Shell,
): string {
  if (options.json === true) {
    const causes = [...new Set(verdicts.flatMap((verdict) => verdict.causes))];
    const runs = verdicts.map(runDocument);
    return JSON.stringify({ schema: "sim.runs/1", runs, exit: { code: gravest(causes), causes } }, null, 2);
  }
  const table = verdictTable(verdicts, {
    isTimeShown: options.reproducible !== true,
    paint: createPaint(shell.stdout, !options.colour),
  });
  const missing = scenarios.length - verdicts.length;
  return missing === 0 ? table : `${table}\n${missing} not run: interrupted`;
}

/** `sim.run/1`: one scenario with the summary of every variant. */
function runDocument({ scenario, executed, problems, causes }: ScenarioVerdict): Record<string, unknown> {
  const exit: { code: ExitCode; causes: readonly ExitCode[] } = { code: gravest(causes), causes };
  const identity = { schema: "sim.run/1", scenario: scenario.name, scenarioHash: scenario.hash, seed: scenario.seed };
  if (executed === null) return { ...identity, error: { problems }, exit };
  return {
    ...identity,
    run: { id: executed.runId, partial: executed.isPartial, end: executed.end, marketEvents: executed.marketEvents },
    warnings: scenario.warnings,
    summaries: executed.summaries,
    comparison: executed.comparison,
    ...(executed.lab === null ? {} : { lab: executed.lab }),
    expectations: executed.expectations,
    exit,
  };
}
