import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT } from "../../src/diagnostics/user-error.ts";
import { openRecording } from "../../src/recording/reader.ts";
import { loadScenario } from "../../src/sim/scenario/load.ts";
import { compareRows } from "../../src/verify/compare/compare.ts";
import { type DecisionRow, type GoldenRow, isState } from "../../src/verify/golden/golden.ts";
import { goldenText, parseGolden } from "../../src/verify/golden/golden-file.ts";
import type { Outcome } from "../../src/verify/outcome.ts";
import { replay } from "../../src/verify/replay.ts";
import { verifyTask } from "../../src/verify/verify-task.ts";
import { createGoldenProject, EDGES, EDGES_GOLDEN, type GoldenProject, WHY } from "./golden-project.ts";

let project: GoldenProject;
beforeEach(() => {
  project = createGoldenProject();
});
afterEach(() => project.remove());

function verified(of: { isStrict?: boolean; isAll?: boolean; because?: string } = {}): Outcome {
  const [outcome] = verifyTask({
    scenario: project.path(EDGES),
    recording: project.path("recordings/regime-flip"),
    goldens: [{ file: project.path(EDGES_GOLDEN), variant: "base" }],
    isStrict: of.isStrict ?? false,
    isAll: of.isAll ?? false,
    because: of.because ?? null,
  });
  return outcome!;
}

function placeOf(rows: readonly GoldenRow[], is: (row: DecisionRow) => boolean, nth = 0): number {
  return rows.flatMap((row, place) => (!isState(row) && is(row) ? [place] : []))[nth]!;
}

function change(place: (rows: readonly GoldenRow[]) => number, to: (row: DecisionRow) => DecisionRow): DecisionRow {
  let changed: DecisionRow | null = null;
  project.reseal(EDGES_GOLDEN, (rows) => {
    const at = place(rows);
    changed = rows[at] as DecisionRow;
    rows[at] = to(changed);
    return undefined;
  });
  return changed!;
}

const isExecuted = (row: DecisionRow) => row.type === "plan.published" && row.outcome === "EXECUTE";
const isScored = (row: DecisionRow) => isExecuted(row) && row.score !== undefined && row.score > 0.1;

