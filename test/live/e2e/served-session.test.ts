import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { ensureBuilt } from "../../built-cli.ts";
import { hasRedis } from "../redis-server.ts";
import { type Books, booksOf, expectAgreement } from "./books.ts";
import { type Exit, ServedWorld, SPEED, STREAM } from "./served-world.ts";

/** Virtual minutes of a session: half an hour takes half a minute. */
const MINUTES = 30;
const BURST_EVERY_MS = 62_000 / SPEED;

let world: ServedWorld;

beforeAll(ensureBuilt, 120_000);
afterEach(async () => {
  await world.close();
}, 20_000);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends bursts until the session has left. */
async function feedUntil(exited: Promise<Exit>, during: (burst: number) => Promise<unknown>): Promise<Exit> {
  const client = await world.redis.client();
  let exit: Exit | null = null;
  void exited.then((each) => {
    exit = each;
  });
  while (world.folder === null && exit === null) await pause(50);
  for (let burst = 0; exit === null; burst++) {
    // A server that is being restarted takes nothing: the producer tries again with the next burst.
    await world.burst(client.status === "ready" ? client : await world.redis.client()).catch(() => undefined);
    await during(burst);
    await pause(BURST_EVERY_MS);
  }
  return exited;
}

async function pendingIds(): Promise<readonly string[]> {
  const client = await world.redis.client();
  const pending = (await client.xpending(STREAM, "rehearsal", "-", "+", 10_000)) as [string, ...unknown[]][];
  return pending.map(([id]) => id);
}

async function hasGroup(): Promise<boolean> {
  const client = await world.redis.client();
  const groups = await client.xinfo("GROUPS", STREAM).catch(() => []);
  return (groups as unknown[]).length > 0;
}

/** A session that ends while intents come may leave the last answer of the stream unread, for the one that resumes. */
async function expectPendingUnjudged({ intents }: Books): Promise<void> {
  const judged = new Set(intents);
  expect((await pendingIds()).filter((id) => judged.has(id))).toEqual([]);
}

const PARITY = /live\/replay parity: (\d+) of \1 decisions equal/;

test.skipIf(!hasRedis)(
  "thirty virtual minutes with bursts of fourteen intents: every intent judged once, every order known, parity whole",
  async () => {
    world = await ServedWorld.start();
    const { exited } = world.live([...world.begin, "--for", `${MINUTES}m`, "--metrics-port", "0"]);
    const hostile: string[] = [];
    const { code, stdout, stderr } = await feedUntil(exited, async (burst) => {
      if (burst === 3) hostile.push(...(await world.hostileEntries()));
    });
    expect(stderr).not.toContain("Cannot");
    expect(stdout).toMatch(PARITY);
    expect(code).toBe(0);
    const books = booksOf(world.entries());
    expect(books.intents.length).toBeGreaterThan(20 * 14);
    const refusals = new Map(
      world
        .entries()
        .flatMap(({ decisions }) => decisions)
        .flatMap((each) => (each.type === "intent.rejected" ? [[each.entryId, each.reason] as const] : [])),
    );
    // Each was judged and refused by name; none was traded, and none stopped the session.
    expect(hostile).toHaveLength(7);
    for (const id of hostile) expect(refusals.get(id), id).toMatch(/^[a-z_]+/);
    expect(books.fills).toBeGreaterThan(100);
    await expectAgreement(world, books);
    await expectPendingUnjudged(books);

    const client = await world.redis.client();
    const plans = await client.xlen("quantum:stream:apply.plan");
    const published = world
      .entries()
      .flatMap(({ decisions }) => decisions.filter(({ type }) => type === "plan.published"));
    expect(plans).toBe(published.length);
    expect(await world.expectNoKeyAnywhere(client)).toBeGreaterThan(8);
  },
  120_000,
);

