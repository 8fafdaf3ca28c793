import { createRecordingWriter, type SealedRecording } from "../../recording/writer.ts";
import { type GeneratedMarket, generateMarket, MARKET_MODEL, type MarketOptions } from "./generate-market.ts";
import type { RegimeEpisode } from "./regime-chain.ts";

export interface GeneratedRecordingOptions extends MarketOptions {
  /** New or empty directory. */
  readonly dir: string;
  readonly id: string;
}

/**
 * Writes a generated market as a recording: the same options give the same bytes, manifest included.
 *
 * @throws {UserError} when the directory is in use or cannot be written
 */
export function generateRecording(options: GeneratedRecordingOptions): SealedRecording {
  const market = generateMarket(options);
  const writer = createRecordingWriter({
    dir: options.dir,
    id: options.id,
    symbols: market.symbols,
    fidelity: "mark",
    createdBy: "rehearsal sim generate market",
    notes: notes(market),
    generator: generator(market),
  });
  try {
    market.record(writer);
    return writer.seal();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function notes(market: GeneratedMarket): string[] {
  const frozen = market.symbols.slice(market.models.length);
  const lines = [
    `generated from seed "${market.options.seed}", not recorded from a venue: no price, volume or funding rate ever happened`,
    "a minute has its extremes at +20 s and +40 s (only where they are new prices) and its close and volume at +59.999 s",
  ];
  if (frozen.length > 0) lines.push(`one price for ever and not on the venue: ${frozen.join(", ")}`);
  return lines;
}

function generator(market: GeneratedMarket): Record<string, unknown> {
  const { seed, symbolCount, minutes, startTsMs } = market.options;
  return {
    model: MARKET_MODEL,
    seed,
    symbols: symbolCount,
    minutes,
    start: isoTime(startTsMs),
    regimes: market.regimes().map((episode) => regimeEntry(episode, market.options)),
  };
}

function regimeEntry({ regime, startMinute, minutes }: RegimeEpisode, options: MarketOptions): Record<string, unknown> {
  return {
    start: isoTime(options.startTsMs + startMinute * 60_000),
    minutes: Math.min(minutes, options.minutes - startMinute),
    regime,
  };
}

function isoTime(tsMs: number): string {
  // allow(clock): formats the time it was given, in UTC
  return new Date(tsMs).toISOString();
}
