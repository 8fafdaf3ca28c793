import type { Problem } from "../../diagnostics/user-error.ts";
import { carriedProblem } from "./carried-json.ts";
import { timeProblem } from "./source-file.ts";

const ID = /^(\d{1,16})-\d{1,20}$/;

/** What a probe (XINFO STREAM and XINFO GROUPS) said of one stream. */
export interface RedisStat {
  readonly redisStream: string;
  readonly length: number;
  /** Entries ever added; more than `length` when the stream was trimmed. */
  readonly entriesAdded: number;
  readonly lastMs: number | null;
  /** The row, whole. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** Whether a file is a list of such rows rather than a dump of entries. */
export function isRedisStats(bytes: Buffer): boolean {
  return /^\s*\[\s*\{/.test(bytes.toString("utf8", 0, 256));
}

/** Reads a JSON list of rows `{"stream","length","entries_added","first_id","last_id","groups"}`. */
export function readRedisStats(bytes: Buffer, file: string): { stats: RedisStat[] } | { problems: Problem[] } {
  const refuse = (what: string): { problems: Problem[] } => ({
    problems: [{ file, text: `Cannot import the stream statistics: ${what}` }],
  });
  let rows: unknown;
  try {
    rows = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    return refuse(`the file is no JSON (${error instanceof Error ? error.message : String(error)}), a list is needed`);
  }
  if (!Array.isArray(rows)) return refuse("it is no list, one is needed");
  const problem = carriedProblem(rows);
  if (problem !== null) return refuse(problem);
  const stats: RedisStat[] = [];
  for (const [index, row] of (rows as unknown[]).entries()) {
    const stat = toStat(row);
    if (typeof stat === "string") return refuse(`row ${index} ${stat}`);
    stats.push(stat);
  }
  return { stats };
}

function toStat(row: unknown): RedisStat | string {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return "is no object, one is needed";
  const { stream, length, entries_added: entriesAdded, last_id: lastId } = row as Record<string, unknown>;
  if (typeof stream !== "string" || stream === "") return "names no stream, a text is needed";
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isCount(length)) return "has no length, a whole number is needed";
  const added = entriesAdded ?? length;
  if (!isCount(added)) return "has entries_added that is no whole number, one is needed";
  const match = typeof lastId === "string" ? ID.exec(lastId) : null;
  // A stream that never had an entry has the last id 0-0.
  const lastMs = match === null || Number(match[1]) === 0 ? null : Number(match[1]);
  const unit = lastMs === null ? null : timeProblem(lastMs);
  if (unit !== null) return `has a last_id whose time is no such: ${unit}`;
  return { redisStream: stream, length, entriesAdded: added, lastMs, row: row as Record<string, unknown> };
}
