import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { readCandleFile, symbolOfFile } from "../../../src/recording/import/candle-file.ts";
import { arrowLines } from "../../../src/recording/import/feather.ts";
import { importCandles, importRecording } from "../../../src/recording/import/import-recording.ts";
import { openRecording } from "../../../src/recording/reader.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const FREQTRADE = "BTC_USDT_USDT-1m-futures.feather";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "import-feather-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function rowsOf(dir: string): string[] {
  return [...openRecording(dir).batches()].flatMap(({ length, rxMs, price, qty }) =>
    Array.from({ length }, (_, row) => `${rxMs[row]} ${price[row]} ${qty[row]}`),
  );
}

test.each([FREQTRADE, "uncompressed-ns.feather", "lz4-int-us.feather"])(
  "%s gives the same prices as the same candles in CSV",
  async (name) => {
    const feather = await importCandles({ candles: [fixture(name)], out: join(base, "feather") });
    const csv = importRecording({ candles: [fixture("same-candles.csv")], out: join(base, "csv") });

    expect(rowsOf(feather.dir)).toEqual(rowsOf(csv.dir));
    expect(rowsOf(feather.dir)).toHaveLength(4 * 30);
    expect(feather.manifest["mappers"]).toMatchObject([{ mapper: "feather.candles/1", records: 30 }]);
    expect(feather.manifest.inputs[0]).toMatchObject({ file: name, role: "candles" });
  },
);

test("freqtrade's file names tell the symbol, and further columns are carried", () => {
  expect(symbolOfFile(`data/${FREQTRADE}`)).toBe("BTCUSDT");
  expect(symbolOfFile("BTC_USDT-1m.feather")).toBe("BTCUSDT");
  const read = readCandleFile(fixture("lz4-int-us.feather"), arrowLines);
  expect("file" in read && read.file.unit).toBe("us");
  expect("file" in read && read.file.candle(3).extra).toEqual({ trades: "3" });
});

test("Zstandard is refused with the way out", () => {
  expect(() => importRecording({ candles: [fixture("zstd.feather")], out: join(base, "out"), arrowLines })).toThrow(
    'it is packed with Zstandard, LZ4 or none is needed (pandas: to_feather(..., compression="lz4"))',
  );
});

test("without the reader for feather the file is refused, not misread", () => {
  expect(() => importRecording({ candles: [fixture(FREQTRADE)], out: join(base, "out") })).toThrow(UserError);
});

test("any cut or flipped byte gives candles or a refusal, never another error", () => {
  const whole = readFileSync(fixture(FREQTRADE));
  const path = join(base, "X-1m.feather");
  let refused = 0;
  for (let at = 6; at < whole.length; at += 37) {
    for (const bytes of [whole.subarray(0, at), Buffer.from(whole)]) {
      if (bytes.length === whole.length) bytes[at] = bytes[at]! ^ 0x5a;
      writeFileSync(path, bytes);
      const read = readCandleFile(path, arrowLines);
      if ("problems" in read) refused++;
    }
  }
  expect(refused).toBeGreaterThan(100);
});

test("a buffer that says it unpacks to more than LZ4 can is refused before memory is taken", async () => {
  const bytes = readFileSync(fixture(FREQTRADE));
  const frame = bytes.indexOf(Buffer.from([0x04, 0x22, 0x4d, 0x18]));
  expect(frame).toBeGreaterThan(8);
  bytes.writeBigInt64LE(2n ** 40n, frame - 8);
  writeFileSync(join(base, "X-1m.feather"), bytes);
  copyFileSync(fixture(FREQTRADE), join(base, "Y-1m.feather"));
  const files = [join(base, "X-1m.feather"), join(base, "Y-1m.feather")];
  await expect(importCandles({ candles: files, out: join(base, "out") })).rejects.toThrow(/says it unpacks to/);
});
