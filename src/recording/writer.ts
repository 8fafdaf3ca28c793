import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { InvariantError } from "../diagnostics/invariant-error.ts";
import { UserError } from "../diagnostics/user-error.ts";
import {
  type Fidelity,
  type InputFile,
  MANIFEST_FILE,
  type Manifest,
  manifestText,
  RECORDING_SCHEMA,
  recordingHash,
} from "./manifest.ts";
import { PartWriter, writeDurably } from "./part-writer.ts";
import { type InputRow, type MarketRow, RecordNumbering, type RecordSink, staticLine } from "./record.ts";
import { RecordingTally } from "./tally.ts";

export interface RecordingOptions {
  readonly id: string;
  /** Index in this table is what `MarketRow.symbol` names. */
  readonly symbols: readonly string[];
  readonly fidelity: Fidelity;
  /** Program that made the recording, with its version. */
  readonly createdBy: string;
  /** ISO time, only when it is wanted in the file: without it equal inputs make equal bytes. */
  readonly createdAt?: string;
  readonly notes?: readonly string[];
  readonly generator?: Readonly<Record<string, unknown>>;
  readonly inputs?: readonly InputFile[];
  readonly corrections?: readonly unknown[];
  readonly redactions?: readonly unknown[];
  /** Fields of a manifest that this version does not know, when a recording is written again. */
  readonly carried?: Readonly<Record<string, unknown>>;
}

export interface RecordingWriterOptions extends RecordingOptions {
  /** Directory of the recording; it appears at `seal`, whole. Its parents are made when missing. */
  readonly dir: string;
  /** Unpacked size at which a part is cut, 16 MiB when absent. */
  readonly partBytesMax?: number;
}

export interface SealedRecording {
  readonly dir: string;
  readonly hash: string;
  /** Records by stream, in the order of rank and name. */
  readonly counts: Readonly<Record<string, number>>;
  readonly manifest: Manifest;
}

export interface RecordingWriter extends RecordSink {
  /** Static exchange data of any stream, whole: for copies of recordings of later versions. */
  staticRecord(stream: string, data: unknown): void;
  /** Adds a line that only becomes known while writing. */
  note(text: string): void;
  /** Ends the recording: parts, then manifest, then one rename. */
  seal(): SealedRecording;
  /** Leaves nothing behind. Without effect after `seal`. */
  abort(): void;
}

/**
 * Writes a recording: one directory, immutable once sealed.
 *
 * Everything goes to a directory beside the target until `seal`, so a run that dies leaves no recording that looks
 * whole. `seq` is given by call order over `market` and `input`, which must be called in the order of `rxMs` and
 * stream rank.
 *
 * @throws {UserError} when the target exists and is not an empty directory, or cannot be written.
 * @throws {InvariantError} when rows come out of order or with values a reader would refuse.
 */
export function createRecordingWriter(options: RecordingWriterOptions): RecordingWriter {
  return new DirectoryWriter(options);
}

class DirectoryWriter implements RecordingWriter {
  readonly #options: RecordingWriterOptions;
  readonly #numbering: RecordNumbering;
  readonly #tally: RecordingTally;
  readonly #notes: string[];
  readonly #target: string;
  readonly #scratch: string;
  readonly #market: PartWriter;
  readonly #inputs: PartWriter;
  readonly #exchange: PartWriter;
  #state: "open" | "sealed" | "aborted" = "open";

  constructor(options: RecordingWriterOptions) {
    this.#options = options;
    this.#numbering = new RecordNumbering(options.symbols);
    this.#tally = new RecordingTally(options.symbols);
    this.#notes = [...(options.notes ?? [])];
    this.#target = resolve(options.dir);
    refuseToOverwrite(options.dir);
    this.#scratch = makeScratch(this.#target, options.dir);
    this.#market = new PartWriter(this.#scratch, "market", options.partBytesMax);
    this.#inputs = new PartWriter(this.#scratch, "inputs", options.partBytesMax);
    this.#exchange = new PartWriter(this.#scratch, "exchange", options.partBytesMax);
  }

  market(row: MarketRow): void {
    this.#expectOpen();
    const numbered = this.#numbering.market(row);
    this.#tally.market(row, numbered);
    this.#guard(() => this.#market.append(numbered.line, numbered.stream, numbered));
  }

