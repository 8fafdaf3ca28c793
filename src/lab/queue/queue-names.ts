import { createHash } from "node:crypto";
import { z } from "zod";
import { UserError } from "../../diagnostics/user-error.ts";
import { FILL_PROFILES } from "../tasks/fill-profile.ts";
import type { LabJob } from "../tasks/lab-job.ts";

/** Of the queue in Redis; its keys begin with `bull:rehearsal-lab:`. */
export const QUEUE_NAME = "rehearsal-lab";

const text = z.string().max(1000);

/** A job as it comes out of Redis, where anybody may have put it. */
const jobSchema = z.strictObject({
  schema: z.literal("rehearsal.lab-job/1"),
  scenarioText: z.string().max(4 * 1024 * 1024),
  scenarioFile: z.string().max(4096),
  plugIns: z.array(z.string().max(4096)).max(100),
  overrides: z.strictObject({ from: text.optional(), to: text.optional(), recording: z.string().max(4096).optional() }),
  furtherRecordings: z.array(z.string().max(4096)).max(1000),
  cache: z.enum(["auto", "off"]),
  scenarioHash: text,
  recordingHash: text,
  engineVersion: text,
  variants: z.array(text).min(1).max(1000),
  seed: text,
  profile: z.enum(FILL_PROFILES).nullable(),
});

/** @throws {UserError} naming what is no job */
export function readJob(data: unknown): LabJob {
  const parsed = jobSchema.safeParse(data);
  if (parsed.success) return parsed.data as LabJob;
  const [issue] = parsed.error.issues;
  throw new UserError([
    {
      text: `Cannot run a job of the queue: ${issue?.path.join(".") || "it"} is not as a job has it, ${issue?.message}`,
    },
  ]);
}

/** Equal jobs have one name, so that a sweep that is sent twice is done once. */
export function jobIdOf(job: LabJob): string {
  return createHash("sha256").update(JSON.stringify(job)).digest("hex").slice(0, 32);
}

/** @throws {UserError} when it is no address of a Redis; a password in it is never shown */
export function connectionOf(url: string): { readonly url: string; readonly maxRetriesPerRequest: null } {
  let parsed: URL | null = null;
  try {
    parsed = new URL(url);
  } catch {
    // Told below, without the text itself: it may hold a password.
  }
  if (parsed === null || !["redis:", "rediss:"].includes(parsed.protocol) || parsed.hostname === "") {
    throw new UserError([
      { text: 'Cannot use the queue: it is no address, one such as "redis://127.0.0.1:6379" is needed' },
    ]);
  }
  return { url, maxRetriesPerRequest: null };
}

/** The address without user and password. */
export function shownAddress(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}
