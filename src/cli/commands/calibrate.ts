import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim calibrate`. */
export interface CalibrateOptions {
  readonly out?: string;
  readonly holdout?: string;
  readonly json?: boolean;
  readonly colour: boolean;
}

const EXAMPLES = `
Examples:
  sim calibrate live-out/live-1123-130507 --out calibrated.yaml
  sim calibrate live-out/live-1121-* --holdout live-out/live-1123-130507

The scenario it writes is that of the first session with the measured exchange: sim run calibrated.yaml.
Exit codes: 0 fitted, 12 too few fills to fit or to test, 14 session unusable.`;

/** Adds `sim calibrate`; readers are loaded when the command runs. */
export function registerCalibrate(program: Command, shell: Shell): void {
  program
    .command("calibrate")
    .description(
      "latency and slippage of live sessions as a simulated exchange, and how well they tell another session",
    )
    .argument("<session...>", "folders of live sessions that have ended")
    .option("--out <file>", "scenario to write, with the measured latency and slippage")
    .option("--holdout <session>", "a session that was not fitted: how well does the fit tell it?")
    .option("--json", "one JSON document on stdout")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (sessions: string[], options: CalibrateOptions) => {
      const { calibrateCommand } = await import("../calibrate-command.ts");
      calibrateCommand(sessions, options, shell);
    });
}
