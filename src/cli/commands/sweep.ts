import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim sweep`. */
export interface SweepOptions {
  readonly out: string;
  readonly jobs?: string;
  readonly queue?: string;
  readonly resume?: boolean;
  readonly seeds?: string;
  readonly profile?: readonly string[];
  readonly baseline?: string;
  readonly recording?: readonly string[];
  readonly plugin?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly stopDominated?: string;
  readonly trials: string;
  /** False with `--no-cache`. */
  readonly cache: boolean;
  /** False with `--no-report`. */
  readonly report: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly wide?: boolean;
  readonly ascii?: boolean;
  readonly colour: boolean;
}

const EXAMPLES = `
Examples:
  sim sweep scenarios/formula-sweep.yaml
  sim sweep my-sweep.yaml --seeds 1..5 --profile optimistic,neutral,adverse
  sim sweep my-sweep.yaml --resume                    go on after Ctrl-C, a crash or a reboot
  sim sweep my-sweep.yaml --queue redis://127.0.0.1   with every machine that runs sim worker

docs/sweeps.md says what a sweep may set and what its table means.`;

/** Adds `sim sweep`; the work itself is loaded when the command runs. */
export function registerSweep(program: Command, shell: Shell): void {
  program
    .command("sweep")
    .description("run all variants of a scenario on all cores, and say which differences are more than luck")
    .argument("<scenario>", "scenario file with variants, sweep or matrix")
    .option("--jobs <n>", "threads; the number of cores when absent")
    .option("--queue <url>", "put the work on a queue in this Redis instead; sim worker takes it")
    .option("--resume", "keep what an earlier sweep of the same scenario has finished")
    .option("--seeds <list>", "run every variant with these seeds: 1..5 or 1,7,9")
    .option("--profile <name>", "run every variant with these fills: optimistic, neutral, adverse", collect)
    .option("--baseline <name>", "the variant the others are compared with, instead of the first")
    .option("--recording <dir>", "another recording than the scenario's (repeat it: they are replayed as one)", collect)
    .option("--plugin <file>", "a governor, ranker or strategy in JavaScript (repeat it; docs/plugins.md)", collect)
    .option("--from <time>", "start of the window: UTC time, or duration from the first record")
    .option("--to <time>", "end of the window")
    .option("--stop-dominated <share>", "run this share of the window first and let go of dominated variants")
    .option("--trials <file>", "ledger of every variant ever tried on a recording", ".sim/trials.ndjson")
    .option("--out <dir>", "folder of the results; the sweep goes to sweep/ in it", "sim-out")
    .option("--no-cache", "neither use nor make a market cache (docs/cache.md)")
    .option("--no-report", "sweep.json only, no report.html")
    .option("--json", "one JSON document on stdout")
    .option("-q, --quiet", "nothing on stderr except errors")
    .option("--wide", "do not shorten tables to the terminal")
    .option("--ascii", "plain characters only")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (scenario: string, options: SweepOptions) => {
      const { sweepCommand } = await import("../sweep-command.ts");
      await sweepCommand(scenario, options, shell);
    });
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...value.split(",").filter((name) => name !== "")];
}
