import { z } from "zod";
import { EXIT, type Problem, UserError } from "../diagnostics/user-error.ts";
import { sha256Hex } from "./gzip.ts";

export const RECORDING_SCHEMA = "rehearsal.recording/1";
export const MANIFEST_FILE = "manifest.json";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 in lower-case hex is needed");
const count = z.number().int().nonnegative();
const instant = z.number().int();

export const FIDELITIES = ["depth", "book", "trades", "mark", "candles"] as const;
export type Fidelity = (typeof FIDELITIES)[number];

/** Parts of one group hold records in one order; groups are merged by `rx`, rank, `seq`. */
export const PART_GROUPS = ["market", "inputs", "exchange"] as const;
export type PartGroup = (typeof PART_GROUPS)[number];

const symbolSchema = z.looseObject({
  symbol: z.string().min(1),
  /** Market rows of the symbol. */
  records: count,
  /** Most digits after the point seen in prices and quantities: the default tick and step. */
  priceDecimals: count,
  qtyDecimals: count,
});

const streamSchema = z.looseObject({ stream: z.string().min(1), rank: z.number().int(), records: count });

/**
 * Most a part may unpack to: writers cut parts at 16 and 64 MiB, a single record may go beyond that. Readers hold a part
 * in memory, so a manifest that claims more is refused before anything is unpacked.
 */
export const PART_UNPACKED_BYTES_MAX: number = 256 * 1024 * 1024;

const partSchema = z.looseObject({
  /** File name inside the recording; never a path. */
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "a file name inside the recording is needed"),
  group: z.enum(PART_GROUPS),
  streams: z.array(z.string()),
  records: count,
  /** Size and hash of the compressed file. */
  bytes: count,
  sha256,
  /** Size and hash of what it unpacks to. */
  contentBytes: count.max(PART_UNPACKED_BYTES_MAX, `at most ${PART_UNPACKED_BYTES_MAX} bytes of content are needed`),
  contentSha256: sha256,
  /** `null` in static exchange data, which has no place in the order. */
  firstSeq: count.nullable(),
  lastSeq: count.nullable(),
  firstRx: instant.nullable(),
  lastRx: instant.nullable(),
  /** Smallest and largest exchange time: `ts` may run ahead of or behind `rx`. */
  firstTs: instant.nullable(),
  lastTs: instant.nullable(),
});

const gapSchema = z.looseObject({
  symbol: z.string(),
  /** Number of holes; each is a `gap` record of the inputs. */
  gaps: count,
  /** Records missing in them, of the unit the source promises (minutes for candles). */
  missing: count,
  longestMs: count,
  firstStartTs: instant,
  lastEndTs: instant,
});

/** One entry per recorder that wrote to a live recording; a restart with the same program and config adds none. */
export const recorderSchema = z.looseObject({
  createdBy: z.string(),
  /** First `seq` this recorder could give. */
  firstSeq: count,
  config: z.record(z.string(), z.unknown()),
  /** SHA-256 of `config` as JSON. */
  configSha256: sha256,
  /** Hash of the recorder's code, as its caller gave it. */
  codeHash: z.string().optional(),
});

const inputFileSchema = z.looseObject({ file: z.string(), role: z.string(), bytes: count, sha256 });

