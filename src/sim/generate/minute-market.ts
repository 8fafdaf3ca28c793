import type { RandomStream, RandomStreams } from "../time/random-streams.ts";
import { type Regime, type RegimeEpisode, regimeEpisodes } from "./regime-chain.ts";
import type { SymbolModel } from "./symbol-model.ts";
import { COMMON_VOLATILITY, dayPatternLog, LogVolatility, OWN_VOLATILITY, totalVariance } from "./volatility.ts";

/** Volatility of a regime against the long-run level. */
const REGIME_VOLATILITY: Readonly<Record<Regime, number>> = {
  "trend-up": 1.02,
  "trend-down": 1.1,
  "mean-reversion": 0.95,
  chop: 0.85,
};

/** Share of the distance from the anchor that is pulled back each minute while the market reverts. */
const REVERSION_PULL = 1 / 25;
/** One shock in fifty is three times as large: the tails beyond what changing volatility explains. */
const WILD_SHARE = 0.02;
const WILD_FACTOR = 3;
const SHOCK_SCALE = 1 / Math.sqrt(1 - WILD_SHARE + WILD_SHARE * WILD_FACTOR * WILD_FACTOR);

const VOLUME_VOLATILITY_POWER = 1.05;
const VOLUME_MOVE_POWER = 0.42;
const VOLUME_NOISE = 0.63;
/** Prices stay within this log distance of where they began, however long the market runs. */
const LOG_DISTANCE_MAX = 3;

/** One symbol on its way; every number is of the minute just made. */
interface SymbolWalk {
  readonly model: SymbolModel;
  readonly random: RandomStream;
  readonly volatility: LogVolatility;
  /** Log price against the base price. */
  level: number;
  driftShare: number;
}

/**
 * Minutes of a market, one after the other: `step` makes the next one and leaves it in the columns, a row per symbol.
 *
 * Model: `r = sigma * v * (loading * M + sqrt(1 - loading^2) * e)`. `v` is the volatility: common and own
 * autoregressions of its logarithm, the daily pattern and the regime. `M` is the common factor: a shock plus the drift
 * of a trend or the pull of a mean reversion; `e` is the symbol's own shock. Highs and lows are drawn from the exact
 * distribution of the extremes of a Brownian bridge between open and close. Each symbol and each role has its own random
 * stream, so that adding a symbol leaves the prices of the others as they were.
 */
export class MinuteMarket {
  readonly models: readonly SymbolModel[];
  /** Log prices against the base price. */
  readonly openLogs: Float64Array;
  readonly highLogs: Float64Array;
  readonly lowLogs: Float64Array;
  readonly closeLogs: Float64Array;
  /** 1 when the high came before the low. */
  readonly isHighFirst: Uint8Array;
  /** Traded value of the minute, quote. */
  readonly volumesQuote: Float64Array;
  /** Volatility of the minute against the symbol's long-run level. */
  readonly volatilities: Float64Array;

  readonly #startMinuteOfDay: number;
  readonly #common: RandomStream;
  readonly #commonVolatility: LogVolatility;
  readonly #episodes: Generator<RegimeEpisode, never>;
  readonly #walks: readonly SymbolWalk[];
  #episode: RegimeEpisode;
  #minute = 0;
  /** Where the common factor stands, and where a reversion pulls it; in its own standard deviations. */
  #factor = 0;
  #anchor = 0;

