import type { MarketBatch } from "../../recording/batch.ts";
import { MARKET_KIND } from "../../recording/batch.ts";
import { BATCH_ROWS, createColumns, type MutableMarketBatch } from "../../recording/columns.ts";
import type { RecordSink } from "../../recording/record.ts";
import { createRandomStreams } from "../time/random-streams.ts";
import { FUNDING_INTERVAL_MS, FundingRates } from "./funding-rates.ts";
import { generatedExchangeInfo } from "./generated-exchange-info.ts";
import { MarketQuotes, STEP_OFFSETS_MS, STEPS_PER_MINUTE } from "./market-quotes.ts";
import { MinuteMarket } from "./minute-market.ts";
import type { RegimeEpisode } from "./regime-chain.ts";
import { FROZEN_WAVES, type FrozenSymbol, type SymbolModel, symbolModels } from "./symbol-model.ts";

/** Changes whenever the same options give other prices. */
export const MARKET_MODEL = "regime-switching stochastic volatility, version 1";

const MINUTE_MS = 60_000;

export interface MarketOptions {
  /** Every price follows from it; any text. */
  readonly seed: string;
  /** Tradable symbols: the shipped twelve first, then made-up ones. */
  readonly symbolCount: number;
  readonly minutes: number;
  /** A whole minute. */
  readonly startTsMs: number;
  /** Symbols of the universe that the venue does not have; `FROZEN_WAVES` when absent. */
  readonly frozen?: readonly FrozenSymbol[];
}

export interface GeneratedMarket {
  readonly options: MarketOptions;
  /** Tradable symbols, then frozen ones: the index of every row. */
  readonly symbols: readonly string[];
  readonly models: readonly SymbolModel[];
  /** Lists the tradable symbols only. */
  readonly exchangeInfo: Readonly<Record<string, unknown>>;
  /** Stays of the market in its regimes, the last one possibly cut by the end; for reports and tests. */
  regimes(): readonly RegimeEpisode[];
  /** Prices as columns, from the beginning at each call; memory does not grow with their number. */
  batches(): Iterable<MarketBatch>;
  /** Hands everything a recording needs to a writer, in replay order: exchangeInfo, prices, funding. */
  record(sink: Pick<RecordSink, "exchangeInfo" | "input" | "market">): void;
}

/**
 * A made-up market that looks like real one-minute futures data and switches regime (docs/generated-market.md).
 *
 * Up to three `mark` events per minute and symbol: the two extremes at +20 s and +40 s where they show a new price, and
 * the close at +59.999 s, which carries the minute's volume. A frozen symbol has the close only, always at one price.
 *
 * @example generateMarket({ seed: "1", symbolCount: 12, minutes: 1440, startTsMs: 0 }).batches()
 */
export function generateMarket(options: MarketOptions): GeneratedMarket {
  const models = symbolModels(options.symbolCount, createRandomStreams(options.seed).stream("market/symbols"));
  const frozen = options.frozen ?? [FROZEN_WAVES];
  return {
    options,
    models,
    symbols: [...models.map(({ symbol }) => symbol), ...frozen.map(({ symbol }) => symbol)],
    exchangeInfo: generatedExchangeInfo(models, options.startTsMs),
    regimes: () => regimes(options, models),
    batches: () => batches(options, models, frozen),
    record: (sink) => record(options, models, frozen, sink),
  };
}

function regimes(options: MarketOptions, models: readonly SymbolModel[]): RegimeEpisode[] {
  // The chain has its own stream: one symbol is enough to walk through it, and the others change nothing.
  const market = new MinuteMarket(models.slice(0, 1), createRandomStreams(options.seed), options.startTsMs);
  const episodes: RegimeEpisode[] = [];
  for (let minute = 0; minute < options.minutes; minute++) {
    market.step();
    if (market.episode !== episodes[episodes.length - 1]) episodes.push(market.episode);
  }
  return episodes;
}

