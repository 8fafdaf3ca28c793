import type { EngineEvent } from "../../engine/domain/event.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { EngineParts } from "../../engine/pipeline/state.ts";
import type { InputRecord, MarketBatch, RecordingSource } from "../../recording/batch.ts";
import { decodeJournalLine } from "../../recording/journal-codec.ts";
import type { MarketMove } from "../ports.ts";
import { applyMove } from "./applied-row.ts";
import { EngineLane } from "./engine-lane.ts";
import { type Divergence, decisionsOf, divergenceOf } from "./parity.ts";
import { EVENT_STREAM } from "./recording-sink.ts";
import { openSessionFolder } from "./session-folder.ts";

/** `live/replay parity: 212 of 212 decisions equal` is `equal` of `decisions`. */
export interface ParityResult {
  /** What the inputs were read from. */
  readonly source: "recording" | "journal";
  readonly envelopes: number;
  /** Decisions of the journal, findings of the session itself left out. */
  readonly decisions: number;
  /** Decisions before the first divergence; all of them when there is none. */
  readonly equal: number;
  readonly firstDivergence: Divergence | null;
}

type ReplayItem =
  | { readonly kind: "move"; readonly move: MarketMove }
  | { readonly kind: "event"; readonly event: EngineEvent; readonly tsMs: number };

/**
 * A fresh engine over the inputs of a session in their order, compared with what the session decided.
 *
 * @param parts new ones of the session's configuration
 * @param recording the sealed recording of the session; without it the inputs come from the write-ahead journal, which a
 * session that crashed and was resumed needs: its recording may lack the last moment before the crash
 */
export function replaySession(
  folder: string,
  parts: EngineParts,
  recording: RecordingSource | null = null,
): ParityResult {
  const entries = journalEntries(folder);
  const source = recording === null ? "journal" : "recording";
  return replay(recording === null ? journalItems(folder) : recordedItems(recording), entries, parts, source);
}

function replay(
  items: Iterable<ReplayItem>,
  entries: Iterator<JournalEntry>,
  parts: EngineParts,
  source: ParityResult["source"],
): ParityResult {
  const lane = new EngineLane(parts);
  let envelopes = 0;
  let decisions = 0;
  let equal = 0;
  let firstDivergence: Divergence | null = null;
  for (const item of items) {
    if (item.kind === "move") {
      applyMove(parts.market, item.move);
      continue;
    }
    const next = entries.next();
    if (next.done === true) {
      firstDivergence ??= missing(lane.seq + 1, item.event.type, "(nothing)", "an envelope");
      break;
    }
    const live = next.value;
    envelopes += 1;
    decisions += decisionsOf(live).length;
    if (firstDivergence !== null) continue;
    firstDivergence = divergenceOf(live, lane.handle(item.event, item.tsMs));
    if (firstDivergence === null) equal = decisions;
    else equal += equalBefore(firstDivergence);
  }
  for (let rest = entries.next(); rest.done !== true; rest = entries.next()) {
    const { seq, event } = rest.value.envelope;
    envelopes += 1;
    decisions += decisionsOf(rest.value).length;
    firstDivergence ??= missing(seq, event.type, "an envelope", "(nothing)");
  }
  return { source, envelopes, decisions, equal, firstDivergence };
}

/** Decisions of the diverging entry itself that come before the one that differs. */
function equalBefore({ field }: Divergence): number {
  return Number(/^decisions\[(\d+)\]/.exec(field)?.[1] ?? 0);
}

function missing(seq: number, eventType: string, live: string, replay: string): Divergence {
  return { seq, eventType, field: "envelope", live, replay };
}

function* journalEntries(folder: string): Generator<JournalEntry, void, undefined> {
  for (const item of openSessionFolder(folder).items()) if (item.kind === "entry") yield item.entry;
}

function* journalItems(folder: string): Generator<ReplayItem, void, undefined> {
  for (const item of openSessionFolder(folder).items()) {
    if (item.kind === "move") yield item;
    else yield { kind: "event", event: item.entry.envelope.event, tsMs: item.entry.envelope.tsMs };
  }
}

/** Inputs of a session's recording in delivery order, with the market rows that were applied before each. */
function* recordedItems(recording: RecordingSource): Generator<ReplayItem, void, undefined> {
  const moves = recordedMoves(recording.batches());
  let rows = 0;
  for (const record of inDeliveryOrder(recording.inputs())) {
    const rowsBefore = Number(record.payload["rowsBefore"]);
    for (; rows < rowsBefore; rows++) {
      const next = moves.next();
      if (next.done === true) break;
      yield { kind: "move", move: next.value };
    }
    if (record.stream === "funding") {
      const symbolIndex = recording.symbols.indexOf(String(record.payload["sym"]));
      yield { kind: "move", move: { kind: "funding", symbolIndex, rate: Number(record.payload["rate"]) } };
    } else yield { kind: "event", event: eventOf(record), tsMs: record.rxMs };
  }
  moves.return();
}

/** Records of one millisecond are sorted by stream; `order` says how they came. */
function* inDeliveryOrder(inputs: Iterable<InputRecord>): Generator<InputRecord, void, undefined> {
  let waiting: InputRecord[] = [];
  for (const record of inputs) {
    if (typeof record.payload["order"] !== "number") continue;
    if (waiting.length > 0 && waiting[0]!.rxMs !== record.rxMs) {
      yield* waiting.sort(byOrder);
      waiting = [];
    }
    waiting.push(record);
  }
  yield* waiting.sort(byOrder);
}

function byOrder(left: InputRecord, right: InputRecord): number {
  return Number(left.payload["order"]) - Number(right.payload["order"]);
}

function* recordedMoves(batches: Iterable<MarketBatch>): Generator<MarketMove, void, undefined> {
  for (const batch of batches) {
    for (let row = 0; row < batch.length; row++) {
      yield {
        kind: "row",
        row: {
          symbolIndex: batch.symbol[row]!,
          tsMs: batch.rxMs[row]!,
          exchangeTsMs: batch.tsMs[row]!,
          kind: batch.kind[row]!,
          price: batch.price[row]!,
          bid: batch.bid[row]!,
          ask: batch.ask[row]!,
          qty: batch.qty[row]!,
          bidQty: batch.bidQty?.[row] ?? Number.NaN,
          askQty: batch.askQty?.[row] ?? Number.NaN,
        },
      };
    }
  }
}

function eventOf({ stream, payload }: InputRecord): EngineEvent {
  if (stream === "trade.intent") {
    const fields = payload["fields"] as Readonly<Record<string, string>>;
    return { type: "intent.received", entryId: String(payload["id"]), fields };
  }
  if (stream === EVENT_STREAM) {
    // The codec turns decimal texts of money fields into money again.
    return (decodeJournalLine(JSON.stringify({ event: payload["event"] })) as { event: EngineEvent }).event;
  }
  const fields = payload["fields"] as Readonly<Record<string, string>>;
  return {
    type: "market-features.received",
    symbol: fields["symbol"]!,
    sigma: Number(fields["sigma"]),
    mu: Number(fields["mu"]),
    trendStrength: Number(fields["ts"]),
    pTrend: Number(fields["p_trend"]),
    pMeanReversion: Number(fields["p_mr"]),
    pChop: Number(fields["p_chop"]),
  };
}
