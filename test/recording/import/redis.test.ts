import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../../src/diagnostics/user-error.ts";
import { importRedis, type RedisImportOptions } from "../../../src/recording/import/import-redis.ts";
import { recordingStream } from "../../../src/recording/import/redis-streams.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { hasShared, sharedPath } from "../../shared-data.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "import-redis-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function put(name: string, lines: readonly (string | object)[]): string {
  const path = join(base, name);
  writeFileSync(path, lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));
  return path;
}

function imported(files: string[], more: Partial<RedisImportOptions> = {}) {
  const { dir, manifest } = importRedis({ ...more, files, out: join(base, "out"), id: "r" });
  const recording = openRecording(dir);
  return { manifest, recording, records: [...recording.inputs()] };
}

function refused(files: string[], more: Partial<RedisImportOptions> = {}): UserError {
  try {
    imported(files, more);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("the import was not refused");
}

const T = 1770253357846;
const intent = (id: string, symbol: string) => ({
  stream: "quantum:stream:trade.intent",
  id,
  fields: { event_type: "trade.intent", payload: `{"symbol":"${symbol}"}` },
});

describe("NDJSON", () => {
  test("entries are ordered by time, rank and the number of the id, as a number", () => {
    const file = put("a.ndjson", [
      intent(`${T}-10`, "BTCUSDT"),
      intent(`${T}-9`, "ETHUSDT"),
      { stream: "quantum:stream:apply.plan", id: `${T}-11`, fields: { plan_id: "p" } },
      { stream: "quantum:stream:marketstate", id: `${T}-12`, fields: { symbol: "SOLUSDT", sigma: "0.0010" } },
      intent(`${T - 1}-0`, "BTCUSDT"),
    ]);
    const { records, recording, manifest } = imported([file]);
    expect(records.map(({ stream, payload }) => `${stream} ${payload["id"]}`)).toEqual([
      `trade.intent ${T - 1}-0`,
      `marketstate ${T}-12`,
      `apply.plan ${T}-11`,
      `trade.intent ${T}-9`,
      `trade.intent ${T}-10`,
    ]);
    expect(records.map(({ rxMs }) => rxMs)).toEqual([T - 1, T, T, T, T]);
    expect(records[1]!.payload).toEqual({ id: `${T}-12`, fields: { symbol: "SOLUSDT", sigma: "0.0010" } });
    expect(recording.symbols).toEqual(["BTCUSDT", "ETHUSDT", "SOLUSDT"]);
    expect(manifest.inputs.map(({ file, role }) => [file, role])).toEqual([["a.ndjson", "redis-dump"]]);
  });

  test("an entry in two dumps becomes one record and a note that names its place", () => {
    const first = put("a.ndjson", [intent(`${T}-0`, "BTCUSDT")]);
    const second = put("b.ndjson", [intent(`${T + 1}-0`, "BTCUSDT"), intent(`${T}-0`, "BTCUSDT")]);
    const { records, manifest } = imported([first, second]);
    expect(records).toHaveLength(2);
    expect(manifest.notes).toContain(`entries there twice, kept once: 1: ${T}-0 (b.ndjson:2)`);
  });

  test("the same id in two streams is two entries", () => {
    const other = { stream: "quantum:stream:apply.plan", id: `${T}-0`, fields: { plan_id: "p" } };
    expect(imported([put("a.ndjson", [intent(`${T}-0`, "BTCUSDT"), other])]).records).toHaveLength(2);
  });

  test("one id with two contents is refused with both places", () => {
    const file = put("a.ndjson", [intent(`${T}-0`, "BTCUSDT"), intent(`${T}-0`, "ETHUSDT")]);
    const error = refused([file]);
    expect(error.exitCode).toBe(EXIT.recordingUnusable);
    expect(error.problems[0]).toMatchObject({ file, line: 2 });
    expect(error.message).toContain(`${file}:1 has the same id with other fields`);
  });

  test("unknown streams keep their whole name, and one that is called like a market stream is no price", () => {
    const file = put("a.ndjson", [
      { stream: "other:thing", id: `${T}-0`, fields: { a: "1" } },
      { stream: "mark", id: `${T}-1`, fields: { a: "1" } },
      { stream: "gap", id: `${T}-2`, fields: { a: "1" } },
    ]);
    const { records, manifest } = imported([file]);
    expect(records.map(({ stream }) => stream)).toEqual(["other:thing", "redis:mark", "redis:gap"]);
    expect(records[1]!.payload["redisStream"]).toBe("mark");
    expect(manifest.notes.at(-2)).toBe(
      "streams not in the name table, carried under their own name: 3: gap, mark, other:thing",
    );
  });

  test("further keys of a line are carried, also when they are called like keys of the envelope", () => {
    const { records } = imported([put("a.ndjson", [{ ...intent(`${T}-0`, "BTCUSDT"), group: "g", ts: 5 }])]);
    expect(records[0]!.payload["extra"]).toEqual({ group: "g", ts: 5 });
  });

  test("each malformed line is an error with its line, all at once", () => {
    const file = put("a.ndjson", [
      intent(`${T}-0`, "BTCUSDT"),
      '{"stream":"x","id":',
      { stream: "x", id: "17-0", fields: {} },
      { stream: "x", id: `${T}-1`, fields: { price: 5 } },
      { id: `${T}-1`, fields: {} },
    ]);
    const { problems, exitCode } = refused([file]);
    expect(exitCode).toBe(EXIT.recordingUnusable);
    expect(problems.map(({ line, text }) => `${line} ${text}`)).toEqual([
      expect.stringContaining("2 Cannot import the stream entry: the line is no JSON"),
      expect.stringContaining('3 Cannot import the stream entry: the time of id "17-0" is no such'),
      '4 Cannot import the stream entry: field "price" is 5, a text is needed (Redis has no other)',
      "5 Cannot import the stream entry: stream is missing, a stream name is needed",
    ]);
  });

  test("bytes that are no UTF-8 are refused with their line", () => {
    const file = put("a.ndjson", [intent(`${T}-0`, "BTCUSDT")]);
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from([0x22, 0xff, 0x0a])]));
    expect(refused([file]).problems).toEqual([
      { file, line: 2, text: "Cannot import the stream entry: the line is no UTF-8, text in UTF-8 is needed" },
    ]);
  });
});

