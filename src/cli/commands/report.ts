import { type Command, Option } from "commander";
import type { Shell } from "../shell.ts";

export const TABLE_FORMATS = ["parquet", "csv"] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** What commander hands over for `sim report`. */
export interface ReportCommandOptions {
  readonly out: string;
  readonly tables?: string;
  readonly format: TableFormat;
  readonly frames?: boolean;
  readonly reproducible?: boolean;
  readonly timeline?: boolean;
  readonly variant?: string;
  readonly beside?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Examples:
  sim report                       report.html and summary.md of the newest run, made anew
  sim report r-1f2e3d4c r-5a6b     of these runs
  sim report --timeline --beside z-score   timeline.html: two variants side by side, event by event
  sim report --tables tables       decisions, episodes, intents, exits, round trips and variants as Parquet
  sim report --tables csv --format csv
  sim report --frames              the same as DataFrames (needs the optional package danfojs-node)

docs/report.md says how to read a report, docs/tables.md describes every column.`;

/** Adds `sim report`; journals and the chart library are loaded when the command runs. */
export function registerReport(program: Command, shell: Shell): void {
  program
    .command("report")
    .description("make the reports of finished runs anew from their journals")
    .argument("[run...]", "ids or folders of runs; the newest when absent")
    .option("--out <dir>", "folder of the runs' files", "sim-out")
    .option("--tables <dir>", "write the runs' tables there instead, a file for each")
    .addOption(new Option("--format <format>", "of the tables").choices([...TABLE_FORMATS]).default("parquet" as const))
    .option("--frames", "print the tables as DataFrames instead")
    .option("--timeline", "write timeline.html instead: step through the run event by event (docs/timeline.md)")
    .option("--variant <name>", "the variant whose timeline it is; the first when absent")
    .option("--beside <name>", "another variant, or another run, next to it in the timeline")
    .option("--reproducible", "make each report twice and fail when a byte differs")
    .option("--json", "one JSON document on stdout")
    .option("-q, --quiet", "nothing on stderr except errors")
    .addHelpText("after", EXAMPLES)
    .action(async (runs: string[], options: ReportCommandOptions) => {
      const { reportCommand } = await import("../report-command.ts");
      await reportCommand(runs, options, shell);
    });
}
