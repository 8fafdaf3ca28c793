import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import { createWorld, MemoryJournal, Script, START_MS, sessionOf } from "../session/session-world.ts";

export interface SessionEntries {
  readonly entries: readonly JournalEntry[];
  readonly endTsMs: number;
}

let known: Promise<SessionEntries> | null = null;

/** Journal of one session with entries, exits, refusals and a kill switch: made once, read by many tests. */
export function sessionEntries(): Promise<SessionEntries> {
  known ??= run();
  return known;
}

async function run(): Promise<SessionEntries> {
  const world = createWorld();
  const journal = new MemoryJournal();
  const session = sessionOf(world, { journal });
  await session.start();
  const script = new Script(world, 7);
  await script.seconds(40, 2);
  world.stream.add(`${world.clock.nowMs()}-999`, { symbol: "NOPEUSDT", side: "BUY", quantity: 1 });
  await world.clock.runTo(world.clock.nowMs() + 3000);
  session.stop();
  await script.seconds(3, 1);
  await session.end();
  return { entries: journal.entries, endTsMs: Math.max(START_MS, world.clock.nowMs()) };
}
