import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim report`. */
export interface ReportCommandOptions {
  readonly out: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Examples:
  sim report                       report.html and summary.md of the newest run, made anew
  sim report r-1f2e3d4c r-5a6b     of these runs`;

/** Adds `sim report`; journals and the chart library are loaded when the command runs. */
export function registerReport(program: Command, shell: Shell): void {
  program
    .command("report")
    .description("make the reports of finished runs anew from their journals")
    .argument("[run...]", "ids or folders of runs; the newest when absent")
    .option("--out <dir>", "folder of the runs' files", "sim-out")
    .option("--json", "one JSON document on stdout")
    .option("-q, --quiet", "nothing on stderr except errors")
    .addHelpText("after", EXAMPLES)
    .action(async (runs: string[], options: ReportCommandOptions) => {
      const { reportCommand } = await import("../report-command.ts");
      await reportCommand(runs, options, shell);
    });
}
