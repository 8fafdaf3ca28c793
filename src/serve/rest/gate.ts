import { timingSafeEqual } from "node:crypto";
import { mandatory, REFUSALS, Refusal, refuse } from "../../venue/refusal.ts";
import type { Fault, FaultKind, FaultPlan } from "../faults.ts";
import { toJson } from "../json.ts";
import type { ServeContext } from "../serve-context.ts";
import { type ApiKey, signatureOf } from "../session.ts";
import { ACCOUNT_ROUTES } from "./account-routes.ts";
import { ALGO_ROUTES } from "./algo-routes.ts";
import type { HttpRequest, HttpResponse, Params, Route } from "./http.ts";
import { MARKET_ROUTES } from "./market-routes.ts";
import { ORDER_ROUTES } from "./order-routes.ts";
import { readWholeNumber } from "./read-params.ts";

const RECV_WINDOW_DEFAULT_MS = 5_000;
const RECV_WINDOW_MAX_MS = 60_000;
/** A timestamp may be this far ahead of the server (exchange.md 2.4). */
const AHEAD_MAX_MS = 1_000;
/** More than any endpoint has, for a client that sends nonsense. */
const PARAMS_MAX = 100;
/** Of a path that is shown to anybody. */
const PATH_SHOWN_MAX = 100;

const ROUTES: ReadonlyMap<string, Route> = new Map(
  [...MARKET_ROUTES, ...ORDER_ROUTES, ...ALGO_ROUTES, ...ACCOUNT_ROUTES].map((route) => [
    `${route.method} ${route.path}`,
    route,
  ]),
);

const PATHS: ReadonlySet<string> = new Set([...ROUTES.values()].map(({ path }) => path));

/** Every request this server answers, for documentation and for the tests that list what strangers ask. */
export function routeNames(): readonly string[] {
  return [...ROUTES.keys()];
}

/** The route of a request line; `undefined` when it is not simulated. */
export function routeOf(method: string, path: string): Route | undefined {
  return ROUTES.get(`${method} ${path}`);
}

/**
 * Answers one REST request: finds the route, applies faults, rate limits, key, signature and timestamp, then asks the
 * route. Synchronous and without network, so that a recorded session can be played again.
 */
export function answer(context: ServeContext, request: HttpRequest): HttpResponse {
  const visit: Visit = { key: null, gateRefusal: null, retryAfterMs: 0, lostAnswer: null };
  const result = judge(context, request, visit);
  const response = reply(context, request, visit, result);
  const { session } = context;
  for (const listener of context.exchangeListeners) {
    listener({
      tsMs: session.nowTsMs,
      method: request.method,
      path: session.withoutSecrets(request.path),
      query: session.withoutSecrets(withoutSignature(request.query)),
      body: session.withoutSecrets(withoutSignature(request.body)),
      ip: request.ip,
      accountIndex: visit.key?.account.index ?? null,
      gateRefusal: visit.gateRefusal,
      status: response.status,
      answer: response.body,
    });
  }
  return response;
}

/** What the gate found out about a request on the way. */
interface Visit {
  key: ApiKey | null;
  gateRefusal: Refusal | null;
  /** Of a fault that asks the client to wait. */
  retryAfterMs: number;
  /** What the client is told instead of the answer to an order that is taken. */
  lostAnswer: Refusal | null;
}

function judge(context: ServeContext, request: HttpRequest, visit: Visit): unknown {
  const { session, faults, limiter } = context;
  const tsMs = session.nowTsMs;
  const route = ROUTES.get(`${request.method} ${request.path}`);
  if (route === undefined) {
    const path = session.shown(request.path, PATH_SHOWN_MAX);
    const code = PATHS.has(request.path) ? "unknown_method" : "unknown_endpoint";
    session.note(code, `${request.method} ${path} is not simulated`);
    return refuse(-5000, `Path ${path}, Method ${request.method} is invalid`, 404);
  }
  const params = readAll(request);
  if (params instanceof Refusal) return params;
  const trouble = faultAnswer(context, request, route, params, visit, tsMs);
  if (trouble !== null) return trouble;
  const weight = typeof route.weight === "number" ? route.weight : route.weight(params);
  const limited = limiter?.request(request.ip, weight, tsMs) ?? null;
  if (limited !== null) return limited;
  if (route.security !== "none") {
    visit.gateRefusal = admit(context, request, route, params, visit, tsMs);
    if (visit.gateRefusal !== null) return visit.gateRefusal;
  }
  const account = visit.key?.account ?? session.venue.accounts[0]!;
  const { orders } = route;
  const tooMany = orders === undefined ? null : (limiter?.orders(account.index, orders, tsMs) ?? null);
  if (tooMany !== null) return tooMany;
  const result = route.handle({ context, params, account, tsMs });
  if (orders === undefined || result instanceof Refusal) return result;
  // The order has arrived and lives on; only the answer is lost.
  if (visit.lostAnswer !== null) return visit.lostAnswer;
  const about = { path: request.path, symbol: params.get("symbol") ?? null };
  return faults.take(["ack-lost"], tsMs, where(request), about) === null ? result : REFUSALS.statusUnknown;
}

