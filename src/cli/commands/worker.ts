import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim worker`. */
export interface WorkerOptions {
  readonly queue: string;
  readonly jobs?: string;
  readonly lease?: string;
  readonly plugin?: readonly string[];
  readonly quiet?: boolean;
}

const EXAMPLES = `
Examples:
  sim worker --queue redis://127.0.0.1:6379
  sim worker --queue redis://lab.example:6379 --jobs 8 --plugin my-governor.js

It needs the same program, the same recordings under the same paths, and plug-ins it was started with. Killed at any
moment, its jobs go to another worker.`;

/** Adds `sim worker`; the queue is loaded when the command runs. */
export function registerWorker(program: Command, shell: Shell): void {
  program
    .command("worker")
    .description("take work of sim sweep --queue until Ctrl-C")
    .requiredOption("--queue <url>", "Redis with the queue")
    .option("--jobs <n>", "jobs at once; the number of cores when absent")
    .option("--lease <duration>", "a killed worker's job is another's after this", "30s")
    .option(
      "--plugin <file>",
      "a plug-in that jobs may use (repeat it)",
      (value: string, all: string[] | undefined) => [...(all ?? []), value],
    )
    .option("-q, --quiet", "nothing on stderr except errors")
    .addHelpText("after", EXAMPLES)
    .action(async (options: WorkerOptions) => {
      const { workerCommand } = await import("../worker-command.ts");
      await workerCommand(options, shell);
    });
}
