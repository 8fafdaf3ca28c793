import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { EXIT, type ExitCode, UserError } from "../../diagnostics/user-error.ts";
import type { ScenarioOverrides } from "../scenario/override.ts";
import type { RunSnapshot } from "./run-snapshot.ts";

export const CHECKPOINT_SCHEMA = "rehearsal.checkpoint/1";

/** What must be equal for a run to go on with a checkpoint. */
export interface CheckpointIdentity {
  /** Follows from scenario, recording, engine, seed and choice of variants. */
  readonly runId: string;
  readonly scenario: string;
  readonly scenarioHash: string;
  readonly recording: string;
  readonly recordingHash: string;
  readonly engineVersion: string;
  /** Another major version of Node may compute and write down otherwise. */
  readonly nodeMajor: number;
}

/** First line of the file, JSON: what it is without reading the rest. */
export interface CheckpointHeader extends CheckpointIdentity {
  readonly schema: typeof CHECKPOINT_SCHEMA;
  /** Virtual time of the run, ms. */
  readonly tsMs: number;
  /** Envelopes each variant has had, and the bytes of its journal so far. */
  readonly variants: readonly { readonly name: string; readonly seq: number; readonly journalBytes: number }[];
  /** What the command line had changed of the scenario: it is changed again when the run goes on. */
  readonly overrides: ScenarioOverrides;
  /** Folders of recordings replayed together with the scenario's. */
  readonly furtherRecordings: readonly string[];
  readonly stateBytes: number;
  /** SHA-256 of everything after the first line: the state, then the journals in the order of the variants. */
  readonly bodySha256: string;
}

export interface Checkpoint {
  readonly header: CheckpointHeader;
  readonly snapshot: RunSnapshot;
  /** Journal of each variant up to here, header line included. */
  readonly journals: readonly Buffer[];
}

/** Writes a checkpoint; it appears under its name whole or not at all, and replaces an older one. */
export function writeCheckpoint(
  file: string,
  {
    snapshot,
    journals,
    ...about
  }: CheckpointIdentity &
    Pick<CheckpointHeader, "overrides" | "furtherRecordings"> & {
      readonly snapshot: RunSnapshot;
      readonly journals: readonly Buffer[];
    },
): CheckpointHeader {
  // Of all serialisations of Node this one keeps Map, bigint, NaN and objects that are shared.
  const state = serialize(snapshot);
  const body = Buffer.concat([state, ...journals]);
  const header: CheckpointHeader = {
    schema: CHECKPOINT_SCHEMA,
    ...about,
    tsMs: snapshot.clockMs,
    variants: snapshot.variants.map(({ name, world }, place) => ({
      name,
      seq: world.seq,
      journalBytes: journals[place]!.length,
    })),
    stateBytes: state.length,
    bodySha256: createHash("sha256").update(body).digest("hex"),
  };
  const temporary = `${file}.tmp`;
  try {
    writeFileSync(temporary, Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body]));
    renameSync(temporary, file);
  } catch (cause) {
    const text = `Cannot write the checkpoint: the system answers ${codeOf(cause)}, a writable place is needed`;
    throw new UserError([{ file, text }], EXIT.usage, { cause });
  }
  return header;
}

/**
 * Reads a checkpoint and proves that it is whole.
 *
 * @throws {UserError} exit 2 when there is no such file or it is no checkpoint, exit 14 when it is damaged
 */
