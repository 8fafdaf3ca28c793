import { afterAll, expect, test } from "vitest";
import type { OrderSubmitted } from "../../../src/engine/domain/decision.ts";
import type { EngineEvent, OrderQueried } from "../../../src/engine/domain/event.ts";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import type { LiveExchange } from "../../../src/live/ports.ts";
import { openFileJournal } from "../../../src/live/session/file-journal.ts";
import { OrderDesk } from "../../../src/live/session/order-desk.ts";
import { recoverSession } from "../../../src/live/session/recover-session.ts";
import {
  createWorld,
  engineParts,
  HEADER,
  MemoryJournal,
  removeFolders,
  Script,
  START_MS,
  sessionOf,
  temporaryFolder,
} from "./session-world.ts";

afterAll(removeFolders);

function deskAt(startMs: number) {
  let tsMs = startMs;
  const sent: string[] = [];
  const answers: EngineEvent[] = [];
  const exchange = {
    submit: ({ clientOrderId }) => sent.push(`submit ${clientOrderId}`),
    query: ({ clientOrderId }) => sent.push(`query ${clientOrderId}`),
  } as Partial<LiveExchange> as LiveExchange;
  const desk = new OrderDesk({
    exchange,
    gate: null,
    notFoundAfterMs: 10_000,
    askAgainMs: 2000,
    nowMs: () => tsMs,
    schedule: () => () => undefined,
    answer: (event) => answers.push(event),
    probe: () => undefined,
  });
  const decided = (clientOrderId: string) => {
    const order = { type: "order.submitted", clientOrderId, symbol: "BTCUSDT" } as OrderSubmitted;
    desk.observe(entryOf({ type: "timer.fired", timerId: "t" }, order));
    desk.submit(order);
    return order;
  };
  return {
    desk,
    sent,
    answers,
    decided,
    later(ms: number) {
      tsMs += ms;
    },
  };
}

function entryOf(event: EngineEvent, ...decisions: JournalEntry["decisions"]): JournalEntry {
  return { envelope: { seq: 1, tsMs: START_MS, event }, decisions };
}

function notFound(clientOrderId: string): OrderQueried {
  return { type: "exchange.order-queried", clientOrderId, status: "NOT_FOUND", orderId: null, executedQtyLots: 0 };
}

test("an order that was parked may be on its way from the time it left, not from its decision: until then not found proves nothing", () => {
  const { desk, sent, decided, later } = deskAt(START_MS);
  decided("rh-1");
  desk.observe(
    entryOf(
      { type: "exchange.order-unknown", clientOrderId: "rh-1", cause: "timeout" },
      { type: "order.query-requested", clientOrderId: "rh-1", attempt: 1 },
    ),
  );
  decided("rh-2");
  expect(desk.parkedCount).toBe(1);
  later(15_000);
  desk.observe(entryOf({ ...notFound("rh-1"), status: "FILLED" }));
  desk.release();
  expect(sent).toEqual(["submit rh-1", "submit rh-2"]);
  later(50);
  expect(desk.isConclusive(notFound("rh-2"))).toBe(false);
  later(9_949);
  expect(desk.isConclusive(notFound("rh-2"))).toBe(false);
  later(1);
  expect(desk.isConclusive(notFound("rh-2"))).toBe(true);
});

test("an order of a crashed process may have left in its last instant", () => {
  const { desk, later } = deskAt(START_MS + 60_000);
  desk.recover({ type: "order.submitted", clientOrderId: "rh-1", symbol: "BTCUSDT" } as OrderSubmitted);
  expect(desk.unknownCount).toBe(1);
  expect(desk.isConclusive(notFound("rh-1"))).toBe(false);
  later(10_000);
  expect(desk.isConclusive(notFound("rh-1"))).toBe(true);
});

test("an order that an earlier process had asked for has left before that, however often the session is taken over", () => {
  const { desk } = deskAt(START_MS + 60_000);
  desk.recover(
    { type: "order.submitted", clientOrderId: "rh-1", symbol: "BTCUSDT" } as OrderSubmitted,
    START_MS + 50_000,
  );
  expect(desk.isConclusive(notFound("rh-1"))).toBe(true);
  desk.recover(
    { type: "order.submitted", clientOrderId: "rh-2", symbol: "BTCUSDT" } as OrderSubmitted,
    START_MS + 50_001,
  );
  expect(desk.isConclusive(notFound("rh-2"))).toBe(false);
});

test("a resumed session that crashes while it is starting does not come back to life", async () => {
  const folder = temporaryFolder();
  const world = createWorld();
  const first = sessionOf(world, { journal: openFileJournal(folder, HEADER, "process") });
  const script = new Script(world, 3);
  script.move();
  await first.start();
  await script.seconds(20, 2);
  await first.suspend();

  const from = recoverSession(folder, engineParts());
  const journal = new MemoryJournal();
  let isDying = true;
  let openPlans!: (seq: number) => void;
  const plans = {
    ...world.plans.port(),
    lastPublishedSeq: () =>
      new Promise<number>((resolve) => {
        openPlans = resolve;
      }),
  };
  const session = sessionOf(world, {
    journal,
    plans,
    from,
    probe: () => {
      if (isDying) throw new Error("it dies here");
    },
  });
  const { length: sent } = world.exchange.sent;
  const starting = session.start();
  await world.clock.runTo(world.clock.nowMs() + 100);
  world.exchange.listener!.event({
    type: "exchange.funding-settled",
    symbol: "BTCUSDT",
    amountQuote: 1n,
    rate: 0,
    markPrice: 95_000,
  });
  expect(session.status.state).toBe("failed");
  isDying = false;
  openPlans(0);
  await starting;
  await script.seconds(30, 2);
  expect(session.status.state).toBe("failed");
  expect(journal.entries).toEqual([]);
  expect(world.exchange.sent).toHaveLength(sent);
});

test("what a flush confirms after the crash has no effect any more: a recovery goes on with it", async () => {
  const world = createWorld();
  const journal = new MemoryJournal();
  const session = sessionOf(world, { journal });
  const script = new Script(world, 3);
  script.move();
  await session.start();
  await script.seconds(5, 1);
  let written!: () => void;
  journal.disk = () =>
    new Promise((resolve) => {
      written = resolve;
    });
  script.intent();
  await world.clock.runTo(world.clock.nowMs() + 100);
  const { length: sent } = world.exchange.sent;
  const { length: acked } = world.stream.acked;
  const { length: published } = world.plans.entries;
  journal.append = () => {
    throw new Error("it dies here");
  };
  script.intent();
  expect(session.status.state).toBe("failed");
  written();
  await world.clock.runTo(world.clock.nowMs() + 1000);
  expect(world.exchange.sent).toHaveLength(sent);
  expect(world.stream.acked).toHaveLength(acked);
  expect(world.plans.entries).toHaveLength(published);
});
