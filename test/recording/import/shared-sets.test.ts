import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { importBars } from "../../../src/recording/import/import-bars.ts";
import { importRecords } from "../../../src/recording/import/import-records.ts";
import { importRedis } from "../../../src/recording/import/import-redis.ts";
import { importTrades } from "../../../src/recording/import/import-trades.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { hasShared, sharedPath } from "../../shared-data.ts";

/** Sets that are neither candles (real-data), captures (ws) nor spot trades (trades). */
describe.skipIf(!hasShared)("the other sets of the shared data", () => {
  let base: string;
  let out: string;

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "import-shared-"));
    out = join(base, "out");
  });

  afterEach(() => {
    rmSync(base, { recursive: true, force: true });
  });

  test("TRX of 2025-03-04: 10,000 levels in 600 depth updates beside the trades, unbroken, no snapshot", () => {
    const { dir, manifest, counts } = importTrades({
      files: [sharedPath("data/ticks/usdm_trades_TRXUSDT_2025-03-04.csv.gz")],
      depth: [sharedPath("data/ticks/usdm_depth_TRXUSDT_2025-03-04.csv.gz")],
      out,
    });
    expect(counts).toEqual({ depth: 600, trade: 9_999, "csv.trade": 1 });
    const recording = openRecording(dir);
    let levels = 0;
    const notPrices: unknown[] = [];
    for (const { stream, payload } of recording.inputs()) {
      if (stream === "depth") levels += (payload["b"] as unknown[]).length + (payload["a"] as unknown[]).length;
      else notPrices.push([payload["finding"], payload["cause"]]);
    }
    expect(levels).toBe(10_000);
    expect(notPrices).toEqual([["trade.not.a.price", 'order type ""']]);
    expect(manifest.gaps).toEqual([]);
    expect(manifest.notes).toContain(
      "depth of TRXUSDT: 600 updates, unbroken, no snapshot joins them, the book is known in part",
    );
    expect(recording.fidelity, "without a snapshot nobody knows the book").toBe("trades");
  });

  test("mark prices of set A: 4,400 bars of 8 hours, 19 symbols", () => {
    const { manifest, counts } = importBars({ files: [sharedPath("data/mark/A_typhonun_mark8h.csv.gz")], out });
    expect(counts).toEqual({ mark: 2 * 4_400 });
    expect(manifest.symbols).toHaveLength(19);
    expect(manifest.notes[0]).toContain("480 minutes each");
  });

  test("bid and ask bars of 2022-12-13: 2,204 bars as quotes of two symbols", () => {
    const files = ["ADAUSDT", "BTCUSD_PERP"].map((symbol) =>
      sharedPath(`data/candles/fut1m_L_lean_2022-12-13/${symbol}-1m-quotes.csv.gz`),
    );
    const { dir, manifest, counts } = importBars({ files, out });
    expect(counts).toEqual({ book: 2 * 2_204 });
    expect(manifest.symbols.map(({ symbol }) => symbol)).toEqual(["ADAUSDT", "BTCUSD_PERP"]);
    const [batch] = [...openRecording(dir).batches()];
    expect([batch!.bid[0], batch!.ask[0]]).toEqual([0.3066, 0.3067]);
  });

  test("Redis of 2026-02-17: 68 entries and the statistics of 40 streams", () => {
    const files = ["entries_2026-02-17.ndjson", "stats_2026-02-17.json"].map((name) =>
      sharedPath(`data/redis/quantum_streams_${name}`),
    );
    const { manifest, counts } = importRedis({ files, out });
    expect(counts["redis.stats"]).toBe(40);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(68 + 40);
    expect(manifest.notes.find((note) => note.startsWith("statistics of 40 streams"))).toMatch(
      /were trimmed, \d+ entries/,
    );
    const mappers = manifest["mappers"] as { mapper: string; records: number }[];
    expect(mappers.reduce((sum, { records }) => sum + records, 0)).toBe(68);
  });

  test.each([
    ["data/pipeline/trades/clm_trades_2026-02-16_17.jsonl", "trades.closed", "timestamp", 542, 0],
    ["data/pipeline/replay/replay_real_v1_patch8c.jsonl", "exit.replayed", "record_time_epoch", 46, 0],
    ["data/misc/barter_binance_spot_with_disconnects.json", "barter.spot", "Item.Ok.time_received", 24, 3],
  ])("%s comes in as records of %s", (path, stream, time, records, untimed) => {
    const { counts, manifest } = importRecords({ files: [sharedPath(path)], stream, time, out });
    expect(counts).toEqual({ [stream]: records });
    const note = `records without ${time}, at the time of the record before them: ${untimed}`;
    expect(manifest.notes.includes(note)).toBe(untimed > 0);
  });
});
