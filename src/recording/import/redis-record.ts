import { recordingStream } from "./redis-streams.ts";

/** A stream entry as a record: the one shape of recordings that were imported and of those that were made live. */
export interface RedisRecord {
  readonly stream: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Symbol a replay will ask for, `null` when the stream names none or the table of a recording cannot hold it. */
  readonly symbol: string | null;
}

/** `timeMs` is the time of the entry id; `extra` is what belongs to no field, left out when it is empty. */
export function redisRecord(
  redisStream: string,
  entry: {
    readonly id: string;
    readonly timeMs: number;
    readonly fields: Readonly<Record<string, string>>;
    readonly extra: Readonly<Record<string, unknown>>;
  },
): RedisRecord {
  const { stream, isKnown } = recordingStream(redisStream, entry.timeMs);
  const { id, fields, extra } = entry;
  const payload = {
    id,
    fields,
    ...(isKnown ? {} : { redisStream }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
  return { stream, payload, symbol: entrySymbol(stream, fields) };
}

/** Only streams a replay reads have symbols of their own: intents and market state. */
export function entrySymbol(stream: string, fields: Readonly<Record<string, string>>): string | null {
  if (stream !== "trade.intent" && stream !== "marketstate") return null;
  const symbol = fields["symbol"] ?? payloadSymbol(fields["payload"] ?? fields["data"]);
  // A lone surrogate can be in JSON but not in a file; the entry keeps it, the table cannot.
  const isUsable = typeof symbol === "string" && symbol !== "" && Buffer.from(symbol).toString() === symbol;
  return isUsable ? symbol : null;
}

function payloadSymbol(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) as { symbol?: unknown } | null)?.symbol;
  } catch {
    // A payload that is no JSON is the pipeline's to reject, by name; it is carried.
    return undefined;
  }
}
