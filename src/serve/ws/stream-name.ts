import { INTERVAL_MS } from "../rest/market-routes.ts";

export type StreamKind =
  | "bookTicker"
  | "trade"
  | "aggTrade"
  | "depth"
  | "partialDepth"
  | "markPrice"
  | "kline"
  | "miniTicker"
  | "ticker"
  | "forceOrder";

/** A market stream as a client names it. */
export interface StreamName {
  readonly name: string;
  readonly kind: StreamKind;
  /** Lower-case symbol; `null` for the streams of all symbols. */
  readonly symbol: string | null;
  readonly route: "public" | "market";
  /** Least time between two messages of one symbol; 0 for every change. */
  readonly everyMs: number;
  /** Interval of a kline, levels of a partial book. */
  readonly detail: string;
}

const PUBLIC_KINDS: readonly StreamKind[] = ["depth", "partialDepth", "bookTicker", "trade"];

/** Reads `btcusdt@markPrice@1s`, `!miniTicker@arr`, ...; `null` when no such stream exists. */
export function parseStreamName(name: string): StreamName | null {
  if (name.length > 100) return null;
  const all = /^!(bookTicker|markPrice|miniTicker|ticker|forceOrder)(?:@arr)?(?:@(1s|3s))?$/.exec(name);
  if (all !== null) return stream(name, all[1] as StreamKind, null, all[2] ?? "", "");
  const one = /^([^@\s]{1,40})@([A-Za-z]+)(\d*)(?:_(\w+))?(?:@(\w+))?$/u.exec(name);
  if (one === null) return null;
  const [, symbol, word, digits, detail, speed] = one;
  if (word === "depth" || word === "rpiDepth") {
    return stream(name, digits === "" ? "depth" : "partialDepth", symbol!, speed ?? "", digits!);
  }
  if (word === "kline" && detail !== undefined && INTERVAL_MS.has(detail))
    return stream(name, "kline", symbol!, "", detail);
  const kinds: readonly string[] = [
    "bookTicker",
    "trade",
    "aggTrade",
    "markPrice",
    "miniTicker",
    "ticker",
    "forceOrder",
  ];
  return kinds.includes(word!) && digits === "" ? stream(name, word as StreamKind, symbol!, speed ?? "", "") : null;
}

function stream(name: string, kind: StreamKind, symbol: string | null, speed: string, detail: string): StreamName {
  const route = PUBLIC_KINDS.includes(kind) ? "public" : "market";
  return { name, kind, symbol: symbol?.toLowerCase() ?? null, route, everyMs: cadenceMs(kind, symbol, speed), detail };
}

/** Cadence of exchange.md 2.2. */
function cadenceMs(kind: StreamKind, symbol: string | null, speed: string): number {
  switch (kind) {
    case "markPrice":
      return speed === "1s" ? 1_000 : 3_000;
    case "kline":
      return 250;
    case "miniTicker":
      return symbol === null ? 1_000 : 2_000;
    case "ticker":
      return symbol === null ? 1_000 : 2_000;
    case "partialDepth":
      return speed === "100ms" ? 100 : speed === "500ms" ? 500 : 250;
    case "bookTicker":
      return symbol === null ? 5_000 : 0;
    case "forceOrder":
      return 1_000;
    default:
      return 0;
  }
}
