import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { UserError } from "../diagnostics/user-error.ts";
import { parseDurationMs } from "../engine/domain/duration.ts";
import { shownAddress } from "../lab/queue/queue-names.ts";
import { startQueueWorker } from "../lab/queue/queue-worker.ts";
import type { WorkerOptions } from "./commands/worker.ts";
import type { Shell } from "./shell.ts";

const LOOK_MS = 50;
const LEASE_MIN_MS = 1000;

/** `sim worker`: until Ctrl-C, which lets it finish what it has begun; a second one leaves at once. */
export async function workerCommand(options: WorkerOptions, shell: Shell): Promise<void> {
  const jobs = options.jobs === undefined ? availableParallelism() : Number(options.jobs);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 256) {
    throw new UserError([{ text: `Cannot use --jobs "${options.jobs}": a whole number from 1 to 256 is needed` }]);
  }
  const leaseMs = parseDurationMs(options.lease ?? "30s");
  if (leaseMs === null || leaseMs < LEASE_MIN_MS) {
    throw new UserError([{ text: `Cannot use --lease "${options.lease}": a duration of at least 1s is needed` }]);
  }
  const note = (text: string): void => {
    if (options.quiet !== true) shell.note(text);
  };
  const plugIns = (options.plugin ?? []).map((file) => resolve(file));
  const worker = startQueueWorker({
    url: options.queue,
    jobs,
    leaseMs,
    plugIns,
    onDone: (variants, ok) => note(`${ok ? "done" : "!! not done"}  ${variants} variants`),
    onTrouble: (text) => note(`queue: ${text}`),
  });
  const interrupts = shell.catchInterrupts();
  note(`worker  ${shownAddress(options.queue)}  ${jobs} at once`);
  await new Promise<void>((stopped) => {
    const look = setInterval(() => {
      if (!interrupts.shouldStop()) return;
      clearInterval(look);
      stopped();
    }, LOOK_MS);
  });
  await worker.close();
  interrupts.release();
}
