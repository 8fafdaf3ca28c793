import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareIds } from "../../../src/live/redis/entry-id.ts";
import { type Loss, StreamCursor } from "../../../src/live/redis/stream-cursor.ts";
import type { StreamInfo } from "../../../src/live/redis/stream-info.ts";

/** What Redis keeps of a stream, by the rules of its documentation. */
class Stream {
  entries: number[] = [];
  added = 0;
  last = 0;
  maxDeleted = 0;

  add(count: number): void {
    for (let at = 0; at < count; at++) this.entries.push(++this.last);
    this.added += count;
  }

  /** MAXLEN: the oldest go; the largest deleted id does not change. */
  trim(length: number): void {
    this.entries.splice(0, Math.max(0, this.entries.length - length));
  }

  /** XDEL of one entry. */
  delete(at: number): void {
    const [id] = this.entries.splice(at % Math.max(1, this.entries.length), 1);
    if (id !== undefined) this.maxDeleted = Math.max(this.maxDeleted, id);
  }

  after(id: string, count: number): string[] {
    return this.entries
      .map((number) => `${number}-0`)
      .filter((other) => compareIds(other, id) > 0)
      .slice(0, count);
  }

  info(more: Partial<StreamInfo> = {}): StreamInfo {
    return {
      length: this.entries.length,
      lastGeneratedId: `${this.last}-0`,
      firstId: this.entries[0] === undefined ? null : `${this.entries[0]}-0`,
      lastEntryId: this.entries.length === 0 ? null : `${this.entries.at(-1)}-0`,
      entriesAdded: this.added,
      maxDeletedId: `${this.maxDeleted}-0`,
      lastEntryBytes: 0,
      ...more,
    };
  }
}

function streamOf(count: number): Stream {
  const stream = new Stream();
  stream.add(count);
  return stream;
}

describe("a reader that follows a stream", () => {
  test("misses nothing of what was trimmed before it began, or after it was read", () => {
    const stream = streamOf(10);
    stream.trim(4);
    for (const from of [null, "0-0"]) {
      const cursor = StreamCursor.begin("s", stream.info(), from);
      expect(cursor.pass(stream.after(cursor.lastId, 100), stream.info())).toBeNull();
      expect(cursor.lastId).toBe("10-0");
    }
    const cursor = StreamCursor.begin("s", stream.info(), null);
    stream.add(5);
    const read = stream.after(cursor.lastId, 100);
    stream.trim(0);
    expect(cursor.pass(read, stream.info())).toBeNull();
  });

  test("knows how many were trimmed before they were read, and that they lie before the batch", () => {
    const stream = streamOf(3);
    const cursor = StreamCursor.begin("s", stream.info(), null);
    stream.add(10);
    stream.trim(4);
    const loss = cursor.pass(stream.after(cursor.lastId, 2), stream.info());
    expect(loss).toEqual({
      place: "before",
      missing: 6,
      cause: "trimmed or deleted before they were read: entries after 3-0 and before 11-0",
    });
    expect(cursor.pass(stream.after(cursor.lastId, 100), stream.info())).toBeNull();
  });

  test("sees a stream that was emptied without anything left to read", () => {
    const stream = streamOf(3);
    const cursor = StreamCursor.begin("s", stream.info(), null);
    stream.add(7);
    stream.trim(0);
    expect(cursor.pass([], stream.info())).toMatchObject({ place: "after", missing: 7 });
    expect(cursor.pass([], stream.info())).toBeNull();
  });

  test("counts what was trimmed while it had no answer at the next one", () => {
    const stream = streamOf(3);
    const cursor = StreamCursor.begin("s", stream.info(), null);
    stream.add(10);
    stream.trim(5);
    expect(cursor.pass(stream.after(cursor.lastId, 5), null)).toBeNull();
    expect(cursor.pass([], stream.info())).toMatchObject({ missing: 5 });
  });

  test("adds up to what was ever added, whatever is added, trimmed, deleted and read in between", () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant("add" as const), n: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ what: fc.constant("trim" as const), n: fc.integer({ min: 0, max: 8 }) }),
      fc.record({ what: fc.constant("delete" as const), n: fc.nat(30) }),
      fc.record({ what: fc.constant("read" as const), n: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ what: fc.constant("look" as const), n: fc.constant(0) }),
    );
    const change = fc.array(
      step.filter(({ what }) => what !== "read" && what !== "look"),
      { maxLength: 3 },
    );
    const apply = (stream: Stream, { what, n }: { what: string; n: number }): void => {
      if (what === "add") stream.add(n);
      else if (what === "trim") stream.trim(n);
      else if (what === "delete") stream.delete(n);
    };
    let lossesSeen = 0;
    fc.assert(
      fc.property(fc.nat(10), fc.array(fc.tuple(step, change), { maxLength: 40 }), (begun, steps) => {
        const stream = streamOf(begun);
        const cursor = StreamCursor.begin("s", stream.info(), null);
        let read = 0;
        let missing = 0;
        const told = (loss: Loss | null): void => {
          if (loss === null) return;
          expect(loss.missing).toBeGreaterThan(0);
          missing += loss.missing!;
          lossesSeen++;
        };
        for (const [{ what, n }, between] of steps) {
          apply(stream, { what, n });
          if (what === "look") told(cursor.pass([], stream.info()));
          if (what !== "read") continue;
          const ids = stream.after(cursor.lastId, n);
          for (const other of between) apply(stream, other);
          read += ids.length;
          told(cursor.pass(ids, stream.info()));
          // Never more than is gone: nothing is called missing that may still be read.
          expect(read + missing + stream.after(cursor.lastId, 1e9).length).toBeLessThanOrEqual(stream.added - begun);
        }
        const rest = stream.after(cursor.lastId, 1e9);
        read += rest.length;
        told(cursor.pass(rest, stream.info()));
        expect(read + missing).toBe(stream.added - begun);
      }),
      { numRuns: 2000, seed: 7 },
    );
    expect(lossesSeen).toBeGreaterThan(100);
  });
});

