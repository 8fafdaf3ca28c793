import { afterAll, expect, test } from "vitest";
import type { SessionStep } from "../../../src/live/ports.ts";
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

afterAll(removeFolders);

test("an order that never left is found out by a session whose lives are all too short to wait for it", async () => {
  const folder = temporaryFolder();
  const world = createWorld();
  const die = (at: SessionStep) => (step: SessionStep) => {
    if (step === at) throw new Error("it dies here");
  };
  const first = sessionOf(world, { journal: openFileJournal(folder, HEADER, "process"), probe: die("before-submit") });
  const script = new Script(world, 3);
  script.move();
  await first.start();
  await script.seconds(5, 0);
  script.intent();
  while (first.status.state === "running") await world.clock.runTo(world.clock.nowMs() + 1);
  expect(world.exchange.submitted).toEqual([]);

  const states: string[] = [];
  for (let life = 0; life < 4; life++) {
    const from = recoverSession(folder, engineParts());
    let isDying = false;
    const session = sessionOf(world, {
      journal: openFileJournal(folder, HEADER, "process", from.ends),
      from,
      probe: () => {
        if (isDying) throw new Error("it dies here");
      },
    });
    void session.start();
    // Ten seconds an order may be on its way: the third life is in them and beyond.
    await script.seconds(3, 0);
    states.push(session.status.state);
    isDying = true;
    const funding = { symbol: "BTCUSDT", amountQuote: 0n, rate: 0, markPrice: 95_000 };
    world.exchange.listener!.event({ type: "exchange.funding-settled", ...funding });
    expect(session.status.state).toBe("failed");
    await world.clock.runTo(world.clock.nowMs() + 1000);
  }
  expect(states).toEqual(["resolving", "resolving", "running", "running"]);
});
