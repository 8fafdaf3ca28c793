import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../../src/diagnostics/user-error.ts";
import { inspectRecording } from "../../../src/recording/inspect/inspect-recording.ts";
import { type OpenOptions, openRecording } from "../../../src/recording/reader.ts";
import { verifyRecording } from "../../../src/recording/verify.ts";
import { ensureBuilt } from "../../built-cli.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";
import { bitsOf, fixedRows, marketRows, writeRecording } from "./sample-recordings.ts";

let base: string;
let dir: string;
let file: string;
let notes: string[];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "recording-cache-"));
  dir = join(base, "sample");
  file = join(dir, ".cache/market.parquet");
  notes = [];
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const note = (text: string) => notes.push(text);

function bits(options: OpenOptions = {}): string[] {
  return bitsOf(openRecording(dir, { onNote: note, ...options }).batches());
}

/** A recording of 50 rows in batches of 20, with its cache; the bits it must always give. */
function cachedSample(): string[] {
  writeRecording(dir, fixedRows(50), 1500);
  const truth = bits({ cache: "off", batchRows: 20 });
  expect(truth).toHaveLength(3);
  expect(bits({ cache: "rebuild", batchRows: 20 })).toEqual(truth);
  expect(existsSync(file)).toBe(true);
  notes = [];
  return truth;
}

describe("the market cache", () => {
  test("gives the batches of the NDJSON parts bit for bit, whatever the rows, parts and batches", () => {
    fc.assert(
      fc.property(
        marketRows,
        fc.integer({ min: 1, max: 25 }),
        fc.integer({ min: 200, max: 4000 }),
        (rows, batchRows, partBytes) => {
          rmSync(dir, { recursive: true, force: true });
          writeRecording(dir, rows, partBytes);
          const truth = bits({ cache: "off", batchRows });

          const built = bits({ cache: "rebuild", batchRows });
          const recording = openRecording(dir, { batchRows });

          expect(recording.market.describe()).toBe(`Parquet cache ${file}`);
          expect(built).toEqual(truth);
          expect(bitsOf(recording.batches())).toEqual(truth);
          expect(bitsOf(recording.batches())).toEqual(truth);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is a Parquet file with REQUIRED columns that a public reader reads", async () => {
    cachedSample();
    const bytes = readFileSync(file);
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
    });
    expect(rows).toHaveLength(50);
    // Row 3 has a quote, row 4 a quantity.
    expect(rows[3]).toMatchObject({ seq: 4, symbol: 0, kind: 0, price: 103.3, bid: 103, ask: 104, qty: 0 });
    expect(rows[4]).toMatchObject({ ts_ms: 1_770_000_001_000, symbol: 1, bid: Number.NaN, qty: 4.5 });
  });

  test("is made by a reading of a large recording, and never for a small one", () => {
    writeRecording(dir, fixedRows(50));
    bits();
    bits({ cachedRowsMin: 51 });
    expect(existsSync(join(dir, ".cache"))).toBe(false);
    expect(notes).toEqual([]);

    const truth = bits({ cache: "off" });
    expect(bits({ cachedRowsMin: 50 })).toEqual(truth);
    expect(notes).toEqual([`market cache ${file} written, 1 MB: later runs read it`]);
    expect(openRecording(dir).market.describe()).toBe(`Parquet cache ${file}`);
    expect(openRecording(dir, { cache: "off" }).market.describe()).toBe(`NDJSON parts of ${dir}`);
    expect(bits()).toEqual(truth);
  });

  test("goes where it is told to", () => {
    writeRecording(dir, fixedRows(50));
    const cacheDir = join(base, "caches");
    const { hash } = openRecording(dir);
    bits({ cacheDir, cachedRowsMin: 1 });
    expect(existsSync(join(dir, ".cache"))).toBe(false);
    expect(openRecording(dir, { cacheDir }).market.describe()).toBe(
      `Parquet cache ${join(cacheDir, hash.slice(0, 16), "market.parquet")}`,
    );
  });

  test("changes neither the recording's hash nor what inspect and verify say of it", () => {
    writeRecording(dir, fixedRows(50));
    const before = { hash: openRecording(dir).hash, inspection: JSON.stringify(inspectRecording(dir)) };
    bits({ cachedRowsMin: 1 });
    expect(readdirSync(dir)).toContain(".cache");
    expect({ hash: openRecording(dir).hash, inspection: JSON.stringify(inspectRecording(dir)) }).toEqual(before);
    verifyRecording(openRecording(dir));
  });

  test("does not hide a part that was replaced: its hash is checked before the rows are used", () => {
    cachedSample();
    const part = join(dir, "market.0002.ndjson.gz");
    const bytes = readFileSync(part);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(part, bytes);
    let error: unknown;
    try {
      bits({ batchRows: 20 });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).exitCode).toBe(EXIT.recordingUnusable);
    expect((error as UserError).message).toMatch(/market\.0002\.ndjson\.gz.*its SHA-256 is/s);
  });
});

