import { readFileSync } from "node:fs";
import { UserError } from "../../diagnostics/user-error.ts";

/** The first place where two journals of one variant are not the same. */
export interface JournalDifference {
  /** Envelope number, virtual time and event type of the entry. */
  readonly seq: number;
  readonly tsMs: number;
  readonly event: string;
  readonly kind: "event" | "decision" | "extra" | "missing" | "state";
  /**
   * Type of the decision that differs; of the event when that does, `a became b` when its type does; `state` when only
   * the state hash does.
   */
  readonly stage: string;
  /** Field of that decision or event, e.g. `plan.verdict.cutoff`; empty when all of it is extra or missing. */
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
interface Entry {
  readonly envelope: { readonly seq: number; readonly tsMs: number; readonly event: { readonly type: string } };
  readonly decisions: readonly { readonly type: string }[];
  readonly stateHash?: string;
}

/**
 * Compares the entries of two journal files; headers name versions and runs, so they are left out.
 *
 * @param isStateLeftOut compares events and decisions only: two versions of the program may remember the same in other
 * forms, and their state hashes then differ from the start
 * @returns `null` when all entries say the same
 * @throws {UserError} when a file cannot be read
 */
export function firstJournalDifference(
  expectedFile: string,
  actualFile: string,
  { isStateLeftOut = false }: { readonly isStateLeftOut?: boolean } = {},
): JournalDifference | null {
  const expected = entryLines(expectedFile);
  const actual = entryLines(actualFile);
  for (let index = 0; index < Math.max(expected.length, actual.length); index++) {
    if (expected[index] === actual[index]) continue;
    const found = entryDifference(parse(expected[index]), parse(actual[index]));
    if (found !== null && (found.kind !== "state" || !isStateLeftOut)) return found;
  }
  return null;
}

function entryLines(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError([{ file, text: `Cannot compare the journal: ${reason}, a readable file is needed` }]);
  }
  return text.split("\n").slice(1, -1);
}

function parse(line: string | undefined): Entry | null {
  return line === undefined ? null : (JSON.parse(line) as Entry);
}

function entryDifference(expected: Entry | null, actual: Entry | null): JournalDifference | null {
  if (expected === null || (actual !== null && actual.envelope.seq < expected.envelope.seq)) {
    return whole(actual!, "extra");
  }
  if (actual === null || expected.envelope.seq < actual.envelope.seq) return whole(expected, "missing");
  const place = { seq: expected.envelope.seq, tsMs: expected.envelope.tsMs, event: expected.envelope.event.type };
  const event = fieldDifference(expected.envelope, actual.envelope);
  if (event !== null) {
    // Another event in its place: one was lost here, or one came in between.
    const other = actual.envelope.event.type;
    const stage = other === place.event ? place.event : `${place.event} became ${other}`;
    return { ...place, kind: "event", stage, ...event };
  }
  for (let index = 0; index < Math.max(expected.decisions.length, actual.decisions.length); index++) {
    const [left, right] = [expected.decisions[index], actual.decisions[index]];
    if (left === undefined) return { ...place, kind: "extra", stage: right!.type, ...only("", right) };
    if (right === undefined) return { ...place, kind: "missing", stage: left.type, ...only(left, "") };
    const field = fieldDifference(left, right);
    if (field !== null) return { ...place, kind: "decision", stage: left.type, ...field };
  }
  // A version that writes no hash, or not here, says nothing about the state.
  if (expected.stateHash === undefined || actual.stateHash === undefined) return null;
  const state = fieldDifference(expected.stateHash, actual.stateHash);
  return state === null ? null : { ...place, kind: "state", stage: "state", ...state };
}

/** An entry that only one journal has; its first decision says more than a timer that fired. */
function whole({ envelope, decisions }: Entry, kind: "extra" | "missing"): JournalDifference {
  const told = decisions.find(({ type }) => type !== "timer.set");
  const { seq, tsMs, event } = envelope;
  const text = short((told ?? event) as unknown as Json);
  const sides = kind === "extra" ? { expected: "", actual: text } : { expected: text, actual: "" };
  return { seq, tsMs, event: event.type, kind, stage: told?.type ?? event.type, path: "", ...sides };
}

function only(expected: unknown, actual: unknown): Pick<JournalDifference, "path" | "expected" | "actual"> {
  const text = (value: unknown): string => (value === "" ? "" : short(value as Json));
  return { path: "", expected: text(expected), actual: text(actual) };
}

type FieldDifference = Pick<JournalDifference, "path" | "expected" | "actual">;

/** Depth first, in the order of the fields; a field that only one side has differs as a whole. */
function fieldDifference(expected: unknown, actual: unknown, path = ""): FieldDifference | null {
  if (!isTree(expected) || !isTree(actual)) {
    if (expected === actual) return null;
    return { path, expected: short((expected ?? null) as Json), actual: short((actual ?? null) as Json) };
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const found = fieldDifference(expected[key], actual[key], path === "" ? key : `${path}.${key}`);
    if (found !== null) return found;
  }
  return null;
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

const SHOWN_MAX = 160;

function short(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX - 1)}…`;
}