function where({ method, path }: HttpRequest): string {
  return `${method} ${path}`;
}

/** Key, signature and timestamp; what a recorded request was told is told again. */
function admit(
  context: ServeContext,
  request: HttpRequest,
  route: Route,
  params: Params,
  visit: Visit,
  tsMs: number,
): Refusal | null {
  const { replayed } = request;
  if (replayed !== undefined) {
    visit.key = replayed.accountIndex === null ? null : (context.session.keyOfAccount(replayed.accountIndex) ?? null);
    return replayed.gateRefusal;
  }
  const key = checkKey(context, request);
  if (key instanceof Refusal) return key;
  visit.key = key;
  return route.security === "signed" ? checkSignature(context, request, params, key, tsMs) : null;
}

/** Trouble of everybody, and trouble of those who sign. */
const PUBLIC_FAULTS: readonly FaultKind[] = ["maintenance", "rate-limit", "ban"];
const SIGNED_FAULTS: readonly FaultKind[] = [
  "maintenance",
  "rate-limit",
  "ban",
  "server-error",
  "server-busy",
  "timeout-unknown",
  "clock-skew",
];
/** An overloaded venue still lets positions be reduced (exchange.md 2.4). */
const REDUCING_FAULTS: readonly FaultKind[] = SIGNED_FAULTS.filter((kind) => kind !== "server-busy");

const UNKNOWN_FAULTS: readonly FaultKind[] = ["server-error", "timeout-unknown"];

/** A price between the steps of a tick that has changed. */
function isOffChangedTick({ ticks }: FaultPlan, params: Params): boolean {
  const [symbol, price] = [params.get("symbol"), params.get("price")];
  const tickSize = symbol === undefined ? undefined : ticks.get(symbol);
  if (tickSize === undefined || price === undefined) return false;
  const count = Number(price) / Number(tickSize);
  return Math.abs(count - Math.round(count)) >= 1e-6;
}

function faultAnswer(
  { faults }: ServeContext,
  request: HttpRequest,
  route: Route,
  params: Params,
  visit: Visit,
  tsMs: number,
): Refusal | null {
  if (route.orders !== undefined && isOffChangedTick(faults, params)) return REFUSALS.priceOffTick;
  if (faults.isIdle) return null;
  const kinds =
    route.security === "none" ? PUBLIC_FAULTS : params.get("reduceOnly") === "true" ? REDUCING_FAULTS : SIGNED_FAULTS;
  const about = { path: request.path, symbol: params.get("symbol") ?? null };
  const fault = faults.take(kinds, tsMs, where(request), about);
  if (fault === null) return null;
  if (UNKNOWN_FAULTS.includes(fault.kind) && route.orders !== undefined && faults.isArriving(fault)) {
    visit.lostAnswer = refusalOf(fault, tsMs);
    return null;
  }
  if (fault.kind === "rate-limit" || fault.kind === "ban") visit.retryAfterMs = retryAfterMs(fault, tsMs);
  return refusalOf(fault, tsMs);
}

/** Until the fault is over; a minute where nobody said when. */
function retryAfterMs({ untilTsMs }: Fault, tsMs: number): number {
  return Math.min(Math.max(1_000, untilTsMs - tsMs), 60_000);
}

function refusalOf(fault: Fault, tsMs: number): Refusal | null {
  switch (fault.kind) {
    case "server-error":
      return refuse(-1000, "Unknown error, please check your request or try again later.", 503);
    case "server-busy":
      return REFUSALS.serverBusy;
    case "timeout-unknown":
      return REFUSALS.statusUnknown;
    case "clock-skew":
      return refuse(-1021, "Timestamp for this request is outside of the recvWindow.");
    case "rate-limit":
      return refuse(
        -1003,
        "Too many requests; current limit is 2400 requests per minute. Please use the websocket for live updates to avoid polling the API.",
        429,
      );
    case "ban":
      return refuse(
        -1003,
        `Way too many requests; IP banned until ${tsMs + retryAfterMs(fault, tsMs)}. Please use the websocket for live updates to avoid bans.`,
        418,
      );
    case "maintenance":
      return refuse(-1016, "This service is no longer available.", 503);
    default:
      return null;
  }
}