describe("what cannot be counted is said so, with the reason", () => {
  test("an older server does not count", () => {
    const old = { entriesAdded: null, maxDeletedId: null };
    const stream = streamOf(3);
    const cursor = StreamCursor.begin("s", stream.info(old), null);
    stream.add(10);
    stream.trim(4);
    const loss = cursor.pass([], stream.info(old));
    expect(loss).toMatchObject({ missing: null });
    expect(loss!.cause).toContain("this server does not count entries");
  });

  test("an id somebody chose may lie anywhere", () => {
    const stream = streamOf(20);
    stream.trim(5);
    const cursor = StreamCursor.begin("s", stream.info(), "9-0");
    const loss = cursor.pass(stream.after("9-0", 100), stream.info());
    expect(loss).toMatchObject({ place: "before", missing: null });
    stream.add(4);
    stream.trim(1);
    expect(cursor.pass(stream.after(cursor.lastId, 100), stream.info())).toMatchObject({ missing: 3 });
  });

  test("an id after everything there is misses nothing", () => {
    const stream = streamOf(5);
    const cursor = StreamCursor.begin("s", stream.info(), "8-0");
    expect(cursor.pass([], stream.info())).toBeNull();
    stream.add(5);
    expect(stream.after(cursor.lastId, 9)).toEqual(["9-0", "10-0"]);
    expect(cursor.pass(stream.after(cursor.lastId, 9), stream.info())).toBeNull();
  });

  test("a stream that is gone is read from its first entry when it comes again", () => {
    const cursor = StreamCursor.begin("s", streamOf(5).info(), null);
    expect(cursor.gone()).toMatchObject({ missing: null, cause: expect.stringContaining("read up to 5-0") });
    expect(cursor.gone()).toBeNull();
    const again = streamOf(3);
    again.trim(2);
    expect(cursor.pass(again.after(cursor.lastId, 9), again.info())).toMatchObject({ missing: 1 });
  });

  test("a stream made anew with later ids shows by its count", () => {
    const cursor = StreamCursor.begin("s", streamOf(50).info(), null);
    const anew = new Stream();
    anew.last = 60;
    anew.add(3);
    const loss = cursor.pass(anew.after(cursor.lastId, 9), anew.info());
    expect(loss).toMatchObject({ missing: null, cause: expect.stringContaining("was made anew") });
    expect(cursor.lastId).toBe("63-0");
  });

  test("ids that run backwards to an entry that was read go on from there", () => {
    const stream = streamOf(5);
    const cursor = StreamCursor.begin("s", stream.info(), null);
    stream.add(5);
    cursor.pass(stream.after(cursor.lastId, 9), stream.info());
    // The server lost the last two when it crashed.
    const rolledBack = streamOf(8);
    expect(cursor.pass([], rolledBack.info())).toMatchObject({ missing: null });
    expect(cursor.lastId).toBe("8-0");
    rolledBack.add(2);
    expect(cursor.pass(rolledBack.after(cursor.lastId, 9), rolledBack.info())).toBeNull();
  });

  test("ids that run backwards to an entry nobody read begin with the first", () => {
    const stream = new Stream();
    stream.last = 100;
    stream.add(5);
    const cursor = StreamCursor.begin("s", stream.info(), null);
    const other = streamOf(4);
    expect(cursor.pass([], other.info())).toMatchObject({ cause: expect.stringContaining("from its first entry") });
    expect(other.after(cursor.lastId, 9)).toHaveLength(4);
    expect(cursor.pass(other.after(cursor.lastId, 9), other.info())).toBeNull();
  });
});
