import { describe, expect, test } from "vitest";
import { journal, plan } from "../../journal-builder.ts";
import { found, foundInRecords, intentRecord, record } from "../helpers.ts";

const group = (changes: object) =>
  record(0, "redis.group", {
    redisStream: "trade.intent",
    group: "executor",
    exists: true,
    lag: 0,
    pending: 0,
    consumers: 1,
    ...changes,
  });

describe("consumer_group_gap", () => {
  test("tells groups that never came, lost their place, or are far behind", () => {
    expect(foundInRecords("consumer_group_gap", [group({ exists: false, lag: null })])).toMatchObject([
      { severity: "error" },
    ]);
    expect(foundInRecords("consumer_group_gap", [group({ lag: null })])[0]!.text).toContain("trimmed or deleted");
    expect(foundInRecords("consumer_group_gap", [group({ lag: 10_004 })])).toMatchObject([
      { severity: "warn", weight: 10_004 },
    ]);
    expect(foundInRecords("consumer_group_gap", [group({ pending: 11_343 })])[0]!.text).toContain("never acknowledged");
  });

  test("is silent on a group near the end, and judges its last word", () => {
    expect(foundInRecords("consumer_group_gap", [group({ lag: 12, pending: 3 })])).toEqual([]);
    expect(foundInRecords("consumer_group_gap", [group({ lag: 10_004 }), group({ lag: 0 })])).toEqual([]);
  });
});

test("consumer_ghosts needs sixteen consumers", () => {
  expect(foundInRecords("consumer_ghosts", [group({ consumers: 34 })])).toMatchObject([
    { evidence: { consumers: 34 } },
  ]);
  expect(foundInRecords("consumer_ghosts", [group({ consumers: 8 })])).toEqual([]);
});

test("entries_trimmed tells holes by kind", () => {
  const hole = record(0, "trimmed", {
    stream: "trade.intent",
    startTsMs: 0,
    endTsMs: 9000,
    missing: 12,
    cause: "MAXLEN",
  });
  expect(foundInRecords("entries_trimmed", [hole])).toMatchObject([
    { severity: "error", evidence: { missing: 12, longestMs: 9000 } },
  ]);
  const reconnect = record(0, "reconnect", { stream: "*", startTsMs: 0, endTsMs: 9, missing: null, cause: "x" });
  expect(foundInRecords("entries_trimmed", [reconnect])).toEqual([]);
});

test("stream_silent tells a stream that missed beats, and no stream without a beat", () => {
  const state = (offsetMs: number) =>
    record(offsetMs, "marketstate", { id: `${offsetMs}-0`, fields: { symbol: "BTCUSDT" } });
  const beats = Array.from({ length: 8 }, (_, index) => state(index * 60_000));
  expect(foundInRecords("stream_silent", [...beats, state(420_000 + 600_000)])).toMatchObject([
    { evidence: { stream: "marketstate", missed: 9 } },
  ]);
  expect(foundInRecords("stream_silent", beats)).toEqual([]);
  expect(foundInRecords("stream_silent", [state(0), state(5000), state(900_000)])).toEqual([]);
});

test("intents_at_another_price compares with the mark of the time", () => {
  const at = (price: number) =>
    Array.from({ length: 5 }, (_, index) => [
      record(index * 1000, "mark", { sym: "ZECUSDT", p: "316.00" }),
      intentRecord(index * 1000 + 1, "ZECUSDT", { entry_price: price }),
    ]).flat();
  expect(foundInRecords("intents_at_another_price", at(320))[0]!.evidence["basisBps"]).toBeCloseTo(126.6, 1);
  expect(foundInRecords("intents_at_another_price", at(316.3))).toEqual([]);
});

describe("statistics", () => {
  const episodes = (count: number) => {
    const built = journal();
    for (let index = 0; index < count; index++) built.publish(index * 400_000, plan(`p${index}`));
    return built;
  };

  test("too_few_episodes counts episodes, not evaluations", () => {
    const again = journal();
    for (let index = 0; index < 40; index++) again.publish(index * 1000, plan(`p${index}`));
    expect(found("too_few_episodes", again)).toMatchObject([{ evidence: { episodes: 1, evaluations: 40 } }]);
    expect(found("too_few_episodes", episodes(30))).toEqual([]);
    expect(found("too_few_episodes", journal())).toEqual([]);
  });

  test("too_many_parameters wants ten episodes for each", () => {
    const study = { trials: 1, parameters: 4 };
    expect(found("too_many_parameters", episodes(30), study)).toMatchObject([
      { evidence: { needed: 40, episodes: 30 } },
    ]);
    expect(found("too_many_parameters", episodes(30), { trials: 1, parameters: 3 })).toEqual([]);
    expect(found("too_many_parameters", episodes(5))).toEqual([]);
  });

  test("luck_of_the_best compares with the best of as many without merit", () => {
    const study = (bestSharpe: number) => ({ trials: 100, parameters: 1, bestSharpe, periods: 400 });
    // Expected largest of 100 standard normals is 2.5; over 400 periods one twentieth of it.
    const [first] = found("luck_of_the_best", episodes(1), study(0.1));
    expect(first!.evidence["byChance"]).toBeCloseTo(0.1265, 2);
    expect(found("luck_of_the_best", episodes(1), study(0.2))).toEqual([]);
    expect(found("luck_of_the_best", episodes(1), { trials: 100, parameters: 1 })).toEqual([]);
  });
});
