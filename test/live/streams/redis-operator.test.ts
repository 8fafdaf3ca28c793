import { afterEach, describe, expect, test } from "vitest";
import { parseRedisUrl } from "../../../src/live/redis/redis-target.ts";
import type { RedisOperatorOptions } from "../../../src/live/streams/options.ts";
import { createRedisOperator, killScope, type RedisOperator } from "../../../src/live/streams/redis-operator.ts";
import { hasRedis, RedisServer } from "../redis-server.ts";
import { until } from "./intent-collector.ts";

const KEY = "quantum:kill";

let server: RedisServer;
const running: RedisOperator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((operator) => operator.close()));
  await server?.close();
});

async function hand(options: Partial<RedisOperatorOptions> = {}) {
  const told: string[] = [];
  const problems: string[] = [];
  const operator = createRedisOperator({
    target: parseRedisUrl(server.url),
    key: KEY,
    pollMs: 20,
    giveUpMs: 200,
    onProblem: ({ code, text }) => problems.push(`${code}: ${text}`),
    ...options,
  });
  running.push(operator);
  await operator.start({
    killSwitch: (scope, source) => told.push(`${scope} by ${source}`),
    stop: () => told.push("stop"),
  });
  return { operator, told, problems };
}

test("every word of a kill key has a scope, and one nobody knows stops everything", () => {
  const scopes = [null, "", "0", " off\n", "FALSE", "entries", "1", "true", "on", "all", "stop!!", "nan"].map(
    killScope,
  );
  expect(scopes).toEqual(["off", "off", "off", "off", "off", "entries", "all", "all", "all", "all", "all", "all"]);
});

describe.skipIf(!hasRedis)("the kill key", () => {
  test("is read before the session begins, and each change of it is told once", async () => {
    server = await RedisServer.start();
    const client = await server.client();
    await client.set(KEY, "1");
    const { told, operator } = await hand();
    expect(told).toEqual(["all by redis key quantum:kill"]);
    await client.set(KEY, "entries");
    await until(() => told.length === 2);
    await client.del(KEY);
    await until(() => told.length === 3);
    await client.hset(KEY, "a", "b");
    await until(() => told.length === 4);
    await client.set(KEY, "0");
    await until(() => told.length === 5);
    expect(told.map((text) => text.split(" ")[0])).toEqual(["all", "entries", "off", "all", "off"]);
    expect(operator.status).toMatchObject({ scope: "off", isKnown: true });
  });

  test("of a server that is gone holds what it said last, and is released by a word only", async () => {
    server = await RedisServer.start();
    const client = await server.client();
    await client.set(KEY, "entries");
    const { told, problems, operator } = await hand({ unknownAfterMs: 150 });
    await server.stop();
    await until(() => problems.length === 1);
    expect(problems[0]).toMatch(
      /kill_key_unknown: .* was not readable for \d+ ms: "entries", which it said last, holds/,
    );
    expect(operator.status).toMatchObject({ scope: "entries", isKnown: false });
    expect(told).toHaveLength(1);
    // It comes back empty: that nobody says "entries" any more is no release.
    await server.restart();
    await until(() => problems.length === 2);
    expect(problems[1]).toMatch(/kill_key_lost: .*"entries" holds until the key says "off"/);
    const again = await server.client();
    await until(() => operator.status.isKnown);
    await new Promise((done) => setTimeout(done, 100));
    expect(told).toHaveLength(1);
    await again.set(KEY, "off");
    await until(() => told.length === 2);
    expect(told[1]).toBe("off by redis key quantum:kill");
  });

  test("of a server that stands still refuses new risk where that was asked for, until it answers again", async () => {
    server = await RedisServer.start();
    await server.client();
    const { told, operator } = await hand({ unknownAfterMs: 200, whenUnknown: "entries" });
    expect(told).toEqual([]);
    server.pause();
    await until(() => told.length === 1);
    expect(told[0]).toBe("entries by redis key quantum:kill is unknown");
    server.resume();
    await until(() => told.length === 2);
    expect(told[1]).toBe("off by redis key quantum:kill");
    expect(operator.status.isKnown).toBe(true);
  });

  test("that cannot be read is no switch: the session does not begin", async () => {
    server = await RedisServer.start({ password: "secret" });
    await expect(hand()).rejects.toThrow(/Cannot read the kill key "quantum:kill" of redis:.*wants a password/);
  });
});
