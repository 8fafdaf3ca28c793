import { expect, test } from "vitest";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import type { Stage } from "../../../src/live/ops/metrics.ts";
import { createStageMeter } from "../../../src/live/ops/stage-meter.ts";
import { createWorld, MemoryJournal, Script, sessionOf } from "../session/session-world.ts";

test("every stage of an intent is timed once, and the session decides the same as without", async () => {
  const runs = [];
  for (const isMetered of [true, false]) {
    const world = createWorld();
    const stages = new Map<Stage, number[]>();
    const meter = createStageMeter({
      stage: (stage, durationMs) => void stages.set(stage, [...(stages.get(stage) ?? []), durationMs]),
      nowMs: () => world.clock.nowMs(),
    });
    const journal = new MemoryJournal();
    // The disk takes 3 ms.
    journal.disk = () => new Promise((resolve) => void world.clock.schedule(world.clock.nowMs() + 3, resolve));
    const seen: JournalEntry[] = [];
    const watcher = { entry: (entry: JournalEntry) => void seen.push(entry), price: () => {} };
    const session = sessionOf(world, {
      journal: isMetered ? meter.journal(journal, watcher) : journal,
      intents: isMetered ? meter.intents(world.stream.source()) : world.stream.source(),
      exchange: isMetered ? meter.exchange(world.exchange) : world.exchange,
    });
    const script = new Script(world, 11);
    script.move();
    await session.start();
    await script.seconds(40, 2);
    void session.end();
    await world.clock.runTo(world.clock.nowMs() + 10_000);
    await session.ended;
    runs.push({ stages, seen, entries: journal.entries, script, submitted: world.exchange.submitted.length });
  }
  const [metered, plain] = runs as [(typeof runs)[number], (typeof runs)[number]];
  expect(metered.entries).toEqual(plain.entries);
  expect(metered.seen).toEqual(metered.entries);

  const of = (stage: Stage) => metered.stages.get(stage) ?? [];
  expect(metered.submitted).toBeGreaterThan(20);
  expect(of("entry_to_decision")).toHaveLength(metered.script.intents);
  expect(of("decision_to_durable")).toHaveLength(metered.entries.length);
  // A flush that is under way makes an entry wait for the next one: once or twice the disk.
  expect(Math.min(...of("decision_to_durable"))).toBe(3);
  expect(Math.max(...of("decision_to_durable"))).toBeLessThanOrEqual(6);
  expect(of("durable_to_sent")).toHaveLength(metered.submitted);
  expect(new Set(of("durable_to_sent"))).toEqual(new Set([0]));
  expect(of("sent_to_answer")).toHaveLength(metered.submitted);
  // The paper exchange takes 20 ms to hear and 15 ms to answer.
  expect(Math.min(...of("sent_to_answer"))).toBe(35);
  const fromIntents = metered.entries.flatMap(({ decisions }) => decisions);
  const entryOrders = fromIntents.filter((each) => each.type === "order.submitted" && each.evalType === "ENTRY");
  expect(of("entry_to_sent").length).toBeGreaterThanOrEqual(entryOrders.length);
  expect(Math.min(...of("entry_to_sent"))).toBeGreaterThanOrEqual(3);
});
