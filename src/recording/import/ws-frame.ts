import { formatDecimal, parseDecimal } from "../decimal.ts";
import type { MarketStream } from "../stream-rank.ts";
import { carriedProblem } from "./carried-json.ts";
import { type DepthEvent, type DepthKind, type DepthLevel, levelsProblem } from "./depth-event.ts";
import { timeOfMagnitude } from "./time-unit.ts";

type Json = Readonly<Record<string, unknown>>;

/** One line of a capture: when it was received, and the frame as it came. */
export interface WsLine {
  readonly localNs: string;
  readonly rxMs: number;
  /** Nanoseconds after `rxMs`. */
  readonly restNs: number;
  readonly frame: unknown;
  /** Further keys of the line, carried. */
  readonly extra: Json;
}

/** An event that is a price. */
export interface WsPrice {
  readonly kind: MarketStream;
  readonly type: string;
  readonly symbol: string;
  readonly tsMs: number | null;
  readonly price: string;
  readonly bid?: string;
  readonly ask?: string;
  readonly qty?: string;
  /** Trade id, or id of the aggregated trade. */
  readonly id: bigint | null;
  /** Fields that the columns do not hold, as they came; ids as texts. */
  readonly native: Json;
  /** The frame of this event alone, for the case that it cannot be taken as a price. */
  readonly frame: unknown;
  /** The event itself, in the stream's envelope or not. */
  readonly fields: Json;
}

/** An event that is no price: carried whole. */
export interface WsOther {
  readonly kind: "other";
  readonly type: string;
  readonly symbol: string | null;
  readonly tsMs: number | null;
  readonly frame: unknown;
  readonly fields: Json | null;
  /** What a depth event says, and its fields beyond that. */
  readonly depth: { readonly event: DepthEvent; readonly stream: string | null; readonly native: Json } | null;
  /** Trade id of a trade that is no price: the row of ids goes on through it. */
  readonly id: bigint | null;
  /** Why an event of a price type is none. */
  readonly reason: string | null;
}

export type WsEvent = WsPrice | WsOther;

