import type { JournalEntry } from "../../src/engine/domain/journal.ts";
import { encodeJournalLine } from "../../src/reports/journal-codec.ts";
import type { RecordedRun } from "../sim/run/run-helpers.ts";

/** Entries of the only variant, as text. */
export function linesOf(run: RecordedRun): string[] {
  return run.entries[0]!.map((entry) => encodeJournalLine(entry));
}

/** How many decisions of a type a run took; a property over nothing proves nothing. */
export function countOf(run: RecordedRun, type: string): number {
  return run.entries[0]!.flatMap(({ decisions }) => decisions).filter((decision) => decision.type === type).length;
}

export function executedOf(run: RecordedRun): number {
  return run.entries[0]!.flatMap(({ decisions }) => decisions).filter(
    (decision) => decision.type === "result.recorded" && decision.isExecuted,
  ).length;
}

/** Lines of entries after a change of every value; `undefined` leaves a field out. */
export function mappedLines(
  entries: readonly JournalEntry[],
  change: (value: unknown, key: string) => unknown,
): string[] {
  return entries.map((entry) => encodeJournalLine(mapped(entry, "", change) as JournalEntry));
}

function mapped(value: unknown, key: string, change: (value: unknown, key: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => mapped(each, key, change));
  if (typeof value !== "object" || value === null) return change(value, key);
  const fields = Object.entries(value).map(([name, field]) => [name, mapped(field, name, change)] as const);
  return Object.fromEntries(fields.filter(([, field]) => field !== undefined));
}

/**
 * Ids are digests and times of day: what follows from a time or a name differs when it does. Each id becomes the number
 * of its first appearance, so that who refers to whom is still compared.
 */
export function numberedIds(): (text: string) => string {
  const known = new Map<string, number>();
  return (text) =>
    text.replace(/\b(?:[0-9a-f]{16}|\d{13}-\d+)/g, (id) => {
      if (!known.has(id)) known.set(id, known.size);
      return `id${known.get(id)}`;
    });
}

/** Prices as numbers; what is in ticks, lots or a share of something has no unit of money. */
const PRICE = /(price|notional|equity|exposure)$/i;
/** Features are rounded to six decimals, so a quotient that differs in its last bit may differ by one of them. */
const SHARE_TOLERANCE = 2e-5;

/** Equity at the marks goes through doubles on its way (the book itself never does): 1e-6 quote. */
const MARKED_UNITS = 100n;

/**
 * Where `scaled` is not `base` with money times `factor`: quote amounts to the last unit, prices to twelve digits, whole
 * numbers and texts equal, ids by order of appearance, shares within the rounding of features.
 */
export function scaleDifferences(
  base: readonly JournalEntry[],
  scaled: readonly JournalEntry[],
  factor: number,
): string[] {
  const found: string[] = base.length === scaled.length ? [] : [`${base.length} entries against ${scaled.length}`];
  const ids = [numberedIds(), numberedIds()] as const;
  for (let index = 0; index < Math.min(base.length, scaled.length); index++) {
    compare(base[index], scaled[index], `entry ${base[index]!.envelope.seq}`, "");
  }
  return found;

  function compare(left: unknown, right: unknown, path: string, key: string): void {
    if (typeof left === "object" && left !== null && typeof right === "object" && right !== null) {
      const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
      keys.delete("fields");
      for (const name of keys) {
        compare((left as never)[name], (right as never)[name], `${path}.${name}`, /^\d+$/.test(name) ? key : name);
      }
    } else if (!isScaled(left, right, key)) found.push(`${path}: ${left} became ${right}`);
  }

  function isScaled(left: unknown, right: unknown, key: string): boolean {
    if (typeof left === "bigint" && typeof right === "bigint") {
      const difference = right - left * BigInt(factor);
      return key === "equityQuote" ? difference > -MARKED_UNITS && difference < MARKED_UNITS : difference === 0n;
    }
    if (typeof left === "string" && typeof right === "string") {
      if (key === "detail" || key === "text") return left.replace(/[\d.]+/g, "#") === right.replace(/[\d.]+/g, "#");
      return ids[0](left) === ids[1](right);
    }
    if (typeof left !== "number" || typeof right !== "number") return left === right;
    if (PRICE.test(key)) return Math.abs(right - left * factor) <= Math.abs(left * factor) * 1e-12;
    if (Number.isInteger(left)) return left === right;
    return Math.abs(right - left) <= SHARE_TOLERANCE * Math.max(1, Math.abs(left));
  }
}
