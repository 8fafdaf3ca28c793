import type { Intent, Side } from "../domain/intent.ts";
import { type BridgeQuantity, bridgeQuantity } from "../formulas/bridge-quantity.ts";

/** A stream entry that is no usable intent, with what is known about it. */
export interface IntentProblem {
  readonly reason: "malformed_payload" | "missing_symbol" | "unsupported_side" | "invalid_quantity";
  readonly detail: string;
  readonly symbol: string | null;
  readonly side: Side | null;
}

export type ParsedIntent =
  | { readonly ok: true; readonly intent: Intent }
  | { readonly ok: false; readonly problem: IntentProblem };

/** Longest stream value that is looked at: a megabyte of payload is an attack, not an intent. */
const PAYLOAD_LENGTH_MAX = 65_536;

/**
 * Reads one `trade.intent` entry in any of its shapes (pipeline.md 2.1): JSON in `payload`, JSON in `data` (EventBus
 * producers), or flat fields. The stream is untrusted input: nothing is coerced silently, every refusal has a reason.
 *
 * - side from `action`, else `side`; only BUY and SELL (any case) are intents, HOLD and CLOSE are refused
 * - quantity from `quantity`, else `qty`, else `size`/`price`, else `position_size_usd`/`entry_price`
 * - `reduceOnly` and `reduce_only` both count; the origin honoured only the first spelling
 */
export function parseIntent(entryId: string, fields: Readonly<Record<string, string>>): ParsedIntent {
  const createdTsMs = entryTimeMs(entryId);
  if (Number.isNaN(createdTsMs)) {
    return refuse("malformed_payload", `entry id ${quote(entryId)} is no "ms-seq"`, null, null);
  }
  const body = readBody(fields);
  if (body === null) {
    return refuse("malformed_payload", "payload is not a JSON object", null, null);
  }
  const symbolText = text(body, "symbol");
  const symbol = symbolText === null ? null : symbolText.toUpperCase();
  const sideText = text(body, "action") ?? text(body, "side");
  const side = readSide(sideText);
  if (symbol === null || symbol === "") return refuse("missing_symbol", "no symbol in the payload", null, side);
  if (side === null) {
    return refuse("unsupported_side", `side is ${quote(sideText)}, BUY or SELL is needed`, symbol, null);
  }
  const quantity = readQuantity(body);
  if (quantity === null) {
    return refuse(
      "invalid_quantity",
      "none of quantity, qty, size/price, position_size_usd/entry_price gives a positive finite number",
      symbol,
      side,
    );
  }
  return {
    ok: true,
    intent: {
      entryId,
      createdTsMs,
      symbol,
      side,
      qty: quantity.qty,
      qtySource: quantity.source,
      entryPrice: positive(body, "entry_price"),
      confidence: fraction(body, "confidence"),
      stopLossPrice: positive(body, "stop_loss"),
      takeProfitPrice: positive(body, "take_profit"),
      leverage: positive(body, "leverage") ?? 1,
      isReduceOnly: truth(body, "reduceOnly") || truth(body, "reduce_only"),
      source: fields["source"] ?? text(body, "source") ?? "unknown",
      model: text(body, "model"),
    },
  };
}

/** The server time inside a Redis entry id, `"1769991684661-1"` gives 1769991684661; NaN when it has none. */
export function entryTimeMs(entryId: string): number {
  const match = /^(\d{1,16})-\d+$/.exec(entryId);
  return match === null ? Number.NaN : Number(match[1]);
}

function refuse(
  reason: IntentProblem["reason"],
  detail: string,
  symbol: string | null,
  side: Side | null,
): ParsedIntent {
  return { ok: false, problem: { reason, detail, symbol, side } };
}

type Body = Readonly<Record<string, unknown>>;

function readBody(fields: Readonly<Record<string, string>>): Body | null {
  const payload = fields["payload"] ?? fields["data"];
  if (payload === undefined) return fields;
  if (payload.length > PAYLOAD_LENGTH_MAX) return null;
  try {
    const parsed: unknown = JSON.parse(payload);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? (parsed as Body) : null;
  } catch {
    // Untrusted text that is no JSON: a named rejection, not an error.
    return null;
  }
}

function readSide(value: string | null): Side | null {
  const upper = value?.toUpperCase();
  return upper === "BUY" || upper === "SELL" ? upper : null;
}

function readQuantity(body: Body): BridgeQuantity | null {
  const form = (key: string): number | null => (present(body, key) ? (number(body, key) ?? Number.NaN) : null);
  return bridgeQuantity({
    quantity: form("quantity"),
    qty: form("qty"),
    size: form("size"),
    price: form("price"),
    positionSizeUsd: form("position_size_usd"),
    entryPrice: form("entry_price"),
  });
}

function present(body: Body, key: string): boolean {
  const value = own(body, key);
  return value !== undefined && value !== null && value !== "";
}

function own(body: Body, key: string): unknown {
  return Object.hasOwn(body, key) ? body[key] : undefined;
}

function text(body: Body, key: string): string | null {
  const value = own(body, key);
  return typeof value === "string" ? value : null;
}

function number(body: Body, key: string): number | null {
  const value = own(body, key);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value)) return null;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : null;
}

function positive(body: Body, key: string): number | null {
  const value = number(body, key);
  return value !== null && value > 0 ? value : null;
}

function fraction(body: Body, key: string): number | null {
  const value = number(body, key);
  return value !== null && value >= 0 && value <= 1 ? value : null;
}

function truth(body: Body, key: string): boolean {
  const value = own(body, key);
  return value === true || (typeof value === "string" && value.toLowerCase() === "true");
}

function quote(value: string | null): string {
  return value === null ? "missing" : JSON.stringify(value.slice(0, 40));
}