export const manifestSchema = z.looseObject({
  schema: z.literal(RECORDING_SCHEMA),
  id: z.string().min(1),
  createdBy: z.string(),
  /** Only written when asked for: equal inputs make equal files. */
  createdAt: z.string().optional(),
  /** `recordingHash` over symbols, fidelity and content. */
  hash: sha256,
  timeUnit: z.literal("ms"),
  fidelity: z.enum(FIDELITIES),
  symbols: z
    .array(symbolSchema)
    .max(65_536, "a market column holds at most 65536 symbols")
    .refine((table) => new Set(table.map(({ symbol }) => symbol)).size === table.length, "a symbol is listed twice"),
  streams: z.array(streamSchema),
  parts: z.array(partSchema),
  /** SHA-256 of the unpacked records of each group, parts put end to end. */
  content: z.looseObject({ market: sha256, inputs: sha256, exchange: sha256 }),
  gaps: z.array(gapSchema),
  corrections: z.array(z.unknown()),
  redactions: z.array(z.unknown()),
  generator: z.record(z.string(), z.unknown()).optional(),
  /** Only in recordings made live. */
  recorders: z.array(recorderSchema).optional(),
  /** Files an import read: archives are re-issued, so each is named with its hash. */
  inputs: z.array(inputFileSchema),
  notes: z.array(z.string()),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestPart = z.infer<typeof partSchema>;
export type ManifestSymbol = z.infer<typeof symbolSchema>;
export type ManifestGap = z.infer<typeof gapSchema>;
export type ManifestRecorder = z.infer<typeof recorderSchema>;
export type InputFile = z.infer<typeof inputFileSchema>;

/**
 * Identity of a recording: SHA-256 over symbol table, fidelity and the content of each group. It depends neither on
 * how parts were cut nor on how they were compressed, so a recording in memory and one on disk have the same.
 */
export function recordingHash(of: {
  symbols: readonly string[];
  fidelity: Fidelity;
  content: { readonly market: string; readonly inputs: string; readonly exchange: string };
}): string {
  const { market, inputs, exchange } = of.content;
  return sha256Hex(JSON.stringify([RECORDING_SCHEMA, of.symbols, of.fidelity, market, inputs, exchange]));
}

/** Bytes of `manifest.json`: two-space JSON with a final newline, one list entry of a table a line. */
export function manifestText(manifest: Manifest): string {
  const fields = Object.entries(manifest).filter(([, value]) => value !== undefined);
  const lines = fields.map(([key, value]) => `  ${JSON.stringify(key)}: ${fieldText(value)}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

function fieldText(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) return JSON.stringify(value);
  return `[\n${value.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n")}\n  ]`;
}

/**
 * Reads the text of a manifest.
 *
 * @throws {UserError} with all problems: no JSON, a schema of a later version, fields that are missing or wrong, a
 * hash that does not match the content it is made of.
 */
export function parseManifest(text: string, file: string): Manifest {
  const raw = parseJson(text, file);
  const schema = typeof raw === "object" && raw !== null ? (raw as { schema?: unknown }).schema : undefined;
  if (schema !== RECORDING_SCHEMA) throw unusable([schemaProblem(schema, file)]);
  const parsed = manifestSchema.safeParse(raw);
  if (!parsed.success) {
    throw unusable(
      parsed.error.issues.map((issue) => ({
        file,
        path: pathText(issue.path),
        text: `Cannot use the manifest: ${issue.message}`,
        hint: "import or generate the recording again",
      })),
    );
  }
  const manifest = parsed.data;
  const symbols = manifest.symbols.map(({ symbol }) => symbol);
  const hash = recordingHash({ symbols, fidelity: manifest.fidelity, content: manifest.content });
  if (hash !== manifest.hash) {
    throw unusable([
      {
        file,
        path: "hash",
        text: `Cannot trust the manifest: its hash is ${manifest.hash}, its symbols, fidelity and content make ${hash}`,
        hint: "the manifest was edited: restore it, or import the recording again",
      },
    ]);
  }
  return manifest;
}

export function unusable(problems: readonly Problem[], cause?: unknown): UserError {
  return new UserError(problems, EXIT.recordingUnusable, cause === undefined ? undefined : { cause });
}

function schemaProblem(schema: unknown, file: string): Problem {
  const version = typeof schema === "string" ? /^rehearsal\.recording\/(\d+)$/.exec(schema) : null;
  const what = schema === undefined ? "it names no schema" : `its schema is ${JSON.stringify(schema)}`;
  return {
    file,
    path: "schema",
    text: `Cannot read the recording: ${what}, "${RECORDING_SCHEMA}" is needed`,
    hint: version === null ? "is this the manifest of a recording?" : "a later version wrote it: update this program",
  };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /position (\d+)/.exec(message);
    const offset = position === null ? text.length : Number(position[1]);
    const before = text.slice(0, offset);
    throw unusable(
      [
        {
          file,
          line: before.split("\n").length,
          column: before.length - before.lastIndexOf("\n"),
          text: `Cannot read the manifest: it is no complete JSON (${message}), a sealed recording has a whole one`,
          hint: "restore the file, or import the recording again",
        },
      ],
      error,
    );
  }
}

function pathText(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += text === "" ? String(key) : `.${String(key)}`;
  }
  return text;
}
