import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim compare`. */
export interface CompareCommandOptions {
  readonly out: string;
  readonly run?: string;
  readonly baseline?: string;
  /** The runs are folders of live sessions. */
  readonly live?: boolean;
  readonly metric?: readonly string[];
  readonly margin?: readonly string[];
  readonly seeds?: string;
  readonly profile?: readonly string[];
  readonly recording?: readonly string[];
  readonly plugin?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly trials: string;
  /** False with `--no-cache`. */
  readonly cache: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly quiet?: boolean;
  readonly wide?: boolean;
  readonly colour: boolean;
}

const EXAMPLES = `
Examples:
  sim compare sim-out/r-9f7ffb80                            all variants of a finished run, its first is the baseline
  sim compare fixed-threshold z-score --run r-9f7ffb80      two variants of it
  sim compare a.yaml b.yaml --seeds 1..5 --margin net_pnl=25/day
  sim compare --live live-out/live-1123-130507              why live made another profit than its rehearsal
  sim compare a.yaml --profile optimistic,neutral,adverse   does the verdict hold under other fills?

docs/comparison.md says what each number means and when it is refused.`;

/** Adds `sim compare`; the work itself is loaded when the command runs. */
export function registerCompare(program: Command, shell: Shell): void {
  program
    .command("compare")
    .description("which decisions changed, and whether a variant is better than the baseline")
    .argument("<what...>", "folders or ids of finished runs, scenarios to run now, or variants of --run")
    .option("--run <run>", "a finished run whose variants are named")
    .option("--out <dir>", "folder of the runs' files; the comparison goes to compare/ in it", "sim-out")
    .option("--live", "folders of live sessions: each against its rehearsal, split into its causes (docs/drift.md)")
    .option("--baseline <name>", "the variant the others are compared with, instead of the first")
    .option("--metric <name>", "net_pnl, max_drawdown, exit_delay or gate_value, three at most", collect)
    .option("--margin <metric=size>", "smallest difference that matters, such as net_pnl=25/day (repeat it)", collect)
    .option("--seeds <list>", "run scenarios with these seeds: 1..5 or 1,7,9")
    .option("--profile <name>", "run scenarios with these fills: optimistic, neutral, adverse", collect)
    .option("--recording <dir>", "another recording than the scenarios' (repeat it: they are replayed as one)", collect)
    .option("--plugin <file>", "a governor, ranker or strategy of scenarios that run now (repeat it)", collect)
    .option("--from <time>", "start of the window of scenarios that run now")
    .option("--to <time>", "end of it")
    .option("--trials <file>", "ledger of every variant ever tried on a recording", ".sim/trials.ndjson")
    .option("--no-cache", "neither use nor make a market cache (docs/cache.md)")
    .option("--json", "one JSON document on stdout")
    .option("--markdown", "a table in Markdown on stdout")
    .option("-q, --quiet", "nothing on stderr except errors")
    .option("--wide", "do not shorten tables to the terminal")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (what: string[], options: CompareCommandOptions) => {
      if (options.live === true) {
        const { driftCommand } = await import("../drift-command.ts");
        for (const folder of what) driftCommand(folder, options, shell);
        return;
      }
      const { compareCommand } = await import("../compare-command.ts");
      await compareCommand(what, options, shell);
    });
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...value.split(",").filter((name) => name !== "")];
}
