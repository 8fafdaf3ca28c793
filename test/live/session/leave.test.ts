import { afterAll, expect, test } from "vitest";
import { EXIT, UserError } from "../../../src/diagnostics/user-error.ts";
import { openFileJournal } from "../../../src/live/session/file-journal.ts";
import { recoverSession } from "../../../src/live/session/recover-session.ts";
import {
  createWorld,
  engineParts,
  HEADER,
  removeFolders,
  Script,
  sessionOf,
  temporaryFolder,
} from "./session-world.ts";
import { SilentExchange } from "./silent-exchange.ts";

afterAll(removeFolders);

/** A session that is told to end just after an order has left into an exchange that says nothing any more. */
async function leavingInSilence() {
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
  return { world, folder, session, script, ended: session.end() };
}

test("the end waits for an exchange that is away for a moment, and then says what is", async () => {
  const { world, session, script, ended } = await leavingInSilence();
  await script.seconds(15, 0);
  expect(session.status.state).toBe("leaving");
  await world.exchange.comeBack();
  await script.seconds(10, 0);
  const { cause, error, openPositions } = await ended;
  expect([cause, error]).toEqual(["stopped", null]);
  expect(openPositions.size).toBe(1);
  const { positions } = await world.exchange.reconcile();
  expect(openPositions).toEqual(new Map(positions.map(({ symbol, qtyLots }) => [symbol, qtyLots])));
});

test("without an answer a session is suspended instead of ended, names what is open, and settles it when it is resumed", async () => {
  const { world, folder, session, script, ended } = await leavingInSilence();
  await script.seconds(40, 0);
  const { cause, error } = await ended;
  expect(cause).toBe("suspended");
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).exitCode).toBe(EXIT.liveRefused);
  expect((error as UserError).message).toMatch(
    /^Cannot end the session: its own orders are not cancelled \(the exchange/,
  );
  expect(session.status.state).toBe("ended");

  await world.exchange.comeBack();
  const from = recoverSession(folder, engineParts());
  const again = sessionOf(world, { journal: openFileJournal(folder, HEADER, "process", from.ends), from });
  const starting = again.start();
  await script.seconds(20, 0);
  await starting;
  const secondEnd = again.end();
  await script.seconds(10, 0);
  expect(await secondEnd).toMatchObject({ cause: "stopped", error: null });
  expect(world.exchange.submitted).toHaveLength(1);
  expect(world.paper.account.trades).toHaveLength(1);
});

test("an order that nobody knows about is named when orders can be cancelled but not asked for", async () => {
  const { world, script, ended } = await leavingInSilence();
  world.exchange.cancelOwnOrders = async () => [];
  await script.seconds(40, 0);
  const { cause, error } = await ended;
  expect(cause).toBe("suspended");
  const [order] = world.exchange.submitted;
  expect((error as UserError).message).toContain(`nobody knows what became of ${order!.clientOrderId}, an answer`);
});

test("plans that nobody takes suspend a session instead of ending it: the resumed one publishes them", async () => {
  const world = createWorld();
  const folder = temporaryFolder();
  const away = new UserError([{ text: "Cannot publish" }], EXIT.liveRefused);
  const plans = { ...world.plans.port(), publish: () => undefined, drain: () => Promise.reject(away) };
  const session = sessionOf(world, { journal: openFileJournal(folder, HEADER, "process"), plans });
  const script = new Script(world, 3);
  script.move();
  await session.start();
  await script.seconds(10, 1);
  const ended = session.end();
  await script.seconds(5, 0);
  expect(await ended).toMatchObject({ cause: "suspended", error: away });
  expect(world.plans.entries).toEqual([]);

  const from = recoverSession(folder, engineParts());
  const again = sessionOf(world, { journal: openFileJournal(folder, HEADER, "process", from.ends), from });
  const starting = again.start();
  await script.seconds(5, 0);
  await starting;
  const secondEnd = again.end();
  await script.seconds(5, 0);
  expect(await secondEnd).toMatchObject({ cause: "stopped", error: null });
  const published = world.plans.entries.flatMap(({ decisions }) =>
    decisions.flatMap((each) => (each.type === "plan.published" ? [each.plan.planId] : [])),
  );
  expect(published.length).toBeGreaterThan(5);
  expect(new Set(published).size).toBe(published.length);
});
