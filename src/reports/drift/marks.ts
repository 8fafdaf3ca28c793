import type { RecordingSource } from "../../recording/batch.ts";
import type { MarkAt } from "./drift.ts";

/** The last price of a symbol that the exchange had made until then. */
export function marksOf(recording: RecordingSource): MarkAt {
  const times = recording.symbols.map((): number[] => []);
  const prices = recording.symbols.map((): number[] => []);
  for (const { length, tsMs, symbol, price } of recording.batches()) {
    for (let row = 0; row < length; row++) {
      const place = symbol[row]!;
      const last = times[place]!.at(-1) ?? Number.NEGATIVE_INFINITY;
      // Rows of several streams may overtake each other by a moment: the order they came in stays.
      times[place]!.push(Math.max(last, tsMs[row]!));
      prices[place]!.push(price[row]!);
    }
  }
  const places = new Map(recording.symbols.map((symbol, place) => [symbol, place]));
  return (symbol, tsMs) => {
    const place = places.get(symbol);
    if (place === undefined) return null;
    const known = times[place]!;
    let low = 0;
    let high = known.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (known[middle]! <= tsMs) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : prices[place]![low - 1]!;
  };
}
