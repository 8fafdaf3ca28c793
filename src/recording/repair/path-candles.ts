import { CANDLE_NUMBERS, type CandleFile, MINUTE_MS } from "../import/candle-file.ts";

/** Opens and closes kept as texts: enough to see how many decimals a symbol has. */
const TEXTS_KEPT = 1_000;

interface Path {
  readonly openTimesMs: number[];
  readonly numbers: number[];
  readonly texts: { open: string; close: string }[];
}

/** Candles put together again from the prices that an import made of them: first, highest, lowest, last, sum of volume. */
export class PathCandles {
  readonly #bySymbol = new Map<string, Path>();

  /** In the order of time. */
  add(symbol: string, tsMs: number, price: string, qty: string | undefined): void {
    const minuteMs = Math.floor(tsMs / MINUTE_MS) * MINUTE_MS;
    const path = this.#bySymbol.get(symbol) ?? { openTimesMs: [], numbers: [], texts: [] };
    this.#bySymbol.set(symbol, path);
    const value = Number(price);
    const volume = qty === undefined ? 0 : Number(qty);
    const at = path.openTimesMs.length - 1;
    const base = at * CANDLE_NUMBERS;
    if (at < 0 || path.openTimesMs[at]! < minuteMs) {
      path.openTimesMs.push(minuteMs);
      path.numbers.push(value, value, value, value, volume);
      if (path.texts.length < TEXTS_KEPT) path.texts.push({ open: price, close: price });
    } else {
      path.numbers[base + 1] = Math.max(path.numbers[base + 1]!, value);
      path.numbers[base + 2] = Math.min(path.numbers[base + 2]!, value);
      path.numbers[base + 3] = value;
      path.numbers[base + 4] = path.numbers[base + 4]! + volume;
      const texts = path.texts[at];
      if (texts !== undefined) texts.close = price;
    }
  }

  /** In the order in which the symbols came. */
  files(): CandleFile[] {
    return [...this.#bySymbol].map(([symbol, { openTimesMs, numbers, texts }]) => ({
      symbol,
      path: symbol,
      inputs: [],
      unit: "ms",
      form: "csv",
      openTimesMs: Float64Array.from(openTimesMs),
      numbers: Float64Array.from(numbers),
      candle: (index) => {
        const { open, close } = texts[index]!;
        return { open, high: open, low: close, close, volume: "0" };
      },
    }));
  }
}
