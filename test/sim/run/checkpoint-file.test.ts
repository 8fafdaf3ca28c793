import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import seedrandom from "seedrandom";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import {
  type CheckpointHeader,
  type CheckpointIdentity,
  readCheckpoint,
  requireSameRun,
  writeCheckpoint,
} from "../../../src/sim/run/checkpoint-file.ts";
import { runScenario } from "../../../src/sim/run/run.ts";
import type { RunRequest } from "../../../src/sim/run/types.ts";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import { repositoryPath } from "./run-helpers.ts";

const folder = mkdtempSync(join(tmpdir(), "rehearsal-checkpoint-"));
const file = join(folder, "whole.ckpt");
const identity: CheckpointIdentity = {
  runId: "r-00000001",
  scenario: "small",
  scenarioHash: "a".repeat(64),
  recording: "rec",
  recordingHash: "b".repeat(64),
  engineVersion: "0.1.0",
  nodeMajor: 20,
};
const journals = [Buffer.from("first\n"), Buffer.from("second\n")];
const scenario = loadScenario(repositoryPath("scenarios/why-no-execute.yaml"));
const recording = openRecording(scenario.recordingPath);
let header: CheckpointHeader;

function run(more: Pick<RunRequest, "from" | "until" | "onCheckpoint">): void {
  runScenario({ runId: "r", scenario, recording, onHeader: () => undefined, onEntry: () => undefined, ...more });
}

beforeAll(() => {
  run({
    until: { kind: "time", tsMs: recording.firstTsMs + 300_000 },
    onCheckpoint: (save) => {
      header = writeCheckpoint(file, {
        ...identity,
        overrides: { seed: "9" },
        furtherRecordings: [],
        snapshot: save(),
        journals,
      });
    },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Exit code and text of the refusal; fails when there is none. */
function refusalOf(action: () => unknown): { readonly exitCode: number; readonly text: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return { exitCode: error.exitCode, text: error.message };
    throw error;
  }
  throw new Error("nothing was refused");
}

function refusalOfBytes(bytes: Uint8Array): { readonly exitCode: number; readonly text: string } {
  const damaged = join(folder, "damaged.ckpt");
  writeFileSync(damaged, bytes);
  return refusalOf(() => readCheckpoint(damaged));
}

describe("a checkpoint file", () => {
  test("says in its first line what it is, and gives back what was written", () => {
    const [first = ""] = readFileSync(file, "latin1").split("\n", 1);
    expect(JSON.parse(first)).toEqual(header);
    expect(header.schema).toBe("rehearsal.checkpoint/1");
    expect(header.variants.map(({ name }) => name)).toEqual(scenario.variants.map(({ name }) => name));
    const read = readCheckpoint(file);
    expect(read.header).toEqual(header);
    expect(read.journals.map(String)).toEqual(["first\n", "second\n"]);
    expect(read.snapshot.variants.map(({ world }) => world.seq)).toEqual(header.variants.map(({ seq }) => seq));
  });

  test("is refused with exit 14 wherever it was cut or a bit has turned behind its first line", () => {
    const whole = readFileSync(file);
    const body = whole.indexOf(0x0a) + 1;
    const random = seedrandom("damage");
    const places = [
      body,
      whole.length - 1,
      ...Array.from({ length: 40 }, () => Math.floor(body + random() * (whole.length - body))),
    ];
    for (const place of places) {
      const cut = refusalOfBytes(whole.subarray(0, place));
      expect(cut).toMatchObject({ exitCode: 14 });
      expect(cut.text).toContain("it was cut or changed");
      const turned = Buffer.from(whole);
      turned[place]! ^= 1 << Math.floor(random() * 8);
      expect(refusalOfBytes(turned)).toMatchObject({ exitCode: 14 });
    }
    expect(refusalOfBytes(Buffer.concat([whole, Buffer.from("x")]))).toMatchObject({ exitCode: 14 });
  });

  test("is refused with exit 2 when it is something else, of a later schema or not there", () => {
    for (const text of ["", "{}\n", "[1]\n", "null\n", '{"schema":"rehearsal.checkpoint/1"}\n', "run r-1\n"]) {
      const refusal = refusalOfBytes(Buffer.from(text));
      expect(refusal).toMatchObject({ exitCode: 2 });
      expect(refusal.text).toContain("no header of a checkpoint");
    }
    const later = refusalOfBytes(Buffer.from('{"schema":"rehearsal.checkpoint/2"}\n'));
    expect(later).toMatchObject({ exitCode: 2 });
    expect(later.text).toContain('its schema is "rehearsal.checkpoint/2"');
    expect(refusalOf(() => readCheckpoint(join(folder, "none.ckpt"))).text).toContain("ENOENT");
  });

  test("belongs to one run: what differs is named", () => {
    expect(() => requireSameRun(file, header, identity)).not.toThrow();
    const cases: readonly [Partial<CheckpointIdentity>, number, string][] = [
      [{ nodeMajor: 22 }, 2, "Node 20 wrote it and this is Node 22"],
      [{ engineVersion: "9.0.0" }, 2, "engine 0.1.0 wrote it and this is 9.0.0"],
      [{ scenarioHash: "c".repeat(64) }, 2, "scenario small @aaaaaaaa, the one given is small @cccccccc"],
      [{ recordingHash: "d".repeat(64) }, 14, "recording rec @bbbbbbbb, the one given is rec @dddddddd"],
      [{ runId: "r-00000002" }, 2, "leave out --seed and --variant"],
    ];
    for (const [change, exitCode, text] of cases) {
      const refusal = refusalOf(() => requireSameRun(file, header, { ...identity, ...change }));
      expect(refusal.exitCode).toBe(exitCode);
      expect(refusal.text).toContain(text);
    }
  });

  test("of a build that remembered something else is refused, because its hash does not come back", () => {
    const { snapshot } = readCheckpoint(file);
    const [first, ...others] = snapshot.variants;
    const memory = { ...first!.engine.memory, killSwitch: "all" as const };
    const changed = { ...snapshot, variants: [{ ...first!, engine: { ...first!.engine, memory } }, ...others] };
    expect(refusalOf(() => run({ from: changed })).text).toContain("the build that saved it is needed");
    expect(() => run({ from: readCheckpoint(file).snapshot })).not.toThrow();
  });
});
