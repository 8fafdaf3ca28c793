import type { Redis } from "ioredis";
import { afterEach, describe, expect, test } from "vitest";
import { hasRedis, RedisServer, type RedisServerOptions } from "../redis-server.ts";
import { closeCollectors, GROUP, IntentCollector, STREAM, until } from "./intent-collector.ts";

let server: RedisServer;

async function begin(options: RedisServerOptions = {}): Promise<Redis> {
  server = await RedisServer.start(options);
  return server.client();
}

afterEach(async () => {
  await closeCollectors();
  await server?.close();
});

const PAYLOAD = JSON.stringify({ symbol: "ZECUSDT", side: "BUY", quantity: 1 });

async function add(client: Redis, count = 1, id = "*"): Promise<string[]> {
  const ids: string[] = [];
  const pipeline = client.pipeline();
  for (let at = 0; at < count; at++) pipeline.xadd(STREAM, id, "event_type", "trade.intent", "payload", PAYLOAD);
  for (const [error, added] of (await pipeline.exec())!) {
    if (error !== null) throw error;
    ids.push(String(added));
  }
  return ids;
}

async function pendingOf(client: Redis): Promise<number> {
  const [pending] = (await client.xpending(STREAM, GROUP)) as [number];
  return pending;
}

/** The server knows an acknowledgement before its answer reaches who sent it: both must have it. */
async function allAcked(client: Redis, { source }: IntentCollector): Promise<void> {
  await until(async () => (await pendingOf(client)) === 0 && source.status.acksWaiting === 0);
}

describe.skipIf(!hasRedis)("where a session begins", () => {
  test('"new" passes over what is there, also what was pending, and gives all that comes later', async () => {
    const client = await begin();
    const old = await add(client, 3);
    await client.xgroup("CREATE", STREAM, GROUP, "0");
    await client.xreadgroup("GROUP", GROUP, "gone", "COUNT", 2, "STREAMS", STREAM, ">");
    const one = new IntentCollector(server.url, { claimIdleMs: 1 });
    // A consumer that read a moment ago may be a running session.
    await expect(one.start("new")).rejects.toThrow(
      /group "rehearsal" is in use \("gone" read \d+ ms ago and holds 2\)/,
    );
    await client.xgroup("DELCONSUMER", STREAM, GROUP, "gone");
    await client.xgroup("SETID", STREAM, GROUP, "0");
    await client.xreadgroup("GROUP", GROUP, "two", "COUNT", 2, "STREAMS", STREAM, ">");
    const two = new IntentCollector(server.url, { consumer: "two" });
    expect(await two.start("new")).toEqual({ pending: 0, unread: 0, oldestEntryId: null });
    const later = await add(client, 2);
    await until(() => two.intents.length === 2);
    expect(two.ids).toEqual(later);
    expect(two.again).toEqual([]);
    expect(old).toHaveLength(3);
    await until(async () => (await pendingOf(client)) === 0);
  });

  test('"beginning" and "after" an entry give what is there, oldest first, and say how much', async () => {
    const client = await begin();
    const ids = await add(client, 300);
    const all = new IntentCollector(server.url);
    expect(await all.start("beginning")).toEqual({ pending: 0, unread: 300, oldestEntryId: ids[0] });
    await until(() => all.intents.length === 300);
    expect(all.ids).toEqual(ids);
    const some = new IntentCollector(server.url, { group: "other" });
    await some.start({ kind: "after", entryId: ids[249]! });
    await until(() => some.intents.length === 50);
    expect(some.ids).toEqual(ids.slice(250));
    expect([...all.gaps, ...some.gaps]).toEqual([]);
    expect(all.intents[0]!.event.fields).toEqual({ event_type: "trade.intent", payload: PAYLOAD });
  });

  test("a stream that does not exist yet is read from its first entry", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url);
    expect(await one.start("new")).toEqual({ pending: 0, unread: 0, oldestEntryId: null });
    const ids = await add(client, 2);
    await until(() => one.intents.length === 2);
    expect(one.ids).toEqual(ids);
    expect(one.gaps).toEqual([]);
  });

  test("what cannot be begun with is refused, naming what to do", async () => {
    const client = await begin();
    const refused = async (how: Parameters<IntentCollector["start"]>[0], options = {}) =>
      new IntentCollector(server.url, options).start(how).then(
        () => "",
        (error: Error) => error.message,
      );
    expect(await refused("resume")).toMatch(
      /there is no such stream, a group that read before is needed to resume; begin/,
    );
    await add(client, 1);
    expect(await refused("resume")).toMatch(/the stream has no group "rehearsal"/);
    expect(await refused({ kind: "after", entryId: "soon" })).toMatch(/"soon" is no entry id, one such as/);
    expect(await refused({ kind: "after", entryId: "99999999999999-0" })).toMatch(/lies ahead \(the newest entry is /);
    await client.set("text", "no stream");
    expect(await refused("new", { stream: "text" })).toMatch(
      /Cannot read intents from "text": the key holds a string, a stream is needed; "redis-cli TYPE text" shows it/,
    );
    await server.stop();
    expect(await refused("new")).toMatch(
      /Cannot read intents of ".*" from redis:\/\/127.0.0.1:\d+: ECONNREFUSED, a Redis/,
    );
  });
});

