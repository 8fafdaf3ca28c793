import { createHash } from "node:crypto";
import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  MANIFEST_FILE,
  type Manifest,
  manifestText,
  PART_GROUPS,
  type PartGroup,
  parseManifest,
  RECORDING_SCHEMA,
  recordingHash,
} from "../manifest.ts";
import { readPart } from "../part-reader.ts";
import { writeDurably } from "../part-writer.ts";
import type { SealedRecording } from "../writer.ts";
import { syncDirectory, UNFINISHED } from "./durable-file.ts";
import { HEAD_FILE, type LiveHead } from "./live-head.ts";
import type { PackedNote } from "./pack-segment.ts";
import { TORN } from "./resume-segments.ts";
import { segmentName } from "./segment-lines.ts";
import { joinTallies } from "./segment-tally.ts";

export interface PackedRecording {
  readonly dir: string;
  readonly head: LiveHead;
  readonly symbols: readonly string[];
  readonly packed: readonly PackedNote[];
  readonly notes: readonly string[];
}

/**
 * Makes a folder of packed segments a sealed recording. Every part is read back from the disk, unpacked and compared
 * before the manifest is written, one part in memory at a time; the manifest appears by a rename, and then what only
 * an unsealed recording needs goes away.
 *
 * @throws {UserError} when a part is not as it was packed; the system's error when the disk refuses.
 */
export async function sealParts({ dir, head, symbols, packed, notes }: PackedRecording): Promise<SealedRecording> {
  const inOrder = PART_GROUPS.flatMap((group) =>
    packed.filter(({ part }) => part.group === group).sort((left, right) => numberOf(left) - numberOf(right)),
  );
  const content = {
    market: await contentHash(dir, inOrder, "market"),
    inputs: await contentHash(dir, inOrder, "inputs"),
    exchange: await contentHash(dir, inOrder, "exchange"),
  };
  const tables = joinTallies(
    inOrder.map(({ tally }) => tally),
    symbols,
  );
  const { id, createdBy, createdAt, fidelity, recorders } = head;
  const manifest: Manifest = {
    schema: RECORDING_SCHEMA,
    id,
    createdBy,
    ...(createdAt === undefined ? {} : { createdAt }),
    hash: recordingHash({ symbols, fidelity, content }),
    timeUnit: "ms",
    fidelity,
    symbols: tables.symbols,
    streams: tables.streams,
    parts: inOrder.map(({ part }) => part),
    content,
    gaps: tables.gaps,
    corrections: tornFiles(dir).map(({ file, bytes }) => ({
      kind: "torn tail set aside",
      file,
      bytes,
      because: "no checkpoint vouched for it when the recorder started again",
    })),
    redactions: [],
    recorders,
    inputs: [],
    notes: [...notes],
  };
  const text = manifestText(manifest);
  const unfinished = join(dir, `${MANIFEST_FILE}${UNFINISHED}`);
  rmSync(unfinished, { force: true });
  writeDurably(unfinished, text);
  parseManifest(text, unfinished);
  renameSync(unfinished, join(dir, MANIFEST_FILE));
  syncDirectory(dir);
  for (const file of readdirSync(dir)) {
    if (file === HEAD_FILE || segmentName(file) !== null) rmSync(join(dir, file));
  }
  const counts = Object.fromEntries(manifest.streams.map(({ stream, records }) => [stream, records]));
  return { dir, hash: manifest.hash, counts, manifest };
}

/** Files that hold what earlier sessions wrote and no checkpoint vouched for, by name. */
export function tornFiles(dir: string): { file: string; bytes: number }[] {
  return readdirSync(dir)
    .filter((file) => file.endsWith(TORN))
    .sort()
    .map((file) => ({ file, bytes: statSync(join(dir, file)).size }));
}

async function contentHash(dir: string, packed: readonly PackedNote[], group: PartGroup): Promise<string> {
  const hash = createHash("sha256");
  for (const { part } of packed) {
    if (part.group !== group) continue;
    hash.update(readPart(dir, part));
    // A timer or a signal of the program may run between two parts.
    await new Promise((done) => setImmediate(done));
  }
  return hash.digest("hex");
}

function numberOf({ part }: PackedNote): number {
  return Number(part.file.split(".")[1]);
}
