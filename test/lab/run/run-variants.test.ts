import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ENGINE_VERSION } from "../../../src/engine/version.ts";
import { runVariants, VariantsInterrupted } from "../../../src/lab/run/run-variants.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { createJournalWriter, type JournalWriter } from "../../../src/reports/journal-file.ts";
import { runScenario } from "../../../src/sim/run/run.ts";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import { overrideScenario } from "../../../src/sim/scenario/override.ts";
import { runIdOf } from "../../../src/sim/scenario/run-id.ts";
import type { Scenario } from "../../../src/sim/scenario/schema.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";

const recording = openRecording(repositoryPath("recordings/regime-flip"), { cache: "off" });
const scenario = overrideScenario(loadScenario(repositoryPath("scenarios/regime-flip.yaml")), { to: "24h" });

/** The journal `sim run --variant NAME` writes. */
function journalAlone(name: string, seed: string): string {
  const alone: Scenario = overrideScenario(scenario, { variants: [name], seed });
  let text = "";
  let journal: JournalWriter | null = null;
  runScenario({
    runId: runIdOf({ scenario: alone, recordingHash: recording.hash, engineVersion: ENGINE_VERSION }),
    scenario: alone,
    recording,
    onHeader: (_index, header) => {
      journal = createJournalWriter(header, (chunk) => {
        text += chunk;
      });
    },
    onEntry: (_index, entry) => journal!.append(entry),
  });
  journal!.flush();
  return text;
}

test("variants in one pass give the journals each gives alone, byte for byte", async () => {
  const places = [0, 1, 4];
  const kept = new Map<number, string>();
  const records = await runVariants({
    scenario,
    recording,
    variantIndices: places,
    seed: "11",
    journalSink: (place) => (chunk) => void kept.set(place, (kept.get(place) ?? "") + chunk),
  });
  expect(records.map(({ variant }) => variant)).toEqual(places.map((place) => scenario.variants[place]!.name));
  for (const [index, place] of places.entries()) {
    const alone = journalAlone(scenario.variants[place]!.name, "11");
    expect(alone.split("\n").length).toBeGreaterThan(100);
    expect(kept.get(place)! === alone).toBe(true);
    expect(records[index]!.journalSha256).toBe(createHash("sha256").update(alone).digest("hex"));
    expect(records[index]!.seed).toBe("11");
  }
  expect(new Set(records.map(({ journalSha256 }) => journalSha256)).size).toBe(places.length);
});

test("a run that is asked to stop gives no record: a part of a run is none", async () => {
  let looks = 0;
  const stopped = runVariants({ scenario, recording, variantIndices: [0], shouldStop: () => ++looks > 5 });
  await expect(stopped).rejects.toThrow(VariantsInterrupted);
});
