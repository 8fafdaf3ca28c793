import { Queue } from "bullmq";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { LabAnswer, TaskRunner } from "../tasks/task-runner.ts";
import { connectionOf, jobIdOf, QUEUE_NAME, shownAddress } from "./queue-names.ts";

/** Between two looks at the jobs that are out. */
const LOOK_MS = 200;
/** A Redis that does not answer for so long is gone. */
const PATIENCE_MS = 30_000;
/** What is done stays so long for a sender that comes back. */
const KEPT_S = 24 * 3600;

export interface QueueRunner extends TaskRunner {
  close(): Promise<void>;
}

/**
 * Jobs on a queue in Redis (BullMQ), done by whoever runs `sim worker`. A worker that is killed loses its lease and another
 * takes the job; a job that is sent again is done once, because its name is its content.
 *
 * @throws {UserError} when the Redis does not answer
 */
export async function createQueueRunner(url: string, patienceMs: number = PATIENCE_MS): Promise<QueueRunner> {
  const queue = new Queue(QUEUE_NAME, { connection: connectionOf(url) });
  // Without a listener a connection that is lost would end the process; the looks below notice it.
  queue.on("error", () => {});
  const patiently = async <Value>(asked: Promise<Value>): Promise<Value> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(gone(url, patienceMs)), patienceMs);
    });
    try {
      return await Promise.race([asked, late]);
    } finally {
      clearTimeout(timer);
    }
  };
  try {
    await patiently(queue.waitUntilReady());
  } catch (error) {
    await close(queue);
    throw error;
  }
  return {
    async run(jobs, onAnswer, shouldStop) {
      const ids = jobs.map(jobIdOf);
      await patiently(
        queue.addBulk(
          jobs.map((job, place) => ({
            name: "variants",
            data: job,
            opts: { jobId: ids[place]!, attempts: 2, removeOnComplete: { age: KEPT_S }, removeOnFail: { age: KEPT_S } },
          })),
        ),
      );
      const waiting = new Set(jobs.keys());
      while (waiting.size > 0) {
        if (shouldStop()) {
          await patiently(
            withdraw(
              queue,
              [...waiting].map((place) => ids[place]!),
            ),
          );
          return;
        }
        for (const place of [...waiting]) {
          const answer = await patiently(answerOf(queue, ids[place]!));
          if (answer === null) continue;
          waiting.delete(place);
          onAnswer(place, answer);
        }
        if (waiting.size > 0) await new Promise((resume) => setTimeout(resume, LOOK_MS));
      }
    },
    close: () => close(queue),
  };
}

/** `null` while it is out. */
async function answerOf(queue: Queue, id: string): Promise<LabAnswer | null> {
  const job = await queue.getJob(id);
  if (job === undefined) return { crash: "the job was removed from the queue" };
  if (job.finishedOn === undefined) return null;
  if (job.failedReason !== undefined && job.failedReason !== "" && job.returnvalue === null) {
    // A failure is asked anew by the next sweep of the same content.
    await job.remove();
    return { crash: job.failedReason };
  }
  return job.returnvalue as LabAnswer;
}

/** What nobody has begun is taken back; what somebody works on ends there and is found by the next sweep. */
async function withdraw(queue: Queue, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const job = await queue.getJob(id);
    if (job !== undefined && (await job.isWaiting())) await job.remove().catch(() => {});
  }
}

function gone(url: string, patienceMs: number): UserError {
  const text = `Cannot use the queue at ${shownAddress(url)}: no answer for ${patienceMs / 1000} s, a Redis that answers is needed`;
  return new UserError([{ text, hint: "what is done is kept: --resume goes on" }], EXIT.usage);
}

/** A connection that is lost cannot be closed in peace. */
async function close(queue: Queue): Promise<void> {
  await Promise.race([queue.close().catch(() => {}), new Promise((resume) => setTimeout(resume, 1000).unref())]);
  await queue.disconnect().catch(() => {});
}
