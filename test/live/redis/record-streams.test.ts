import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterEach, describe, expect, test } from "vitest";
import { LinkLost } from "../../../src/live/redis/link.ts";
import type { InputRecord } from "../../../src/recording/batch.ts";
import { importRedis } from "../../../src/recording/import/import-redis.ts";
import type { Manifest } from "../../../src/recording/manifest.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { pause, removeRecordings, startRecorder } from "../recorder.ts";
import { hasRedis, RedisServer, type RedisServerOptions } from "../redis-server.ts";

const INTENTS = "quantum:stream:trade.intent";
const PLANS = "quantum:stream:apply.plan";

let server: RedisServer;

async function begin(options: RedisServerOptions = {}): Promise<Redis> {
  server = await RedisServer.start(options);
  return server.client();
}

afterEach(async () => {
  await server?.close();
  removeRecordings();
});

async function idsOf(client: Redis, stream: string): Promise<string[]> {
  return ((await client.xrange(stream, "-", "+")) as [string, string[]][]).map(([id]) => id);
}

async function addMany(client: Redis, stream: string, count: number, ...how: string[]): Promise<void> {
  for (let done = 0; done < count; done += 1000) {
    const pipeline = client.pipeline();
    for (let at = done; at < Math.min(count, done + 1000); at++)
      pipeline.call("XADD", stream, ...how, "*", "n", String(at));
    await pipeline.exec();
  }
}

