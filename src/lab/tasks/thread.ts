import { parentPort, workerData } from "node:worker_threads";
import { UserError } from "../../diagnostics/user-error.ts";
import { createLabBench, type LabBench, type LabJob } from "./lab-job.ts";
import { type SharedMarket, withSharedMarket } from "./shared-market.ts";
import type { LabAnswer } from "./task-runner.ts";

/** One thread of `sim sweep`: a job in, its records out, until the thread is ended. */
const bench: LabBench = createLabBench((recording) => withSharedMarket(recording, workerData as SharedMarket | null));

export async function answerTo(job: LabJob, own: LabBench = bench): Promise<LabAnswer> {
  try {
    return { records: await own.run(job) };
  } catch (error) {
    if (error instanceof UserError) return { problems: error.problems, exit: error.exitCode };
    return { crash: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

parentPort?.on("message", (job: LabJob) => {
  void answerTo(job).then((answer) => parentPort?.postMessage(answer));
});
