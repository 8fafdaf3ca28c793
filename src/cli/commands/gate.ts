import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim gate`. */
export interface GateOptions {
  readonly out: string;
  readonly variant?: string;
  readonly seed?: string;
  readonly plugin?: readonly string[];
  readonly from?: string;
  readonly to?: string;
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
  sim gate scenarios/regime-flip.yaml --variant z-score
  sim gate my-scenario.yaml --from 4h --to 2d --json

The scenario is replayed as it is, with its gate off, and once for each reason its gate refused for.
docs/gate-value.md says what each number means.`;

/** Adds `sim gate`; the work itself is loaded when the command runs. */
export function registerGate(program: Command, shell: Shell): void {
  program
    .command("gate")
    .description("what a variant's governor was worth: losses avoided, profits forgone, exits delayed")
    .argument("<scenario>", "scenario file")
    .option("--variant <name>", "variant to judge; the first when absent")
    .option("--seed <text>", "instead of the scenario's")
    .option("--from <time>", "start of the window: UTC time, or duration from the first record")
    .option("--to <time>", "end of the window")
    .option("--plugin <file>", "a governor, ranker or strategy in JavaScript (repeat it; docs/plugins.md)", append)
    .option("--out <dir>", "folder of the runs' files; the judgement goes to gate/ in it", "sim-out")
    .option("--no-cache", "neither use nor make a market cache (docs/cache.md)")
    .option("--json", "one JSON document on stdout")
    .option("-q, --quiet", "nothing on stderr except errors")
    .option("--wide", "do not shorten tables to the terminal")
    .option("--ascii", "plain characters only")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (scenario: string, options: GateOptions) => {
      const { gateCommand } = await import("../gate-command.ts");
      await gateCommand(scenario, options, shell);
    });
}

function append(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}