function* batches(
  options: MarketOptions,
  models: readonly SymbolModel[],
  frozen: readonly FrozenSymbol[],
): Generator<MarketBatch> {
  const quotes = new MarketQuotes(new MinuteMarket(models, createRandomStreams(options.seed), options.startTsMs));
  const frozenPrices = frozen.map(({ priceText }) => Number(priceText));
  const rowsPerMinute = models.length * STEPS_PER_MINUTE + frozen.length;
  const capacity = Math.max(BATCH_ROWS, rowsPerMinute);
  let batch = createColumns(capacity);
  let seq = 0;
  for (let minute = 0; minute < options.minutes; minute++) {
    quotes.step();
    if (batch.length + rowsPerMinute > capacity) {
      yield batch;
      batch = createColumns(capacity);
    }
    const minuteTsMs = options.startTsMs + minute * MINUTE_MS;
    for (let step = 0; step < STEPS_PER_MINUTE; step++) {
      const tsMs = minuteTsMs + STEP_OFFSETS_MS[step]!;
      const isClose = step === STEPS_PER_MINUTE - 1;
      for (let symbol = 0; symbol < models.length; symbol++) {
        const row = step * models.length + symbol;
        const ticks = quotes.priceTicks[row]!;
        if (ticks === 0) continue;
        const unit = quotes.ticksPerUnit[symbol]!;
        const qty = isClose ? quotes.qtyLots[symbol]! / quotes.lotsPerUnit[symbol]! : 0;
        const bid = quotes.bidTicks[row]! / unit;
        append(batch, { seq: ++seq, tsMs, symbol, price: ticks / unit, bid, ask: quotes.askTicks[row]! / unit, qty });
      }
      if (!isClose) continue;
      for (const [place, price] of frozenPrices.entries()) {
        const symbol = models.length + place;
        append(batch, { seq: ++seq, tsMs, symbol, price, bid: Number.NaN, ask: Number.NaN, qty: 0 });
      }
    }
  }
  if (batch.length > 0) yield batch;
}

interface Row {
  readonly seq: number;
  readonly tsMs: number;
  readonly symbol: number;
  readonly price: number;
  readonly bid: number;
  readonly ask: number;
  readonly qty: number;
}

function append(batch: MutableMarketBatch, { seq, tsMs, symbol, price, bid, ask, qty }: Row): void {
  const row = batch.length++;
  batch.seq[row] = seq;
  batch.tsMs[row] = tsMs;
  batch.rxMs[row] = tsMs;
  batch.symbol[row] = symbol;
  batch.kind[row] = MARKET_KIND.mark;
  batch.price[row] = price;
  batch.bid[row] = bid;
  batch.ask[row] = ask;
  batch.qty[row] = qty;
}

function record(
  options: MarketOptions,
  models: readonly SymbolModel[],
  frozen: readonly FrozenSymbol[],
  sink: Pick<RecordSink, "exchangeInfo" | "input" | "market">,
): void {
  const streams = createRandomStreams(options.seed);
  const market = new MinuteMarket(models, streams, options.startTsMs);
  const quotes = new MarketQuotes(market);
  const funding = new FundingRates(models, streams);
  const priceText = (symbol: number, ticks: number): string =>
    (ticks / quotes.ticksPerUnit[symbol]!).toFixed(quotes.priceDecimals[symbol]!);

  sink.exchangeInfo(generatedExchangeInfo(models, options.startTsMs));
  for (let minute = 0; minute < options.minutes; minute++) {
    const minuteTsMs = options.startTsMs + minute * MINUTE_MS;
    if (minute > 0 && minuteTsMs % FUNDING_INTERVAL_MS === 0) {
      settleFunding(minuteTsMs);
    }
    quotes.step();
    funding.observe(market.regime);
    for (let step = 0; step < STEPS_PER_MINUTE; step++) {
      const rxMs = minuteTsMs + STEP_OFFSETS_MS[step]!;
      const isClose = step === STEPS_PER_MINUTE - 1;
      for (let symbol = 0; symbol < models.length; symbol++) {
        const row = step * models.length + symbol;
        const ticks = quotes.priceTicks[row]!;
        if (ticks === 0) continue;
        const price = priceText(symbol, ticks);
        const bid = priceText(symbol, quotes.bidTicks[row]!);
        const ask = priceText(symbol, quotes.askTicks[row]!);
        if (isClose) sink.market({ rxMs, symbol, price, bid, ask, qty: qtyText(symbol) });
        else sink.market({ rxMs, symbol, price, bid, ask });
      }
      if (!isClose) continue;
      for (const [place, { priceText: price }] of frozen.entries()) {
        sink.market({ rxMs, symbol: models.length + place, price });
      }
    }
  }

  function qtyText(symbol: number): string {
    return String(quotes.qtyLots[symbol]! / quotes.lotsPerUnit[symbol]!);
  }

  function settleFunding(fundingTsMs: number): void {
    const closes = (STEPS_PER_MINUTE - 1) * models.length;
    for (const [symbol, rate] of funding.settle().entries()) {
      // `sym` and `rate` as the import of funding rates writes them.
      const markPrice = priceText(symbol, quotes.priceTicks[closes + symbol]!);
      const payload = { sym: models[symbol]!.symbol, rate, markPrice };
      sink.input({ rxMs: fundingTsMs, stream: "funding", payload });
    }
  }
}
