import { afterEach, beforeAll, expect, test } from "vitest";
import { ensureBuilt } from "../../built-cli.ts";
import { hasRedis } from "../redis-server.ts";
import { booksOf, expectAgreement } from "./books.ts";
import { type Exit, ServedWorld } from "./served-world.ts";

let world: ServedWorld;

beforeAll(ensureBuilt, 120_000);
afterEach(async () => {
  await world.close();
}, 20_000);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Bursts until the session has left, or so many. */
async function bursts(exited: Promise<Exit>, atMost: number): Promise<void> {
  const client = await world.redis.client();
  let isGone = false;
  void exited.then(() => {
    isGone = true;
  });
  while (world.lastSeq() === 0 && !isGone) await pause(30);
  for (let burst = 0; burst < atMost && !isGone; burst++) {
    await world.burst(client);
    await pause(300);
  }
}

const PARITY = /live\/replay parity: (\d+) of \1 decisions equal/;

async function expectResumed(): Promise<void> {
  const { exited } = world.live(["--resume", world.folder!, "--consumer", "one", "--for", "1m"]);
  const { code, stdout, stderr } = await exited;
  expect(stderr).not.toContain("Cannot");
  expect(stdout).toMatch(PARITY);
  expect(code).toBe(0);
  const books = booksOf(world.entries());
  expect(books.fills).toBeGreaterThan(5);
  await expectAgreement(world, books);
}

test.skipIf(!hasRedis)(
  "a session whose time is up while the exchange is away is suspended, says so, leaves, and ends when it is resumed",
  async () => {
    world = await ServedWorld.start();
    const { exited } = world.live([...world.begin, "--for", "4m"]);
    await bursts(exited, 6);
    const { tsMs } = await world.status();
    await world.fault({ kind: "disconnect" });
    await world.fault({ kind: "maintenance", fromTsMs: tsMs, untilTsMs: tsMs + 600_000 });
    const { code, stderr } = await exited;
    expect(stderr).toContain("Cannot end the session: its own orders are not cancelled");
    expect(stderr).not.toContain("internal error");
    expect(code).toBe(15);
    while ((await world.status()).tsMs < tsMs + 610_000) await pause(100);
    await expectResumed();
  },
  90_000,
);

test.skipIf(!hasRedis)(
  "a disk that takes no more ends the process with the cause, and with room again the session goes on",
  async () => {
    world = await ServedWorld.start();
    const { exited } = world.live([...world.begin, "--for", "60m"], 256);
    await bursts(exited, 100);
    const { code, stderr } = await exited;
    expect(stderr).toMatch(/Cannot (write the journal|go on recording)[^;]* the system answers EFBIG/);
    expect(stderr).not.toContain("internal error");
    expect(code).toBeGreaterThan(0);
    await expectResumed();
  },
  90_000,
);
