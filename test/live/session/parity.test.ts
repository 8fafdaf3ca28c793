import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openFileJournal } from "../../../src/live/session/file-journal.ts";
import { recordingSink } from "../../../src/live/session/recording-sink.ts";
import { replaySession } from "../../../src/live/session/replay-session.ts";
import { createLiveRecording } from "../../../src/recording/live/live-recording.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { openJournal } from "../../../src/reports/journal-file.ts";
import {
  createWorld,
  engineParts,
  HEADER,
  removeFolders,
  Script,
  SYMBOLS,
  sessionOf,
  temporaryFolder,
} from "./session-world.ts";

afterAll(removeFolders);

async function recordedSession(folder: string, seconds: number) {
  const world = createWorld();
  const recording = createLiveRecording({
    dir: join(folder, "recording"),
    id: "live-test",
    createdBy: "test",
    fidelity: "mark",
    symbols: SYMBOLS,
  });
  const session = sessionOf(world, {
    journal: openFileJournal(folder, HEADER, "process"),
    recording: recordingSink(recording, SYMBOLS),
  });
  const script = new Script(world, 7);
  script.move();
  await session.start();
  await script.seconds(seconds, 3);
  world.feed.listener?.funding({ symbolIndex: 0, tsMs: world.clock.nowMs(), rate: 0.0001, markPrice: null });
  await script.seconds(60);
  void session.end();
  await world.clock.runTo(world.clock.nowMs() + 10_000);
  return { end: await session.ended, world, script };
}

test("a session of thousands of envelopes replays to the same decisions, from its recording and from its journal", async () => {
  const folder = temporaryFolder();
  const { end, world, script } = await recordedSession(folder, 300);
  expect(end).toMatchObject({ cause: "stopped", error: null });
  expect(end.seq).toBeGreaterThan(2500);
  expect(world.exchange.submitted.length).toBeGreaterThan(200);
  expect(world.paper.account.trades.length).toBeGreaterThan(200);
  expect(world.paper.mismatch).toBeNull();
  expect(world.stream.acked.length).toBe(script.intents);
  expect(world.stream.pending.size).toBe(0);

  const recording = openRecording(join(folder, "recording"));
  const recorded = replaySession(folder, engineParts(), recording);
  expect(recorded).toMatchObject({ source: "recording", envelopes: end.seq, firstDivergence: null });
  expect(recorded.equal).toBe(recorded.decisions);
  expect(recorded.decisions).toBeGreaterThan(2500);
  expect(replaySession(folder, engineParts())).toEqual({ ...recorded, source: "journal" });

  const journal = openJournal(join(folder, "journal.ndjson"));
  const entries = [...journal.entries()];
  expect(entries).toHaveLength(end.seq);
  expect(journal.findings).toEqual([]);
  const errors = entries.flatMap(({ decisions }) =>
    decisions.filter((each) => each.type === "finding.noted" && each.code.startsWith("invariant.")),
  );
  expect(errors).toEqual([]);
});

test("a difference names envelope, field and both values", async () => {
  const folder = temporaryFolder();
  const { end } = await recordedSession(folder, 20);
  const file = join(folder, "journal.ndjson");
  const lines = readFileSync(file, "utf8").split("\n");
  const place = lines.findIndex((line) => line.includes('"type":"order.submitted"'));
  lines[place] = lines[place]!.replace(
    /("type":"order.submitted".*?"qtyLots":)(\d+)/,
    (_, head, lots) => `${head}${Number(lots) + 1}`,
  );
  writeFileSync(file, lines.join("\n"));
  const result = replaySession(folder, engineParts());
  expect(result.envelopes).toBe(end.seq);
  expect(result.equal).toBeLessThan(result.decisions);
  expect(result.firstDivergence).toMatchObject({
    seq: place,
    field: expect.stringMatching(/^decisions\[\d+\]\.qtyLots$/),
  });
  const { live, replay } = result.firstDivergence!;
  expect(Number(live)).toBe(Number(replay) + 1);
});

test("another configuration diverges: parity is no tautology", async () => {
  const folder = temporaryFolder();
  await recordedSession(folder, 20);
  const result = replaySession(folder, engineParts({ governor: { name: "none" }, bridge: { isShortAllowed: false } }));
  expect(result.firstDivergence).not.toBeNull();
});
