import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import { median, rateText } from "../../src/bench/measure.ts";
import { ensureBuilt } from "../built-cli.ts";
import { hasRedis } from "../live/redis-server.ts";
import { repositoryPath } from "../sim/run/run-helpers.ts";

describe("npm run bench", () => {
  beforeAll(ensureBuilt, 120_000);

  test("prints every figure beside its baseline of the same run", () => {
    const bench = spawnSync(process.execPath, [repositoryPath("dist/bench/bench.js"), "--smoke"], { encoding: "utf8" });
    expect(bench.stderr).toBe("");
    const rows = bench.stdout.trimEnd().split("\n");
    expect(rows).toHaveLength(hasRedis ? 28 : 24);
    expect(bench.stdout).not.toMatch(/NaN|Infinity|skipped|[^\d.]0 (MB|ms)/);
    for (const figure of [
      "market cache decoded and merged",
      "whole pipeline from the cache",
      "NDJSON read cold",
      "market cache written",
      "peak memory of that pipeline",
      "32 governors in one pass",
      "on one core: processor time of all threads",
      "memory of one governor more",
      "market events",
      "intents to ledger",
      "decisions they cause",
      "recording read",
      "sim --help",
      "peak memory",
      "orders matched in the process",
      "signed orders over loopback",
      "p99 from request to answer",
    ]) {
      expect(bench.stdout).toContain(figure);
    }
    for (const figure of ["stream entry to order sent", "heap after 2000 entries", "resident then"]) {
      expect(bench.stdout.includes(figure)).toBe(hasRedis);
    }
  });

  test("takes medians and says rates in a readable unit", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(rateText(3_000_000, 1000)).toBe("3.00 M/s");
    expect(rateText(500, 1000)).toBe("500.0 /s");
  });
});
