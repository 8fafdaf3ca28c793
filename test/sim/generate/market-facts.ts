/** One-minute bars of several symbols on one common grid; a column per symbol, all of the same length. */
export interface MinuteBars {
  readonly symbols: readonly string[];
  readonly closes: readonly Float64Array[];
  readonly highs: readonly Float64Array[];
  readonly lows: readonly Float64Array[];
  readonly volumes: readonly Float64Array[];
}

/** The facts that the generated market is held to; per-symbol ones are the median over the symbols. */
export interface MarketFacts {
  /** Standard deviation of one-minute log returns, basis points. */
  readonly returnStdBps: number;
  /** Fourth standardised moment of one-minute log returns; 3 for a normal distribution. */
  readonly kurtosis: number;
  readonly returnAutocorrelation1: number;
  readonly absoluteAutocorrelation1: number;
  readonly absoluteAutocorrelation10: number;
  readonly absoluteAutocorrelation60: number;
  /** Mean over all pairs of symbols. */
  readonly pairCorrelation: number;
  /** The same for absolute returns: do symbols get wild together. */
  readonly absolutePairCorrelation: number;
  readonly zeroReturnShare: number;
  /** Correlation of volume with the absolute return of the same minute. */
  readonly volumeReturnCorrelation: number;
  /** Standard deviation of log volume. */
  readonly logVolumeStd: number;
  /** Mean of (high - low) / close over the standard deviation of returns. */
  readonly rangeRatio: number;
  /** Largest over smallest mean absolute return of the 24 hours of the day, averaged over the symbols first. */
  readonly hourPatternRatio: number;
  /** Standard deviation of one-hour over one-minute returns, divided by sqrt(60); 1 for a random walk. */
  readonly hourScaling: number;
}

/** @param firstTsMs time of the first bar, for the hour of the day */
export function marketFacts(bars: MinuteBars, firstTsMs: number): MarketFacts {
  const returns = bars.closes.map(logReturns);
  const absolutes = returns.map((column) => column.map(Math.abs));
  const stds = returns.map(deviation);
  const perSymbol = (measure: (symbol: number) => number): number =>
    median(bars.symbols.map((_, symbol) => measure(symbol)));
  return {
    returnStdBps: perSymbol((s) => stds[s]! * 10_000),
    kurtosis: perSymbol((s) => kurtosis(returns[s]!)),
    returnAutocorrelation1: perSymbol((s) => autocorrelation(returns[s]!, 1)),
    absoluteAutocorrelation1: perSymbol((s) => autocorrelation(absolutes[s]!, 1)),
    absoluteAutocorrelation10: perSymbol((s) => autocorrelation(absolutes[s]!, 10)),
    absoluteAutocorrelation60: perSymbol((s) => autocorrelation(absolutes[s]!, 60)),
    pairCorrelation: meanPairCorrelation(returns),
    absolutePairCorrelation: meanPairCorrelation(absolutes),
    zeroReturnShare: perSymbol((s) => returns[s]!.filter((value) => value === 0).length / returns[s]!.length),
    volumeReturnCorrelation: perSymbol((s) => correlation(bars.volumes[s]!.subarray(1), absolutes[s]!)),
    logVolumeStd: perSymbol((s) => deviation(bars.volumes[s]!.filter((volume) => volume > 0).map(Math.log))),
    rangeRatio: perSymbol((s) => {
      const ranges = bars.closes[s]!.map((close, bar) => (bars.highs[s]![bar]! - bars.lows[s]![bar]!) / close);
      return mean(ranges) / stds[s]!;
    }),
    hourPatternRatio: hourPatternRatio(absolutes, firstTsMs),
    hourScaling: perSymbol((s) => deviation(logReturns(everyNth(bars.closes[s]!, 60))) / stds[s]! / Math.sqrt(60)),
  };
}

export function logReturns(closes: Float64Array): Float64Array {
  const returns = new Float64Array(closes.length - 1);
  for (let bar = 1; bar < closes.length; bar++) returns[bar - 1] = Math.log(closes[bar]! / closes[bar - 1]!);
  return returns;
}

function everyNth(values: Float64Array, step: number): Float64Array {
  return values.filter((_, place) => place % step === 0);
}

function hourPatternRatio(absolutes: readonly Float64Array[], firstTsMs: number): number {
  const sums = new Float64Array(24);
  const counts = new Float64Array(24);
  for (const column of absolutes) {
    const scale = mean(column);
    for (let step = 0; step < column.length; step++) {
      const hour = Math.floor(firstTsMs / 3_600_000 + (step + 1) / 60) % 24;
      sums[hour] = sums[hour]! + column[step]! / scale;
      counts[hour] = counts[hour]! + 1;
    }
  }
  const hours = sums.map((sum, hour) => sum / counts[hour]!);
  return Math.max(...hours) / Math.min(...hours);
}

function meanPairCorrelation(columns: readonly Float64Array[]): number {
  let sum = 0;
  let pairs = 0;
  for (let left = 0; left < columns.length; left++) {
    for (let right = left + 1; right < columns.length; right++) {
      sum += correlation(columns[left]!, columns[right]!);
      pairs++;
    }
  }
  return sum / pairs;
}

function autocorrelation(values: Float64Array, lag: number): number {
  return correlation(values.subarray(lag), values.subarray(0, values.length - lag));
}

function correlation(left: Float64Array, right: Float64Array): number {
  const leftMean = mean(left);
  const rightMean = mean(right);
  let product = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (let row = 0; row < left.length; row++) {
    const x = left[row]! - leftMean;
    const y = right[row]! - rightMean;
    product += x * y;
    leftSquares += x * x;
    rightSquares += y * y;
  }
  return product / Math.sqrt(leftSquares * rightSquares);
}

function kurtosis(values: Float64Array): number {
  const center = mean(values);
  let second = 0;
  let fourth = 0;
  for (const value of values) {
    const square = (value - center) * (value - center);
    second += square;
    fourth += square * square;
  }
  return (fourth * values.length) / (second * second);
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function deviation(values: Float64Array): number {
  const center = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - center) * (value - center);
  return Math.sqrt(squares / values.length);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
