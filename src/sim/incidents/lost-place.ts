import { createRecordingWriter, type SealedRecording } from "../../recording/writer.ts";

const START_MS = Date.UTC(2026, 2, 3, 6, 0, 0);
const MINUTE_MS = 60_000;
const MINUTES = 20;
const STREAM = "quantum:stream:trade.intent";
const GROUP = "quantum:group:intent_bridge";
/** Entries that piled up in the origin while nobody read them (pipeline.md 5, I20). */
const PILED_UP = 10_004;

/**
 * A capture of a consumer group that has lost its place: the entries after its last one were trimmed, so Redis can tell no
 * lag, and what is missing is a number the recorder counted. Made from the facts of the incident, not captured.
 *
 * @param isWhole the same twenty minutes with a group that keeps up
 */
export function writeLostPlace(dir: string, isWhole: boolean): SealedRecording {
  const writer = createRecordingWriter({
    dir,
    id: isWhole ? "2026-03-03-kept-place" : "2026-03-03-lost-place",
    symbols: ["ETHUSDT"],
    fidelity: "mark",
    createdBy: "rehearsal generate incident",
    notes: [
      isWhole
        ? "rebuilt, not captured: a group that reads every entry within a minute"
        : `rebuilt, not captured: ${PILED_UP} entries trimmed before group ${GROUP} read them; afterwards its lag is not known`,
    ],
  });
  for (let minute = 0; minute < MINUTES; minute++) {
    const rxMs = START_MS + minute * MINUTE_MS;
    if (!isWhole && minute === 5) {
      const payload = { redisStream: STREAM, missing: PILED_UP, startTsMs: rxMs - 10 * MINUTE_MS, endTsMs: rxMs };
      writer.input({ rxMs, stream: "trimmed", payload });
    }
    writer.market({ rxMs, symbol: 0, price: (2000 + minute).toFixed(2) });
    writer.input(intentAt(rxMs + 500, minute));
    const lag = isWhole ? 0 : minute < 5 ? PILED_UP + minute : null;
    const group = { redisStream: STREAM, group: GROUP, exists: true, pending: 0, consumers: 1, lag };
    writer.input({ rxMs: rxMs + 1000, stream: "redis.group", payload: group });
  }
  return writer.seal();
}

function intentAt(rxMs: number, minute: number) {
  const intent = { symbol: "ETHUSDT", side: minute % 2 === 0 ? "BUY" : "SELL", quantity: 0.05, confidence: 0.7 };
  const fields = { event_type: "trade.intent", payload: JSON.stringify(intent), source: "trading-bot" };
  return { rxMs, stream: "trade.intent", payload: { id: `${rxMs}-0`, fields } };
}