test("a name that changed its meaning is read by the date of the entry, and before the first date by the first row", () => {
  const rows = [
    { sinceMs: T, stream: "old" },
    { sinceMs: T + 10, stream: "new" },
  ];
  const table = new Map([["quantum:stream:x", rows]]);
  const at = (timeMs: number) => recordingStream("quantum:stream:x", timeMs, table).stream;
  expect([at(T - 1), at(T), at(T + 9), at(T + 10), at(T + 99)]).toEqual(["old", "old", "old", "new", "new"]);
});

describe("text of redis-cli", () => {
  const plain = [`${T}-1`, "event_type", "trade.intent", "note", "", `${T}-0`, "event_type", "trade.intent"];

  test("newest first is put in order, empty values stay, and event_type tells the stream", () => {
    const { records, manifest } = imported([put("a.txt", plain)]);
    expect(records.map(({ stream, payload }) => [stream, payload])).toEqual([
      ["trade.intent", { id: `${T}-0`, fields: { event_type: "trade.intent" } }],
      ["trade.intent", { id: `${T}-1`, fields: { event_type: "trade.intent", note: "" } }],
    ]);
    expect(manifest.notes).toContain('a.txt names no stream, its event_type says "quantum:stream:trade.intent"');
  });

  test("numbered and quoted text is the same dump, with line breaks and UTF-8 in values", () => {
    const file = put("a.txt", [
      `1) 1) "${T}-0"`,
      '   2) 1) "symbol"',
      '      2) "\\xe7\\x89\\x9bUSDT"',
      '      3) "note"',
      '      4) "a\\nb \\"c\\" \\\\x41"',
      `2) 1) "${T}-1"`,
      '   2) 1) "symbol"',
      '      2) "B"',
    ]);
    const { records, recording } = imported([file], { stream: "quantum:stream:marketstate" });
    expect(records.map(({ payload }) => payload["fields"])).toEqual([
      { symbol: "牛USDT", note: 'a\nb "c" \\x41' },
      { symbol: "B" },
    ]);
    expect(recording.symbols).toEqual(["B", "牛USDT"]);
  });

  test("a value that looks like an id stays a value", () => {
    const file = put("a.txt", [`${T}-0`, "last_id", `${T}-9`, `${T}-1`, "last_id", "x"]);
    const { records } = imported([file], { stream: "quantum:stream:trade.intent" });
    expect(records.map(({ payload }) => payload["fields"])).toEqual([{ last_id: `${T}-9` }, { last_id: "x" }]);
  });

  test("a dump without a name and without event_type asks for one", () => {
    const error = refused([put("a.txt", [`${T}-0`, "symbol", "B"])]);
    expect(error.problems[0]!.hint).toBe('add "--stream quantum:stream:trade.intent", or whichever it was');
  });

  test.each([
    ["cut off after a field name", plain.slice(0, 2), 2, 'field "event_type" has no value'],
    ["cut off after an id", plain.slice(0, 6), 6, "has no fields"],
    ["beginning in the middle", plain.slice(1), 1, 'the id is "event_type"'],
    ["with a value of two lines", [...plain.slice(0, 3), '{"a":1}', ...plain.slice(5)], 4, "a field name is needed"],
    ["with a field twice", [`${T}-0`, "a", "1", "a", "2"], 4, 'field "a" is there twice'],
  ])("a dump %s is refused with the line", (_what, lines, line, text) => {
    const { problems, exitCode } = refused([put("a.txt", lines)], { stream: "x" });
    expect(exitCode).toBe(EXIT.recordingUnusable);
    expect(problems).toEqual([expect.objectContaining({ line, text: expect.stringContaining(text) })]);
  });
});

