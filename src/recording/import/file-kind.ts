import { sourceLines } from "./source-lines.ts";

/** What a file seems to be, and the command that reads such files. */
export interface FileKind {
  readonly what: string;
  readonly command: string;
}

const TRADES: FileKind = { what: "trades", command: "sim import trades" };
const AGG_TRADES: FileKind = { what: "aggTrades", command: "sim import trades" };
const CANDLES: FileKind = { what: "candles", command: "sim import candles" };
const REDIS: FileKind = { what: "a dump of Redis streams", command: "sim import redis" };
const FUNDING: FileKind = { what: "funding rates", command: "sim import funding" };
const DEPTH: FileKind = { what: "depth updates", command: "sim import trades ... --depth" };

/** Words of a first line, most telling first. */
const WORDS: readonly (readonly [RegExp, FileKind])[] = [
  [/^\s*\{.*"local_ns"/, { what: "a websocket capture", command: "sim import ws" }],
  [/^\s*\{.*"stream".*"fields"/, REDIS],
  [/^\s*\{.*"rateLimits"|^\s*\{.*"exchangeFilters"/, { what: "exchangeInfo", command: "sim import exchange-info" }],
  [/^\s*[[{].*"(?:brackets|maintMarginRatio)"/, { what: "leverage brackets", command: "sim import brackets" }],
  [/\bagg_trade_id\b|\bfirst_trade_id\b/, AGG_TRADES],
  [/\btrade_id\b|\bis_buyer_maker\b/, TRADES],
  [/\bis_ask\b/, DEPTH],
  [/funding_rate\b/, FUNDING],
  [/^\ufeff?open_time(?:_ms)?,open,/, CANDLES],
  [/^ARROW1/, CANDLES],
  [/^\d{13}-\d+$|^\s*1\) 1\) "\d{13}-\d+"/, REDIS],
];

/** A guess by the first line of a file, for the hint of a refusal; `null` when nothing tells. */
export function kindOfFile(bytes: Buffer): FileKind | null {
  const head = bytes.subarray(0, 4096);
  const first = sourceLines(head).next().value?.text ?? head.toString("latin1");
  const told = WORDS.find(([pattern]) => pattern.test(first))?.[1];
  return told ?? kindOfRow(first.split(","));
}

/** Files of the public archive without a header are told by the number and form of their fields. */
function kindOfRow(fields: readonly string[]): FileKind | null {
  if (!fields.slice(0, 6).every((field) => field !== "")) return null;
  const isFlag = (field: string | undefined) => /^(?:true|false)$/i.test(field ?? "");
  if (!/^\d+$/.test(fields[0] ?? "")) return null;
  if (fields.length === 12) return CANDLES;
  if (fields.length === 6 && isFlag(fields[5])) return TRADES;
  if (fields.length === 7 && isFlag(fields[5]) && isFlag(fields[6])) return TRADES;
  if ((fields.length === 7 || fields.length === 8) && isFlag(fields[6])) return AGG_TRADES;
  return null;
}

/** The hint of a refusal: nothing when the file is of the kind that the command reads anyway. */
export function kindHint(bytes: Buffer, command: string): { hint?: string } {
  const kind = kindOfFile(bytes);
  return kind === null || kind.command === command
    ? {}
    : { hint: `this looks like ${kind.what}: use "${kind.command}"` };
}