describe.skipIf(!hasRedis)("intents", () => {
  test("of one millisecond come all, in order, once", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url);
    await one.start("new");
    const ms = 1_769_991_622_785;
    const ids = Array.from({ length: 14 }, (_, at) => `${ms}-${at}`);
    const burst = client.multi();
    for (const id of ids) burst.xadd(STREAM, id, "payload", PAYLOAD);
    await burst.exec();
    await until(() => one.intents.length === 14);
    expect(one.ids).toEqual(ids);
    expect(one.again).toEqual([]);
  });

  test("are pending until the session acknowledges them, and come again to the next one", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url);
    one.isAcking = false;
    await one.start("new");
    const ids = await add(client, 5);
    await until(() => one.intents.length === 5);
    one.intents[0]!.ack();
    one.intents[2]!.ack();
    // Twice is once.
    one.intents[2]!.ack();
    await until(async () => (await pendingOf(client)) === 3);
    await one.source.close();
    const later = await add(client, 2);
    const two = new IntentCollector(server.url);
    expect(await two.start("resume")).toEqual({ pending: 3, unread: 2, oldestEntryId: ids[1] });
    await until(() => two.intents.length === 5);
    expect(two.ids).toEqual([ids[1], ids[3], ids[4], ...later]);
    expect(two.again).toEqual([ids[1], ids[3], ids[4]]);
    await allAcked(client, two);
    expect([...one.gaps, ...two.gaps]).toEqual([]);
    expect(two.source.status).toMatchObject({ delivered: 5, redelivered: 3, outstanding: 0, acksWaiting: 0, acked: 5 });
  });

  test("of a dead consumer are taken over when they were idle for long enough, and not before", async () => {
    const client = await begin();
    await client.xgroup("CREATE", STREAM, GROUP, "$", "MKSTREAM");
    const ids = await add(client, 7);
    await client.xreadgroup("GROUP", GROUP, "dead", "COUNT", 4, "STREAMS", STREAM, ">");
    const one = new IntentCollector(server.url, { claimIdleMs: 400 });
    expect((await one.start("resume")).pending).toBe(4);
    await until(() => one.intents.length === 3);
    expect(one.ids).toEqual(ids.slice(4));
    await until(() => one.intents.length === 7);
    expect(one.again).toEqual(ids.slice(0, 4));
    expect(one.source.status.claimed).toBe(4);
    await until(async () => (await pendingOf(client)) === 0);
  });

  test("are held back while the session pauses, and none is missing afterwards", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url, { batch: 4 });
    await one.start("new");
    const first = await add(client, 4);
    await until(() => one.intents.length === 4);
    one.source.pause();
    // One read may have been under way.
    const rest = await add(client, 40);
    await new Promise((done) => setTimeout(done, 200));
    expect(one.intents.length).toBeLessThanOrEqual(8);
    one.source.resume();
    await until(() => one.intents.length === 44);
    expect(one.ids).toEqual([...first, ...rest]);
  });

  test("of hostile producers are handed on in bounds, or named, and always acknowledged", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url);
    await one.start("new");
    const large = "x".repeat(3_000_000);
    const many = Array.from({ length: 5000 }, (_, at) => [`f${at}`, "1"]).flat();
    await client.xadd(STREAM, "*", "payload", large, "note", "kept");
    await client.xadd(STREAM, "*", ...many);
    await client.xadd(STREAM, "*", large, "value", "symbol", "ZECUSDT");
    await client.xadd(STREAM, "*", "", "");
    await client.xadd(STREAM, "*", "__proto__", "NaN", "quantity", "NaN");
    await client.xadd(STREAM, "*", "payload", Buffer.from([0xff, 0xfe, 0x00]));
    await client.xadd(STREAM, "*", "payload", "[".repeat(60_000));
    const last = await add(client, 1);
    await until(() => one.intents.length === 8);
    const fields = one.intents.map(({ event }) => event.fields);
    expect(fields[0]).toEqual({ payload: "left out: 3000000 bytes, 65536 are allowed", note: "kept" });
    expect(Object.keys(fields[1]!)).toHaveLength(257);
    expect(fields[1]!["rehearsal_left_out"]).toMatch(/^4744 fields of \d+ bytes$/);
    expect(fields[2]).toEqual({ symbol: "ZECUSDT", rehearsal_left_out: "1 fields of 3000005 bytes" });
    expect(fields[3]).toEqual({ "": "" });
    expect(fields[4]!["quantity"]).toBe("NaN");
    expect(one.ids.at(-1)).toBe(last[0]);
    expect(one.problems.map(({ code }) => code)).toEqual(["oversized_entry", "oversized_entry", "oversized_entry"]);
    expect(one.source.status.oversized).toBe(1 + 4744 + 1);
    await until(async () => (await pendingOf(client)) === 0);
    expect(one.gaps).toEqual([]);
  });
});

