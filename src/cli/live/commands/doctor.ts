import type { Command } from "commander";
import type { Shell } from "../../shell.ts";

/** What commander hands over for `live doctor`. */
export interface LiveDoctorOptions {
  readonly port?: string;
  /** The question, and for `why-blocked` the symbol behind it. */
  readonly question?: readonly string[];
  readonly json?: boolean;
  readonly colour: boolean;
}

const EXAMPLES = `
Questions: no-execute, no-exit, why-blocked SYMBOL, coverage; without one, all but the symbol's.

Examples:
  live doctor --port 9464 --question no-execute
  live doctor sim-out/live-0310 --question why-blocked BTCUSDT`;

/** Adds `live doctor`; readers are loaded when the command runs. */
export function registerLiveDoctor(program: Command, shell: Shell): void {
  // `live` has a --json of its own: what stands behind the command's name is the command's.
  program
    .enablePositionalOptions()
    .command("doctor")
    .description('findings and answers of a session, running or not: "why no EXECUTE?"')
    .argument("[folder]", "folder of the session, with its journal")
    .option("--port <port>", "ask the running session that serves its metrics on this port of 127.0.0.1")
    .option("--question <words...>", "what to answer")
    .option("--json", "one JSON document on stdout")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (folder: string | undefined, options: LiveDoctorOptions) => {
      const { liveDoctor } = await import("../doctor-command.ts");
      await liveDoctor({ ...options, folder }, shell);
    });
}