describe("a golden compared with its replay", () => {
  test("passes when every decision is the same", () => {
    expect(verified()).toMatchObject({ status: "PASS", class: null, divergence: null, exit: EXIT.ok, decisions: 905 });
  });

  test("whose decisions are all equal and whose bytes are not passes with a note, and fails when it is strict", () => {
    const file = project.path(EDGES_GOLDEN);
    const { header, rows } = parseGolden(readFileSync(file, "utf8"), file);
    const { schema: _schema, sha256: _sha256, ...open } = header;
    writeFileSync(file, goldenText({ ...open, journalSha256: "0".repeat(64) }, rows));
    expect(verified()).toMatchObject({ status: "PASS", exit: EXIT.ok, notes: [expect.stringMatching(/other bytes/)] });
    const strict = verified({ isStrict: true });
    expect(strict).toMatchObject({ status: "DIVERGED", class: "bytes differ", exit: EXIT.divergence });
    expect(strict.problems[0]!.text).toMatch(/an order or a last digit moved/);
  });

  test("diverges at an outcome that is another, with both columns, cause, chain, events and stream entry", () => {
    const row = change(
      (rows) => placeOf(rows, (each) => isExecuted(each) && each.entry !== undefined, 3),
      (each) => ({ ...each, outcome: "BLOCKED" }),
    );
    const { status, exit, divergence } = verified();
    expect({ status, exit }).toEqual({ status: "DIVERGED", exit: EXIT.divergence });
    expect(divergence).toMatchObject({
      class: "rule differs",
      recording: "regime-flip",
      seq: row.seq,
      tsMs: row.ts,
      stage: "governor",
      entry: row.entry,
      id: row.id,
      symbol: row.symbol,
      stateBefore: "not compared",
      later: {},
      chainOf: "now",
    });
    expect(divergence!.fields).toContainEqual(
      expect.objectContaining({ field: "outcome", golden: "BLOCKED", now: "EXECUTE", isEqual: false }),
    );
    expect(divergence!.fields).toContainEqual(expect.objectContaining({ field: "inputs hash", isEqual: true }));
    expect(divergence!.cause).toMatch(/same inputs, other rule -> the engine/);
    expect(divergence!.chain.map(({ what }) => what).slice(0, 2)).toEqual(["intent", "governor"]);
    expect(divergence!.before).toHaveLength(5);
    expect(divergence!.before.at(-1)!.seq).toBeLessThan(row.seq);
    expect(divergence!.sameUntil!.decision).toBe(divergence!.decision - 1);
    const line = readFileSync(project.path(EDGES_GOLDEN), "utf8").split("\n")[divergence!.goldenLine - 1]!;
    expect(JSON.parse(line)).toMatchObject({ id: row.id, type: "plan.published", outcome: "BLOCKED" });
  });

  test("names one lost decision at its place, and nothing after it", () => {
    let lost: DecisionRow | null = null;
    project.reseal(EDGES_GOLDEN, (rows) => {
      [lost] = rows.splice(
        placeOf(rows, ({ type }) => type === "result.recorded", 20),
        1,
      ) as DecisionRow[] as [DecisionRow];
      return undefined;
    });
    const { divergence } = verified();
    expect(divergence).toMatchObject({
      class: "extra",
      type: "result.recorded",
      id: lost!.id,
      seq: lost!.seq,
      later: {},
    });
  });

  test("names one decision too few at its place, and nothing after it", () => {
    project.reseal(EDGES_GOLDEN, (rows) => {
      const at = placeOf(rows, isExecuted, 5);
      rows.splice(at, 0, { ...(rows[at] as DecisionRow), id: "feedfacefeedface", entry: "1-1" });
      return undefined;
    });
    const { divergence } = verified();
    expect(divergence).toMatchObject({ class: "missing", id: "feedfacefeedface", entry: "1-1", later: {} });
    expect(divergence!.cause).toMatch(/stream entry 1-1 never reached the engine/);
    expect(divergence!.chainOf).toBe("golden");
  });

  test("names an intent the replay never saw by its stream entry, at its place, and goes on", () => {
    const scenario = loadScenario(project.path(WHY));
    const recording = openRecording(project.path("recordings/why-no-execute"));
    const whole = replay(scenario, recording);
    const inputs = [...recording.inputs()];
    const startTsMs = whole[0]!.header.startTsMs;
    const given = inputs.filter(({ rxMs, stream }) => stream === "trade.intent" && rxMs >= startTsMs);
    expect(given.length).toBeGreaterThan(5);
    for (const lost of given) {
      const source = { ...recording, inputs: () => inputs.filter((each) => each !== lost) };
      const torn = replay(scenario, source);
      for (const variant of [0, 1]) {
        const { differences } = compareRows(whole[variant]!.rows, torn[variant]!.rows, { isStateCompared: true });
        expect(differences[0]).toMatchObject({ kind: "missing", golden: { entry: lost.payload["id"] } });
        if (variant === 1) expect(differences.length).toBeLessThanOrEqual(3);
      }
    }
  });

  test("finds its place again after many lost decisions", () => {
    project.reseal(EDGES_GOLDEN, (rows) => {
      rows.splice(200, 60);
      return undefined;
    });
    const { divergence } = verified();
    expect(divergence!.class).toBe("extra");
    const later = Object.entries(divergence!.later);
    expect(later.map(([kind]) => kind)).toEqual(["extra"]);
    expect(later[0]![1]).toBeLessThan(60);
  });

  test("calls two decisions in the other order a difference of state", () => {
    project.reseal(EDGES_GOLDEN, (rows) => {
      const at = placeOf(rows, ({ type }) => type === "permit.denied", 4);
      [rows[at], rows[at - 1]] = [rows[at - 1]!, rows[at]!];
      return undefined;
    });
    const { divergence } = verified();
    expect(divergence).toMatchObject({ class: "state differs", later: {} });
    expect(divergence!.cause).toMatch(/same decision, another order/);
  });

  test("names the state hash that differs while no decision does", () => {
    let seq = 0;
    project.reseal(EDGES_GOLDEN, (rows) => {
      const at = rows.findIndex(isState);
      seq = rows[at]!.seq;
      rows[at] = { ...rows[at]!, state: "0123456789abcdef" } as GoldenRow;
      return undefined;
    });
    const { status, divergence } = verified();
    expect(status).toBe("DIVERGED");
    expect(divergence).toMatchObject({ class: "state differs", stage: "state", seq });
    expect(divergence!.cause).toMatch(new RegExp(`state hash differs at seq ${seq}`));
  });

  test("says of a decision after it that the state before was another", () => {
    project.reseal(EDGES_GOLDEN, (rows) => {
      const at = rows.findIndex(isState);
      rows[at] = { ...rows[at]!, state: "0123456789abcdef" } as GoldenRow;
      const later = placeOf(rows, (row) => isExecuted(row) && row.seq > rows[at]!.seq);
      rows[later] = { ...(rows[later] as DecisionRow), outcome: "BLOCKED" };
      return undefined;
    });
    const { divergence } = verified({ isAll: true });
    expect(divergence!.class).toBe("state differs");
    expect(divergence!.laterLines.join("\n")).toMatch(/changed .* outcome BLOCKED -> EXECUTE/);
  });

  test("does not compare states with a golden of another engine", () => {
    project.reseal(EDGES_GOLDEN, (rows) => {
      const at = rows.findIndex(isState);
      rows[at] = { ...rows[at]!, state: "0123456789abcdef" } as GoldenRow;
      return { engineVersion: "0.0.9" };
    });
    const { status, notes } = verified();
    expect(status).toBe("PASS");
    expect(notes.join()).toMatch(/of engine 0\.0\.9, its states were not compared/);
  });

  test("lets a score differ beyond the twelfth digit, and warns of the sixth", () => {
    const nudge = (factor: number) =>
      change(
        (rows) => placeOf(rows, isScored),
        (row) => ({ ...row, score: row.score! * factor }),
      );
    nudge(1 + 1e-14);
    expect(verified()).toMatchObject({ status: "PASS", class: null, numericCount: 0 });
    nudge(1 + 2e-6);
    expect(verified()).toMatchObject({ status: "PASS", class: "numeric only", numericCount: 1, exit: EXIT.ok });
    expect(verified({ isStrict: true })).toMatchObject({
      status: "DIVERGED",
      class: "numeric only",
      exit: EXIT.divergence,
    });
  });

  test("calls another inputs hash with another outcome a difference of inputs", () => {
    change(
      (rows) => placeOf(rows, isExecuted, 2),
      (row) => ({ ...row, outcome: "BLOCKED", inputs: "00000000" }),
    );
    expect(verified().divergence!.class).toBe("inputs differ");
  });

  test("blames a recording that has another hash", () => {
    project.reseal(EDGES_GOLDEN, (rows) => {
      const at = placeOf(rows, isExecuted, 2);
      rows[at] = { ...(rows[at] as DecisionRow), outcome: "BLOCKED" };
      return { recordingHash: "f".repeat(64) };
    });
    const { divergence } = verified();
    expect(divergence!.class).toBe("inputs differ");
    expect(divergence!.cause).toMatch(/another recording: regime-flip @ffffffff is now regime-flip @/);
  });

  test("names the key and the line of the scenario when the governor's rule is another", () => {
    const governor = "governor: { name: fixed-threshold";
    project.edit(WHY, (text) => text.replace(governor, `${governor}, params: { warning: 0.77 }`));
    const [outcome] = verifyTask({
      scenario: project.path(WHY),
      recording: project.path("recordings/why-no-execute"),
      goldens: [{ file: project.path("goldens/why-no-execute/origin.ndjson"), variant: "origin" }],
      isStrict: false,
      isAll: false,
      because: null,
    });
    const { divergence } = outcome!;
    const line =
      readFileSync(project.path(WHY), "utf8")
        .split("\n")
        .findIndex((each) => each.includes(governor)) + 1;
    expect(divergence).toMatchObject({
      class: "rule differs",
      changes: [{ key: "pipeline.governor.params.warning", before: "0.6", now: "0.77", line }],
      cause: `same inputs, other rule -> governor config "params.warning" 0.6 is now 0.77 (scenario line ${line}), not the engine`,
    });
    expect(divergence!.fields).toContainEqual(
      expect.objectContaining({ field: "outcome", golden: "BLOCKED", now: "EXECUTE" }),
    );
    expect(divergence!.effect).toEqual(["executed 5 -> 5", "net pnl -0.40 -> -0.40"]);
  });

  test("does not compare another experiment: the change is named with its line", () => {
    project.edit(EDGES, (text) => text.replace("seed: 3", "seed: 4"));
    const outcome = verified();
    expect(outcome).toMatchObject({
      status: "CANNOT_REPLAY",
      class: "scenario changed",
      exit: EXIT.evidenceIncomplete,
    });
    expect(outcome.problems[0]!.text).toMatch(/scenario "seed" 3 is now 4 \(scenario line \d+\)/);
  });

  test("compares with a golden of a version that did not know all keys of today", () => {
    project.reseal(EDGES_GOLDEN, (_rows, { setup }) => {
      const { exchange, ...rest } = setup;
      const { fill: _fill, ...known } = exchange as Record<string, unknown>;
      return { setup: { ...rest, exchange: known } };
    });
    expect(verified()).toMatchObject({ status: "PASS", notes: [] });
  });

  test("says that a changed rule changes no decision", () => {
    project.edit(EDGES, (text) => text.replace("interval: 8s", "interval: 8s, needWindow: 61s"));
    const { status, notes } = verified();
    expect(status).toBe("PASS");
    expect(notes.join()).toMatch(/"snapshots\.needWindow" 60000 is now 61000 .* nothing is decided otherwise/);
  });

  test("does not mind a change that cannot change a decision", () => {
    project.edit(EDGES, (text) => text.replace("count == 0", "count < 1").replace("title: The", "title: All"));
    expect(verified()).toMatchObject({ status: "PASS", notes: [] });
  });

  test("writes what is decided now with the reason, and leaves what is the same as it is", () => {
    const before = readFileSync(project.path(EDGES_GOLDEN), "utf8");
    expect(verified({ because: "no reason" })).toMatchObject({ status: "PASS", written: null });
    expect(readFileSync(project.path(EDGES_GOLDEN), "utf8")).toBe(before);
    change(
      (rows) => placeOf(rows, isExecuted),
      (row) => ({ ...row, outcome: "BLOCKED" }),
    );
    expect(verified({ because: 'the "cutoff" is learned\nnow' })).toMatchObject({ status: "PASS", written: "updated" });
    const { header } = parseGolden(readFileSync(project.path(EDGES_GOLDEN), "utf8"), EDGES_GOLDEN);
    expect(header.reason).toBe('the "cutoff" is learned\nnow');
    expect(verified().status).toBe("PASS");
  });

  test("is not written from a run that breaks an invariant nobody expected", () => {
    project.edit(WHY, (text) =>
      text.replace(/^ *- \{ code: invariant\.intent-conservation, variant: origin, min: 4 \}\n/m, ""),
    );
    const file = project.path("goldens/new.ndjson");
    const [outcome] = verifyTask({
      scenario: project.path(WHY),
      recording: project.path("recordings/why-no-execute"),
      goldens: [{ file, variant: "origin" }],
      isStrict: false,
      isAll: false,
      because: "it looks right",
    });
    expect(outcome).toMatchObject({ class: "run fails its invariants", exit: EXIT.internal, written: null });
    expect(outcome!.problems[0]!.text).toMatch(/invariant\.intent-conservation/);
    expect(() => readFileSync(file)).toThrow(/ENOENT/);
  });
});
