import { afterAll, expect, test } from "vitest";
import { openFileJournal } from "../../../src/live/session/file-journal.ts";
import type { LiveSession } from "../../../src/live/session/live-session.ts";
import { recoverSession } from "../../../src/live/session/recover-session.ts";
import { openSessionFolder } from "../../../src/live/session/session-folder.ts";
import { UnresolvedOrders } from "../../../src/live/session/unresolved-orders.ts";
import {
  createWorld,
  engineParts,
  HEADER,
  removeFolders,
  Script,
  sessionOf,
  temporaryFolder,
  type World,
} from "./session-world.ts";
import { SilentExchange } from "./silent-exchange.ts";

afterAll(removeFolders);

interface Silence {
  readonly world: World & { readonly exchange: SilentExchange };
  readonly folder: string;
  readonly session: LiveSession;
  readonly script: Script;
  /** The order that was sent into the silence. */
  readonly clientOrderId: string;
}

/** A session whose exchange fills an order and then says nothing, until the engine has given the order up. */
async function silence(): Promise<Silence> {
  const made = createWorld();
  const world = { ...made, exchange: new SilentExchange(made.paper) };
  const folder = temporaryFolder();
  const session = sessionOf(world, { journal: openFileJournal(folder, HEADER, "process") });
  const script = new Script(world, 3);
  script.move();
  await session.start();
  await script.seconds(5, 0);
  script.intent();
  while (world.exchange.submitted.length === 0) await world.clock.runTo(world.clock.nowMs() + 1);
  await world.exchange.leave();
  // Without an answer for five seconds its outcome is unknown.
  await script.seconds(6, 0);
  await script.seconds(40, 1);
  return { world, folder, session, script, clientOrderId: world.exchange.submitted[0]!.clientOrderId };
}

function entriesOf(folder: string) {
  return [...openSessionFolder(folder).items()].flatMap((item) => (item.kind === "entry" ? [item.entry] : []));
}

function resultsOf(folder: string, clientOrderId: string): (readonly [string, string])[] {
  return entriesOf(folder)
    .flatMap(({ decisions }) => decisions)
    .flatMap((decision) =>
      decision.type === "result.recorded" && decision.clientOrderId === clientOrderId
        ? [[decision.status, decision.reason] as const]
        : [],
    );
}

/** Fills that were booked, once each, and every one the exchange has. */
function expectBooked(folder: string, { paper }: World): void {
  const booked = entriesOf(folder).flatMap(({ envelope: { event } }) =>
    event.type === "exchange.order-filled" ? [event.tradeId] : [],
  );
  expect(booked).toEqual(paper.account.trades.map(({ tradeId }) => String(tradeId)));
  expect(booked.length).toBeGreaterThan(3);
}

test("nothing leaves until the exchange has said what became of an order, also when the engine has given it up", async () => {
  const { world, folder, session, script, clientOrderId } = await silence();
  expect(resultsOf(folder, clientOrderId)).toEqual([["ERROR", "order_outcome_unknown"]]);
  expect(session.status.ordersUnresolved).toBe(1);
  expect(session.status.intentsWaiting).toBeGreaterThan(20);
  expect(world.exchange.submitted).toHaveLength(1);
  // The engine asks five times, one question in two seconds; the rest are the desk's.
  expect(world.exchange.queried.length).toBeGreaterThan(10);
  expect(new Set(world.exchange.queried)).toEqual(new Set([clientOrderId]));
  expect(world.paper.account.trades).toHaveLength(1);

  await world.exchange.comeBack();
  await script.seconds(20, 1);
  expect(session.status).toMatchObject({ ordersUnresolved: 0, intentsWaiting: 0 });
  expect(world.exchange.submitted.length).toBeGreaterThan(3);
  const { length: asked } = world.exchange.queried;
  await script.seconds(20, 0);
  expect(world.exchange.queried).toHaveLength(asked);
  const ended = session.end();
  await world.clock.runTo(world.clock.nowMs() + 10_000);
  const { openPositions } = await ended;
  expectBooked(folder, world);
  const { positions } = await world.exchange.reconcile();
  expect(openPositions).toEqual(new Map(positions.map(({ symbol, qtyLots }) => [symbol, qtyLots])));
});

test("a session that is resumed asks for what the one before had given up, before its books are compared", async () => {
  const { world, folder, session: first, script, clientOrderId } = await silence();
  await first.suspend();
  const from = recoverSession(folder, engineParts());
  expect(from.openOrders).toEqual([]);
  expect(from.givenUpOrders.map((order) => order.clientOrderId)).toEqual([clientOrderId]);
  const journal = openFileJournal(folder, HEADER, "process", from.ends);
  const session = sessionOf(world, { journal, from });
  const starting = session.start();
  await script.seconds(30, 0);
  expect(session.status).toMatchObject({ state: "resolving", ordersUnresolved: 1 });
  await world.exchange.comeBack();
  await script.seconds(5, 0);
  await starting;
  await script.seconds(20, 1);
  expect(session.status).toMatchObject({ state: "running", ordersUnresolved: 0, intentsWaiting: 0 });
  const ended = session.end();
  await world.clock.runTo(world.clock.nowMs() + 10_000);
  await ended;
  expectBooked(folder, world);
  // A third session would not ask again.
  const unresolved = new UnresolvedOrders();
  for (const entry of entriesOf(folder)) unresolved.observe(entry);
  expect(unresolved.givenUp).toEqual([]);
});
