import { z } from "zod";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { openSessionFolder } from "../../live/session/session-folder.ts";
import { LANE_QUESTIONS } from "../../reports/doctor/lane-answers.ts";
import { createLiveFindings, type LiveFindingsDocument } from "./live-findings.ts";

const ANSWER_TIMEOUT_MS = 5000;

/** JSON has no word for an infinite number. */
const noNumber = z.null().transform(() => "none");
const textsSchema = z.array(z.string());
const answerSchema = z.object({
  question: z.enum(LANE_QUESTIONS),
  symbol: z.string().nullable(),
  isAnswered: z.boolean(),
  answer: z.string(),
  causes: z.array(
    z.object({
      reason: z.string(),
      share: z.number(),
      n: z.number(),
      meaning: z.string(),
      symbols: textsSchema,
      example: z.string(),
    }),
  ),
  notTheCause: textsSchema,
});
const findingsSchema = z.object({
  schema: z.literal("live.findings/1"),
  runId: z.string(),
  startTsMs: z.number(),
  lastTsMs: z.number().nullable(),
  entries: z.number(),
  isEnded: z.boolean(),
  symbols: textsSchema,
  findings: z.array(
    z.object({
      code: z.string(),
      severity: z.enum(["info", "warn", "error"]),
      symbol: z.string().nullable(),
      text: z.string(),
      evidence: z.record(z.string(), z.union([z.number(), z.string(), noNumber])),
      command: z.string(),
      advice: z.string(),
      weight: z.number(),
    }),
  ),
  answers: z.object({ noExecute: answerSchema, noExit: answerSchema, coverage: answerSchema }),
  bySymbol: z.record(z.string(), answerSchema),
});
const statusSchema = z.object({
  schema: z.literal("live.status/1"),
  ready: z.boolean(),
  reasons: textsSchema,
  status: z.object({ state: z.string() }),
  findings: findingsSchema.nullable(),
});

export interface SessionDocument {
  /** Where it comes from, in words. */
  readonly source: string;
  /** Of a session that runs; `null` when only its journal was read. */
  readonly running: { readonly state: string; readonly notReady: readonly string[] } | null;
  readonly findings: LiveFindingsDocument;
}

/** @throws {UserError} exit 14 when the folder holds no session that can be read */
export function readSessionFolder(folder: string): SessionDocument {
  const { header, items } = openSessionFolder(folder);
  const live = createLiveFindings(header, folder);
  for (const item of items()) if (item.kind === "entry") live.observe(item.entry);
  return { source: `journal of ${folder}`, running: null, findings: live.report() };
}

/** @throws {UserError} exit 2 when nobody answers there, or something that is no session */
export async function askSession(port: number): Promise<SessionDocument> {
  const url = `http://127.0.0.1:${port}/status`;
  const parsed = statusSchema.safeParse(await fetched(url));
  const findings = parsed.success ? parsed.data.findings : null;
  if (!parsed.success || findings === null) {
    const is = parsed.success ? "the session has no findings engine" : "what answers there is no live session";
    const text = `Cannot ask the session on port ${port}: ${is}, one that serves live.status/1 with findings is needed`;
    throw new UserError([{ text, hint: "live doctor FOLDER reads the journal of a session instead" }], EXIT.usage);
  }
  const { status, reasons } = parsed.data;
  return { source: `session on port ${port}`, running: { state: status.state, notReady: reasons }, findings };
}

async function fetched(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS), redirect: "error" });
    return await response.json();
  } catch (error) {
    const reason = reasonOf(error);
    const text = `Cannot ask the session: ${url} answers ${reason}, the port of a running session is needed`;
    const hint = "live doctor FOLDER reads the journal of a session that does not run";
    throw new UserError([{ text, hint }], EXIT.usage, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as { code?: string } | undefined;
  if (error instanceof SyntaxError) return "no JSON";
  return cause?.code ?? error.message;
}