describe.skipIf(!hasRedis)("entries of a stream", () => {
  test("are all recorded, in their order, under a producer at full speed", async () => {
    const client = await begin();
    const streams = [INTENTS, PLANS, "other"];
    const recorder = await startRecorder({ url: server.url, streams: ["trade.intent", "apply.plan", "other"] });
    await Promise.all(streams.map((stream, at) => addMany(client, stream, [20_000, 20_000, 10_000][at]!)));
    await recorder.entries(50_000);
    const recorded = await recorder.finish();
    for (const [at, stream] of ["trade.intent", "apply.plan", "other"].entries()) {
      expect(recorded.ids(stream)).toEqual(await idsOf(client, streams[at]!));
    }
    expect(recorded.entries("trade.intent")[0]).toEqual({ id: expect.any(String), fields: { n: "0" } });
    expect(recorded.entries("other")[0]).toMatchObject({ redisStream: "other" });
    expect(recorded.interruptions()).toEqual([]);
    const { gaps, missing, lagMs, unread } = recorded.result;
    expect([gaps, missing]).toEqual([0, 0]);
    expect(lagMs!.samples).toBeGreaterThan(3);
    expect(unread!.min).toBe(0);
    expect(recorded.entries("redis.lag").at(-1)).toMatchObject({ lagMs, unread });
  });

  test("that were there before the recording are not in it, unless it begins with them", async () => {
    const client = await begin();
    await addMany(client, INTENTS, 5);
    const now = await startRecorder({ url: server.url, streams: [INTENTS] });
    const start = await startRecorder({ url: server.url, streams: [INTENTS], from: "start", batchEntriesMax: 2 });
    const third = (await idsOf(client, INTENTS))[2]!;
    const chosen = await startRecorder({ url: server.url, streams: [INTENTS], from: third });
    await addMany(client, INTENTS, 3);
    await Promise.all([now.entries(3), start.entries(8), chosen.entries(5)]);
    const ids = await idsOf(client, INTENTS);
    expect((await now.finish()).ids("trade.intent")).toEqual(ids.slice(5));
    expect((await start.finish()).ids("trade.intent")).toEqual(ids);
    const recorded = await chosen.finish();
    expect(recorded.ids("trade.intent")).toEqual(ids.slice(3));
    expect(recorded.result.gaps).toBe(0);
  });

  test("are kept whole, whatever their fields are", async () => {
    const client = await begin();
    const recorder = await startRecorder({ url: server.url, streams: ["odd"] });
    const many = Array.from({ length: 6000 }, (_, at) => Buffer.from(`name${at % 3000}.${at}`));
    const entries: Buffer[][] = [
      [Buffer.from("big"), Buffer.alloc(1024 * 1024, "x")],
      [Buffer.from([0xff, 0x00, 0x80]), Buffer.from([0xc3, 0x28, 0x0a, 0x22])],
      [Buffer.from(""), Buffer.from("")],
      many,
      ["b", "1", "a", "2", "b", "3", "7", "4", "__proto__", "5"].map((text) => Buffer.from(text)),
      [Buffer.from("line"), Buffer.from("a\nb\u2028\u0000\u001b[31m\u{1f600}")],
    ];
    for (const fields of entries) await client.callBuffer("XADD", "odd", "*", ...fields);
    await recorder.entries(entries.length);
    const recorded = await recorder.finish();
    const back = recorded.entries("odd").map((payload) => {
      const extra = payload["extra"] as { fieldsBase64: string[] } | undefined;
      if (extra !== undefined) return extra.fieldsBase64.map((text) => Buffer.from(text, "base64"));
      return Object.entries(payload["fields"] as Record<string, string>).flatMap((pair) =>
        pair.map((x) => Buffer.from(x)),
      );
    });
    expect(back.map((fields) => Buffer.concat(fields).length)).toEqual(entries.map((f) => Buffer.concat(f).length));
    for (const [at, fields] of entries.entries()) {
      expect(back[at]!.length).toBe(fields.length);
      expect(back[at]!.every((value, field) => value.equals(fields[field]!))).toBe(true);
    }
  });

  test("have the records that an import of a dump makes of them", async () => {
    const client = await begin();
    const streams = [INTENTS, PLANS, "quantum:stream:marketstate", "other"];
    const recorder = await startRecorder({ url: server.url, streams });
    for (let at = 0; at < 12; at++) {
      const symbol = ["BTCUSDT", "ETHUSDT"][at % 2]!;
      const fields = at % 3 === 0 ? ["payload", JSON.stringify({ symbol, at })] : ["symbol", symbol, "n", String(at)];
      await client.call("XADD", streams[at % 4]!, "*", ...fields);
    }
    await recorder.entries(12);
    const recorded = await recorder.finish();
    const dump = join(recorded.dir, "..", "dump.ndjson");
    const lines: string[] = [];
    for (const stream of streams) {
      for (const [id, raw] of (await client.xrange(stream, "-", "+")) as [string, string[]][]) {
        const fields: Record<string, string> = {};
        for (let at = 0; at < raw.length; at += 2) fields[raw[at]!] = raw[at + 1]!;
        lines.push(`${JSON.stringify({ stream, id, fields })}\n`);
      }
    }
    writeFileSync(dump, lines.join(""));
    const { dir, manifest } = importRedis({ files: [dump], out: join(recorded.dir, "..", "imported") });
    const imported = [...openRecording(dir).inputs()];
    for (const stream of ["trade.intent", "apply.plan", "marketstate", "other"]) {
      const payloads = imported.filter((record) => record.stream === stream).map(({ payload }) => payload);
      expect(payloads).toHaveLength(3);
      expect(recorded.entries(stream)).toEqual(payloads);
      const times = (records: readonly InputRecord[]) =>
        records.filter((record) => record.stream === stream).map(({ tsMs }) => tsMs);
      expect(times(recorded.records)).toEqual(times(imported));
    }
    const symbols = (of: Manifest) => of.symbols.map(({ symbol }) => symbol).sort();
    expect(symbols(openRecording(recorded.dir).manifest)).toEqual(symbols(manifest));
  });

  test("with ids that are no times, and streams with names of the recording's own, are carried", async () => {
    const client = await begin();
    const recorder = await startRecorder({ url: server.url, streams: ["silence", "mark"] });
    await client.xadd("silence", "1-1", "a", "1");
    await client.xadd("silence", "18446744073709551615-18446744073709551614", "a", "2");
    await client.xadd("mark", "*", "p", "3");
    await recorder.entries(3);
    const recorded = await recorder.finish();
    expect(recorded.entries("redis:silence").map(({ id, redisStream }) => [id, redisStream])).toEqual([
      ["1-1", "silence"],
      ["18446744073709551615-18446744073709551614", "silence"],
    ]);
    expect(recorded.ids("redis:mark")).toHaveLength(1);
    for (const { rxMs, tsMs } of recorded.records.filter(({ stream }) => stream === "redis:silence")) {
      expect(tsMs).toBe(rxMs);
    }
  });
});

