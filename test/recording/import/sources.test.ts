import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../../src/diagnostics/user-error.ts";
import { readFundingFile } from "../../../src/recording/import/funding.ts";
import { importRecording } from "../../../src/recording/import/import-recording.ts";
import { importRedis } from "../../../src/recording/import/import-redis.ts";
import { importTrades } from "../../../src/recording/import/import-trades.ts";
import { importWs } from "../../../src/recording/import/import-ws.ts";
import { readSource } from "../../../src/recording/import/source-file.ts";
import { SOURCE_LIMITS } from "../../../src/recording/import/source-limits.ts";
import { putZip } from "./archive-files.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "import-sources-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const TEXT = Array.from({ length: 500 }, (_, row) => `${row},abc,${row * 7}`).join("\n");

function refusal(action: () => unknown): UserError {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("zip", () => {
  test("the one file of a zip is read, and the manifest names the zip", () => {
    const path = putZip(join(base, "A-1m.zip"), "inside.csv", TEXT);
    const source = readSource(path, "candles");
    expect(source.bytes.toString()).toBe(TEXT);
    expect([source.name, source.input.file]).toEqual(["inside.csv", "A-1m.zip"]);
  });

  test.each([
    ["cut off", (zip: Buffer) => zip.subarray(0, -30), /directory at the end is missing/],
    ["cut inside", (zip: Buffer) => Buffer.concat([zip.subarray(0, 60), zip.subarray(400)]), /Cannot import/],
    ["a byte flipped", (zip: Buffer) => flip(zip, 200), /does not unpack|CRC-32|came out|bytes of its directory/],
    ["a wrong CRC", (zip: Buffer) => flip(zip, zip.indexOf("PK\x01\x02", 0, "latin1") + 16), /CRC-32 does not match/],
    ["a wrong size", (zip: Buffer) => flip(zip, zip.indexOf("PK\x01\x02", 0, "latin1") + 24), /came out/],
    ["encrypted", (zip: Buffer) => flip(zip, zip.indexOf("PK\x01\x02", 0, "latin1") + 8, 1), /it is encrypted/],
    ["another method", (zip: Buffer) => flip(zip, zip.indexOf("PK\x01\x02", 0, "latin1") + 10, 6), /method 14/],
  ])("%s is refused", (_what, change, text) => {
    const error = refusal(() => readSource(putZip(join(base, "a.zip"), "a.csv", TEXT, change), "trades"));
    expect(error.exitCode).toBe(EXIT.recordingUnusable);
    expect(error.message).toMatch(text);
  });

  test("two files in one zip are refused by name", () => {
    const path = putZip(join(base, "a.zip"), "a.csv", TEXT, undefined, { "b.csv": "x" });
    expect(refusal(() => readSource(path, "trades")).message).toContain(
      'it holds 2 files ("a.csv", "b.csv"), one is needed',
    );
  });

  test("a bomb is refused by what its directory says, and by what comes out when that lies", () => {
    const directory = (zip: Buffer) => zip.indexOf("PK\x01\x02", 0, "latin1");
    const grow = (zip: Buffer) => {
      zip.writeUInt32LE(3_000_000_000, directory(zip) + 24);
      return zip;
    };
    const bomb = refusal(() => readSource(putZip(join(base, "a.zip"), "a.csv", TEXT, grow), "trades"));
    expect(bomb.message).toMatch(/bytes unpack to 3000000000 or more, at most 200 times as many are needed/);
    const shrink = (zip: Buffer) => {
      zip.writeUInt32LE(10, directory(zip) + 24);
      return zip;
    };
    const liar = refusal(() =>
      readSource(putZip(join(base, "b.zip"), "a.csv", "x".repeat(5_000_000), shrink), "trades"),
    );
    expect(liar.message).toContain("more than the 10 bytes of its directory came out");
  });
});

describe("limits", () => {
  test("a line of 2 GB is refused with its place, and is never in memory", () => {
    const path = join(base, "long-1m.csv");
    const file = openSync(path, "w");
    writeSync(file, "open_time_ms,open,high,low,close,volume\n1,");
    // A hole: the file system keeps no zeros.
    ftruncateSync(file, 2_147_483_648);
    closeSync(file);
    const before = process.memoryUsage();

    const { problems, exitCode } = refusal(() => importRecording({ candles: [path], out: join(base, "out") }));

    const { rss } = process.memoryUsage();
    expect(rss - before.rss).toBeLessThan(200 * 2 ** 20);
    expect(exitCode).toBe(EXIT.recordingUnusable);
    expect(problems).toEqual([
      expect.objectContaining({
        file: path,
        line: 2,
        text: expect.stringContaining(`longer than ${16 * 2 ** 20} bytes`),
      }),
    ]);
  });

  test("a long line in gzip is refused while it is unpacked, whatever it would unpack to", () => {
    const path = join(base, "long.csv.gz");
    // Many members: 100 MB that take 100 kB.
    const member = gzipSync(Buffer.alloc(4 * 2 ** 20, "a"));
    writeFileSync(path, Buffer.concat([gzipSync("first\n"), ...Array.from({ length: 25 }, () => member)]));
    const { problems } = refusal(() => readSource(path, "trades"));
    expect(problems[0]).toMatchObject({ file: path, line: 2 });
  });

  test("gzip that packs too well is refused", () => {
    const path = join(base, "bomb.csv.gz");
    const member = gzipSync(Buffer.from(`${"a".repeat(1023)}\n`.repeat(4 * 1024)));
    writeFileSync(path, Buffer.concat(Array.from({ length: 20 }, () => member)));
    expect(refusal(() => readSource(path, "trades")).message).toMatch(/at most 200 times as many are needed/);
  });

  test("the limits are what the README of the command says", () => {
    expect([SOURCE_LIMITS.lineBytesMax, SOURCE_LIMITS.unpackedBytesMax]).toEqual([16 * 2 ** 20, 2 ** 30]);
  });
});

describe("bad text", () => {
  const bad = Buffer.from([0x41, 0xe7, 0x89, 0x9b, 0x42, 0xff, 0x43, 0x0a]);
  const importers: readonly [string, string, (path: string, out: string) => unknown][] = [
    ["candles", "open_time_ms,open,high,low,close,volume\n", (path, out) => importRecording({ candles: [path], out })],
    ["trades", "trade_id,time_ms,price,qty\n", (path, out) => importTrades({ files: [path], out, symbol: "X" })],
    ["ws", "", (path, out) => importWs({ files: [path], out })],
    [
      "redis",
      '{"stream":"a","id":"1770253357846-0","fields":{}}\n',
      (path, out) => importRedis({ files: [path], out }),
    ],
    ["funding", "symbol,funding_time_ms,funding_rate\n", (path) => readFundingFile(path)],
  ];

  test.each(importers)("%s: bytes that are no UTF-8 have their line", (name, head, action) => {
    const path = join(base, `${name}-1m.csv`);
    writeFileSync(path, Buffer.concat([Buffer.from(head), bad]));
    const { problems } = refusal(() => action(path, join(base, "out")));
    expect(problems[0]).toMatchObject({ file: path, line: head === "" ? 1 : 2 });
    expect(problems[0]!.text).toContain("the line is no UTF-8");
    expect(readdirSync(base), "nothing half-written").toEqual([`${name}-1m.csv`]);
  });

  test("the column is that of the bad byte, in characters, also after a replacement character that belongs there", () => {
    const path = join(base, "A-1m.csv");
    const row = Buffer.concat([
      Buffer.from("open_time_ms,open,high,low,close,volume\n牛\ufffd来,"),
      Buffer.from([0xff]),
    ]);
    writeFileSync(path, row);
    const { problems } = refusal(() => importRecording({ candles: [path], out: join(base, "out") }));
    expect(problems[0]).toMatchObject({ line: 2, column: 5 });
    expect(problems[0]!.text).toContain("(byte 0xff)");
  });
});

describe("a file of another kind is named with the command that reads it", () => {
  const AGG = "1,2.0,5,1,3,1750507467356,true\n";
  const cases: readonly [string, string, string, string][] = [
    ["aggTrades as candles", AGG, "candles", 'this looks like aggTrades: use "sim import trades"'],
    ["candles as trades", "open_time,open,high,low,close,volume\n", "trades", 'use "sim import candles"'],
    ["a capture as candles", '{"local_ns":"1","frame":{}}\n', "candles", 'use "sim import ws"'],
    ["a Redis dump as a capture", '{"stream":"a","id":"1-0","fields":{}}\n', "ws", 'use "sim import redis"'],
    ["funding as candles", "symbol,funding_time_ms,funding_rate\n", "candles", 'use "sim import funding"'],
    ["trades as a dump", "trade_id,price,qty,time\n", "redis", 'use "sim import trades"'],
    ["candles as funding", "open_time_ms,open,high,low,close,volume\n", "funding", 'use "sim import candles"'],
    ["feather as trades", "ARROW1\0\0\n", "trades", 'use "sim import candles"'],
    ["depth as trades", "recv_ms,event_ms,txn_ms,U,u,pu,is_ask,price,qty\n", "trades", "--depth"],
  ];

  test.each(cases)("%s", (_what, text, command, hint) => {
    const path = join(base, "BTCUSDT-1m.csv");
    writeFileSync(path, text);
    const out = join(base, "out");
    const { problems } = refusal(() => {
      if (command === "candles") importRecording({ candles: [path], out });
      else if (command === "trades") importTrades({ files: [path], out });
      else if (command === "ws") importWs({ files: [path], out });
      else if (command === "redis") importRedis({ files: [path], out });
      else readFundingFile(path);
    });
    expect(problems[0]!.hint ?? "").toContain(hint);
    expect(existsSync(out)).toBe(false);
  });
});

function flip(zip: Buffer, at: number, bits = 0x55): Buffer {
  zip[at] = zip[at]! ^ bits;
  return zip;
}
