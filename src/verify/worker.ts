import { parentPort } from "node:worker_threads";
import { UserError } from "../diagnostics/user-error.ts";
import type { WorkerAnswer } from "./pool.ts";
import { type VerifyTask, verifyTask } from "./verify-task.ts";

/** One thread of `sim verify`: a task in, its outcomes out, until the thread is ended. */
function answerTo(task: VerifyTask): WorkerAnswer {
  try {
    return { outcomes: verifyTask(task) };
  } catch (error) {
    if (error instanceof UserError) return { problems: error.problems, exit: error.exitCode };
    return { crash: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

parentPort?.on("message", (task: VerifyTask) => parentPort?.postMessage(answerTo(task)));
