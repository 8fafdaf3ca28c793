import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { firstJournalDifference } from "../../../src/verify/bisect/journal-difference.ts";

const folder = mkdtempSync(join(tmpdir(), "journals-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Line = Readonly<Record<string, unknown>>;
const HEADER: Line = { schema: "rehearsal.journal/1", engineVersion: "1" };

function entry(seq: number, event: Line, decisions: readonly Line[] = [], more: Line = {}): Line {
  return { envelope: { event, seq, tsMs: seq * 1000 }, decisions, ...more };
}

function difference(expected: readonly Line[], actual: readonly Line[]) {
  const files = [expected, actual].map((lines, index) => {
    const file = join(folder, `${index}.ndjson`);
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return file;
  });
  return firstJournalDifference(files[0]!, files[1]!);
}

const TIMER = { type: "timer.fired", timerId: "harvest" };
const plan = (cutoff: number): Line => ({ type: "plan.published", plan: { planId: "a", verdict: { cutoff } } });

test("equal entries have no difference, whatever their headers say", () => {
  expect(difference([HEADER, entry(1, TIMER)], [{ ...HEADER, engineVersion: "2" }, entry(1, TIMER)])).toBeNull();
});

test("the first field that differs is named with both values", () => {
  const found = difference([HEADER, entry(7, TIMER, [plan(0.7)])], [HEADER, entry(7, TIMER, [plan(0.8)])]);
  expect(found).toEqual({
    seq: 7,
    tsMs: 7000,
    event: "timer.fired",
    kind: "decision",
    stage: "plan.published",
    path: "plan.verdict.cutoff",
    expected: "0.7",
    actual: "0.8",
  });
});

test("an event that is lost is named by what came in its place", () => {
  const fill = { type: "exchange.order-filled" };
  const found = difference([HEADER, entry(1, fill), entry(2, TIMER)], [HEADER, entry(1, TIMER)]);
  expect(found).toMatchObject({ seq: 1, kind: "event", stage: "exchange.order-filled became timer.fired" });
});

test("entries and decisions of one side only are extra or missing", () => {
  const extra = difference([HEADER, entry(3, TIMER)], [HEADER, entry(2, TIMER, [plan(1)]), entry(3, TIMER)]);
  expect(extra).toMatchObject({ seq: 2, kind: "extra", stage: "plan.published", expected: "" });
  const missing = difference([HEADER, entry(1, TIMER), entry(2, TIMER)], [HEADER, entry(1, TIMER)]);
  expect(missing).toMatchObject({ seq: 2, kind: "missing", stage: "timer.fired", actual: "" });
  const decision = difference([HEADER, entry(1, TIMER, [plan(1)])], [HEADER, entry(1, TIMER)]);
  expect(decision).toMatchObject({ seq: 1, kind: "missing", stage: "plan.published" });
});

test("a state hash that differs under equal decisions is a difference of state", () => {
  const found = difference(
    [HEADER, entry(1, TIMER, [], { stateHash: "aa" })],
    [HEADER, entry(1, TIMER, [], { stateHash: "bb" })],
  );
  expect(found).toMatchObject({ seq: 1, kind: "state", stage: "state", expected: "aa", actual: "bb" });
});
