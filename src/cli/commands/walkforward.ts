import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim walkforward`. */
export interface WalkForwardOptions {
  readonly out: string;
  readonly folds: string;
  readonly train: string;
  readonly embargo: string;
  readonly rolling?: boolean;
  readonly baseline?: string;
  readonly seed?: string;
  readonly from?: string;
  readonly to?: string;
  readonly jobs?: string;
  readonly plugin?: readonly string[];
  /** False with `--no-cache`. */
  readonly cache: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly wide?: boolean;
  readonly ascii?: boolean;
  readonly colour: boolean;
}

const EXAMPLES = `
Examples:
  sim walkforward scenarios/formula-sweep.yaml
  sim walkforward my-sweep.yaml --folds 6 --train 0.4 --embargo 2h --rolling

docs/sweeps.md says how a window is split and what the table means.`;

/** Adds `sim walkforward`; the work itself is loaded when the command runs. */
export function registerWalkForward(program: Command, shell: Shell): void {
  program
    .command("walkforward")
    .description("choose a variant on the past, try it on what came after, again and again")
    .argument("<scenario>", "scenario file with variants, sweep or matrix")
    .option("--folds <n>", "tests, one after the other", "4")
    .option("--train <share>", "share of the window before the first test", "0.5")
    .option("--embargo <duration>", "left out between training and test", "1h")
    .option("--rolling", "training keeps its length; otherwise it grows")
    .option("--baseline <name>", "the variant that is not chosen but given; the first when absent")
    .option("--seed <text>", "instead of the scenario's")
    .option("--from <time>", "start of the window")
    .option("--to <time>", "end of the window")
    .option("--jobs <n>", "threads; the number of cores when absent")
    .option("--plugin <file>", "a governor, ranker or strategy in JavaScript (repeat it)", collect)
    .option("--out <dir>", "folder of the results; they go to walkforward/ in it", "sim-out")
    .option("--no-cache", "neither use nor make a market cache (docs/cache.md)")
    .option("--json", "one JSON document on stdout")
    .option("-q, --quiet", "nothing on stderr except errors")
    .option("--wide", "do not shorten tables to the terminal")
    .option("--ascii", "plain characters only")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (scenario: string, options: WalkForwardOptions) => {
      const { walkForwardCommand } = await import("../walkforward-command.ts");
      await walkForwardCommand(scenario, options, shell);
    });
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}