/** The query wins over the form body; the signature covers both as they were sent. */
function readAll({ query, body }: HttpRequest): Params | Refusal {
  const params = new Map<string, string>();
  for (const text of [body, query]) {
    if (text === "") continue;
    const seen = new Set<string>();
    for (const pair of text.split("&")) {
      const equals = pair.indexOf("=");
      const name = equals < 0 ? pair : pair.slice(0, equals);
      const decoded = decode(name);
      const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
      if (decoded === null || value === null) return refuse(-1100, "Illegal characters found in a parameter.");
      if (seen.has(decoded)) return refuse(-1101, "Duplicate values for a parameter detected.");
      seen.add(decoded);
      if (seen.size > PARAMS_MAX)
        return refuse(-1101, `Too many parameters; expected '${PARAMS_MAX}' and received '${text.split("&").length}'.`);
      params.set(decoded, value);
    }
  }
  return params;
}

/** Text that needs no decoding: most of what clients send. */
const PLAIN = /^[\w.~:/-]*$/;

/** `null` for a broken percent sign. */
function decode(text: string): string | null {
  if (PLAIN.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

function checkKey({ session }: ServeContext, { apiKey }: HttpRequest): ApiKey | Refusal {
  if (apiKey === null || apiKey === "") return refuse(-2014, "API-key format invalid.", 401);
  return session.apiKey(apiKey) ?? refuse(-2015, "Invalid API-key, IP, or permissions for action.", 401);
}

function checkSignature(
  context: ServeContext,
  request: HttpRequest,
  params: Params,
  key: ApiKey,
  tsMs: number,
): Refusal | null {
  const given = params.get("signature");
  if (given === undefined || given === "") return mandatory("signature");
  const timestampText = params.get("timestamp") ?? "";
  if (!/^\d{1,16}$/.test(timestampText)) return mandatory("timestamp");
  const timestamp = Number(timestampText);
  const recvWindowMs = readWholeNumber(params, "recvWindow", RECV_WINDOW_DEFAULT_MS);
  if (recvWindowMs instanceof Refusal) return recvWindowMs;
  if (recvWindowMs > RECV_WINDOW_MAX_MS) return refuse(-1131, "recvWindow must be less than 60000.");
  const payload = request.signedText ?? withoutSignature(request.query) + withoutSignature(request.body);
  const expected = Buffer.from(signatureOf(key.secret, payload), "latin1");
  const actual = Buffer.from(given.toLowerCase(), "utf8");
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected))
    return refuse(-1022, "Signature for this request is not valid.");
  const { clockCheck, wallMs } = context.settings;
  const isTimely =
    isWithin(timestamp, tsMs, recvWindowMs) || (clockCheck === "wall" && isWithin(timestamp, wallMs(), recvWindowMs));
  return isTimely ? null : refuse(-1021, "Timestamp for this request is outside of the recvWindow.");
}

function isWithin(timestamp: number, nowMs: number, recvWindowMs: number): boolean {
  return timestamp < nowMs + AHEAD_MAX_MS && nowMs - timestamp <= recvWindowMs;
}

function withoutSignature(text: string): string {
  const place = text.indexOf("signature=");
  if (place < 0) return text;
  // Nearly always it comes last.
  if (place > 0 && text[place - 1] === "&" && text.indexOf("&", place) < 0) return text.slice(0, place - 1);
  return text
    .split("&")
    .filter((pair) => !pair.startsWith("signature="))
    .join("&");
}

function reply(
  { session, limiter, settings }: ServeContext,
  request: HttpRequest,
  { key, retryAfterMs: waitMs }: Visit,
  result: unknown,
): HttpResponse {
  const headers = limiter?.headers(request.ip, key?.account.index ?? null, session.nowTsMs) ?? {};
  if (waitMs > 0) headers["retry-after"] = String(Math.ceil(waitMs / 1000));
  // Whoever waits does so by a clock of the real world, in which a served minute may be a second.
  const waitSec = Number(headers["retry-after"] ?? 0) / (settings.timeFactor ?? 1);
  if (waitSec > 0) headers["retry-after"] = String(Math.ceil(waitSec));
  if (result instanceof Refusal) {
    return { status: result.httpStatus, headers, body: toJson({ code: result.code, msg: result.text }) };
  }
  return { status: 200, headers, body: toJson(result) };
}