describe("a market cache that cannot be trusted", () => {
  test("is made again when it was cut off anywhere", () => {
    const truth = cachedSample();
    const whole = readFileSync(file);
    for (let length = 0; length < whole.length; length += 41) {
      notes = [];
      truncateSync(file, length);
      expect(bits({ batchRows: 20 })).toEqual(truth);
      expect(notes[0]).toMatch(/market\.parquet is not used and made again: /);
      expect(notes[1]).toMatch(/written/);
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
  });

  test("never gives other rows, whichever bit of it was flipped", () => {
    const truth = cachedSample();
    const whole = readFileSync(file);
    let refused = 0;
    let flips = 0;
    for (let place = 0; place < whole.length; place += 11) {
      notes = [];
      flips += 1;
      const damaged = Buffer.from(whole);
      damaged[place]! ^= 1 << (place & 7);
      writeFileSync(file, damaged);
      expect(bits({ batchRows: 20 })).toEqual(truth);
      if (notes.length === 0) continue;
      refused += 1;
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
    // What may pass is text for people: names of columns and symbols, sizes nobody reads.
    expect(refused).toBeGreaterThan(flips / 2);
  });

  test("is left in the middle when its last rows are damaged, without losing or repeating one", () => {
    const truth = cachedSample();
    const damaged = readFileSync(file);
    const footerBytes = damaged.readUInt32LE(damaged.length - 8);
    damaged[damaged.length - 8 - footerBytes - 1]! ^= 1;
    writeFileSync(file, damaged);

    const batches = openRecording(dir, { batchRows: 20, onNote: note }).batches()[Symbol.iterator]();
    const first = [batches.next().value, batches.next().value];
    expect(notes).toEqual([]);
    const last = batches.next().value;
    expect(notes[0]).toMatch(/bytes \d+ to \d+ are damaged/);
    expect(batches.next().done).toBe(true);
    expect(bitsOf([...first, last])).toEqual(truth);
    expect(bits({ batchRows: 20 })).toEqual(truth);
    expect(notes).toHaveLength(2);
  });

  test("is made again when it is another recording's, another program's, of other batches, or no Parquet at all", () => {
    const truth = cachedSample();
    const other = join(base, "other");
    writeRecording(other, [...fixedRows(49), { ...fixedRows(50)[49]!, price: "7" }], 1500, "other");
    for (const _ of openRecording(other, { cache: "rebuild", batchRows: 20 }).batches());
    const strange = new Uint8Array(
      parquetWriteBuffer({ columnData: [{ name: "seq", data: new Float64Array([1]), type: "DOUBLE" }] }),
    );
    const plant = [
      () => copyFileSync(join(other, ".cache/market.parquet"), file),
      () => writeFileSync(file, strange),
      () => bits({ cache: "rebuild", batchRows: 21 }),
      () => writeFileSync(file, "PAR1 this is not it PAR1"),
      () => writeFileSync(file, ""),
    ];
    for (const each of plant) {
      each();
      notes = [];
      expect(bits({ batchRows: 20 })).toEqual(truth);
      expect(notes[0]).toMatch(/is not used and made again/);
      expect(openRecording(dir, { batchRows: 20 }).market.describe()).toBe(`Parquet cache ${file}`);
    }
  });
});

describe("a build of the market cache", () => {
  test("that the folder does not allow is left out in silence", () => {
    writeRecording(dir, fixedRows(50));
    const truth = bits({ cache: "off" });
    // A file in the place of the folder: refused to everybody, the superuser included.
    writeFileSync(join(dir, ".cache"), "");
    expect(bits({ cachedRowsMin: 1 })).toEqual(truth);
    rmSync(join(dir, ".cache"));
    chmodSync(dir, 0o555);
    expect(bits({ cachedRowsMin: 1 })).toEqual(truth);
    chmodSync(dir, 0o755);
    expect(notes.filter((text) => !text.endsWith("later runs read it"))).toEqual([]);
  });

  test("that is given up leaves nothing behind", () => {
    writeRecording(dir, fixedRows(50));
    for (const batch of openRecording(dir, { cachedRowsMin: 1, batchRows: 20 }).batches()) {
      expect(batch.length).toBe(20);
      break;
    }
    expect(readdirSync(join(dir, ".cache"))).toEqual([]);
  });

  test("is finished when its last batch is handed out", () => {
    writeRecording(dir, fixedRows(50));
    const batches = openRecording(dir, { cachedRowsMin: 1, batchRows: 20 }).batches()[Symbol.iterator]();
    for (let turn = 0; turn < 2; turn++) batches.next();
    expect(existsSync(file)).toBe(false);
    batches.next();
    expect(existsSync(file)).toBe(true);
  });

  test("may run twice at once", () => {
    writeRecording(dir, fixedRows(50));
    const truth = bits({ cache: "off", batchRows: 20 });
    const options: OpenOptions = { cachedRowsMin: 1, batchRows: 20 };
    const one = openRecording(dir, options).batches()[Symbol.iterator]();
    const two = openRecording(dir, options).batches()[Symbol.iterator]();
    const both: unknown[] = [];
    for (let step = 0; step < 4; step++) both.push(one.next().done, two.next().done);
    expect(both.at(-1)).toBe(true);
    expect(readdirSync(join(dir, ".cache"))).toEqual(["market.parquet"]);
    expect(bits({ batchRows: 20 })).toEqual(truth);
    expect(notes).toEqual([]);
  });

  test("that is killed leaves nothing that is used, and the next one clears it away", async () => {
    await ensureBuilt();
    writeRecording(dir, fixedRows(50));
    const truth = bits({ cache: "off", batchRows: 20 });
    const reader = pathToFileURL(repositoryPath("dist/recording/reader.js")).href;
    const script = `
      const { openRecording } = await import(${JSON.stringify(reader)});
      const batches = openRecording(${JSON.stringify(dir)}, { cachedRowsMin: 1, batchRows: 20 }).batches();
      for (const _ of batches) if (++globalThis.seen === 2) process.kill(process.pid, "SIGKILL");`;
    const killed = spawnSync(process.execPath, ["--input-type=module", "-e", `globalThis.seen = 0;${script}`]);
    expect(killed.signal).toBe("SIGKILL");
    expect(readdirSync(join(dir, ".cache"))).toEqual([expect.stringMatching(/^market\.parquet\.\d+-1\.part$/)]);

    expect(openRecording(dir, { batchRows: 20 }).market.describe()).toBe(`NDJSON parts of ${dir}`);
    expect(bits({ cachedRowsMin: 1, batchRows: 20 })).toEqual(truth);
    expect(readdirSync(join(dir, ".cache"))).toEqual(["market.parquet"]);
  }, 120_000);

  test("of a recording without prices is not begun", () => {
    writeRecording(dir, []);
    expect(bits({ cache: "rebuild" })).toEqual([]);
    expect(existsSync(join(dir, ".cache"))).toBe(false);
  });
});
