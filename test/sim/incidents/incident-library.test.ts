import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkExpectations, needsRecording } from "../../../src/cli/expectations.ts";
import { isFindingCode } from "../../../src/diagnostics/finding-codes.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { createFindings, findInRecording } from "../../../src/reports/findings/index.ts";
import { summarize } from "../../../src/reports/summary/run-summary.ts";
import { writeLostPlace } from "../../../src/sim/incidents/lost-place.ts";
import { loadScenario, parseScenario } from "../../../src/sim/scenario/load.ts";
import { repositoryPath, runOf } from "../run/run-helpers.ts";

const FOLDER = repositoryPath("scenarios/incidents");
const DOC = readFileSync(repositoryPath("docs/incidents.md"), "utf8");
const files = readdirSync(FOLDER).map((name) => name.replace(".yaml", ""));
const rows = [...DOC.matchAll(/^\| (S\d\d) \|.*\|$/gm)].map(([row, id]) => ({ id: id!, row }));

test("S01 to S25 are all there, in the library and in its table, and nothing else is", () => {
  const ids = Array.from({ length: 25 }, (_, place) => `S${String(place + 1).padStart(2, "0")}`);
  expect(rows.map(({ id }) => id)).toEqual(ids);
  expect([...new Set(files.map((name) => name.slice(0, 3).toUpperCase()))].sort()).toEqual(ids);
  const told = rows.flatMap(({ row }) => [...row.matchAll(/`(s\d\d-[a-z-]+)`/g)].map(([, name]) => name!));
  expect(told.sort()).toEqual([...files].sort());
});

test.each(files)("%s is a sentence, asserts its finding and somewhere the absence of it", (name) => {
  const { expect: expected, title } = loadScenario(join(FOLDER, `${name}.yaml`));
  expect(name.split("-").length).toBeGreaterThan(3);
  expect(title).not.toBe("");
  const id = name.slice(0, 3);
  const siblings = files
    .filter((each) => each.startsWith(id))
    .flatMap((each) => loadScenario(join(FOLDER, `${each}.yaml`)).expect.findings);
  const present = new Set(siblings.filter((each) => each.present).map(({ code }) => code));
  const absent = siblings.filter((each) => !each.present).map(({ code }) => code);
  expect(expected.findings.length).toBeGreaterThan(0);
  expect(absent.some((code) => present.has(code))).toBe(true);
});

test.each(files)("%s meets its expectations in every variant", (name) => {
  const scenario = loadScenario(join(FOLDER, `${name}.yaml`));
  const { headers, entries } = runOf(scenario, openRecording(scenario.recordingPath));
  const ofRecording = needsRecording(scenario.expect) ? findInRecording(scenario.recordingPath).findings : [];
  const results = headers.flatMap((header, place) => {
    const rules = createFindings({ header });
    for (const entry of entries[place]!) rules.observe(entry);
    return checkExpectations(scenario.expect, summarize(header, entries[place]!), [...rules.report(), ...ofRecording]);
  });
  expect(results.length).toBeGreaterThanOrEqual(scenario.expect.findings.length);
  expect(results.filter(({ isMet }) => !isMet)).toEqual([]);
});

test.each(rows)("the codes the table names for $id are those its scenarios expect", ({ id, row }) => {
  const expected = files
    .filter((each) => each.startsWith(id.toLowerCase()))
    .flatMap((each) => loadScenario(join(FOLDER, `${each}.yaml`)).expect.findings)
    .filter(({ present }) => present)
    .map(({ code }) => code);
  const named = [...row.matchAll(/`([a-z_.-]+)`/g)].map(([, code]) => code!).filter((code) => !/^s\d\d-/.test(code));
  expect(named.length).toBeGreaterThan(0);
  for (const code of named) {
    expect(isFindingCode(code), code).toBe(true);
    expect(expected, code).toContain(code);
  }
});

test("the evening itself gives the quantities, the refusal and the plan id that were printed", () => {
  const scenario = loadScenario(join(FOLDER, "s01-the-evening-itself.yaml"));
  const { entries } = runOf(scenario, openRecording(scenario.recordingPath));
  const decisions = entries[0]!.flatMap((entry) => entry.decisions);
  const results = decisions.flatMap((each) =>
    each.type === "result.recorded" && each.evalType === "ENTRY" ? [each] : [],
  );
  expect(results.filter(({ isExecuted }) => isExecuted).map(({ filledQtyLots }) => filledQtyLots)).toEqual([
    632, 631, 629, 628, 632,
  ]);
  expect(results.filter(({ status }) => status === "REJECTED_VENUE").map(({ symbol }) => symbol)).toEqual([
    "WAVESUSDT",
  ]);
  expect(results.map(({ planId }) => planId)).toContain("fade715762e5ab39");
  const reconciled = decisions.flatMap((each) => (each.type === "position.reconciled" ? [each] : [])).at(-1)!;
  expect(reconciled.ownFillsQtyLots).toBe(3152);
});

test("a third permit that nobody writes ends every close after 1.2 s and sends none", () => {
  const scenario = loadScenario(join(FOLDER, "s10-a-third-permit-that-nobody-writes.yaml"));
  const { entries } = runOf(scenario, openRecording(scenario.recordingPath));
  const waits: number[] = [];
  const planned = new Map<string, number>();
  for (const { envelope, decisions } of entries[0]!) {
    for (const decision of decisions) {
      expect(decision.type).not.toBe("order.submitted");
      if (decision.type === "plan.published") planned.set(decision.plan.planId, envelope.tsMs);
      if (decision.type === "result.recorded" && decision.reason === "permit_timeout_or_missing:missing_p26")
        waits.push(envelope.tsMs - planned.get(decision.planId)!);
    }
  }
  expect(waits.length).toBeGreaterThan(50);
  // The origin measured 1207 ms with its polling; the wait itself is 1200.
  for (const wait of waits) expect(wait).toBe(1200);
});

test("the captures of a lost and a kept place are those the generator makes", () => {
  for (const [name, isWhole] of [
    ["lost-place", false],
    ["kept-place", true],
  ] as const) {
    const dir = mkdtempSync(join(tmpdir(), "rehearsal-place-"));
    const { hash } = writeLostPlace(join(dir, name), isWhole);
    expect(openRecording(repositoryPath(`recordings/${name}`)).hash).toBe(hash);
    rmSync(dir, { recursive: true });
  }
});

test("a code nobody knows is refused where it stands, with the one that was meant", () => {
  const text = "name: x\nrecording: r\nintents: none\nexpect:\n  findings:\n    - { code: dead_gat }\n";
  expect(() => parseScenario(text, "x.yaml")).toThrow(
    /x\.yaml:6:15 .*"dead_gat": a code of docs\/findings.md is needed, such as dead_gate/,
  );
});