export function readCheckpoint(file: string): Checkpoint {
  const bytes = readBytes(file);
  const end = bytes.indexOf(0x0a);
  const header = end < 0 ? null : parseHeader(bytes.toString("utf8", 0, end));
  if (header === null) {
    throw refusal(file, EXIT.usage, 'its first line is no header of a checkpoint, a file of "--checkpoint" is needed');
  }
  if (header.schema !== CHECKPOINT_SCHEMA) {
    const is = `its schema is "${String(header.schema)}", "${CHECKPOINT_SCHEMA}" is needed`;
    throw refusal(file, EXIT.usage, is, "write it again with this version: sim run SCENARIO --until ... --checkpoint");
  }
  const body = bytes.subarray(end + 1);
  const sizes = [header.stateBytes, ...header.variants.map(({ journalBytes }) => journalBytes)];
  const bodyBytes = sizes.reduce((sum, size) => sum + size, 0);
  if (body.length !== bodyBytes) {
    throw damaged(file, `it has ${body.length} bytes after its first line, ${bodyBytes} are needed`);
  }
  const sha256 = createHash("sha256").update(body).digest("hex");
  if (sha256 !== header.bodySha256) {
    throw damaged(file, `the hash of its body is ${sha256.slice(0, 12)}, ${header.bodySha256.slice(0, 12)} is needed`);
  }
  let offset = header.stateBytes;
  const journals = header.variants.map(({ journalBytes }) => {
    offset += journalBytes;
    return body.subarray(offset - journalBytes, offset);
  });
  return { header, snapshot: deserialize(body.subarray(0, header.stateBytes)) as RunSnapshot, journals };
}

/**
 * Refuses a checkpoint of another run.
 *
 * @throws {UserError} exit 14 for another recording, 2 for everything else, naming what differs
 */
export function requireSameRun(file: string, header: CheckpointHeader, run: CheckpointIdentity): void {
  if (header.nodeMajor !== run.nodeMajor) {
    const is = `Node ${header.nodeMajor} wrote it and this is Node ${run.nodeMajor}, the same major version is needed`;
    throw refusal(file, EXIT.usage, is);
  }
  if (header.engineVersion !== run.engineVersion) {
    const is = `engine ${header.engineVersion} wrote it and this is ${run.engineVersion}, the same engine is needed`;
    throw refusal(file, EXIT.usage, is, "run the scenario from its start");
  }
  if (header.scenarioHash !== run.scenarioHash) {
    const is =
      `it is of scenario ${header.scenario} @${header.scenarioHash.slice(0, 8)}, the one given is ` +
      `${run.scenario} @${run.scenarioHash.slice(0, 8)}, the same scenario is needed`;
    throw refusal(file, EXIT.usage, is, "was the scenario edited since? run it from its start");
  }
  if (header.recordingHash !== run.recordingHash) {
    const is =
      `it is of recording ${header.recording} @${header.recordingHash.slice(0, 8)}, the one given is ` +
      `${run.recording} @${run.recordingHash.slice(0, 8)}, equal bytes are needed`;
    throw refusal(file, EXIT.recordingUnusable, is, "--recording DIR names the one it was made from");
  }
  if (header.runId === run.runId) return;
  const is = `it is of run ${header.runId} and this is ${run.runId}, the same seed and variants are needed`;
  throw refusal(file, EXIT.usage, is, "leave out --seed and --variant: the checkpoint knows its own");
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw refusal(file, EXIT.usage, `the system answers ${codeOf(cause)}, a readable file is needed`);
  }
}

function parseHeader(line: string): CheckpointHeader | null {
  try {
    const value = JSON.parse(line) as Partial<CheckpointHeader> | null;
    const isHeader =
      typeof value === "object" &&
      value !== null &&
      typeof value.schema === "string" &&
      (value.schema !== CHECKPOINT_SCHEMA || (Array.isArray(value.variants) && typeof value.stateBytes === "number"));
    return isHeader ? (value as CheckpointHeader) : null;
  } catch {
    return null;
  }
}

function damaged(file: string, is: string): UserError {
  return refusal(file, EXIT.recordingUnusable, is, "it was cut or changed: write it again");
}

function refusal(file: string, exitCode: ExitCode, is: string, hint?: string): UserError {
  const text = `Cannot go on from the checkpoint: ${is}`;
  return new UserError([{ file, text, ...(hint === undefined ? {} : { hint }) }], exitCode);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "an error";
}