describe.skipIf(!hasRedis)("what happens to the server", () => {
  test("a restart that kept the data loses nothing, and is two records with their times", async () => {
    const client = await begin({ isPersistent: true });
    await addMany(client, INTENTS, 10);
    const recorder = await startRecorder({ url: server.url, streams: [INTENTS] });
    await addMany(client, INTENTS, 500);
    await recorder.entries(100);
    await server.stop();
    await recorder.until(({ state }) => state === "away");
    await server.restart();
    const again = await server.client();
    await addMany(again, INTENTS, 500);
    await recorder.entries(1000);
    const recorded = await recorder.finish();
    expect(recorded.ids("trade.intent")).toEqual((await idsOf(again, INTENTS)).slice(10));
    const [lost, back, ...more] = recorded.interruptions();
    expect(more).toEqual([]);
    expect([lost!.kind, lost!.stream, lost!.missing]).toEqual(["disconnect", "*", 0]);
    expect([back!.kind, back!.stream, back!.missing]).toEqual(["reconnect", "*", 0]);
    expect(back!.startTsMs).toBe(lost!.startTsMs);
    expect(back!.endTsMs).toBeGreaterThanOrEqual(lost!.endTsMs);
    expect([recorded.result.gaps, recorded.result.missing]).toEqual([1, 0]);
  });

  test("a restart that lost the data is told, and the new stream is recorded from its first entry", async () => {
    const client = await begin();
    const recorder = await startRecorder({ url: server.url, streams: [INTENTS] });
    await addMany(client, INTENTS, 20);
    await recorder.entries(20);
    await server.restart();
    const again = await server.client();
    await addMany(again, INTENTS, 5);
    await recorder.entries(25);
    const recorded = await recorder.finish();
    expect(recorded.ids("trade.intent").slice(20)).toEqual(await idsOf(again, INTENTS));
    const kinds = recorded.interruptions().map(({ kind, stream, missing }) => [kind, stream, missing]);
    expect(kinds).toEqual([
      ["disconnect", "*", 0],
      ["reconnect", "*", 0],
      ["trimmed", INTENTS, null],
    ]);
    expect(recorded.interruptions().at(-1)!.cause).toMatch(/is gone from the server|was made anew/);
    expect(recorded.result.missing).toBeNull();
  });

  test("ids that run backwards are told, and nothing of them is lost", async () => {
    const client = await begin();
    await client.xadd(INTENTS, "9000-0", "n", "0");
    const recorder = await startRecorder({ url: server.url, streams: [INTENTS] });
    await client.multi().del(INTENTS).xadd(INTENTS, "7-0", "n", "1").xadd(INTENTS, "8-0", "n", "2").exec();
    await recorder.entries(2);
    const recorded = await recorder.finish();
    expect(recorded.ids("trade.intent")).toEqual(["7-0", "8-0"]);
    expect(recorded.interruptions()).toMatchObject([{ kind: "trimmed", missing: null }]);
    expect(recorded.interruptions()[0]!.cause).toContain("ids run backwards: 9000-0");
  });

  test("a server that stands still is a silence with its length, and nothing is lost", async () => {
    const client = await begin();
    const recorder = await startRecorder({ url: server.url, streams: [INTENTS], intervals: { silence: 300 } });
    await addMany(client, INTENTS, 10);
    await recorder.entries(10);
    server.pause();
    const adding = addMany(client, INTENTS, 10);
    await recorder.until(({ state }) => state === "silent");
    await pause(700);
    server.resume();
    await adding;
    await recorder.entries(20);
    const recorded = await recorder.finish();
    expect(recorded.ids("trade.intent")).toEqual(await idsOf(client, INTENTS));
    const [silence, ...more] = recorded.interruptions();
    expect(more).toEqual([]);
    expect(silence).toMatchObject({ kind: "silence", stream: "*", missing: 0 });
    expect(silence!.endTsMs - silence!.startTsMs).toBeGreaterThanOrEqual(1000);
  });

  test("a connection without an answer for long is given up, and made again", async () => {
    const client = await begin();
    const recorder = await startRecorder({
      url: server.url,
      streams: [INTENTS],
      intervals: { silence: 100, giveUp: 300 },
    });
    server.pause();
    await recorder.until(({ state }) => state === "away");
    server.resume();
    await addMany(client, INTENTS, 10);
    await recorder.entries(10);
    const recorded = await recorder.finish();
    expect(recorded.interruptions().map(({ kind }) => kind)).toEqual(["disconnect", "reconnect"]);
    expect(recorded.interruptions()[0]!.cause).toContain("the connection was given up");
    expect(recorded.ids("trade.intent")).toEqual(await idsOf(client, INTENTS));
  });

  test.each([
    ["silence", async () => pause(500)],
    [
      "disconnect",
      async () => {
        throw new LinkLost("cut by the test");
      },
    ],
  ] as const)("a %s between the entries and what is asked about them comes after the entries", async (kind, happen) => {
    const client = await begin();
    let hasRead = false;
    const recorder = await startRecorder({
      url: server.url,
      streams: [INTENTS],
      intervals: { silence: 200 },
      wrap: (link) => ({
        ...link,
        close: () => link.close(),
        async ask(command, ...args) {
          if (hasRead && command === "XINFO") {
            hasRead = false;
            await happen();
          }
          const reply = await link.ask(command, ...args);
          if (command === "XREAD" && reply !== null) hasRead = true;
          return reply;
        },
      }),
    });
    await client.xadd(INTENTS, "*", "n", "1");
    await recorder.entries(1);
    await client.xadd(INTENTS, "*", "n", "2");
    await recorder.entries(2);
    const recorded = await recorder.finish();
    const told = recorded.records.map(({ stream }) => stream).filter((stream) => stream !== "redis.lag");
    expect(told.slice(0, 2)).toEqual(["trade.intent", kind]);
    expect(told).not.toContain("clock-step");
    expect(recorded.ids("trade.intent")).toEqual(await idsOf(client, INTENTS));
    expect(recorded.result.missing).toBe(0);
  });

  test("a clock of the recorder that jumps is a record, forth and back", async () => {
    const client = await begin();
    let offsetMs = 0;
    const nowMs = () => Date.now() + offsetMs;
    const recorder = await startRecorder({ url: server.url, streams: [INTENTS], nowMs });
    for (const [at, jumpMs] of [0, 60_000, 0].entries()) {
      offsetMs = jumpMs;
      await client.xadd(INTENTS, "*", "n", String(at));
      await recorder.entries(at + 1);
    }
    const recorded = await recorder.finish();
    const [ahead, back, ...more] = recorded.interruptions();
    expect(more).toEqual([]);
    expect([ahead!.kind, ahead!.cause]).toEqual(["clock-step", expect.stringMatching(/went ahead by (59|60)\d{3} ms/)]);
    expect([back!.kind, back!.cause]).toEqual(["clock-step", expect.stringMatching(/went back (59|60)?\d+ ms/)]);
    expect(recorded.ids("trade.intent")).toEqual(await idsOf(client, INTENTS));
  });

  test("a server that is away at the end leaves what is missing open", async () => {
    const client = await begin();
    const recorder = await startRecorder({ url: server.url, streams: [INTENTS] });
    await addMany(client, INTENTS, 3);
    await recorder.entries(3);
    await server.stop();
    await recorder.until(({ state }) => state === "away");
    const recorded = await recorder.finish();
    expect(recorded.interruptions().map(({ kind, missing }) => [kind, missing])).toEqual([
      ["disconnect", 0],
      ["disconnect", null],
    ]);
    expect([recorded.result.gaps, recorded.result.missing]).toEqual([1, null]);
  });

  test("a server that stands still at the end leaves what is missing open, and is not waited for", async () => {
    const client = await begin();
    const recorder = await startRecorder({ url: server.url, streams: [INTENTS], intervals: { silence: 200 } });
    await addMany(client, INTENTS, 3);
    await recorder.entries(3);
    server.pause();
    await recorder.until(({ state }) => state === "silent");
    const recorded = await recorder.finish();
    server.resume();
    expect(recorded.interruptions().map(({ kind, missing }) => [kind, missing])).toEqual([["silence", null]]);
    expect(recorded.ids("trade.intent")).toHaveLength(3);
  });

  test("a key that turns into something else stops only its own stream", async () => {
    const client = await begin();
    await addMany(client, PLANS, 1);
    const recorder = await startRecorder({ url: server.url, streams: [INTENTS, PLANS] });
    await client.multi().del(PLANS).set(PLANS, "no stream").exec();
    await addMany(client, INTENTS, 5);
    await recorder.entries(5);
    await client.del(PLANS);
    await addMany(client, PLANS, 2);
    await recorder.entries(7);
    const recorded = await recorder.finish();
    expect(recorded.ids("apply.plan")).toEqual(await idsOf(client, PLANS));
    expect(recorded.interruptions().filter(({ kind }) => kind === "trimmed")).toMatchObject([
      { stream: PLANS, missing: null, cause: expect.stringContaining("gone from the server") },
    ]);
  });
});