test.skipIf(!hasRedis)(
  "with lost answers, errors, limits, a ban, maintenance, lost events, expired keys, a hung and a restarted Redis it converges all the same",
  async () => {
    world = await ServedWorld.start();
    const { exited } = world.live([...world.begin, "--for", `${MINUTES}m`]);
    const faultsAt = (tsMs: number): readonly Readonly<Record<string, unknown>>[] => [
      { kind: "ack-lost", count: 3, path: "/fapi/v1/order" },
      { kind: "server-error", count: 3, path: "/fapi/v1/order", arrives: 0.5 },
      { kind: "user-event-lost", count: 3 },
      { kind: "rate-limit", count: 1 },
      { kind: "disconnect" },
      // Longer than the engine asks for an order: five times in two and a half minutes.
      { kind: "maintenance", fromTsMs: tsMs, untilTsMs: tsMs + 240_000 },
      { kind: "timeout-unknown", count: 2, path: "/fapi/v1/order" },
      { kind: "user-event-duplicated", count: 5 },
      { kind: "listen-key-expired" },
      { kind: "user-event-delayed", count: 5, delayMs: 3000 },
      { kind: "server-busy", count: 2 },
      { kind: "ban", untilTsMs: tsMs + 60_000 },
    ];
    const { length: kindsOfFault } = faultsAt(0);
    const { code, stdout, stderr } = await feedUntil(exited, async (burst) => {
      if (burst >= 2 && burst % 2 === 0 && burst / 2 <= kindsOfFault) {
        const { tsMs } = await world.status();
        const fault = faultsAt(tsMs)[burst / 2 - 1]!;
        if (fault["kind"] === "maintenance") await world.fault({ kind: "disconnect" });
        await world.fault(fault);
      }
      if (burst === 9) {
        world.redis.pause();
        setTimeout(() => world.redis.resume(), 2500);
      }
      if (burst === 15) await world.redis.restart();
    });
    expect(stderr).not.toContain("internal error");
    expect(stdout).toMatch(PARITY);
    expect(code).toBe(0);
    const books = booksOf(world.entries());
    expect(books.intents.length).toBeGreaterThan(15 * 14);
    expect(books.fills).toBeGreaterThan(20);
    await expectAgreement(world, books);
    await expectPendingUnjudged(books);
    const kinds = new Set(world.entries().map(({ envelope }) => envelope.event.type));
    expect([...kinds]).toContain("exchange.order-unknown");
    expect([...kinds]).toContain("exchange.order-queried");
  },
  150_000,
);

/** Each takes about two seconds; `REHEARSAL_KILLS=300` is a long night. */
const KILLS = Number(process.env["REHEARSAL_KILLS"] ?? 8);

test.skipIf(!hasRedis)(
  `${KILLS} processes killed at any instant: no order lost, none twice, every plan ends, the books agree after each`,
  async () => {
    world = await ServedWorld.start();
    let state = Number(process.env["REHEARSAL_SEED"] ?? 1);
    const dice = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return state / 0x7fffffff;
    };
    const client = await world.redis.client();
    let args: readonly string[] = [...world.begin];
    let seq = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, exited } = world.live(args);
      let isGone = false;
      void exited.then(() => {
        isGone = true;
      });
      // It has taken up again, and then lives on for a random while under a stream of intents.
      while (world.lastSeq() <= seq && !isGone) await pause(30);
      // What comes before there is a group is not "new" to it, whoever makes the group in the end.
      while (!(await hasGroup()) && !isGone) await pause(10);
      for (let burst = 0; burst < 3; burst++) {
        await world.burst(client);
        await pause(dice() * 120);
      }
      child.kill("SIGKILL");
      const exit = await exited;
      expect(exit.code, exit.stderr).toBeNull();
      seq = world.lastSeq();
      args = ["--resume", world.folder!, "--consumer", "one"];
    }
    const { exited } = world.live([...args, "--for", "3m"]);
    const { code, stdout, stderr } = await exited;
    expect(stderr).not.toContain("Cannot");
    expect(stdout).toMatch(PARITY);
    expect(code).toBe(0);
    const books = booksOf(world.entries());
    expect(books.intents.length).toBe(world.intents);
    expect(books.fills).toBeGreaterThan(KILLS);
    await expectAgreement(world, books);
    expect(await pendingIds()).toEqual([]);
    expect(join(world.folder!, "recording")).toContain("live-");
  },
  60_000 + KILLS * 15_000,
);
