import { afterAll, expect, test } from "vitest";
import { FeedIntents } from "../../../src/cli/live/feed-intents.ts";
import { StrategyPast } from "../../../src/cli/live/strategy-past.ts";
import { openFileJournal } from "../../../src/live/session/file-journal.ts";
import { recoverSession } from "../../../src/live/session/recover-session.ts";
import { createIntentFeed, type IntentFeed } from "../../../src/sim/run/intent-feed.ts";
import { strategySchema } from "../../../src/sim/strategies/index.ts";
import {
  createWorld,
  engineParts,
  HEADER,
  removeFolders,
  Script,
  START_MS,
  SYMBOLS,
  sessionOf,
  temporaryFolder,
} from "../../live/session/session-world.ts";

afterAll(removeFolders);

const CHOICE = strategySchema.parse({
  name: "ewma-cross",
  params: { interval: "5s", fast: 2, slow: 6, band: 0, cooldown: "20s" },
});

const feedFrom = (startTsMs: number): IntentFeed => createIntentFeed(CHOICE, SYMBOLS, startTsMs);
const memoryOf = (feed: IntentFeed) =>
  Object.fromEntries(Object.entries(feed.save().memory).map(([name, column]) => [name, [...column]]));

test("a resumed session's strategy remembers what it saw before the crash, and says none of it again", async () => {
  const folder = temporaryFolder();
  const world = createWorld();
  const { clock } = world;
  const parts = engineParts();
  const feed = feedFrom(START_MS);
  const session = sessionOf(world, {
    parts,
    intents: new FeedIntents({ feed, clock, market: parts.market, knownUntilTsMs: 0 }),
    journal: openFileJournal(folder, HEADER, "process"),
  });
  const script = new Script(world, 9);
  script.move();
  await session.start();
  await script.seconds(402, 0);
  const before = memoryOf(feed);
  await session.suspend();
  expect(before["observations"]!.every((count) => count > 70)).toBe(true);
  expect(before["lastSignalTsMs"]!.some((tsMs) => tsMs > START_MS + 60_000)).toBe(true);

  const again = engineParts();
  const past = new StrategyPast(feedFrom(START_MS));
  const from = recoverSession(folder, again, null, (tsMs) => past.lookBefore(tsMs, again.market));
  expect(from.lane.seq).toBeGreaterThan(100);
  const nextTsMs = clock.nowMs() + 33_000;
  const resumed = past.goOnAt(nextTsMs);
  expect(memoryOf(resumed)).toEqual(before);
  expect(resumed.nextTsMs).toBe(nextTsMs);
});
