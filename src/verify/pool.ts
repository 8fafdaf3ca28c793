import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { EXIT, type ExitCode, type Problem, UserError } from "../diagnostics/user-error.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { VerifyTask } from "./verify-task.ts";

/** What a worker says about a task. */
export type WorkerAnswer =
  | { readonly outcomes: readonly Outcome[] }
  | { readonly problems: readonly Problem[]; readonly exit: ExitCode }
  | { readonly crash: string };

export interface PoolOptions {
  /** Threads at most, the number of cores when absent. */
  readonly threads?: number;
  /** Module a thread runs, that of `sim verify` when absent. */
  readonly worker?: URL;
  /** Called after each task. */
  onDone?(done: number, of: number): void;
}

/**
 * Verifies tasks side by side, one thread per core, and gives their outcomes in the order of the tasks. A thread that
 * dies takes its task with it and no other.
 *
 * @throws {UserError} when a golden cannot be written
 */
export async function verifySideBySide(tasks: readonly VerifyTask[], options: PoolOptions = {}): Promise<Outcome[]> {
  const url = options.worker ?? new URL("./worker.js", import.meta.url);
  const outcomes: (readonly Outcome[])[] = tasks.map(() => []);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    let worker: Worker | null = null;
    try {
      for (let place = next++; place < tasks.length; place = next++) {
        worker ??= new Worker(url);
        const answer = await ask(worker, tasks[place]!);
        if ("problems" in answer) throw new UserError(answer.problems, answer.exit);
        if ("crash" in answer) {
          outcomes[place] = crashed(tasks[place]!, answer.crash);
          await worker.terminate();
          worker = null;
        } else outcomes[place] = answer.outcomes;
        done += 1;
        options.onDone?.(done, tasks.length);
      }
    } finally {
      await worker?.terminate();
    }
  };
  const threads = Math.max(1, Math.min(options.threads ?? availableParallelism(), tasks.length));
  await Promise.all(Array.from({ length: threads }, work));
  return outcomes.flat();
}

function ask(worker: Worker, task: VerifyTask): Promise<WorkerAnswer> {
  return new Promise((done) => {
    const onMessage = (answer: WorkerAnswer): void => finish(answer);
    const onError = (error: Error): void => finish({ crash: error.message });
    const onExit = (code: number): void => finish({ crash: `the thread ended with code ${code} before it answered` });
    const finish = (answer: WorkerAnswer): void => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      done(answer);
    };
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.postMessage(task);
  });
}

function crashed(task: VerifyTask, reason: string): Outcome[] {
  const text = `Cannot replay the recording: the worker crashed, ${reason.split("\n")[0]}`;
  return task.goldens.map(({ file, variant }) =>
    outcomeOf({
      golden: file,
      scenario: task.scenario,
      variant,
      recording: task.recording,
      status: "CANNOT_REPLAY",
      class: "worker crashed",
      problems: [{ file, text, hint: "report it with the golden and the recording" }],
      exit: EXIT.internal,
    }),
  );
}
