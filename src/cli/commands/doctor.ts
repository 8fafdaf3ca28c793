import { type Command, Option } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim doctor`. */
export interface DoctorOptions {
  readonly question?: readonly string[];
  readonly variant?: string;
  readonly out: string;
  readonly json?: boolean;
  readonly wide?: boolean;
  readonly colour: boolean;
}

const EXAMPLES = `
Questions: no-execute, no-exit, why-blocked SYMBOL, coverage, parity; without one, entries and exits.

Examples:
  sim doctor                                                  the newest run: what executes, what does not, and why
  sim doctor r-1f2e3d4c --question no-execute --variant origin
  sim doctor recordings/why-no-execute --question no-execute  a recording; one without decisions is rehearsed first
  sim doctor live-out/live-1123-130507 --question parity
  sim doctor r-1f2e3d4c --question why-blocked BTCUSDT

Exit codes: 0 answered, 12 nothing there to answer from, 2 usage, 14 recording unusable.`;

/** Adds `sim doctor`; readers are loaded when the command runs. */
export function registerDoctor(program: Command, shell: Shell): void {
  program
    .command("doctor")
    .description('answers, evidence and misleading signals of a run or a recording: "why no EXECUTE?"')
    .argument("[target]", "run, live session, recording or scenario; the newest run when absent")
    .addOption(new Option("--question <words...>", "what to answer, and the symbol of why-blocked"))
    .option("--variant <name>", "variant of the run, the first one when absent")
    .option("--out <dir>", "folder of the runs' files", "sim-out")
    .option("--json", "one JSON document on stdout")
    .option("--wide", "every finding, with advice")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (target: string | undefined, options: DoctorOptions) => {
      const { doctorCommand } = await import("../doctor-command.ts");
      await doctorCommand(target, options, shell);
    });
}
