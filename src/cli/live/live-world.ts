import { type Instrument, lotsToQty } from "../../engine/domain/instrument.ts";
import { type Money, moneyToNumber } from "../../engine/domain/money.ts";
import type { Clock, LiveExchange, MarketFeed } from "../../live/ports.ts";
import { scaledClock } from "../../live/session/clock.ts";
import { PaperExchange } from "../../live/session/paper-exchange.ts";
import type { RecoveredSession } from "../../live/session/recover-session.ts";
import type { LeverageBracket } from "../../recording/leverage-brackets.ts";
import type { Fidelity } from "../../recording/manifest.ts";
import { openRecording } from "../../recording/reader.ts";
import { momentTsMs } from "../../sim/scenario/moment.ts";
import type { ResolvedVariant, Scenario } from "../../sim/scenario/schema.ts";
import { refused } from "./live-plan.ts";
import { RecordedFeed } from "./recorded-feed.ts";

/** What a session stands on: a clock, instruments, prices, and an exchange. */
export interface LiveWorld {
  /** `demo`, `testnet`, `loopback`, or `recording`: shown, and kept in the session's file. */
  readonly venue: string;
  readonly clock: Clock;
  readonly instruments: readonly Instrument[];
  readonly fidelity: Fidelity;
  readonly feed: MarketFeed;
  readonly exchange: LiveExchange;
  /** Contract facts as they came, for the recording of the session; `null` where there are none. */
  readonly exchangeInfo: unknown;
  readonly leverageBrackets: unknown;
  /** When nothing more will come; Infinity in the real world. */
  readonly endTsMs: number;
}

/** Recorded prices and a simulated account: no network, no keys. */
export function recordedWorld(parts: {
  readonly scenario: Scenario;
  readonly definition: ResolvedVariant;
  readonly symbols: readonly string[] | null;
  readonly speed: number;
  /** The session that goes on: at its last stamp, with the account it had. */
  readonly from: RecoveredSession | null;
}): LiveWorld {
  const { scenario, definition, speed } = parts;
  const recording = openRecording(scenario.recordingPath);
  const { from, to } = scenario.window;
  const windowTsMs = from === undefined ? recording.firstTsMs : momentTsMs(from, recording.firstTsMs);
  const startTsMs = parts.from?.stampMs ?? windowTsMs;
  const endTsMs = to === undefined ? recording.lastTsMs : momentTsMs(to, recording.firstTsMs);
  const instruments =
    parts.from?.lane.parts.instruments ?? chosenInstruments(recording.instruments, parts.symbols, definition);
  const clock = scaledClock(startTsMs, speed);
  const symbols = instruments.map(({ symbol }) => symbol);
  return {
    venue: "recording",
    clock,
    instruments,
    fidelity: recording.fidelity,
    feed: new RecordedFeed({ recording, clock, symbols, untilTsMs: endTsMs }),
    exchange: paperExchange({
      ...recording,
      scenario,
      definition,
      clock,
      instruments,
      ...paperAccount(scenario, parts.from),
    }),
    exchangeInfo: infoOf(recording.venueInfo, symbols),
    leverageBrackets: null,
    endTsMs,
  };
}

/** Those named, in the order of the source; all of them when none is named. */
export function chosenInstruments(
  all: readonly Instrument[],
  names: readonly string[] | null,
  definition: ResolvedVariant,
): Instrument[] {
  const wanted = names === null ? null : new Set(names);
  const isListed = (name: string) => all.some(({ symbol, isOnVenue }) => symbol === name && isOnVenue);
  const unknown = names?.filter((name) => !isListed(name)) ?? [];
  if (unknown.length > 0) throw refused(`Cannot trade ${unknown.join(", ")}: the venue does not list it`);
  const missing = new Set(definition.exchange.missing);
  return all
    .filter(({ symbol }) => wanted === null || wanted.has(symbol))
    .map((each, index) => ({ ...each, index, isOnVenue: each.isOnVenue && !missing.has(each.symbol) }));
}

/**
 * What a simulated account begins with. It lived in the memory of the process, so a session that goes on gets the one
 * that its journal explains; orders that were in flight are gone.
 */
export function paperAccount(
  scenario: Scenario,
  from: RecoveredSession | null,
): Pick<Parameters<typeof paperExchange>[0], "walletQuote" | "positions" | "idsUsed"> {
  if (from === null) return { walletQuote: scenario.account.wallet, positions: [], idsUsed: 0 };
  const { account, positions } = from.lane.look();
  const { instruments } = from.lane.parts;
  return {
    walletQuote: account.walletQuote,
    // Each order and each trade was an envelope of its own.
    idsUsed: from.lane.seq,
    positions: [...positions.open.values()].map(({ symbol, qtyLots, entryNotionalQuote }) => {
      const instrument = instruments.find((each) => each.symbol === symbol)!;
      const qty = Math.abs(qtyLots) * lotsToQty(instrument, 1);
      return { symbol, qtyLots, entryPrice: moneyToNumber(entryNotionalQuote) / qty };
    }),
  };
}

/** The simulated exchange of a scenario, on the prices of a session. Delays are the medians of the scenario's. */
export function paperExchange(parts: {
  readonly scenario: Scenario;
  readonly definition: ResolvedVariant;
  readonly clock: Clock;
  readonly instruments: readonly Instrument[];
  readonly fidelity: Fidelity;
  readonly walletQuote: Money;
  readonly positions: readonly { readonly symbol: string; readonly qtyLots: number; readonly entryPrice: number }[];
  readonly idsUsed: number;
  readonly venueInfo?: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly leverageBrackets?: ReadonlyMap<string, readonly LeverageBracket[]>;
}): PaperExchange {
  const {
    scenario,
    definition,
    clock,
    instruments,
    fidelity,
    walletQuote,
    positions,
    idsUsed,
    venueInfo,
    leverageBrackets,
  } = parts;
  const { fees, fill, latency } = definition.exchange;
  return new PaperExchange({
    clock,
    instruments,
    walletQuote,
    positions,
    idsUsed,
    leverage: scenario.account.leverage,
    fees,
    fill,
    fidelity,
    latencyMs: {
      order: latency.order.medianMs,
      answer: latency.answer.medianMs,
      snapshot: latency.snapshot.medianMs,
    },
    ...(venueInfo === undefined ? {} : { venueInfo }),
    ...(leverageBrackets === undefined ? {} : { leverageBrackets }),
  });
}

function infoOf(
  venueInfo: ReadonlyMap<string, Readonly<Record<string, unknown>>> | undefined,
  symbols: readonly string[],
): unknown {
  if (venueInfo === undefined) return null;
  return { symbols: symbols.flatMap((symbol) => venueInfo.get(symbol) ?? []) };
}