  input(row: InputRow): void {
    this.#expectOpen();
    const numbered = this.#numbering.input(row);
    this.#tally.input(numbered);
    this.#guard(() => this.#inputs.append(numbered.line, numbered.stream, numbered));
  }

  exchangeInfo(raw: unknown): void {
    this.staticRecord("exchangeInfo", raw);
  }

  leverageBrackets(raw: unknown): void {
    this.staticRecord("leverageBrackets", raw);
  }

  staticRecord(stream: string, data: unknown): void {
    this.#expectOpen();
    this.#tally.staticRecord(stream);
    this.#guard(() => this.#exchange.append(staticLine(stream, data), stream, null));
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  seal(): SealedRecording {
    this.#expectOpen();
    const manifest = this.#guard(() => {
      const finished = this.#finish();
      writeDurably(join(this.#scratch, MANIFEST_FILE), manifestText(finished));
      // An empty directory may be in the way (checked at the start); rename replaces it, or fails when it was filled.
      renameSync(this.#scratch, this.#target);
      return finished;
    });
    this.#state = "sealed";
    const counts = Object.fromEntries(manifest.streams.map(({ stream, records }) => [stream, records]));
    return { dir: this.#options.dir, hash: manifest.hash, counts, manifest };
  }

  abort(): void {
    if (this.#state !== "open") return;
    this.#state = "aborted";
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  #finish(): Manifest {
    const { id, symbols, fidelity, createdBy, createdAt, generator, inputs, corrections, redactions } = this.#options;
    const market = this.#market.finish();
    const other = this.#inputs.finish();
    const exchange = this.#exchange.finish();
    const content = {
      market: market.contentSha256,
      inputs: other.contentSha256,
      exchange: exchange.contentSha256,
    };
    return {
      ...this.#options.carried,
      schema: RECORDING_SCHEMA,
      id,
      createdBy,
      ...(createdAt === undefined ? {} : { createdAt }),
      hash: recordingHash({ symbols, fidelity, content }),
      timeUnit: "ms",
      fidelity,
      symbols: this.#tally.symbols(),
      streams: this.#tally.streams(),
      parts: [...market.parts, ...other.parts, ...exchange.parts],
      content,
      gaps: this.#tally.gaps(),
      corrections: [...(corrections ?? [])],
      redactions: [...(redactions ?? [])],
      ...(generator === undefined ? {} : { generator: { ...generator } }),
      inputs: [...(inputs ?? [])],
      notes: this.#notes,
    };
  }

  #expectOpen(): void {
    if (this.#state !== "open") {
      throw new InvariantError(
        `Cannot write recording "${this.#options.id}": it is ${this.#state}, an open one is needed`,
      );
    }
  }

  /** Whatever goes wrong with the disk, the scratch directory goes and the person is told which folder it was. */
  #guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      this.abort();
      throw isSystemError(error) ? cannotWrite(this.#options.dir, error) : error;
    }
  }
}

/** @throws {UserError} when a recording cannot be made there: the folder exists and is not empty. */
export function refuseToOverwrite(dir: string): void {
  let entries: string[];
  try {
    entries = readdirSync(dir);
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return;
    throw cannotWrite(dir, error);
  }
  if (entries.length === 0) return;
  const isSealed = existsSync(join(dir, MANIFEST_FILE));
  const what = isSealed
    ? "it holds a sealed recording, which is immutable"
    : `it holds ${entries.length} other entries`;
  throw new UserError([
    {
      file: dir,
      text: `Cannot write a recording to the folder: ${what}, a new or empty folder is needed`,
      hint: "choose another folder",
    },
  ]);
}

/** A fresh directory beside the target, so that the last rename stays on one file system. */
export function makeScratch(target: string, dir: string): string {
  try {
    mkdirSync(dirname(target), { recursive: true });
    for (let attempt = 1; ; attempt++) {
      const scratch = join(dirname(target), `${basename(target)}.part-${attempt}`);
      if (mkdirSync(scratch, { recursive: true }) !== undefined) return scratch;
    }
  } catch (error) {
    throw cannotWrite(dir, error);
  }
}

export function cannotWrite(dir: string, error: unknown): UserError {
  const reason = isSystemError(error) ? error.code : String(error);
  return new UserError(
    [
      {
        file: dir,
        text: `Cannot write a recording to the folder: the system answers ${reason}, a writable folder with free space is needed`,
      },
    ],
    undefined,
    { cause: error },
  );
}

export function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === "string";
}