describe.skipIf(!hasRedis)("entries that are trimmed before they are read", () => {
  test("are one record with their exact number, before the entries that follow them", async () => {
    const client = await begin();
    await addMany(client, INTENTS, 4);
    const recorder = await startRecorder({ url: server.url, streams: [INTENTS] });
    // A transaction: the recorder cannot see the stream between the two.
    const transaction = client.multi();
    for (let at = 0; at < 10; at++) transaction.xadd(INTENTS, "*", "n", String(at));
    await transaction.xtrim(INTENTS, "MAXLEN", 3).exec();
    await recorder.entries(3);
    const recorded = await recorder.finish();
    expect(recorded.ids("trade.intent")).toEqual(await idsOf(client, INTENTS));
    expect(recorded.interruptions()).toMatchObject([{ kind: "trimmed", stream: INTENTS, missing: 7 }]);
    const order = recorded.records.map(({ stream }) => stream).filter((stream) => stream !== "redis.lag");
    expect(order).toEqual(["trimmed", "trade.intent", "trade.intent", "trade.intent"]);
    expect(recorded.result.missing).toBe(7);
  });

  test("and entries that were read add up to those added, under a producer that trims at full speed", async () => {
    const client = await begin();
    const recorder = await startRecorder({ url: server.url, streams: [INTENTS, PLANS], batchEntriesMax: 20 });
    await Promise.all([
      addMany(client, INTENTS, 20_000, "MAXLEN", "50"),
      addMany(client, PLANS, 20_000, "MAXLEN", "~", "500"),
    ]);
    await client.xadd(INTENTS, "*", "last", "1");
    await client.xadd(PLANS, "*", "last", "1");
    const last = [(await idsOf(client, INTENTS)).at(-1), (await idsOf(client, PLANS)).at(-1)];
    // Both last entries are still there: when they were read, everything else was read or is missing.
    await recorder.reached(INTENTS, last[0]!);
    await recorder.reached(PLANS, last[1]!);
    const recorded = await recorder.finish();
    for (const [at, stream] of [INTENTS, PLANS].entries()) {
      const ids = recorded.ids(stream.slice("quantum:stream:".length));
      expect(ids.at(-1)).toBe(last[at]);
      expect(new Set(ids).size).toBe(ids.length);
      const losses = recorded.interruptions().filter((loss) => loss.stream === stream);
      const missing = losses.reduce((sum, loss) => sum + (loss.missing as number), 0);
      expect(losses.every((loss) => Number.isInteger(loss.missing))).toBe(true);
      expect(ids.length + missing).toBe(20_001);
      expect(missing).toBeGreaterThan(0);
    }
  });
});