  constructor(models: readonly SymbolModel[], streams: RandomStreams, startTsMs: number) {
    const count = models.length;
    this.models = models;
    this.openLogs = new Float64Array(count);
    this.highLogs = new Float64Array(count);
    this.lowLogs = new Float64Array(count);
    this.closeLogs = new Float64Array(count);
    this.isHighFirst = new Uint8Array(count);
    this.volumesQuote = new Float64Array(count);
    this.volatilities = new Float64Array(count);
    this.#startMinuteOfDay = Math.floor(startTsMs / 60_000) % 1_440;
    this.#common = streams.stream("market/common");
    this.#commonVolatility = new LogVolatility(COMMON_VOLATILITY, streams.stream("market/volatility"));
    this.#episodes = regimeEpisodes(streams.stream("market/regime"));
    this.#walks = models.map((model) => ({
      model,
      random: streams.stream(`market/symbol/${model.symbol}`),
      volatility: new LogVolatility(OWN_VOLATILITY, streams.stream(`market/volatility/${model.symbol}`)),
      level: 0,
      driftShare: 1,
    }));
    this.#episode = this.#episodes.next().value;
    this.#enterEpisode();
  }

  /** Regime of the minute just made. */
  get regime(): Regime {
    return this.#episode.regime;
  }

  get episode(): RegimeEpisode {
    return this.#episode;
  }

  /** Makes the next minute. */
  step(): void {
    const minute = this.#minute++;
    if (minute >= this.#episode.startMinute + this.#episode.minutes) {
      this.#episode = this.#episodes.next().value;
      this.#enterEpisode();
    }
    const { regime, drift } = this.#episode;
    const pull = regime === "mean-reversion" ? REVERSION_PULL * (this.#anchor - this.#factor) : 0;
    const shock = fatShock(this.#common);
    this.#factor += drift + pull + shock;
    const commonLog =
      this.#commonVolatility.step() +
      dayPatternLog((this.#startMinuteOfDay + minute) % 1_440) +
      Math.log(REGIME_VOLATILITY[regime]);
    for (let symbol = 0; symbol < this.#walks.length; symbol++) {
      this.#walk(symbol, pull + shock, drift, commonLog);
    }
  }

  #enterEpisode(): void {
    this.#anchor = this.#factor;
    for (const walk of this.#walks) walk.driftShare = 0.6 + 0.8 * walk.random.next();
  }

  #walk(symbol: number, common: number, drift: number, commonLog: number): void {
    const walk = this.#walks[symbol]!;
    const { model, random } = walk;
    const volatilityLog = commonLog + walk.volatility.step();
    const volatility = Math.exp(volatilityLog - VARIANCE_OF_LOG);
    const scale = (model.sigmaBps / 10_000) * volatility;
    const own = Math.sqrt(1 - model.loading * model.loading) * fatShock(random);
    // The common factor of a strong trend would carry a long market away; a soft wall turns it back.
    const wall = Math.abs(walk.level) > LOG_DISTANCE_MAX ? -Math.sign(walk.level) * 0.2 : 0;
    const move = model.loading * (common + drift * walk.driftShare) + own + wall;
    const open = walk.level;
    const close = open + scale * move;
    walk.level = close;
    this.openLogs[symbol] = open;
    this.closeLogs[symbol] = close;
    this.volatilities[symbol] = volatility;

    const distance = close - open;
    const spread = 2 * RANGE_SHARE * scale * scale;
    const up = Math.sqrt(distance * distance - spread * Math.log(1 - random.next()));
    const down = Math.sqrt(distance * distance - spread * Math.log(1 - random.next()));
    this.highLogs[symbol] = (open + close + up) / 2;
    this.lowLogs[symbol] = (open + close - down) / 2;
    // A rising minute mostly dips first: its low lies nearer to the open.
    this.isHighFirst[symbol] = random.next() < (distance > 0 ? 0.25 : 0.75) ? 1 : 0;

    this.volumesQuote[symbol] =
      model.minuteQuote *
      Math.exp(
        VOLUME_VOLATILITY_POWER * volatilityLog +
          VOLUME_MOVE_POWER * Math.log((0.3 + Math.abs(move)) / 0.9) +
          VOLUME_NOISE * random.normal(),
      );
  }
}

/** Mean square of `exp(x)` for normal `x` of variance `s` is `exp(2 s)`: dividing by `exp(s)` keeps sigma the deviation. */
const VARIANCE_OF_LOG = totalVariance(COMMON_VOLATILITY) + totalVariance(OWN_VOLATILITY);
/** Real minutes have a little less range than a Brownian path of the same deviation: ticks are coarse. */
const RANGE_SHARE = 0.8;

/** Shock of mean 0 and deviation 1 with occasional wild ones. */
function fatShock(random: RandomStream): number {
  const factor = random.next() < WILD_SHARE ? WILD_FACTOR : 1;
  return SHOCK_SCALE * factor * random.normal();
}
