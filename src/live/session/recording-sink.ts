import type { EngineEvent } from "../../engine/domain/event.ts";
import { encodeJournalLine } from "../../recording/journal-codec.ts";
import type { LiveRecording } from "../../recording/live/live-types.ts";
import type { MarketRow } from "../../recording/record.ts";
import type { InputPlace, RecordingSink } from "../ports.ts";

/** Stream of engine events that are no intent and no market state: answers of the exchange, timers, the operator. */
export const EVENT_STREAM = "live.event";

/**
 * Writes the inputs of a session as a recording: prices as they came, `trade.intent` and `marketstate` as every recorder
 * writes them, all other events in `live.event`. Inputs carry their `InputPlace`, because records of one millisecond are
 * sorted by stream.
 */
export function recordingSink(recording: LiveRecording, symbols: readonly string[]): RecordingSink {
  const places = symbols.map((symbol) => recording.symbolIndex(symbol));
  return {
    row({ symbolIndex, tsMs, kind, price, bid, ask, qty, bidQty, askQty }, stampMs) {
      const hasSizes = kind === "book" && (bidQty !== undefined || askQty !== undefined);
      const row: MarketRow = {
        rxMs: stampMs,
        ...(tsMs === null ? {} : { tsMs }),
        symbol: places[symbolIndex]!,
        kind,
        price,
        ...(bid === undefined ? {} : { bid }),
        ...(ask === undefined ? {} : { ask }),
        ...(qty === undefined ? {} : { qty }),
        ...(hasSizes ? { extra: { x: { B: bidQty, A: askQty } } } : {}),
      };
      recording.market(row);
    },
    event(event, stampMs, place) {
      const { stream, payload } = inputOf(event);
      recording.input({ rxMs: stampMs, stream, payload: { ...payload, ...placePayload(place) } });
    },
    funding({ symbolIndex, tsMs, rate, markPrice }, stampMs, place) {
      recording.input({
        rxMs: stampMs,
        ...(tsMs === null ? {} : { tsMs }),
        stream: "funding",
        payload: {
          sym: symbols[symbolIndex]!,
          rate,
          ...(markPrice === null ? {} : { markPrice }),
          ...placePayload(place),
        },
      });
    },
    gap(gap, stampMs) {
      recording.gap({ ...gap, rxMs: stampMs });
    },
    tick: () => recording.tick(),
    async seal() {
      return (await recording.seal()).dir;
    },
    close: () => recording.close(),
  };
}

/** `seq` is a word of the recording's own. */
function placePayload({ order, rowsBefore, seq }: InputPlace): Readonly<Record<string, number>> {
  return { order, rowsBefore, envelope: seq };
}

function inputOf(event: EngineEvent): { readonly stream: string; readonly payload: Readonly<Record<string, unknown>> } {
  switch (event.type) {
    case "intent.received":
      return { stream: "trade.intent", payload: { id: event.entryId, fields: event.fields } };
    case "market-features.received": {
      const { symbol, sigma, mu, trendStrength, pTrend, pMeanReversion, pChop } = event;
      const fields = {
        symbol,
        sigma: String(sigma),
        mu: String(mu),
        ts: String(trendStrength),
        p_trend: String(pTrend),
        p_mr: String(pMeanReversion),
        p_chop: String(pChop),
      };
      return { stream: "marketstate", payload: { fields } };
    }
    default:
      return { stream: EVENT_STREAM, payload: { event: plainEvent(event) } };
  }
}

/** The event as JSON: money as decimal text, by the codec of journals. */
function plainEvent(event: EngineEvent): unknown {
  const line = encodeJournalLine({ envelope: { seq: 0, tsMs: 0, event }, decisions: [] });
  return (JSON.parse(line) as { envelope: { event: unknown } }).envelope.event;
}
