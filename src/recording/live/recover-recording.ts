import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MANIFEST_FILE, PART_GROUPS, type PartGroup } from "../manifest.ts";
import { readPart } from "../part-reader.ts";
import { hasHead, type LiveHead, readHead } from "./live-head.ts";
import { recorderOf } from "./recorder-lock.ts";
import { readNote, segmentsOf } from "./resume-segments.ts";
import { type SegmentScan, scanSegment } from "./scan-segment.ts";
import { tornFiles } from "./seal-parts.ts";
import { CONTROL_START, packedFile, segmentFile } from "./segment-lines.ts";
import { type SeqRange, SeqSet } from "./seq-set.ts";

export const UNSEALED_SCHEMA = "rehearsal.unsealed/1";

const HOLES_LISTED = 20;
const ATTEMPTS_MAX = 5;
const NEWLINE = 0x0a;

/** What one segment of an unsealed recording holds. */
export interface SegmentReport {
  readonly file: string;
  readonly group: PartGroup;
  /** `packed` is a whole gzip part, `whole` a segment that ends in a good checkpoint. */
  readonly state: "packed" | "whole" | "torn" | "missing" | "damaged";
  /** Records that a checkpoint or a hash vouches for. */
  readonly records: number;
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  readonly firstRxMs: number | null;
  readonly lastRxMs: number | null;
  readonly verifiedBytes: number;
  /** Bytes behind the verified ones, the whole records in them, and the bytes that are no such record. */
  readonly restBytes: number;
  readonly unverifiedRecords: number;
  readonly tornBytes: number;
  readonly problem: string | null;
}

/** An unsealed recording: what is there, and what is known to be missing. */
export interface UnsealedReport {
  readonly schema: typeof UNSEALED_SCHEMA;
  /** Path as it was given. */
  readonly dir: string;
  readonly id: string;
  readonly createdBy: string;
  readonly fidelity: LiveHead["fidelity"];
  /** `closed`: the recorder stopped of its own will. `died`: it did not say so. */
  readonly recorder: "running" | "closed" | "died";
  readonly recorderPid: number | null;
  readonly restarts: number;
  readonly symbols: readonly string[];
  readonly segments: readonly SegmentReport[];
  /** The verifiable records of all segments. */
  readonly verified: {
    readonly records: number;
    readonly firstSeq: number | null;
    readonly lastSeq: number | null;
    readonly firstRxMs: number | null;
    readonly lastRxMs: number | null;
  };
  readonly unverifiedRecords: number;
  /** Largest number known to have been given. */
  readonly lastKnownSeq: number;
  /** Numbers that were given and that no verifiable record has; the first `HOLES_LISTED` ranges of them. */
  readonly missingSeqs: number;
  readonly holes: readonly SeqRange[];
  /** Torn tails of earlier sessions. */
  readonly setAside: readonly { readonly file: string; readonly bytes: number }[];
  /** What is missing, in sentences; empty when nothing is known to be. */
  readonly missing: readonly string[];
}

/** True for the folder of a live recording that was not sealed. */
export function isUnsealedRecording(dir: string): boolean {
  return hasHead(dir) && !existsSync(join(dir, MANIFEST_FILE));
}

/**
 * Reads all of an unsealed recording and says what can be trusted in it: of each segment the part up to its last good
 * checkpoint. Changes nothing. Memory is one segment and a bit per record.
 *
 * @throws {UserError} only when `live.json` is unusable.
 */
export function recoverRecording(dir: string): UnsealedReport {
  return readUnsealed(dir).report;
}

/** Verified records of one segment, read when they are asked for. */
export interface RecoveredSegment {
  readonly group: PartGroup;
  readonly read: () => Buffer;
}

export interface Unsealed {
  readonly head: LiveHead;
  readonly report: UnsealedReport;
  /** In the order of their records, group by group. */
  readonly segments: readonly RecoveredSegment[];
}

