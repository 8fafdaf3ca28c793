import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { FIDELITIES, type ManifestRecorder, recorderSchema, unusable } from "../manifest.ts";
import { replaceDurably } from "./durable-file.ts";

export const LIVE_SCHEMA = "rehearsal.live/1";
export const HEAD_FILE = "live.json";

const headSchema = z.looseObject({
  schema: z.literal(LIVE_SCHEMA),
  id: z.string().min(1),
  createdBy: z.string(),
  createdAt: z.string().optional(),
  fidelity: z.enum(FIDELITIES),
  /** The table at the beginning; segments say how it grew. */
  symbols: z.array(z.string()),
  notes: z.array(z.string()),
  recorders: z.array(recorderSchema),
});

/** What an unsealed recording says of itself: the part of the manifest that is known before the first record. */
export type LiveHead = z.infer<typeof headSchema>;

export function writeHead(dir: string, head: LiveHead): void {
  replaceDurably(join(dir, HEAD_FILE), `${JSON.stringify(head, null, 2)}\n`);
}

export function hasHead(dir: string): boolean {
  return existsSync(join(dir, HEAD_FILE));
}

/** @throws {UserError} when the folder has no usable `live.json`. */
export function readHead(dir: string): LiveHead {
  const file = `${dir.replace(/\/+$/, "")}/${HEAD_FILE}`;
  const refuse = (what: string, cause?: unknown) =>
    unusable(
      [
        {
          file,
          text: `Cannot use the unsealed recording: ${what}, the ${HEAD_FILE} of its recorder is needed`,
          hint: "restore the file: it is written once, before the first record",
        },
      ],
      cause,
    );
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw refuse(
      error instanceof SyntaxError ? "it is no complete JSON" : `the system answers ${codeOf(error)}`,
      error,
    );
  }
  const schema = (raw as { schema?: unknown } | null)?.schema;
  if (schema !== LIVE_SCHEMA) throw refuse(`its schema is ${JSON.stringify(schema)} and not "${LIVE_SCHEMA}"`);
  const parsed = headSchema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw refuse(`${issue.path.join(".")}: ${issue.message}`, parsed.error);
  }
  return parsed.data;
}

/** The table with a further recorder; one that only starts again adds nothing. */
export function withRecorder(known: readonly ManifestRecorder[], next: ManifestRecorder): ManifestRecorder[] {
  const last = known.at(-1);
  const isSame =
    last !== undefined &&
    last.createdBy === next.createdBy &&
    last.configSha256 === next.configSha256 &&
    last.codeHash === next.codeHash;
  return isSame ? [...known] : [...known, next];
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}
