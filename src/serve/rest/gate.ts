import { timingSafeEqual } from "node:crypto";
import { mandatory, REFUSALS, Refusal, refuse } from "../../venue/refusal.ts";
import { toJson } from "../json.ts";
import type { ServeContext } from "../serve-context.ts";
import { type ApiKey, signatureOf } from "../session.ts";
import { ACCOUNT_ROUTES } from "./account-routes.ts";
import { ALGO_ROUTES } from "./algo-routes.ts";
import type { HttpRequest, HttpResponse, Params, Route } from "./http.ts";
import { MARKET_ROUTES } from "./market-routes.ts";
import { ORDER_ROUTES } from "./order-routes.ts";

const RECV_WINDOW_DEFAULT_MS = 5_000;
const RECV_WINDOW_MAX_MS = 60_000;
/** A timestamp may be this far ahead of the server (exchange.md 2.4). */
const AHEAD_MAX_MS = 1_000;

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

/**
 * Answers one REST request: finds the route, applies faults, rate limits, key, signature and timestamp, then asks the
 * route. Synchronous and without network, so that a recorded session can be played again.
 */
export function answer(context: ServeContext, request: HttpRequest): HttpResponse {
  const visit: Visit = { key: null, gateRefusal: null };
  const result = judge(context, request, visit);
  const response = reply(context, request, visit.key, result);
  for (const listener of context.exchangeListeners) {
    listener({
      tsMs: context.session.nowTsMs,
      method: request.method,
      path: request.path,
      query: withoutSecrets(request.query),
      body: withoutSecrets(request.body),
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
}

function judge(context: ServeContext, request: HttpRequest, visit: Visit): unknown {
  const { session, faults, limiter } = context;
  const tsMs = session.nowTsMs;
  const route = ROUTES.get(`${request.method} ${request.path}`);
  if (route === undefined) {
    if (!PATHS.has(request.path))
      session.note("unknown_endpoint", `${request.method} ${request.path.slice(0, 100)} is not simulated`);
    return refuse(-5000, `Path ${request.path}, Method ${request.method} is invalid`, 404);
  }
  const trouble = route.security === "none" ? null : faultAnswer(context, request, tsMs);
  if (trouble !== null) return trouble;
  const params = readAll(request);
  if (params instanceof Refusal) return params;
  const weight = typeof route.weight === "number" ? route.weight : route.weight(params);
  const limited = limiter?.request(request.ip, weight, tsMs) ?? null;
  if (limited !== null) return limited;
  if (route.security !== "none") {
    visit.gateRefusal = admit(context, request, route, params, visit, tsMs);
    if (visit.gateRefusal !== null) return visit.gateRefusal;
  }
  const account = visit.key?.account ?? session.venue.accounts[0]!;
  const orders = route.orders?.(params) ?? 0;
  const tooMany = orders > 0 ? (limiter?.orders(account.index, orders, tsMs) ?? null) : null;
  if (tooMany !== null) return tooMany;
  const result = route.handle({ context, params, account, tsMs });
  // The order has arrived and lives on; only the answer is lost.
  return orders > 0 && faults.take(["ack-lost"], tsMs, request.path) !== null ? REFUSALS.statusUnknown : result;
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

/** Neither key nor signature may leave the gate. */
function withoutSecrets(text: string): string {
  return text
    .split("&")
    .filter((pair) => !pair.startsWith("signature=") && !pair.startsWith("apiKey="))
    .join("&");
}

function faultAnswer({ faults }: ServeContext, request: HttpRequest, tsMs: number): Refusal | null {
  const fault = faults.take(
    ["server-error", "server-busy", "timeout-unknown", "clock-skew", "rate-limit", "ban", "maintenance"],
    tsMs,
    request.path,
  );
  switch (fault?.kind) {
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
        `Way too many requests; IP banned until ${fault.untilTsMs}. Please use the websocket for live updates to avoid bans.`,
        418,
      );
    case "maintenance":
      return refuse(-1016, "This service is no longer available.", 503);
    default:
      return null;
  }
}

/** Query first, then the form body; the signature covers both as they were sent. */
function readAll({ query, body }: HttpRequest): Params | Refusal {
  const params = new Map<string, string>();
  for (const text of [query, body]) {
    if (text === "") continue;
    for (const pair of text.split("&")) {
      const equals = pair.indexOf("=");
      const name = equals < 0 ? pair : pair.slice(0, equals);
      try {
        params.set(decode(name), equals < 0 ? "" : decode(pair.slice(equals + 1)));
      } catch {
        return refuse(-1100, "Illegal characters found in a parameter.");
      }
    }
  }
  return params;
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
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
  const timestamp = Number(params.get("timestamp") ?? Number.NaN);
  if (!Number.isInteger(timestamp)) return mandatory("timestamp");
  const recvWindowMs = Number(params.get("recvWindow") ?? RECV_WINDOW_DEFAULT_MS);
  if (!(recvWindowMs >= 0 && recvWindowMs <= RECV_WINDOW_MAX_MS))
    return refuse(-1131, "recvWindow must be less than 60000.");
  const payload = [request.query, request.body].map(withoutSignature).join("");
  const expected = Buffer.from(signatureOf(key.secret, payload), "utf8");
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
  return text
    .split("&")
    .filter((pair) => !pair.startsWith("signature="))
    .join("&");
}

function reply(
  { session, limiter }: ServeContext,
  request: HttpRequest,
  key: ApiKey | null,
  result: unknown,
): HttpResponse {
  const headers: Record<string, string> = {
    "content-type": "application/json;charset=UTF-8",
    ...limiter?.headers(request.ip, key?.account.index ?? null, session.nowTsMs),
  };
  if (result instanceof Refusal) {
    return { status: result.httpStatus, headers, body: toJson({ code: result.code, msg: result.text }) };
  }
  return { status: 200, headers, body: toJson(result) };
}