describe.skipIf(!hasShared)("real dumps", () => {
  const TEXT = sharedPath("data/pipeline/redis/redis_sample_trade_intent.txt");
  const NDJSON = sharedPath("data/redis/quantum_streams_entries_2026-02-17.ndjson");

  test("the three recorded intents of 2025-12-24 come in order with payloads byte for byte", () => {
    const { records, recording } = imported([TEXT]);
    expect(records.map(({ rxMs, stream, payload }) => [rxMs, stream, payload["id"]])).toEqual([
      [1766550734060, "trade.intent", "1766550734060-1"],
      [1766550734062, "trade.intent", "1766550734062-0"],
      [1766550734062, "trade.intent", "1766550734062-1"],
    ]);
    expect(recording.symbols).toEqual(["APTUSDT", "NEARUSDT", "RENDERUSDT"]);
    const source = readFileSync(TEXT, "utf8").split("\n");
    const fields = records[2]!.payload["fields"] as Record<string, string>;
    expect(fields).toEqual({
      event_type: "trade.intent",
      payload: source[4],
      timestamp: source[6],
      source: "trading-bot",
    });
  });

  test("all 68 entries of 34 streams of 2026-02-17 come with their fields, and no stream is unknown", () => {
    const { records, manifest } = imported([NDJSON, NDJSON]);
    const lines = readFileSync(NDJSON, "utf8").trim().split("\n");
    const source = lines.map((line) => JSON.parse(line) as { stream: string; id: string; fields: object });
    expect(records).toHaveLength(68);
    expect(new Set(records.map(({ stream }) => stream)).size).toBe(34);
    expect(manifest.notes.filter((note) => note.startsWith("streams not in"))).toEqual([]);
    expect(manifest.notes.find((note) => note.startsWith("entries there twice"))).toContain("kept once: 68:");
    const key = (stream: string, id: string) => `${stream} ${id}`;
    const found = new Map(
      records.map(({ stream, payload }) => [key(stream, String(payload["id"])), payload["fields"]]),
    );
    for (const { stream, id, fields } of source) {
      expect(found.get(key(stream.replace("quantum:stream:", ""), id))).toEqual(fields);
    }
  });
});
