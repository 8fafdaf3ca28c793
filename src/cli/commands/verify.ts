import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim verify`. */
export interface VerifyOptions {
  readonly scenarios: string;
  readonly update?: boolean;
  readonly because?: string;
  readonly strict?: boolean;
  readonly all?: boolean;
  readonly junit?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly wide?: boolean;
  readonly colour: boolean;
}

const EXAMPLES = `
Examples:
  sim verify                                     every golden of this project
  sim verify recordings/ goldens/ --junit verify.xml
  sim verify goldens/regime-flip --all           one scenario, with all that differs
  sim verify --update --because "the cutoff is learned from 200 scores now"

One path is RECORDINGS when recordings are in it, else GOLDENS. RECORDINGS_PATH names further folders of recordings.

Exit codes: 0 the same decisions, 11 a decision differs, 14 a recording or golden is missing, damaged or of another
version, 12 nothing was compared, a scenario has changed, or (when CI is set) a golden is missing or its scenario is
gone, 2 a scenario cannot be read, 1 a worker crashed. Of several the first of 1, 14, 11, 12, 2.`;

/** Adds `sim verify`; the work itself is loaded when the command runs. */
export function registerVerify(program: Command, shell: Shell): void {
  program
    .command("verify")
    .description("replay recordings and name the first decision that is not the one of the golden")
    .argument("[recordings]", "folder of recordings (default: recordings)")
    .argument("[goldens]", "folder of goldens, or a part of it (default: goldens)")
    .option("--scenarios <dir>", "folder of the scenarios that need a golden", "scenarios")
    .option("--update", "write what is decided now into the goldens that differ or are missing (never in CI)")
    .option("--because <reason>", "with --update: why that is right; the golden keeps it")
    .option("--strict", "a measure that moved under an equal outcome is a divergence too")
    .option("--all", "list every difference, not only the first")
    .option("--junit <file>", "write the verdicts as JUnit XML")
    .option("--json", "one JSON document on stdout")
    .option("-q, --quiet", "nothing on stderr except errors")
    .option("--wide", "do not shorten lines to the terminal")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (recordings: string | undefined, goldens: string | undefined, options: VerifyOptions) => {
      const { verifyCommand } = await import("../verify-command.ts");
      await verifyCommand(recordings, goldens, options, shell);
    });
}