describe.skipIf(!hasRedis)("a server in trouble", () => {
  test("that is killed and started again loses nothing: entries go on, acknowledgements arrive", async () => {
    const client = await begin({ isPersistent: true });
    const one = new IntentCollector(server.url);
    one.isAcking = false;
    await one.start("new");
    const before = await add(client, 3);
    await until(() => one.intents.length === 3);
    await server.stop();
    for (const intent of one.intents) intent.ack();
    await new Promise((done) => setTimeout(done, 150));
    one.isAcking = true;
    await server.restart();
    const again = await server.client();
    const after = await add(again, 3);
    await until(() => one.intents.length >= 6);
    expect(one.ids).toEqual([...before, ...after]);
    await allAcked(again, one);
    expect(one.gaps.map(({ kind }) => kind)).toEqual(["disconnect", "reconnect"]);
    expect(one.source.status).toMatchObject({ missing: 0, acksWaiting: 0, acked: 6 });
  });

  test("that stands still is given up, found again, and nothing is missing or doubled", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url, { silenceMs: 150, giveUpMs: 400 });
    await one.start("new");
    const before = await add(client, 2);
    await until(() => one.intents.length === 2);
    server.pause();
    await until(() => one.gapsOf("disconnect").length > 0);
    expect(one.gapsOf("disconnect")[0]!.cause).toMatch(/gave no answer for \d+ ms, the connection was given up/);
    expect(one.source.status.state).toBe("away");
    await new Promise((done) => setTimeout(done, 1000));
    server.resume();
    const after = await add(client, 5);
    await until(() => one.gapsOf("reconnect").length > 0 && new Set(one.ids).size === 7);
    expect([...new Set(one.ids)]).toEqual([...before, ...after]);
    // An answer that went to the lost connection makes its entries pending: they come again as such.
    expect(one.ids.length - one.again.length).toBeLessThanOrEqual(7);
    await until(async () => (await pendingOf(client)) === 0);
    expect(one.source.status.missing).toBe(0);
  });

  test("that comes back without its newest entries is read on, with the gap told and the group made anew", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url);
    await one.start("new");
    const before = await add(client, 4);
    await until(() => one.intents.length === 4);
    // Nothing was saved: stream and group are gone, as after a failover to a replica that had nothing yet.
    await server.restart();
    const again = await server.client();
    const after = await add(again, 3);
    await until(() => one.intents.length === 7);
    expect(one.ids).toEqual([...before, ...after]);
    const causes = one.gapsOf("trimmed").map(({ cause }) => cause);
    expect(causes.join("\n")).toMatch(/gone from the server/);
    expect(causes.join("\n")).toMatch(/the consumer group "rehearsal" was gone from the server and is made anew/);
    await until(async () => (await pendingOf(again)) === 0);
  });

  test("whose data is flushed under the session goes on with what comes", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url);
    await one.start("new");
    const before = await add(client, 2);
    await until(() => one.intents.length === 2);
    await client.flushall();
    await until(() => one.gapsOf("trimmed").length > 0);
    const after = await add(client, 2);
    await until(() => one.intents.length === 4);
    expect(one.ids).toEqual([...before, ...after]);
    await client.del(STREAM);
    await client.set(STREAM, "a text");
    await until(() => one.problems.some(({ code }) => code === "wrong_type"));
    await client.del(STREAM);
    const healed = await add(client, 1);
    await until(() => one.intents.length === 5);
    expect(one.ids.at(-1)).toBe(healed[0]);
  });

  test("a tail that was lost and written anew with older ids is delivered, and what was seen is said to be", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url);
    await one.start("new");
    await add(client, 1, "1000-0");
    await add(client, 1, "1001-0");
    await until(() => one.intents.length === 2);
    // The replica had the first entry and the group before the second one; a producer with a clock behind writes on.
    await client
      .multi()
      .del(STREAM)
      .xadd(STREAM, "1000-0", "payload", PAYLOAD)
      .xgroup("CREATE", STREAM, GROUP, "1000-0")
      .xadd(STREAM, "1000-7", "payload", PAYLOAD)
      .exec();
    await until(() => one.ids.includes("1000-7"));
    await add(client, 1, "1002-0");
    await until(() => one.ids.includes("1002-0"));
    expect(new Set(one.ids)).toEqual(new Set(["1000-0", "1001-0", "1000-7", "1002-0"]));
    expect(one.again).toContain("1000-7");
    expect(one.gapsOf("trimmed")).not.toEqual([]);
  });

  test("trimming before entries were read is counted exactly: while it reads, while it pauses, while nobody runs", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url);
    await one.start("new");
    await add(client, 5);
    await until(() => one.intents.length === 5);
    one.source.pause();
    await new Promise((done) => setTimeout(done, 120));
    await add(client, 20);
    await client.xtrim(STREAM, "MAXLEN", 6);
    one.source.resume();
    await until(() => one.intents.length === 11 && one.gapsOf("trimmed").length > 0);
    expect(one.gapsOf("trimmed").map(({ missing }) => missing)).toEqual([14]);
    await until(async () => (await pendingOf(client)) === 0);
    await one.source.close();

    const fresh = new IntentCollector(server.url, { group: "fresh" });
    await fresh.start("new");
    await add(client, 3);
    await until(() => fresh.intents.length === 3);
    await fresh.source.close();
    await add(client, 10);
    await client.xtrim(STREAM, "MAXLEN", 4);
    const next = new IntentCollector(server.url, { group: "fresh" });
    await next.start("resume");
    await until(() => next.intents.length === 4);
    expect(next.gaps.map(({ kind, missing }) => [kind, missing])).toEqual([["trimmed", 6]]);
    expect(next.gaps[0]!.cause).toMatch(/trimmed or deleted while nobody read/);
  });

  test("entries that were trimmed while they were pending are told as missing, and are pending no more", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url);
    one.isAcking = false;
    await one.start("new");
    await add(client, 3);
    await until(() => one.intents.length === 3);
    await one.source.close();
    await client.xgroup("CREATECONSUMER", STREAM, GROUP, "dead");
    const [last] = await add(client, 1);
    await client.xreadgroup("GROUP", GROUP, "dead", "STREAMS", STREAM, ">");
    await client.xtrim(STREAM, "MAXLEN", 0);
    const two = new IntentCollector(server.url, { claimIdleMs: 100 });
    await two.start("resume");
    await until(async () => (await pendingOf(client)) === 0);
    expect(last).toBeDefined();
    const missing = () => two.gapsOf("trimmed").reduce((sum, gap) => sum + (gap.missing ?? 0), 0);
    await until(() => missing() >= 4);
    expect([missing(), two.intents]).toEqual([4, []]);
  });

  test("another consumer of the group that takes entries away is named", async () => {
    const client = await begin();
    const one = new IntentCollector(server.url);
    await one.start("new");
    const two = new IntentCollector(server.url, { consumer: "two" });
    await two.start("resume");
    await add(client, 1);
    for (let round = 0; round < 40 && one.problems.length + two.problems.length === 0; round++) {
      await add(client, 1);
      await new Promise((done) => setTimeout(done, 60));
    }
    const told = [...one.problems, ...two.problems];
    expect(told[0]).toMatchObject({ code: "other_consumer" });
    expect([...one.gaps, ...two.gaps].every(({ missing }) => missing === null)).toBe(true);
  });
});
