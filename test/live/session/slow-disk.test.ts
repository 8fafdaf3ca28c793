import { expect, test } from "vitest";
import { EXIT, UserError } from "../../../src/diagnostics/user-error.ts";
import { createWorld, MemoryJournal, Script, sessionOf, type World } from "./session-world.ts";

/** Looks, whenever an order leaves or an entry is acknowledged, whether what led to it is on disk. */
function watchOrder(world: World, journal: MemoryJournal): string[] {
  const early: string[] = [];
  const isOnDisk = (place: number) => place >= 0 && place < journal.flushed;
  const submit = world.exchange.submit.bind(world.exchange);
  world.exchange.submit = (order, tsMs) => {
    const place = journal.entries.findIndex(({ decisions }) =>
      decisions.some((each) => each.type === "order.submitted" && each.clientOrderId === order.clientOrderId),
    );
    if (!isOnDisk(place)) early.push(`order ${order.clientOrderId}`);
    submit(order, tsMs);
  };
  const { acked } = world.stream;
  const push = acked.push.bind(acked);
  acked.push = (...ids) => {
    for (const id of ids) {
      const place = journal.entries.findIndex(
        ({ envelope: { event } }) => event.type === "intent.received" && event.entryId === id,
      );
      if (!isOnDisk(place)) early.push(`acknowledgement ${id}`);
    }
    return push(...ids);
  };
  return early;
}

test("on a disk that takes three seconds for every write nothing is sent or acknowledged before it is written, and all arrives", async () => {
  const world = createWorld();
  const journal = new MemoryJournal();
  const early = watchOrder(world, journal);
  journal.disk = () => new Promise((written) => world.clock.schedule(world.clock.nowMs() + 3000, written));
  const session = sessionOf(world, { journal });
  const script = new Script(world, 3);
  script.move();
  const started = session.start();
  await world.clock.runTo(world.clock.nowMs() + 10_000);
  await started;
  await script.seconds(60, 2);
  expect(world.stream.acked.length).toBeLessThan(script.intents);
  await world.clock.runTo(world.clock.nowMs() + 30_000);
  expect(early).toEqual([]);
  expect(world.stream.acked).toHaveLength(script.intents);
  expect(world.stream.pending.size).toBe(0);
  expect(world.exchange.submitted.length).toBeGreaterThan(20);
  expect(world.paper.mismatch).toBeNull();
  void session.end();
  await world.clock.runTo(world.clock.nowMs() + 20_000);
  expect(await session.ended).toMatchObject({ cause: "stopped", error: null });
});

test("a disk that fails ends the session with its cause: nothing leaves afterwards, and what was not written is not acknowledged", async () => {
  const world = createWorld();
  const journal = new MemoryJournal();
  const early = watchOrder(world, journal);
  const session = sessionOf(world, { journal });
  const script = new Script(world, 5);
  script.move();
  await session.start();
  await script.seconds(20, 2);
  const sent = world.exchange.sent.length;
  const acked = world.stream.acked.length;
  journal.disk = () =>
    Promise.reject(new UserError([{ text: "Cannot write the journal: ENOSPC" }], EXIT.recordingUnusable));
  await script.seconds(10, 2);
  const { error } = await session.ended;
  expect(String(error)).toContain("ENOSPC");
  expect(world.exchange.sent).toHaveLength(sent);
  expect(world.stream.acked).toHaveLength(acked);
  expect(world.stream.pending.size).toBeGreaterThan(0);
  expect(early).toEqual([]);
});
