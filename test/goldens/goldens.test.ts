import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { JournalEntry } from "../../src/engine/domain/journal.ts";
import { openRecording } from "../../src/recording/reader.ts";
import { loadScenario } from "../../src/sim/scenario/load.ts";
import { repositoryPath, runOf } from "../sim/run/run-helpers.ts";

/** What a variant's journal contains, and the hash of its bytes. */
interface Golden {
  readonly entries: number;
  readonly intents: number;
  readonly plans: Readonly<Record<string, number>>;
  readonly results: Readonly<Record<string, number>>;
  readonly fills: number;
  readonly findings: number;
  readonly journalSha256: string;
  readonly stateHash: string;
}

const FILE = repositoryPath("test/goldens/goldens.json");
/** `UPDATE_GOLDENS=1 npx vitest run test/goldens` after a change that is meant to change decisions; never in CI. */
const isUpdate = process.env["UPDATE_GOLDENS"] === "1" && process.env["CI"] !== "true";

function scenarioFiles(): string[] {
  return ["scenarios", "scenarios/incidents"].flatMap((folder) =>
    readdirSync(repositoryPath(folder))
      .filter((name) => name.endsWith(".yaml"))
      .sort()
      .map((name) => `${folder}/${name}`),
  );
}

function countBy(
  entries: readonly JournalEntry[],
  key: (entry: JournalEntry) => readonly string[],
): Record<string, number> {
  const counts = new Map<string, number>();
  for (const entry of entries) for (const each of key(entry)) counts.set(each, (counts.get(each) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function goldenOf(entries: readonly JournalEntry[], hash: string, stateHash: string): Golden {
  const findings = countBy(entries, ({ decisions }) => decisions.map(({ type }) => type))["finding.noted"] ?? 0;
  const events = countBy(entries, ({ envelope }) => [envelope.event.type]);
  return {
    entries: entries.length,
    intents: events["intent.received"] ?? 0,
    plans: countBy(entries, ({ decisions }) =>
      decisions.flatMap((each) =>
        each.type === "plan.published" ? [`${each.plan.evalType} ${each.plan.decision}`] : [],
      ),
    ),
    results: countBy(entries, ({ decisions }) =>
      decisions.flatMap((each) => (each.type === "result.recorded" ? [each.status] : [])),
    ),
    fills: events["exchange.order-filled"] ?? 0,
    findings,
    journalSha256: hash,
    stateHash,
  };
}

function currentGoldens(file: string): Record<string, Golden> {
  const scenario = loadScenario(repositoryPath(file));
  const { entries, hashes, result } = runOf(scenario, openRecording(scenario.recordingPath));
  return Object.fromEntries(
    scenario.variants.map(({ name }, index) => [
      name,
      goldenOf(entries[index]!, hashes[index]!, result.variants[index]!.stateHash),
    ]),
  );
}

describe("goldens", () => {
  const files = scenarioFiles();

  if (isUpdate) {
    const all = Object.fromEntries(files.map((file) => [file, currentGoldens(file)]));
    writeFileSync(FILE, `${JSON.stringify(all, null, 2)}\n`);
  }

  const committed = existsSync(FILE)
    ? (JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Record<string, Golden>>)
    : {};

  test("exist for every shipped scenario and for no other", () => {
    expect(files.length).toBeGreaterThanOrEqual(11);
    expect(Object.keys(committed)).toEqual(files);
  });

  test("contain something: plans or findings in every variant, fills somewhere", () => {
    const variants = Object.values(committed).flatMap((golden) => Object.values(golden));
    for (const { entries, plans, findings } of variants) {
      expect(entries).toBeGreaterThan(1);
      expect(Object.keys(plans).length + findings).toBeGreaterThan(0);
    }
    expect(variants.reduce((sum, { fills }) => sum + fills, 0)).toBeGreaterThan(200);
  });

  test.each(files)("%s decides what it decided before", (file) => {
    expect(currentGoldens(file)).toEqual(committed[file]);
  });
});
