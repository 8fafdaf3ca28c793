import { formatDecimal, parseDecimal } from "../decimal.ts";
import type { Candle } from "./candle-file.ts";

/** When the four prices of a minute are shown, after its open time. */
export const PATH_OFFSETS_MS = [0, 15_000, 30_000, 59_999] as const;

export const PATH_NOTE =
  "prices are candles on a stated path: open, low, high, close when the minute did not fall, open, high, low, close " +
  "when it fell, at +0 s, +15 s, +30 s and +59.999 s; volume in quarters";

/** The side the close went away from is visited first: low before high when the minute rose or stood still. */
export function pathPrices(candle: Candle): readonly [string, string, string, string] {
  const { open, high, low, close } = candle;
  return Number(close) >= Number(open) ? [open, low, high, close] : [open, high, low, close];
}

/**
 * Volume in quarters of as many decimals as the volume has; the last takes the rest, so the sum is exact:
 * `"33.653"` is 8.413, 8.413, 8.413 and 8.414, and `"3"` is 0, 0, 0 and 3.
 */
export function quarterVolumes(volume: string): readonly [string, string, string, string] {
  const { units, decimals } = parseDecimal(volume)!;
  const quarter = units / 4n;
  const text = formatDecimal({ units: quarter, decimals });
  return [text, text, text, formatDecimal({ units: units - 3n * quarter, decimals })];
}