describe.skipIf(!hasRedis)("others on the server", () => {
  test("lose nothing: a user who may only read can record, groups included", async () => {
    const client = await begin();
    await client.call("ACL", "SETUSER", "reader", "on", ">see", "~*", "resetchannels", "-@all");
    await client.call("ACL", "SETUSER", "reader", "+xread", "+xinfo", "+get", "+pttl", "+xpending");
    await client.xgroup("CREATE", INTENTS, "executor", "$", "MKSTREAM");
    await addMany(client, INTENTS, 3);
    await client.xreadgroup("GROUP", "executor", "worker", "COUNT", 2, "STREAMS", INTENTS, ">");
    const before = await client.xinfo("GROUPS", INTENTS);
    await client.call("CONFIG", "RESETSTAT");
    const recorder = await startRecorder({
      url: server.url.replace("//", "//reader:see@"),
      streams: [INTENTS],
      from: "start",
      groups: ["executor", "absent"],
      keys: ["k"],
    });
    await recorder.entries(3);
    await pause(200);
    const recorded = await recorder.finish();
    expect(await client.xinfo("GROUPS", INTENTS)).toEqual(before);
    const stats = await client.info("commandstats");
    const commands = [...stats.matchAll(/^cmdstat_([^:]+):/gm)].map((match) => match[1]).sort();
    const ours = commands.filter((name) => name !== "info" && name !== "config|resetstat");
    expect(ours).toEqual(["auth", "get", "pttl", "xinfo|groups", "xinfo|stream", "xpending", "xread"]);
    const [executor, absent] = recorded.entries("redis.group");
    const [first, second] = await idsOf(client, INTENTS);
    expect(executor).toEqual({
      redisStream: INTENTS,
      group: "executor",
      exists: true,
      consumers: 1,
      lastDeliveredId: second,
      entriesRead: 2,
      lag: 1,
      pending: 2,
      pendingFirstId: first,
      pendingLastId: second,
      pendingBy: [{ consumer: "worker", pending: 2 }],
    });
    expect(absent).toEqual({ redisStream: INTENTS, group: "absent", exists: false });
  });

  test("keys are recorded with value and time to live when they change and when they end", async () => {
    const client = await begin();
    await client.set("permit:b", "stays");
    await client.xadd("permit:stream", "*", "no", "text");
    const recorder = await startRecorder({ url: server.url, streams: [], keys: ["single", "permit:*"] });
    await recorder.until(({ keyRecords }) => keyRecords === 1);
    await client.set("permit:a", "granted", "PX", 1200);
    await client.set("single", "one");
    await recorder.until(({ keyRecords }) => keyRecords === 3);
    await client.set("single", "two");
    await client.del("permit:b");
    await recorder.until(({ keyRecords }) => keyRecords === 6);
    const recorded = await recorder.finish();
    const told = recorded.entries("redis.key").map(({ key, event, value }) => [key, event, value ?? null]);
    expect(told).toHaveLength(7);
    expect(told).toEqual(
      expect.arrayContaining([
        ["single", "absent", null],
        ["single", "seen", "one"],
        ["single", "changed", "two"],
        ["permit:b", "seen", "stays"],
        ["permit:b", "deleted", null],
        ["permit:a", "seen", "granted"],
        ["permit:a", "expired", null],
      ]),
    );
    const granted = recorded.records.find(({ payload }) => payload["value"] === "granted")!;
    const ttlMs = granted.payload["ttlMs"] as number;
    expect(ttlMs).toBeGreaterThan(0);
    expect(ttlMs).toBeLessThanOrEqual(1200);
    expect(granted.payload["expiresTsMs"]).toBe(granted.rxMs + ttlMs);
  });
});
