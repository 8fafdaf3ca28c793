import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unsealedText } from "../../../src/cli/commands/inspect-unsealed.ts";
import { createLiveRecording } from "../../../src/recording/live/live-recording.ts";
import { recoverRecording } from "../../../src/recording/live/recover-recording.ts";
import { sealRecovered } from "../../../src/recording/live/seal-recovered.ts";
import { ensureBuilt, runSim } from "../../built-cli.ts";
import { record, SYMBOLS, sampleRows } from "./live-rows.ts";

let base = "";

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "inspect-unsealed-"));
  await ensureBuilt();
});

afterAll(() => {
  if (base !== "") rmSync(base, { recursive: true, force: true });
});

function closed(name: string): string {
  const dir = join(base, name);
  const live = createLiveRecording({ dir, id: name, createdBy: "test 1", fidelity: "mark", symbols: SYMBOLS });
  const rows = sampleRows(60);
  record(live, rows.slice(0, 40));
  live.flush();
  record(live, rows.slice(40));
  live.close();
  return dir;
}

test("sim inspect of a closed unsealed recording says that nothing is missing and how to go on", async () => {
  const dir = closed("whole");
  const { code, stdout } = await runSim(["inspect", dir]);

  expect(stdout).toContain("recording  whole  mark  by test 1  unsealed\n");
  expect(stdout).toContain("recorder   was closed and did not seal it; 0 restarts\n");
  expect(stdout).toContain("verified   60 records, seq 1-60\n");
  expect(stdout).toContain("missing    nothing known\n");
  expect(stdout).toContain(`next       sim inspect ${dir} --repair --out NEW`);
  expect(code).toBe(0);
});

test("sim inspect of a torn recording says exactly what is missing, with exit code 14 and in JSON too", async () => {
  const dir = closed("torn");
  const file = join(dir, "market.0001.ndjson.part");
  const bytes = readFileSync(file);
  // The last block has the prices 33 to 48; its last five bytes of records go.
  const first = bytes.indexOf('{"live":"close"}');
  const records = bytes
    .subarray(0, first)
    .toString()
    .split("\n")
    .filter((line) => line.startsWith('{"seq"'));
  writeFileSync(file, bytes.subarray(0, first - 5));

  const text = await runSim(["inspect", dir]);
  const json = await runSim(["inspect", dir, "--json"]);

  const report = JSON.parse(json.stdout) as ReturnType<typeof recoverRecording>;
  expect(report).toMatchObject({ schema: "rehearsal.unsealed/1", recorder: "died", missingSeqs: 16, restarts: 0 });
  expect(report.verified.records).toBe(44);
  expect(report.unverifiedRecords).toBe(15);
  expect(records).toHaveLength(48);
  expect(text.stdout).toMatch(
    /missing {4}market.0001.ndjson.part: the line that begins at byte \d+ is cut off; \d+ bytes after the last good checkpoint are not verified: 15 whole records and \d+ torn bytes\n/,
  );
  expect(text.stdout).toMatch(
    /missing {4}16 numbered records are in no verified segment: seq 41-44, 46-47, 49-53, 55-59\n/,
  );
  expect(text.stdout).toMatch(
    /missing {4}the recorder ended without closing: what it received after rx \d+ and had not written is not known\n/,
  );
  expect([text.code, json.code]).toEqual([14, 14]);
});

test("a recording that is being written is not sealed from outside", () => {
  const live = createLiveRecording({ dir: join(base, "runs"), id: "r", createdBy: "test 1", fidelity: "mark" });
  expect(unsealedText(recoverRecording(live.dir))).toContain(`recorder   is recording now (process ${process.pid})`);
  expect(() => sealRecovered(live.dir, join(base, "out"), "test 1")).toThrow(/is recording into it/);
  live.close();
  expect(sealRecovered(live.dir, join(base, "out"), "test 1").manifest.parts).toEqual([]);
});
