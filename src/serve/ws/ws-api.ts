import { toJson } from "../json.ts";
import { answer } from "../rest/gate.ts";
import type { ServeContext } from "../serve-context.ts";

/** Methods of the WebSocket API and the REST route that does the same. */
const METHODS: Readonly<Record<string, { readonly method: string; readonly path: string }>> = {
  ping: { method: "GET", path: "/fapi/v1/ping" },
  time: { method: "GET", path: "/fapi/v1/time" },
  "order.place": { method: "POST", path: "/fapi/v1/order" },
  "order.modify": { method: "PUT", path: "/fapi/v1/order" },
  "order.cancel": { method: "DELETE", path: "/fapi/v1/order" },
  "order.status": { method: "GET", path: "/fapi/v1/order" },
  "algoOrder.place": { method: "POST", path: "/fapi/v1/algoOrder" },
  "algoOrder.cancel": { method: "DELETE", path: "/fapi/v1/algoOrder" },
  "account.status": { method: "GET", path: "/fapi/v2/account" },
  "v2/account.status": { method: "GET", path: "/fapi/v3/account" },
  "account.balance": { method: "GET", path: "/fapi/v2/balance" },
  "v2/account.balance": { method: "GET", path: "/fapi/v3/balance" },
  "account.position": { method: "GET", path: "/fapi/v2/positionRisk" },
  "v2/account.position": { method: "GET", path: "/fapi/v3/positionRisk" },
  "userDataStream.start": { method: "POST", path: "/fapi/v1/listenKey" },
  "userDataStream.ping": { method: "PUT", path: "/fapi/v1/listenKey" },
  "userDataStream.stop": { method: "DELETE", path: "/fapi/v1/listenKey" },
  depth: { method: "GET", path: "/fapi/v1/depth" },
  "ticker.price": { method: "GET", path: "/fapi/v1/ticker/price" },
  "ticker.book": { method: "GET", path: "/fapi/v1/ticker/bookTicker" },
};

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
    if (typeof value !== "object" || value === null) return failure(null, -1000, "Malformed request.");
    call = value as Call;
  } catch {
    return failure(null, -1000, "Malformed request.");
  }
  const id = typeof call.id === "string" || typeof call.id === "number" ? call.id : null;
  const route = typeof call.method === "string" ? METHODS[call.method] : undefined;
  if (route === undefined) {
    context.session.note("unknown_method", `WebSocket API method ${JSON.stringify(call.method)} is not simulated`);
    return failure(id, -1099, "Method not found.");
  }
  const params =
    typeof call.params === "object" && call.params !== null ? (call.params as Record<string, unknown>) : {};
  const names = Object.keys(params).sort();
  const pairs = names.filter((name) => name !== "signature").map((name) => `${name}=${String(params[name])}`);
  const signature = params["signature"];
  const query = [...pairs, ...(typeof signature === "string" ? [`signature=${signature}`] : [])].join("&");
  const apiKey = typeof params["apiKey"] === "string" ? params["apiKey"] : null;
  const response = answer(context, { method: route.method, path: route.path, query, body: "", apiKey, ip });
  const outcome = response.status === 200 ? "result" : "error";
  // The body is JSON already; taking it apart would lose the digits of large ids.
  return `{"id":${JSON.stringify(id)},"status":${response.status},"${outcome}":${response.body},"rateLimits":[]}`;
}

function failure(id: unknown, code: number, msg: string): string {
  return toJson({ id, status: 400, error: { code, msg } });
}
