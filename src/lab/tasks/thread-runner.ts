import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { LabJob } from "./lab-job.ts";
import type { SharedMarket } from "./shared-market.ts";
import { ATTEMPTS_MAX, type LabAnswer, type TaskRunner } from "./task-runner.ts";

export interface ThreadRunnerOptions {
  /** Threads at most, the number of cores when absent. */
  readonly threads?: number;
  /** Columns all threads share; each reads the recording itself when absent. */
  readonly market?: SharedMarket | null;
  /** Module a thread runs, for tests. */
  readonly worker?: URL;
}

/** Jobs side by side, one thread per core. A thread that dies takes its job with it, which a fresh one runs again once. */
export function createThreadRunner(options: ThreadRunnerOptions = {}): TaskRunner {
  const url = options.worker ?? new URL("./thread.js", import.meta.url);
  return {
    async run(jobs, onAnswer, shouldStop) {
      let next = 0;
      const work = async (): Promise<void> => {
        let worker: Worker | null = null;
        try {
          for (let place = next++; place < jobs.length && !shouldStop(); place = next++) {
            let answer: LabAnswer = { crash: "" };
            for (let attempt = 1; attempt <= ATTEMPTS_MAX && "crash" in answer; attempt++) {
              worker ??= new Worker(url, { workerData: options.market ?? null });
              answer = await ask(worker, jobs[place]!, shouldStop);
              if (!("crash" in answer)) break;
              await worker.terminate();
              worker = null;
            }
            if (shouldStop() && "crash" in answer) return;
            onAnswer(place, answer);
          }
        } finally {
          await worker?.terminate();
        }
      };
      const threads = Math.max(1, Math.min(options.threads ?? availableParallelism(), jobs.length));
      await Promise.all(Array.from({ length: threads }, work));
    },
  };
}

/** Wall time between two looks at whether the job is still wanted. */
const LOOK_MS = 100;

function ask(worker: Worker, job: LabJob, shouldStop: () => boolean): Promise<LabAnswer> {
  return new Promise((done) => {
    const onMessage = (answer: LabAnswer): void => finish(answer);
    const onError = (error: Error): void => finish({ crash: error.message });
    const onExit = (code: number): void => finish({ crash: `the thread ended with code ${code} before it answered` });
    const look = setInterval(() => {
      if (shouldStop()) finish({ crash: "the run was asked to stop" });
    }, LOOK_MS);
    const finish = (answer: LabAnswer): void => {
      clearInterval(look);
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      done(answer);
    };
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.postMessage(job);
  });
}
