import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { entryFields } from "../../../src/live/redis/entry-fields.ts";
import { compareIds, idTimeMs, normalId } from "../../../src/live/redis/entry-id.ts";
import { KeyWatch } from "../../../src/live/redis/key-watch.ts";
import { parseRedisUrl, readPasswordFile } from "../../../src/live/redis/redis-target.ts";
import { Tally } from "../../../src/live/redis/tally.ts";

describe("entry ids", () => {
  test("are compared as two numbers of 64 bits", () => {
    const sorted = ["2-1", "9-0", "10-0", "10-9", "10-10", "18446744073709551615-18446744073709551615"];
    expect([...sorted].reverse().sort(compareIds)).toEqual(sorted);
    expect(compareIds("18446744073709551614-0", "18446744073709551615-0")).toBeLessThan(0);
  });

  test("have a time only when their number is one", () => {
    expect(idTimeMs("1770253357846-3")).toBe(1770253357846);
    expect(idTimeMs("1-1")).toBeNull();
    expect(idTimeMs("18446744073709551615-0")).toBeNull();
    expect([normalId("5"), normalId("5-7"), normalId("$"), normalId("5-")]).toEqual(["5-0", "5-7", null, null]);
  });
});

describe("fields of an entry", () => {
  const raw = (...values: (string | Buffer)[]): Buffer[] => values.map((value) => Buffer.from(value as string));

  test("are texts when nothing is lost by it", () => {
    expect(entryFields(raw("symbol", "BTCUSDT", "note", "\u{feff}ü\0", "", ""))).toEqual({
      fields: { symbol: "BTCUSDT", note: "\u{feff}ü\0", "": "" },
      fieldsBase64: null,
    });
  });

  test.each([
    ["bytes that are no UTF-8", raw("a", Buffer.from([0xff, 0xfe]))],
    ["a name that is no UTF-8", raw(Buffer.from([0xc3]), "b")],
    ["a name that is there twice", raw("a", "1", "a", "2")],
    ["names an object sorts", raw("b", "1", "7", "2")],
  ])("keep %s", (_what, given) => {
    const { fieldsBase64 } = entryFields(given);
    expect(fieldsBase64!.map((text) => Buffer.from(text, "base64"))).toEqual(given);
  });

  test("may be named like what objects inherit", () => {
    const { fields, fieldsBase64 } = entryFields(raw("__proto__", "x", "constructor", "y"));
    expect(JSON.stringify(fields)).toBe('{"__proto__":"x","constructor":"y"}');
    expect(fieldsBase64).toBeNull();
  });
});

describe("the address of the server", () => {
  test("keeps its password to itself", () => {
    const target = parseRedisUrl("redis://joe:s%40cret@[::1]:7000/3");
    expect(target).toMatchObject({ host: "::1", port: 7000, db: 3, username: "joe", password: "s@cret" });
    expect(target.safeUrl).toBe("redis://joe@[::1]:7000/3");
    expect(parseRedisUrl("rediss://db").safeUrl).toBe("rediss://db:6379");
  });

  test.each([
    "http://:hush@h",
    "hush",
    "redis://:hush@h:99999",
    "redis://:hush@h/x",
    "redis://:hu%zzsh@h",
    "redis://:p@h?db=hush",
  ])("that is none is refused without its text (%#)", (text) => {
    expect(() => parseRedisUrl(text)).toThrow(UserError);
    try {
      parseRedisUrl(text);
    } catch (error) {
      expect((error as Error).message).toMatch(/^Cannot use the address of the Redis server: .+; give one such as/);
      expect((error as Error).message).not.toContain("hu");
    }
  });
});

describe("the file of the password", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "password-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test("must be closed to others and hold one", () => {
    const file = join(dir, "p");
    expect(() => readPasswordFile(file)).toThrow("ENOENT");
    writeFileSync(file, "hush\r\nmore\n", { mode: 0o600 });
    expect(readPasswordFile(file)).toBe("hush");
    const open = join(dir, "open");
    writeFileSync(open, "hush\n", { mode: 0o640 });
    expect(() => readPasswordFile(open)).toThrow("mode 0640), mode 0600 is needed; chmod 600");
    writeFileSync(file, "\n");
    expect(() => readPasswordFile(file)).toThrow("its first line is empty");
  });
});

describe("looks at a key", () => {
  const at = (monotonicMs: number, value: string | null, ttlMs = -1) => ({
    value: value === null ? null : Buffer.from(value),
    ttlMs,
    rxMs: 1_000_000 + monotonicMs,
    askedMs: monotonicMs - 5,
    answeredMs: monotonicMs,
  });

  test("tell what is new, and nothing else", () => {
    const watch = new KeyWatch();
    const events = [
      at(0, null),
      at(100, null),
      at(200, "a", 5000),
      at(1200, "a", 4010),
      at(2000, "a", 9000),
      at(3000, "b", 8000),
      at(4000, "b"),
      at(5000, null),
      at(6000, "c", 1000),
      at(7100, null, -2),
    ].map((look) => watch.look("k", look));
    expect(events.map((event) => event?.["event"] ?? null)).toEqual([
      "absent",
      null,
      "seen",
      null,
      "renewed",
      "changed",
      "renewed",
      "deleted",
      "seen",
      "expired",
    ]);
    expect(events[2]).toEqual({ key: "k", event: "seen", value: "a", ttlMs: 5000, expiresTsMs: 1_005_200 });
    expect(events[6]).toEqual({ key: "k", event: "renewed", value: "b", ttlMs: null, expiresTsMs: null });
  });

  test("that took long do not make a renewal of it", () => {
    const watch = new KeyWatch();
    const look = (askedMs: number, answeredMs: number, ttlMs: number) =>
      watch.look("k", { value: Buffer.from("a"), ttlMs, rxMs: answeredMs, askedMs, answeredMs });
    look(0, 5, 10_000);
    // The server answered at 1000 and was heard at 4000.
    expect(look(990, 4000, 9000)).toBeNull();
    expect(look(4100, 4105, 9000)).toMatchObject({ event: "renewed" });
  });

  test("carry bytes that are no text", () => {
    const look = { value: Buffer.from([0xff]), ttlMs: -1, rxMs: 1, askedMs: 1, answeredMs: 1 };
    expect(new KeyWatch().look("k", look)).toMatchObject({ valueBase64: "/w==" });
  });
});

describe("percentiles", () => {
  test("are by nearest rank, exact where it matters, in bounded memory", () => {
    const tally = new Tally();
    expect(tally.percentiles()).toBeNull();
    for (let value = 1; value <= 100; value++) tally.add(value - 51);
    expect(tally.percentiles()).toEqual({ p50: -1, p99: 48, min: -50, max: 49, samples: 100 });
    const far = new Tally();
    far.add(123_456_789);
    expect(far.percentiles()).toMatchObject({ p50: 123_456_789, max: 123_456_789 });
    far.add(0);
    for (let at = 0; at < 100; at++) far.add(123_456_789 + at);
    expect(far.percentiles()!.p50 / 123_456_789).toBeCloseTo(1, 3);
  });
});
