import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim diff`. */
export interface DiffOptions {
  readonly out: string;
  readonly variant?: string;
  readonly json?: boolean;
  readonly wide?: boolean;
  readonly ascii?: boolean;
  readonly colour: boolean;
}

const EXAMPLES = `
Examples:
  sim diff r-1f2e3d4c r-5a6b7c8d
  sim diff before/r-1f2e3d4c after/r-1f2e3d4c --variant z-score --json`;

/** Adds `sim diff`; journals are read when the command runs. */
export function registerDiff(program: Command, shell: Shell): void {
  program
    .command("diff")
    .description("where two finished runs first decide otherwise, and every decision that changed")
    .argument("<run>", "id or folder of the run that counts as before")
    .argument("<other>", "id or folder of the run that counts as after")
    .option("--out <dir>", "folder of the runs' files", "sim-out")
    .option("--variant <name>", "only this variant; otherwise those of one name in both")
    .option("--json", "one JSON document on stdout")
    .option("--wide", "do not shorten tables to the terminal")
    .option("--ascii", "plain characters only")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", `${EXAMPLES}\n\nExit codes: 0 the same decisions, 11 others.`)
    .action(async (run: string, other: string, options: DiffOptions) => {
      const { diffCommand } = await import("../diff-command.ts");
      diffCommand(run, other, options, shell);
    });
}