export function readUnsealed(dir: string): Unsealed {
  for (let attempt = 1; ; attempt++) {
    try {
      return readOnce(dir);
    } catch (error) {
      // A recorder that runs packs a segment and removes it while we look: then what is there is another list.
      const isGone = (error as { code?: string }).code === "ENOENT" && hasHead(dir);
      if (!isGone || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

function readOnce(dir: string): Unsealed {
  const head = readHead(dir);
  const files = readdirSync(dir);
  const symbols = new Set(head.symbols);
  const seqs = new SeqSet();
  const segments: SegmentReport[] = [];
  const recovered: RecoveredSegment[] = [];
  let restarts = 0;
  let lastSeq = 0;
  let openSegments = 0;
  let writtenSeq = Number.POSITIVE_INFINITY;
  let closedSegments = 0;
  for (const group of PART_GROUPS) {
    let groupSeq = 0;
    for (const { number, file, isPacked } of expectedSegments(files, group)) {
      const take = (report: SegmentReport, read: () => Buffer) => {
        segments.push(report);
        if (report.records === 0) return;
        groupSeq = report.lastSeq ?? groupSeq;
        recovered.push({ group, read });
      };
      if (isPacked === null) {
        segments.push(emptyReport(file, group, "missing", "the file is missing"));
        continue;
      }
      if (isPacked) {
        try {
          const note = readNote(dir, group, number);
          eachSeq(readPart(dir, note.part), group, (seq) => seqs.add(seq));
          for (const symbol of note.symbols) symbols.add(symbol);
          const { part } = note;
          lastSeq = Math.max(lastSeq, part.lastSeq ?? 0);
          take(
            {
              ...emptyReport(file, group, "packed", null),
              records: part.records,
              firstSeq: part.firstSeq,
              lastSeq: part.lastSeq,
              firstRxMs: part.firstRx,
              lastRxMs: part.lastRx,
              verifiedBytes: part.bytes,
            },
            () => readPart(dir, part),
          );
        } catch (error) {
          segments.push(emptyReport(file, group, "damaged", firstLine(error)));
        }
        continue;
      }
      const path = join(dir, file);
      const content = readFileSync(path);
      const scan = scanSegment(content, group, number, (record) => {
        if (group !== "exchange") seqs.add(record["seq"] as number);
      });
      for (const symbol of scan.symbols) symbols.add(symbol);
      restarts = Math.max(restarts, scan.restarts);
      lastSeq = Math.max(lastSeq, scan.last, scan.unverified.lastSeq, scan.lastRecord?.seq ?? 0);
      if (!files.some((name) => name === segmentFile(group, number + 1))) {
        openSegments++;
        if (group !== "exchange") writtenSeq = Math.min(writtenSeq, scan.last);
        if (scan.isClosed) closedSegments++;
      }
      const report = scanReport(file, group, scan);
      const first = report.firstSeq;
      if (first !== null && first <= groupSeq) {
        const problem = `its records do not follow seq ${groupSeq} of the segment before`;
        segments.push(emptyReport(file, group, "damaged", problem));
      } else take(report, () => readFileSync(path).subarray(0, scan.verifiedBytes));
    }
  }
  const pid = recorderOf(dir);
  // A recorder that runs wrote to one segment after we had read another: only what both had written can be missing.
  const { count: missingSeqs, ranges: holes } = seqs.missing(
    pid === null ? lastSeq : Math.min(lastSeq, writtenSeq),
    HOLES_LISTED,
  );
  const isClosed = openSegments === PART_GROUPS.length && closedSegments === openSegments;
  const recorder = pid !== null ? "running" : isClosed ? "closed" : "died";
  const placed = segments.filter(({ firstSeq }) => firstSeq !== null);
  const sum = (of: (segment: SegmentReport) => number) => segments.reduce((total, segment) => total + of(segment), 0);
  const unverifiedRecords = sum((segment) => segment.unverifiedRecords);
  const least = (values: readonly number[]) => (values.length === 0 ? null : Math.min(...values));
  const most = (values: readonly number[]) => (values.length === 0 ? null : Math.max(...values));
  const lastRxMs = most(placed.map((segment) => segment.lastRxMs!));
  const report: UnsealedReport = {
    schema: UNSEALED_SCHEMA,
    dir,
    id: head.id,
    createdBy: head.createdBy,
    fidelity: head.fidelity,
    recorder,
    recorderPid: pid,
    restarts,
    symbols: [...symbols],
    segments,
    verified: {
      records: sum(({ records }) => records),
      firstSeq: least(placed.map((segment) => segment.firstSeq!)),
      lastSeq: most(placed.map((segment) => segment.lastSeq!)),
      firstRxMs: least(placed.map((segment) => segment.firstRxMs!)),
      lastRxMs,
    },
    unverifiedRecords,
    lastKnownSeq: lastSeq,
    missingSeqs,
    holes,
    setAside: tornFiles(dir),
    missing: missingOf(segments, recorder, missingSeqs, holes, lastRxMs),
  };
  return { head, report, segments: recovered };
}

function missingOf(
  segments: readonly SegmentReport[],
  recorder: UnsealedReport["recorder"],
  missingSeqs: number,
  holes: readonly SeqRange[],
  lastRxMs: number | null,
): string[] {
  const missing: string[] = [];
  for (const { file, problem, restBytes, unverifiedRecords, tornBytes } of segments) {
    if (problem === null) continue;
    // A recorder writes at any moment: what is behind its last checkpoint is on its way.
    if (recorder === "running" && tornBytes === 0) continue;
    const rest =
      restBytes === 0
        ? ""
        : `; ${restBytes} bytes after the last good checkpoint are not verified: ${unverifiedRecords} whole records and ${tornBytes} torn bytes`;
    missing.push(`${file}: ${problem}${rest}`);
  }
  if (missingSeqs > 0) {
    const ranges = holes.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(", ");
    const listed = holes.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    const more = listed < missingSeqs ? ", and more" : "";
    missing.push(`${missingSeqs} numbered records are in no verified segment: seq ${ranges}${more}`);
  }
  if (recorder === "died") {
    const since = lastRxMs === null ? "its start" : `rx ${lastRxMs}`;
    missing.push(
      `the recorder ended without closing: what it received after ${since} and had not written is not known`,
    );
  }
  return missing;
}

/** Segments that are there, and those that must have been: numbers have no holes. */
function expectedSegments(files: readonly string[], group: PartGroup) {
  const named = segmentsOf(files, group);
  const last = Math.max(1, ...named.map(({ number }) => number));
  return Array.from({ length: last }, (_, index) => {
    const number = index + 1;
    // A packed segment comes first: the file it was made of may still be there.
    const found = named.find((name) => name.number === number);
    const isPacked = found === undefined ? null : found.isPacked;
    return { number, isPacked, file: isPacked === true ? packedFile(group, number) : segmentFile(group, number) };
  });
}

function scanReport(file: string, group: PartGroup, scan: SegmentScan): SegmentReport {
  const { extent } = scan.tally.snapshot();
  return {
    file,
    group,
    state: scan.problem === null ? "whole" : "torn",
    records: scan.records,
    firstSeq: extent.firstSeq,
    lastSeq: extent.lastSeq,
    firstRxMs: extent.firstRx,
    lastRxMs: extent.lastRx,
    verifiedBytes: scan.verifiedBytes,
    restBytes: scan.restBytes,
    unverifiedRecords: scan.unverified.records,
    tornBytes: scan.tornBytes,
    problem: scan.problem,
  };
}

function emptyReport(
  file: string,
  group: PartGroup,
  state: SegmentReport["state"],
  problem: string | null,
): SegmentReport {
  return {
    file,
    group,
    state,
    records: 0,
    firstSeq: null,
    lastSeq: null,
    firstRxMs: null,
    lastRxMs: null,
    verifiedBytes: 0,
    restBytes: 0,
    unverifiedRecords: 0,
    tornBytes: 0,
    problem,
  };
}

function eachSeq(content: Buffer, group: PartGroup, visit: (seq: number) => void): void {
  if (group === "exchange") return;
  for (const line of recordLines(content)) visit((JSON.parse(line.toString("utf8")) as { seq: number }).seq);
}

/** Lines of records in verified bytes; control lines are left out. */
export function* recordLines(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; ) {
    const end = content.indexOf(NEWLINE, at) + 1;
    if (end === 0) return;
    if (content.toString("latin1", at, at + CONTROL_START.length) !== CONTROL_START) yield content.subarray(at, end);
    at = end;
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}
