import { describe, expect, test } from "vitest";
import type { Command } from "../../../src/live/redis/link.ts";
import { lastWrites } from "../../../src/live/streams/last-writes.ts";
import { WrittenBook } from "../../../src/live/streams/written-book.ts";

describe("of the writes of one transaction", () => {
  test("fields and keys that are written again later are left out, and nothing else", () => {
    expect(
      lastWrites([
        ["XADD", "plans", "*", "id", "a"],
        ["HSET", "BTC", "amount", "1", "mark", "95000"],
        ["EXPIRE", "BTC", 3600],
        ["SET", "permit:a", "x", "PX", 60],
        ["HSET", "open", "a", "{}"],
        ["HSET", "BTC", "amount", "2", "side", "LONG"],
        ["EXPIRE", "BTC", 3600],
        ["SET", "permit:a", "y", "PX", 60],
        ["XADD", "plans", "*", "id", "a"],
        ["HDEL", "open", "a"],
        ["HSET", "ETH", "amount", "0"],
      ]),
    ).toEqual([
      ["XADD", "plans", "*", "id", "a"],
      ["HSET", "BTC", "mark", "95000"],
      ["HSET", "BTC", "amount", "2", "side", "LONG"],
      ["EXPIRE", "BTC", 3600],
      ["SET", "permit:a", "y", "PX", 60],
      ["XADD", "plans", "*", "id", "a"],
      ["HDEL", "open", "a"],
      ["HSET", "ETH", "amount", "0"],
    ]);
  });

  test("what is left leaves every key as all of them do", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const writes = randomWrites(seed, 40);
      const left = lastWrites(writes);
      expect(left.length).toBeLessThan(writes.length);
      expect(stateAfter(left)).toEqual(stateAfter(writes));
    }
  });
});

describe("what was turned into commands", () => {
  const of = (seq: number, commands = 1) => ({
    seq,
    commands: Array.from({ length: commands }, (): Command => ["XADD", "s", "*", "seq", seq]),
  });

  test("goes in transactions of bounded size, at least one entry each", () => {
    const book = new WrittenBook();
    for (const written of [of(1, 1000), of(2, 100), of(3, 200), of(4)]) book.add(written);
    expect(book.hasRoom).toBe(false);
    expect(book.first().map(({ seq }) => seq)).toEqual([1]);
    book.confirm(1);
    expect(book.first().map(({ seq }) => seq)).toEqual([2, 3]);
    book.confirm(3);
    expect(book.hasRoom).toBe(true);
    expect(book.first().map(({ seq }) => seq)).toEqual([4]);
    expect(book.waiting).toBe(1);
  });

  test("is written again from the entry to which the server went back", () => {
    const book = new WrittenBook();
    for (let seq = 1; seq <= 10; seq++) book.add(of(seq));
    book.confirm(8);
    book.takeBack(5);
    expect(book.first().map(({ seq }) => seq)).toEqual([6, 7, 8, 9, 10]);
    expect(book.keptAfterSeq).toBe(0);
  });

  test("is kept in bounded memory, by entries and by commands, and says from where", () => {
    for (const commands of [1, 1000]) {
      const book = new WrittenBook();
      const written = of(0, commands);
      for (let seq = 1; seq <= 20_000; seq++) {
        book.add({ ...written, seq });
        book.confirm(seq);
      }
      book.takeBack(0);
      expect(book.waiting).toBeLessThanOrEqual(2 * Math.ceil(65_536 / commands));
      expect(book.waiting).toBeLessThanOrEqual(2 * 4096);
      expect(book.waiting).toBeGreaterThan(60);
      expect(book.keptAfterSeq).toBe(20_000 - book.waiting);
    }
  });
});

function randomWrites(seed: number, count: number): Command[] {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
  return Array.from({ length: count }, (_, place): Command => {
    const hash = `h${next(3)}`;
    switch (next(5)) {
      case 0:
        return ["HSET", hash, `f${next(4)}`, place, `g${next(4)}`, place];
      case 1:
        return ["HDEL", hash, `f${next(4)}`];
      case 2:
        return ["SET", `k${next(3)}`, place, "PX", 1000 + place];
      case 3:
        return ["EXPIRE", hash, 100 + place];
      default:
        return ["XADD", "stream", "*", "place", place];
    }
  });
}

/** What a server would hold, time to live beside; a hash without fields is no key and keeps none. */
function stateAfter(writes: readonly Command[]) {
  const hashes = new Map<string, Map<string, unknown>>();
  const ttl = new Map<string, unknown>();
  const values = new Map<string, unknown>();
  const stream: unknown[] = [];
  for (const [name, first, ...args] of writes) {
    const key = String(first);
    const fields = hashes.get(key) ?? new Map<string, unknown>();
    if (name === "HSET") {
      hashes.set(key, fields);
      for (let at = 0; at < args.length; at += 2) fields.set(String(args[at]), args[at + 1]);
    } else if (name === "HDEL") fields.delete(String(args[0]));
    else if (name === "EXPIRE") ttl.set(key, args[0]);
    else if (name === "SET") values.set(key, args);
    else stream.push(args);
  }
  const kept = [...hashes].filter(([, fields]) => fields.size > 0);
  return {
    hashes: Object.fromEntries(kept.map(([key, fields]) => [key, Object.fromEntries([...fields].sort())])),
    ttl: Object.fromEntries(kept.map(([key]) => [key, ttl.get(key)])),
    values: Object.fromEntries(values),
    stream,
  };
}
