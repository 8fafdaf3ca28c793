import { Worker } from "bullmq";
import { UserError } from "../../diagnostics/user-error.ts";
import type { LabAnswer } from "../tasks/task-runner.ts";
import { createThreadRunner } from "../tasks/thread-runner.ts";
import { connectionOf, QUEUE_NAME, readJob } from "./queue-names.ts";

/** A killed worker's job is somebody else's after this. */
const LEASE_MS = 30_000;
/** Workers a job may take down with it. */
const STALLED_MAX = 3;

export interface QueueWorkerOptions {
  readonly url: string;
  /** Jobs at once, each on a thread of its own: the lease is renewed while it runs. */
  readonly jobs: number;
  readonly leaseMs?: number;
  /** Files a job may load: a queue can be written by others, so it names no code that was not allowed here. */
  readonly plugIns: readonly string[];
  onDone(variants: number, ok: boolean): void;
  onTrouble(text: string): void;
}

export interface QueueWorker {
  /** Ends what it has begun, takes nothing new. */
  close(): Promise<void>;
}

/** Takes jobs of sweeps from the queue until it is closed. */
export function startQueueWorker(options: QueueWorkerOptions): QueueWorker {
  const { url, jobs, leaseMs = LEASE_MS, onDone, onTrouble } = options;
  const allowed = new Set(options.plugIns);
  const lanes = Array.from({ length: jobs }, () => createThreadRunner({ threads: 1 }));
  const worker = new Worker<unknown, LabAnswer>(
    QUEUE_NAME,
    async ({ data }) => {
      const job = read(data);
      if ("problems" in job) return job;
      const foreign = job.plugIns.find((file) => !allowed.has(file));
      if (foreign !== undefined) return refused(`the worker was not started with --plugin ${foreign}`);
      const lane = lanes.pop() ?? createThreadRunner({ threads: 1 });
      let answer: LabAnswer = { crash: "nobody answered" };
      try {
        await lane.run(
          [job],
          (_, given) => (answer = given),
          () => false,
        );
      } finally {
        lanes.push(lane);
      }
      onDone(job.variants.length, "records" in answer);
      // The queue counts attempts; another worker may do better.
      if ("crash" in answer) throw new Error(answer.crash.split("\n")[0]);
      return answer;
    },
    {
      connection: connectionOf(url),
      concurrency: jobs,
      lockDuration: leaseMs,
      stalledInterval: leaseMs,
      maxStalledCount: STALLED_MAX,
    },
  );
  let lastTrouble = "";
  worker.on("error", ({ message }) => {
    // A lost connection says the same many times a second.
    if (message === lastTrouble) return;
    lastTrouble = message;
    onTrouble(message);
  });
  return { close: () => worker.close() };
}

function read(data: unknown): ReturnType<typeof readJob> | Extract<LabAnswer, { problems: unknown }> {
  try {
    return readJob(data);
  } catch (error) {
    if (error instanceof UserError) return { problems: error.problems, exit: error.exitCode };
    throw error;
  }
}

function refused(is: string): LabAnswer {
  const error = new UserError([{ text: `Cannot run the job: ${is}, the same plug-ins are needed` }]);
  return { problems: error.problems, exit: error.exitCode };
}
