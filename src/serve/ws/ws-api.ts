import { textOf, toJson } from "../json.ts";
import { answer } from "../rest/gate.ts";
import type { ServeContext } from "../serve-context.ts";

/** Methods of the WebSocket API and the REST route that does the same. A map: a method may be called `constructor`. */
const METHODS: ReadonlyMap<string, { readonly method: string; readonly path: string }> = new Map([
  ["ping", { method: "GET", path: "/fapi/v1/ping" }],
  ["time", { method: "GET", path: "/fapi/v1/time" }],
  ["order.place", { method: "POST", path: "/fapi/v1/order" }],
  ["order.modify", { method: "PUT", path: "/fapi/v1/order" }],
  ["order.cancel", { method: "DELETE", path: "/fapi/v1/order" }],
  ["order.status", { method: "GET", path: "/fapi/v1/order" }],
  ["algoOrder.place", { method: "POST", path: "/fapi/v1/algoOrder" }],
  ["algoOrder.cancel", { method: "DELETE", path: "/fapi/v1/algoOrder" }],
  ["account.status", { method: "GET", path: "/fapi/v2/account" }],
  ["v2/account.status", { method: "GET", path: "/fapi/v3/account" }],
  ["account.balance", { method: "GET", path: "/fapi/v2/balance" }],
  ["v2/account.balance", { method: "GET", path: "/fapi/v3/balance" }],
  ["account.position", { method: "GET", path: "/fapi/v2/positionRisk" }],
  ["v2/account.position", { method: "GET", path: "/fapi/v3/positionRisk" }],
  ["userDataStream.start", { method: "POST", path: "/fapi/v1/listenKey" }],
  ["userDataStream.ping", { method: "PUT", path: "/fapi/v1/listenKey" }],
  ["userDataStream.stop", { method: "DELETE", path: "/fapi/v1/listenKey" }],
  ["depth", { method: "GET", path: "/fapi/v1/depth" }],
  ["ticker.price", { method: "GET", path: "/fapi/v1/ticker/price" }],
  ["ticker.book", { method: "GET", path: "/fapi/v1/ticker/bookTicker" }],
]);

interface Call {
  readonly id: unknown;
  readonly method: unknown;
  readonly params: unknown;
}

/** Answers one message of `/ws-fapi/v1`. Parameters are signed in alphabetical order, the key among them. */
export function answerApiMessage(context: ServeContext, text: string, ip: string): string {
  let call: Call;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return failure(null, -1000, "Malformed request.");
    call = value as Call;
  } catch {
    return failure(null, -1000, "Malformed request.");
  }
  const id = typeof call.id === "string" || typeof call.id === "number" ? call.id : null;
  const route = typeof call.method === "string" ? METHODS.get(call.method) : undefined;
  if (route === undefined) {
    context.session.note("unknown_method", `WebSocket API method ${textOf(call.method ?? null)} is not simulated`);
    return failure(id, -1099, "Method not found.");
  }
  const given = typeof call.params === "object" && call.params !== null && !Array.isArray(call.params);
  const params = new Map(
    given ? Object.entries(call.params as object).map(([name, value]) => [name, textOf(value)]) : [],
  );
  const apiKey = params.get("apiKey") ?? null;
  const names = [...params.keys()].sort();
  const signedText = names
    .filter((name) => name !== "signature")
    .map((name) => `${name}=${params.get(name)!}`)
    .join("&");
  const query = names
    .filter((name) => name !== "apiKey")
    .map((name) => `${encode(name)}=${encode(params.get(name)!)}`)
    .join("&");
  const { method, path } = route;
  const response = answer(context, { method, path, query, body: "", apiKey, ip, signedText });
  const outcome = response.status === 200 ? "result" : "error";
  // The body is JSON already; taking it apart would lose the digits of large ids.
  return `{"id":${toJson(id)},"status":${response.status},"${outcome}":${response.body},"rateLimits":[]}`;
}

/** Half a surrogate pair has no encoding; it becomes the replacement character. */
function encode(text: string): string {
  return encodeURIComponent(text.replace(/[\uD800-\uDFFF]/gu, "\uFFFD"));
}

function failure(id: unknown, code: number, msg: string): string {
  return toJson({ id, status: 400, error: { code, msg } });
}
