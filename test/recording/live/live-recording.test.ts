import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLiveRecording, type LiveRecordingOptions } from "../../../src/recording/live/live-recording.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { verifyRecording } from "../../../src/recording/verify.ts";
import { batchSealed, record, SYMBOLS, sampleRows } from "./live-rows.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "live-recording-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function options(overrides: Partial<LiveRecordingOptions> = {}): LiveRecordingOptions {
  return {
    dir: join(base, "live"),
    id: "sample",
    createdBy: "test 1",
    fidelity: "mark",
    symbols: SYMBOLS,
    ...overrides,
  };
}

test("a sealed live recording has the hash, the tables and the records of the batch writer", async () => {
  const rows = sampleRows(1000);
  const live = createLiveRecording(options());
  live.exchangeInfo({ symbols: [] });
  record(live, rows);
  const sealed = await live.seal();

  const batch = batchSealed(join(base, "batch"), rows, SYMBOLS, [{ symbols: [] }]);
  expect(sealed.hash).toBe(batch.hash);
  for (const table of ["symbols", "streams", "content", "gaps", "id", "createdBy"] as const) {
    expect(sealed.manifest[table], table).toEqual(batch.manifest[table]);
  }
  verifyRecording(openRecording(sealed.dir));
  expect(readdirSync(sealed.dir).sort()).toEqual([
    "exchange.0001.ndjson.gz",
    "inputs.0001.ndjson.gz",
    "manifest.json",
    "market.0001.ndjson.gz",
  ]);
});
