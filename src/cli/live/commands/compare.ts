import type { Command } from "commander";
import type { Shell } from "../../shell.ts";

/** What commander hands over for `live compare`. */
export interface LiveCompareOptions {
  readonly json?: boolean;
  readonly colour: boolean;
}

const EXAMPLES = `
Examples:
  live compare live-out/live-1123-130507            while it runs: what its shadows decided otherwise so far

It reads the journals on disk, so the session is not disturbed; what still waits to be written is not in it yet.`;

/** Adds `live compare`; readers are loaded when the command runs. */
export function registerLiveCompare(program: Command, shell: Shell): void {
  program
    .command("compare")
    .description("a session against its shadows, running or not")
    .argument("<folder>", "folder of the session")
    .option("--json", "one JSON document on stdout")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (folder: string, options: LiveCompareOptions) => {
      const { liveCompare } = await import("../compare-command.ts");
      liveCompare(folder, options, shell);
    });
}
