import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { Instrument } from "../../engine/domain/instrument.ts";
import { formatMoney, parseMoney } from "../../engine/domain/money.ts";

export const SESSION_FILE = "session.json";
/** The scenario as it was given; `scenario.yaml` beside it is the one that rehearses the session. */
export const SOURCE_SCENARIO_FILE = "scenario.source.yaml";
export const REHEARSAL_FILE = "scenario.yaml";
export const RECORDING_FOLDER = "recording";
export const SHADOWS_FOLDER = "shadows";

const money = z.string().regex(/^\d+(\.\d{1,8})?$/);
const instrument = z.strictObject({
  symbol: z.string(),
  index: z.int(),
  tickSize: z.string(),
  stepSize: z.string(),
  qtyLotsMin: z.int(),
  qtyLotsMax: z.int(),
  notionalMinQuote: money,
  isOnVenue: z.boolean(),
});

const sessionSchema = z.strictObject({
  schema: z.literal("rehearsal.live-session/1"),
  id: z.string(),
  mode: z.enum(["act", "paper", "dry-run"]),
  feed: z.enum(["exchange", "recording"]),
  /** `demo`, `testnet`, `loopback`, or `recording`. */
  venue: z.string(),
  /** Base of REST calls; `null` without an exchange. */
  rest: z.string().nullable(),
  /** Where it began in the stream of intents, as `--from` says it; `null` without a stream. */
  from: z.string().nullable(),
  /** `strategy`, `recording`, `redis`, or a file. */
  intents: z.string(),
  /** Where the scenario was read: what it names is relative to there. */
  scenarioFile: z.string(),
  scenario: z.string(),
  scenarioHash: z.string(),
  variant: z.string(),
  plugIns: z.array(z.string()),
  shadows: z.array(z.strictObject({ name: z.string(), file: z.string(), variant: z.string() })),
  instruments: z.array(instrument),
  startTsMs: z.int(),
  walletQuote: money,
  limits: z.strictObject({
    notionalPerTradeMaxQuote: money,
    notionalTotalMaxQuote: money,
    positionMaxQuote: money,
    lossMaxQuote: money,
    ordersPerMinuteMax: z.int(),
  }),
  codeHash: z.string(),
});

type SessionJson = z.infer<typeof sessionSchema>;

/** What a session was started with, without keys: enough to resume it and to replay it. */
export interface SessionFile extends Omit<SessionJson, "instruments" | "schema"> {
  readonly instruments: readonly Instrument[];
}

export function writeSessionFile(folder: string, session: SessionFile): void {
  const instruments = session.instruments.map((each) => ({
    ...each,
    notionalMinQuote: formatMoney(each.notionalMinQuote),
  }));
  const json = { schema: "rehearsal.live-session/1", ...session, instruments };
  writeFileSync(join(folder, SESSION_FILE), `${JSON.stringify(json, null, 2)}\n`, { flag: "wx" });
}

/** @throws {UserError} exit 14 when the folder is none of a session, or its file is damaged */
export function readSessionFile(folder: string): SessionFile {
  const file = join(folder, SESSION_FILE);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const is = (error as NodeJS.ErrnoException).code ?? "it is no JSON";
    throw unusable(
      folder,
      `Cannot read the session: ${SESSION_FILE} gives ${is}, the folder of a live session is needed`,
    );
  }
  const parsed = sessionSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue === undefined ? "" : ` at ${issue.path.join(".")}: ${issue.message}`;
    throw unusable(file, `Cannot read the session: the file is not as this program writes it${place}`);
  }
  const { schema: _, ...session } = parsed.data;
  return {
    ...session,
    instruments: session.instruments.map((each) => ({ ...each, notionalMinQuote: parseMoney(each.notionalMinQuote) })),
  };
}

function unusable(file: string, text: string): UserError {
  return new UserError([{ file, text, hint: "live --help" }], EXIT.recordingUnusable);
}
