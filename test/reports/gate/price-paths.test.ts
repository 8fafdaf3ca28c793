import { describe, expect, test } from "vitest";
import { createMemoryRecording } from "../../../src/recording/memory.ts";
import { readPricePaths } from "../../../src/reports/gate/price-paths.ts";
import { MINUTE_MS, recordingOf, START_TS_MS } from "./gate-helpers.ts";

const at = (minute: number) => START_TS_MS + minute * MINUTE_MS;

describe("prices after the fact", () => {
  const recording = recordingOf({
    BTCUSDT: [
      [0, 100],
      [1, 101],
      [2, 101],
      [3, 99],
      [9, 120],
    ],
    ETHUSDT: [[1, 50]],
  });

  test("are what was told last at or before a time, inside a window and at its edges", () => {
    const paths = readPricePaths(recording, [{ symbol: "BTCUSDT", fromTsMs: at(1.5), toTsMs: at(5) }]);
    expect(paths.at("BTCUSDT", at(1.5))).toMatchObject({ tsMs: at(1), price: 101 });
    expect(paths.at("BTCUSDT", at(3))).toMatchObject({ price: 99 });
    expect(paths.at("BTCUSDT", at(5))).toMatchObject({ price: 99 });
    expect(paths.at("ETHUSDT", at(5))).toBeNull();
    expect(paths.endTsMs).toBe(at(9));
  });

  test("of a window between two rows are those of the row before it", () => {
    const paths = readPricePaths(recording, [{ symbol: "BTCUSDT", fromTsMs: at(4), toTsMs: at(5) }]);
    expect(paths.at("BTCUSDT", at(4))).toMatchObject({ tsMs: at(3), price: 99 });
  });

  test("between two times leave the first out and take the last in, changes only", () => {
    const paths = readPricePaths(recording, [{ symbol: "BTCUSDT", fromTsMs: at(0), toTsMs: at(9) }]);
    expect([...paths.between("BTCUSDT", at(0), at(3)).price]).toEqual([101, 99]);
    expect([...paths.between("BTCUSDT", at(3), at(3)).price]).toEqual([]);
  });

  test("of windows that overlap and come in any order are the same as of their union", () => {
    const windows = [
      { symbol: "BTCUSDT", fromTsMs: at(2), toTsMs: at(9) },
      { symbol: "BTCUSDT", fromTsMs: at(0), toTsMs: at(3) },
    ];
    const apart = readPricePaths(recording, windows);
    const whole = readPricePaths(recording, [{ symbol: "BTCUSDT", fromTsMs: at(0), toTsMs: at(9) }]);
    expect([...apart.between("BTCUSDT", 0, at(9)).price]).toEqual([...whole.between("BTCUSDT", 0, at(9)).price]);
  });

  test("take the middle of the book where there is no mark, and keep quotes, volume and funding", () => {
    const booked = createMemoryRecording({
      symbols: ["BTCUSDT"],
      fidelity: "book",
      market: [
        { rxMs: at(0), symbol: 0, kind: "book", price: "100", bid: "99", ask: "101" },
        { rxMs: at(0) + 5, symbol: 0, kind: "trade", price: "101", qty: "3" },
        { rxMs: at(1), symbol: 0, kind: "book", price: "103", bid: "102", ask: "104" },
      ],
      inputs: [{ rxMs: at(2), stream: "funding", payload: { sym: "BTCUSDT", rate: "0.0001" } }],
    });
    const paths = readPricePaths(booked, [{ symbol: "BTCUSDT", fromTsMs: at(0), toTsMs: at(5) }]);
    expect(paths.at("BTCUSDT", at(0))).toMatchObject({ price: 100, bid: 99, ask: 101 });
    expect(paths.at("BTCUSDT", at(1))).toMatchObject({ price: 103, bid: 102 });
    expect(paths.minuteVolumeQty("BTCUSDT", at(1))).toBe(3);
    expect(paths.minuteVolumeQty("BTCUSDT", at(4))).toBe(0);
    expect(paths.fundingBetween("BTCUSDT", at(0), at(2))).toEqual([{ tsMs: at(2), rate: 0.0001, markPrice: null }]);
    expect(paths.fundingBetween("BTCUSDT", at(2), at(3))).toEqual([]);
  });
});
