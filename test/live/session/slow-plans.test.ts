import { expect, test } from "vitest";
import { createWorld, MemoryJournal, Script, sessionOf } from "./session-world.ts";

test("while decided entries wait to be published no intent is judged, exits are, and nothing is lost", async () => {
  const world = createWorld();
  const journal = new MemoryJournal();
  const session = sessionOf(world, { journal, bounds: { plansWaitingMax: 40, intentsWaitingMax: 30 } });
  const script = new Script(world, 3);
  script.move();
  await session.start();
  await script.seconds(20, 2);
  expect(world.stream.acked).toHaveLength(script.intents);
  const judgedBefore = world.stream.acked.length;

  world.plans.held = [];
  await script.seconds(120, 2);
  const held = world.plans.held.length;
  const judgedMeanwhile = world.stream.acked.length - judgedBefore;
  expect(judgedMeanwhile).toBeGreaterThan(0);
  expect(judgedMeanwhile).toBeLessThan(60);
  expect(session.status).toMatchObject({ state: "running", isIntentSourcePaused: true });
  // Timers go on: what is held is looked after whoever reads the plans.
  const timersMeanwhile = world.plans.held.filter(({ envelope }) => envelope.event.type === "timer.fired").length;
  expect(timersMeanwhile).toBeGreaterThan(0);
  expect(held).toBeGreaterThan(40);
  const told = journal.entries.flatMap(({ decisions }) =>
    decisions.filter((decision) => decision.type === "finding.noted" && decision.code === "live.plans_behind"),
  );
  expect(told).toHaveLength(1);

  world.plans.letGo();
  await script.seconds(5, 2);
  expect(world.stream.acked).toHaveLength(script.intents);
  expect(world.stream.pending.size).toBe(0);
  expect(session.status.isIntentSourcePaused).toBe(false);
  expect(world.plans.entries.map(({ envelope }) => envelope.seq)).toEqual(
    journal.entries.map(({ envelope }) => envelope.seq),
  );
  void session.end();
  await world.clock.runTo(world.clock.nowMs() + 20_000);
  expect(await session.ended).toMatchObject({ cause: "stopped", error: null });
});