/** A whole number of more digits than a double holds, outside of texts. */
const LONG_NUMBER = /[:[,]\s*-?\d{16}/;
const TEXT_OR_LONG = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;
const DECIMAL = /^\d+(?:\.\d+)?$/;
const ID_KEYS = new Set(["t", "a", "u", "U", "pu", "f", "l"]);

/** Reads `{"local_ns","frame"}`; whole numbers too long for a double become texts. Returns what is wrong otherwise. */
export function readWsLine(text: string): WsLine | string {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch (error) {
    return `the line is no JSON (${error instanceof Error ? error.message : String(error)}), one object a line is needed`;
  }
  if (!isObject(value)) return "the line is no JSON object, one object a line is needed";
  const problem = carriedProblem(value);
  if (problem !== null) return problem;
  const { local_ns: localNs, frame, ...extra } = value;
  const time = typeof localNs === "string" ? timeOfMagnitude(localNs) : "";
  if (typeof localNs !== "string" || typeof time === "string" || time.unit !== "ns") {
    return `local_ns is ${shown(localNs)}, UTC nanoseconds are needed`;
  }
  if (frame === undefined) return "it has no frame, the frame as it was received is needed";
  const line = { localNs, rxMs: time.timeMs, restNs: Number(localNs.slice(13)), extra };
  if (typeof frame !== "string") return { ...line, frame };
  try {
    const parsed = parseExactly(frame);
    const unwritable = carriedProblem(parsed);
    if (unwritable !== null) return unwritable;
    return { ...line, frame: parsed };
  } catch (error) {
    return `the frame is no JSON (${error instanceof Error ? error.message : String(error)}), a whole frame is needed`;
  }
}

/**
 * Events of a frame, plain or of a combined stream; a frame with a list has one for each entry. Returns what is wrong
 * when an event of a known type lacks what makes it one; frames of unknown types are carried.
 */
export function wsEvents(frame: unknown): WsEvent[] | string {
  const stream = isObject(frame) && typeof frame["stream"] === "string" ? frame["stream"] : null;
  const data = stream === null ? frame : (frame as Json)["data"];
  if (!Array.isArray(data)) return one(data, frame, stream);
  const events: WsEvent[] = [];
  for (const entry of data as unknown[]) {
    const read = one(entry, stream === null ? entry : { stream, data: entry }, stream);
    if (typeof read === "string") return read;
    events.push(...read);
  }
  return events;
}

function one(data: unknown, frame: unknown, stream: string | null): WsEvent[] | string {
  if (!isObject(data)) return [other("unknown", null, null, frame)];
  const type = typeOf(data, stream);
  const event =
    type === "depthUpdate" || type === "depthSnapshot" ? depth(type, data, frame, stream) : known(type, data, frame);
  if (typeof event === "string") return `the ${type} event cannot be read: ${event}`;
  if (event !== null) return [event];
  const symbol = typeof data["s"] === "string" ? data["s"] : null;
  return [other(type ?? "unknown", symbol, eventTime(data), frame)];
}

/** `e`; without it, as spot book tickers and depth snapshots are, what the fields say. */
function typeOf(data: Json, stream: string | null): string | null {
  if (typeof data["e"] === "string" && data["e"] !== "") return data["e"];
  if (data["lastUpdateId"] !== undefined && data["bids"] !== undefined) return "depthSnapshot";
  const isTicker =
    stream?.endsWith("@bookTicker") ?? ["u", "s", "b", "B", "a", "A"].every((key) => data[key] !== undefined);
  return isTicker ? "bookTicker" : null;
}

function known(type: string | null, data: Json, frame: unknown): WsEvent | string | null {
  if (type !== "bookTicker" && type !== "trade" && type !== "aggTrade" && type !== "markPriceUpdate") {
    return null;
  }
  const { s: symbol } = data;
  if (!isSymbol(symbol)) return `s is ${shown(symbol)}, a symbol is needed`;
  const tsMs = eventTime(data);
  if (tsMs === null && (data["E"] ?? data["T"]) !== undefined) return `E is ${shown(data["E"])}, a UTC time is needed`;
  const keys = type === "bookTicker" ? ["b", "a"] : type === "markPriceUpdate" ? ["p"] : ["p", "q"];
  for (const key of keys) {
    const value = data[key];
    const isDecimal = typeof value === "string" && DECIMAL.test(value) && Number.isFinite(Number(value));
    if (!isDecimal) return `${key} is ${shown(value)}, a decimal text is needed`;
  }
  const { b, a, p, q } = data as Record<string, string>;
  const common = { type, symbol, tsMs, frame, fields: data };
  const isTrade = type === "trade" || type === "aggTrade";
  const id = isTrade ? toId(data[type === "trade" ? "t" : "a"]) : null;
  if (isTrade && id === null) return `${type === "trade" ? "t" : "a"} is no trade id, a whole number is needed`;
  const market = data["X"] ?? "MARKET";
  const zero = keys.find((key) => Number(data[key]) === 0);
  // An order type other than MARKET (insurance fund, deleveraging) trades at a price beside the market.
  const reason = isTrade && market !== "MARKET" ? `X ${shown(market)}` : zero === undefined ? null : `${zero} 0`;
  if (reason !== null) return { ...other(type, symbol, tsMs, frame), id, reason };
  const lifted = new Set(["s", ...keys]);
  const native = Object.fromEntries(
    Object.entries(data)
      .filter(([key]) => !lifted.has(key))
      .map(([key, value]) => [key, ID_KEYS.has(key) && typeof value === "number" ? String(value) : value]),
  );
  if (type === "bookTicker") {
    return { ...common, kind: "book", price: middle(b!, a!), bid: b!, ask: a!, id: null, native };
  }
  if (type === "markPriceUpdate") return { ...common, kind: "mark", price: p!, id: null, native };
  return { ...common, kind: "trade", price: p!, qty: q!, id, native };
}

/**
 * Depth of a diff stream, of a partial stream (`depth5`, `depth10` or `depth20` in the name of the stream), or the
 * answer of a REST call, which has no stream and names no symbol.
 */
function depth(type: string, data: Json, frame: unknown, stream: string | null): WsOther | string {
  const partial = stream === null ? null : /^([^@]+)@depth(?:5|10|20)(?:@|$)/.exec(stream);
  const isUpdate = type === "depthUpdate";
  const [bidsKey, asksKey] = isUpdate ? ["b", "a"] : ["bids", "asks"];
  const problem = levelsProblem(bidsKey!, data[bidsKey!]) ?? levelsProblem(asksKey!, data[asksKey!]);
  if (problem !== null) return problem;
  if (isUpdate && !isSymbol(data["s"])) return `s is ${shown(data["s"])}, a symbol is needed`;
  const symbol = isSymbol(data["s"]) ? data["s"] : (partial?.[1]?.toUpperCase() ?? null);
  const [U, u, pu] = [data["U"], data[isUpdate ? "u" : "lastUpdateId"], data["pu"]].map(toId);
  if (isUpdate && U == null) return "U is no whole number, update ids are needed";
  if (u == null) return `${isUpdate ? "u" : "lastUpdateId"} is no whole number, update ids are needed`;
  if (data["pu"] !== undefined && pu === null) return `pu is ${shown(data["pu"])}, a whole number is needed`;
  const kind: DepthKind = partial !== null ? "partial" : isUpdate ? "update" : "snapshot";
  const lifted = new Set(["s", "U", "u", "pu", "lastUpdateId", bidsKey, asksKey]);
  const native = Object.fromEntries(Object.entries(data).filter(([key]) => !lifted.has(key)));
  const [bids, asks] = [data[bidsKey!], data[asksKey!]] as [DepthLevel[], DepthLevel[]];
  const event = { kind, U: isUpdate ? U! : null, u, pu: pu ?? null, bids, asks };
  return { ...other(type, symbol, eventTime(data), frame), depth: { event, stream, native } };
}

function other(type: string, symbol: string | null, tsMs: number | null, frame: unknown): WsOther {
  const data = isObject(frame) && frame["data"] !== undefined && frame["stream"] !== undefined ? frame["data"] : frame;
  return {
    kind: "other",
    type,
    symbol,
    tsMs,
    frame,
    fields: isObject(data) ? data : null,
    depth: null,
    id: null,
    reason: null,
  };
}

/** Exact middle: one decimal more than the prices when their last digits add up to an odd number. */
export function middle(bid: string, ask: string): string {
  const [left, right] = [parseDecimal(bid)!, parseDecimal(ask)!];
  const decimals = Math.max(left.decimals, right.decimals);
  const units =
    left.units * 10n ** BigInt(decimals - left.decimals) + right.units * 10n ** BigInt(decimals - right.decimals);
  if (units % 2n === 0n) return formatDecimal({ units: units / 2n, decimals });
  return formatDecimal({ units: units * 5n, decimals: decimals + 1 });
}

/** `E`; without it `T`, except on mark prices, where that is the next funding. */
function eventTime(data: Json): number | null {
  const value = data["E"] ?? (data["e"] === "markPriceUpdate" ? undefined : data["T"]);
  if (typeof value !== "number" && typeof value !== "string") return null;
  const time = timeOfMagnitude(String(value));
  return typeof time === "string" ? null : time.timeMs;
}

function toId(value: unknown): bigint | null {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : null;
  return typeof value === "string" && /^\d+$/.test(value) ? BigInt(value) : null;
}

function parseExactly(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text.replace(TEXT_OR_LONG, (token) => (token.startsWith('"') ? token : `"${token}"`)));
}

function isSymbol(value: unknown): value is string {
  // A lone surrogate can be written in JSON but not in the UTF-8 of a symbol table.
  return typeof value === "string" && value !== "" && Buffer.from(value).toString() === value;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value).slice(0, 80);
}
