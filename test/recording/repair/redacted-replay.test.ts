import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inspectRecording } from "../../../src/recording/inspect/inspect-recording.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { redactRecording } from "../../../src/recording/repair/redact-recording.ts";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import { repositoryPath, runOf } from "../../sim/run/run-helpers.ts";
import { editLines, editManifest } from "../edit-recording.ts";

const KEY = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF".repeat(2);

test("a secret planted in the intents of why-no-execute is taken out, and the replay decides the same", () => {
  const base = mkdtempSync(join(tmpdir(), "redacted-replay-"));
  try {
    const [original, planted, out] = [repositoryPath("recordings/why-no-execute"), join(base, "p"), join(base, "out")];
    cpSync(original, planted, { recursive: true });
    let intents = 0;
    editLines(planted, "inputs.0001.ndjson.gz", (lines) =>
      lines.map((line) => {
        if (!line.includes('"s":"trade.intent"')) return line;
        intents++;
        const record = JSON.parse(line) as { fields: { payload: string } };
        record.fields.payload = record.fields.payload.replace("{", `{"api_key": "${KEY}", `);
        return JSON.stringify(record);
      }),
    );
    editManifest(planted, (manifest) => {
      manifest.notes.push(`recorded with ${KEY}`);
    });
    expect(intents).toBe(14);
    expect(inspectRecording(planted).secretCount).toBe(2 * intents + 1);
    const { redactions } = redactRecording(planted, out);
    expect(redactions).toEqual([
      { kind: "named credential", values: 1, count: intents },
      { kind: "venue API key", values: 1, count: 1 },
    ]);
    expect(inspectRecording(out)).toMatchObject({ secretCount: 0, damageCount: 0 });
    // The journal carries the intents as they came, so the entries differ by the secret; what was decided may not.
    const decisionsOf = (dir: string) =>
      runOf(loadScenario(repositoryPath("scenarios/why-no-execute.yaml")), openRecording(dir)).entries.map((variant) =>
        variant.map(({ envelope, decisions }) => ({ seq: envelope.seq, decisions })),
      );
    const expected = decisionsOf(original);
    expect(expected.flat().filter(({ decisions }) => decisions.length > 0).length).toBeGreaterThan(40);
    expect(decisionsOf(out)).toEqual(expected);
    // A field that decides is not missed by this comparison.
    const blind = join(base, "blind");
    redactRecording(planted, blind, ["side"]);
    expect(decisionsOf(blind)).not.toEqual(expected);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
});
