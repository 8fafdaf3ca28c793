import { INTERRUPTIONS } from "../stream-rank.ts";
import type { Inspection } from "./inspection.ts";

type Row = Inspection["interruptions"][number];

const KINDS: ReadonlySet<string> = new Set<string>(["gap", ...INTERRUPTIONS]);
const FINDINGS_KEPT = 100;

/** Counts what a recording says about its own holes, by kind: gaps, disconnects, restarts, clock steps, findings. */
export class InterruptionTally {
  readonly #rows = new Map<string, Row>();

  add(stream: string, rxMs: number, record: Readonly<Record<string, unknown>>): void {
    const isFinding = stream === "finding";
    if (!isFinding && !KINDS.has(stream)) return;
    const finding = typeof record["finding"] === "string" ? record["finding"] : "unnamed";
    const name = isFinding ? `finding ${finding}` : stream;
    const kind = this.#rows.has(name) || this.#rows.size < FINDINGS_KEPT ? name : "finding (further)";
    const row = this.#rows.get(kind) ?? { kind, records: 0, missing: 0, unknown: 0, longestMs: 0, firstRxMs: rxMs };
    const { missing, startTsMs, endTsMs } = record;
    const lengthMs = typeof startTsMs === "number" && typeof endTsMs === "number" ? endTsMs - startTsMs : 0;
    this.#rows.set(kind, {
      ...row,
      records: row.records + 1,
      missing: row.missing + (isCount(missing) ? missing : 0),
      unknown: row.unknown + (missing === null ? 1 : 0),
      longestMs: Math.max(row.longestMs, isCount(lengthMs) ? lengthMs : 0),
    });
  }

  summary(): Row[] {
    return [...this.#rows.values()].sort((left, right) => (left.kind < right.kind ? -1 : 1));
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
