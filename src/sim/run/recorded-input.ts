import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { IntentReceived, MarketFeaturesReceived } from "../../engine/domain/event.ts";
import type { InputRecord, RecordingSource } from "../../recording/batch.ts";

/** A recorded input the run understands; everything else in the recording is carried but not replayed. */
export type RecordedInput =
  | { readonly kind: "event"; readonly tsMs: number; readonly event: IntentReceived | MarketFeaturesReceived }
  | {
      readonly kind: "funding";
      readonly tsMs: number;
      readonly symbol: string;
      readonly rate: number;
      /** `null`: the mark at that time. */
      readonly markPrice: number | null;
    };

/**
 * Reads the recorded inputs of a run one after another. A malformed market state or funding record makes the recording
 * unusable; a malformed intent does not, because judging intents is the pipeline's work.
 *
 * @throws {UserError} naming the record
 */
export function* recordedInputs(recording: RecordingSource, takesIntents: boolean): Generator<RecordedInput> {
  for (const record of recording.inputs()) {
    const input = readInput(record, recording.id, takesIntents);
    if (input !== null) yield input;
  }
}

function readInput(record: InputRecord, recording: string, takesIntents: boolean): RecordedInput | null {
  const tsMs = Math.max(record.rxMs, record.tsMs);
  switch (record.stream) {
    case "trade.intent":
      if (!takesIntents) return null;
      return { kind: "event", tsMs: record.rxMs, event: intentOf(record) };
    case "marketstate":
      return { kind: "event", tsMs: record.rxMs, event: featuresOf(record, recording) };
    case "funding": {
      const { payload } = record;
      const symbol = payload["sym"];
      const rate = numberOf(payload["rate"]);
      if (typeof symbol !== "string" || rate === null) throw unusable(record, recording, "needs sym and rate");
      return { kind: "funding", tsMs, symbol, rate, markPrice: numberOf(payload["markPrice"] ?? payload["mark"]) };
    }
    default:
      return null;
  }
}

function intentOf(record: InputRecord): IntentReceived {
  const { id, fields } = record.payload;
  return {
    type: "intent.received",
    entryId: typeof id === "string" ? id : `${record.rxMs}-${record.seq}`,
    fields: textFields(fields),
  };
}

function featuresOf(record: InputRecord, recording: string): MarketFeaturesReceived {
  const fields = textFields(record.payload["fields"]);
  const read = (key: string): number => {
    const value = numberOf(fields[key]);
    if (value === null) throw unusable(record, recording, `needs a number in field ${key}`);
    return value;
  };
  const symbol = fields["symbol"] ?? record.payload["sym"];
  if (typeof symbol !== "string") throw unusable(record, recording, "needs a symbol");
  return {
    type: "market-features.received",
    symbol,
    sigma: read("sigma"),
    mu: read("mu"),
    trendStrength: read("ts"),
    pTrend: read("p_trend"),
    pMeanReversion: read("p_mr"),
    pChop: read("p_chop"),
  };
}

function textFields(fields: unknown): Record<string, string> {
  if (typeof fields !== "object" || fields === null) return {};
  return Object.fromEntries(
    // allow(unordered): fields keep the order of the recorded JSON, equal in every run
    Object.entries(fields).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

function numberOf(value: unknown): number | null {
  if (value === undefined || value === null || value === "") return null;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : null;
}

function unusable(record: InputRecord, recording: string, needed: string): UserError {
  return new UserError(
    [
      {
        file: recording,
        path: `seq ${record.seq}`,
        text: `Cannot replay ${record.stream} record ${record.seq}: it ${needed}`,
        hint: "import the recording again, or leave the stream out",
      },
    ],
    EXIT.recordingUnusable,
  );
}
