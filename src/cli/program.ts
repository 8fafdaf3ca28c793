import { Command } from "commander";
import { registerBisect } from "./commands/bisect.ts";
import { registerCalibrate } from "./commands/calibrate.ts";
import { registerCompare } from "./commands/compare.ts";
import { registerCompletion } from "./commands/completion.ts";
import { registerDiff } from "./commands/diff.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerExplain } from "./commands/explain.ts";
import { registerGate } from "./commands/gate.ts";
import { registerGenerate } from "./commands/generate.ts";
import { registerPlugIns } from "./commands/governors.ts";
import { registerImport } from "./commands/import.ts";
import { registerInspect } from "./commands/inspect.ts";
import { registerMetrics } from "./commands/metrics.ts";
import { registerRecord } from "./commands/record.ts";
import { registerReport } from "./commands/report.ts";
import { registerRun } from "./commands/run.ts";
import { registerSchema } from "./commands/schema.ts";
import { registerServe } from "./commands/serve.ts";
import { registerSweep } from "./commands/sweep.ts";
import { registerVerify } from "./commands/verify.ts";
import { registerWalkForward } from "./commands/walkforward.ts";
import { registerWorker } from "./commands/worker.ts";
import type { Shell } from "./shell.ts";
import { packageVersion } from "./version.ts";

const EXAMPLES = `
Examples:
  sim run scenarios/regime-flip.yaml             one scenario, its report on stdout
  sim run scenarios --quiet                      every scenario of a folder, one table
  sim run a.yaml --variant z-score --seed 7      one variant, another seed
  sim compare sim-out/r-9f7ffb80                 which variant is better, as far as the evidence goes
  sim explain fade715                            why a plan of the newest run ended as it did
  sim doctor --question no-execute               why nothing executes: answers, evidence, misleading signals
  sim explain --symbol BTCUSDT --at 00:13:42     what was decided on a symbol at a time
  sim inspect recordings/regime-flip             what a recording holds and is good for
  sim verify                                     the same decisions as the goldens, or the first that differs
  sim governors                                  governors with their parameters

Exit codes: 0 ok, 1 internal error, 2 usage or configuration, 10 threshold or expectation failed,
11 divergence, 12 evidence incomplete, 14 recording unusable, 130 interrupted.`;

/**
 * The commands of `sim`. Nothing heavy is imported here: each command loads what it needs when it runs, so that help
 * is there at once.
 */
export function createProgram(shell: Shell): Command {
  const program = new Command("sim")
    .description("Rehearsal: run the trading pipeline against recordings, and explain every decision")
    .version(packageVersion())
    .showSuggestionAfterError(true)
    .exitOverride()
    // Errors are printed by the shell, in one form with all others.
    .configureOutput({ outputError: () => {} })
    .addHelpText("after", EXAMPLES);
  registerRun(program, shell);
  registerReport(program, shell);
  registerDiff(program, shell);
  registerCompare(program, shell);
  registerCalibrate(program, shell);
  registerSweep(program, shell);
  registerWalkForward(program, shell);
  registerWorker(program, shell);
  registerGate(program, shell);
  registerExplain(program, shell);
  registerDoctor(program, shell);
  registerImport(program, shell);
  registerInspect(program, shell);
  registerServe(program, shell);
  registerVerify(program, shell);
  registerBisect(program, shell);
  registerRecord(program, shell);
  registerGenerate(program, shell);
  registerPlugIns(program, shell);
  registerMetrics(program, shell);
  registerCompletion(program, shell);
  registerSchema(program, shell);
  return program;
}
