import { type Command, Option } from "commander";
import { PROGRESS_MODES, type ProgressMode } from "../progress-mode.ts";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim run`. */
export interface RunOptions {
  readonly out: string;
  readonly seed?: string;
  readonly variant?: readonly string[];
  readonly recording?: readonly string[];
  readonly plugin?: readonly string[];
  /** False with `--no-cache`. */
  readonly cache: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly until?: string;
  readonly checkpoint?: string;
  readonly checkpointEvery?: string;
  readonly force?: boolean;
  /** Absent: with a single scenario only. */
  readonly report?: boolean;
  readonly gate?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly wide?: boolean;
  readonly ascii?: boolean;
  readonly reproducible?: boolean;
  readonly progress: ProgressMode;
  readonly colour: boolean;
}

const EXAMPLES = `
Examples:
  sim run scenarios/regime-flip.yaml
  sim run scenarios/regime-flip.yaml --variant z-score --seed 7 --from 4h --to 2026-02-03T00:00:00Z
  sim run scenarios/regime-flip.yaml --until 2d --checkpoint half.ckpt
  sim run scenarios/regime-flip.yaml --from half.ckpt
  sim run my-scenario.yaml --plugin my-governor.js
  sim run scenarios --quiet --json > runs.json`;

/** Adds `sim run`; the work itself is loaded when the command runs. */
export function registerRun(program: Command, shell: Shell): void {
  program
    .command("run")
    .description("run scenarios on their recordings and report what became of every intent")
    .argument("<scenario...>", "scenario files; a folder means every .yaml below it")
    .option("--out <dir>", "folder of the runs' files", "sim-out")
    .option("--seed <text>", "root of every random stream, instead of the scenario's")
    .option("--variant <name>", "only this variant (repeat it, or separate names by commas)", collect)
    .option("--recording <dir>", "another recording than the scenario's (repeat it: they are replayed as one)", append)
    .option("--plugin <file>", "a governor, ranker or strategy in JavaScript (repeat it; docs/plugins.md)", append)
    .option("--no-cache", "read the NDJSON parts, neither use nor make a market cache (docs/cache.md)")
    .option(
      "--from <time>",
      "start of the window: UTC time, or duration from the first record; or the checkpoint to go on from",
    )
    .option("--to <time>", "end of the window")
    .option("--until <seq>", "stop after that envelope of a variant, or at that time: the run is partial")
    .option("--checkpoint <file>", "where the run can go on from: written at --until and at Ctrl-C")
    .option("--checkpoint-every <duration>", "write it each so much virtual time as well")
    .option("--force", "replace a run of the same id that has other bytes")
    .option("--report", "write report.html, summary.md and junit.xml (a single scenario does without being asked)")
    .option("--no-report", "do not write them")
    .option("--gate", "judge every variant's governor as well, for the report: gate.json (docs/gate-value.md)")
    .option("--json", "one JSON document on stdout")
    .option("-q, --quiet", "nothing on stderr except errors")
    .option("-v, --verbose", "timing on stderr")
    .option("--wide", "do not shorten tables to the terminal")
    .option("--ascii", "plain characters only")
    .option("--reproducible", "leave wall-clock facts out: equal runs print equal bytes")
    .addOption(
      new Option("--progress <mode>", "progress on stderr").choices([...PROGRESS_MODES]).default("auto" as const),
    )
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (paths: string[], options: RunOptions) => {
      const { runCommand } = await import("../run-command.ts");
      await runCommand(paths, options, shell);
    });
}

function append(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...value.split(",").filter((name) => name !== "")];
}
