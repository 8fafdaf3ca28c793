import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { sharedPath } from "../../shared-data.ts";
import type { MinuteBars } from "./market-facts.ts";

/** Real USD-M one-minute candles of 16 symbols, on the minutes that all of them have. */
export function readRealBars(folder: string): { bars: MinuteBars; firstTsMs: number } {
  const dir = sharedPath(`data/candles/${folder}`);
  const files = readdirSync(dir)
    .filter((name) => name.endsWith("-1m.csv.gz"))
    .sort();
  const tables = files.map((name) => parse(gunzipSync(readFileSync(`${dir}/${name}`)).toString("utf8")));
  // The files have no gaps inside (README of the data), so the common minutes are one range.
  const first = Math.max(...tables.map((table) => table.openTimesMs[0]!));
  const last = Math.min(...tables.map((table) => table.openTimesMs[table.openTimesMs.length - 1]!));
  const count = (last - first) / 60_000 + 1;
  const cut = (table: Table, column: Float64Array): Float64Array => {
    const start = (first - table.openTimesMs[0]!) / 60_000;
    return column.subarray(start, start + count);
  };
  return {
    firstTsMs: first,
    bars: {
      symbols: files.map((name) => name.replace("-1m.csv.gz", "")),
      closes: tables.map((table) => cut(table, table.closes)),
      highs: tables.map((table) => cut(table, table.highs)),
      lows: tables.map((table) => cut(table, table.lows)),
      volumes: tables.map((table) => cut(table, table.volumes)),
    },
  };
}

interface Table {
  readonly openTimesMs: Float64Array;
  readonly highs: Float64Array;
  readonly lows: Float64Array;
  readonly closes: Float64Array;
  readonly volumes: Float64Array;
}

function parse(text: string): Table {
  const rows = text
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
  const column = (place: number): Float64Array => Float64Array.from(rows, (row) => Number(row[place]));
  return { openTimesMs: column(0), highs: column(2), lows: column(3), closes: column(4), volumes: column(5) };
}
