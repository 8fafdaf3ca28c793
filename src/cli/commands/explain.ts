import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim explain`. */
export interface ExplainOptions {
  readonly run?: string;
  readonly out: string;
  readonly variant?: string;
  readonly symbol?: string;
  readonly at?: string;
  readonly json?: boolean;
  readonly wide?: boolean;
  readonly ascii?: boolean;
  readonly colour: boolean;
}

const EXAMPLES = `
Examples:
  sim explain fade715
  sim explain --symbol BTCUSDT --at 00:13:42 --run r-1f2e3d4c --variant z-score`;

/** Adds `sim explain`; the journal reader is loaded when the command runs. */
export function registerExplain(program: Command, shell: Shell): void {
  program
    .command("explain")
    .description("why a plan or intent of a finished run ended as it did")
    .argument("[id]", "plan, intent or order id, or its beginning")
    .option("--run <run>", "id or folder of the run; the newest when absent")
    .option("--out <dir>", "folder of the runs' files", "sim-out")
    .option("--variant <name>", "variant of the run")
    .option("--symbol <symbol>", "with --at: the plan of this symbol judged last at that time")
    .option("--at <time>", "UTC time, or time of day such as 00:13:42")
    .option("--json", "one JSON document on stdout")
    .option("--wide", "do not shorten lines to the terminal")
    .option("--ascii", "plain characters only")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (id: string | undefined, options: ExplainOptions) => {
      const { explainCommand } = await import("../explain-command.ts");
      explainCommand(id, options, shell);
    });
}
