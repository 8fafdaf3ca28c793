import type { AccountState } from "../../venue/account.ts";
import type { Refusal } from "../../venue/refusal.ts";
import type { ServeContext } from "../serve-context.ts";

/** A request as it came, before anybody has judged it. */
export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Text behind `?`, still encoded. */
  readonly query: string;
  /** Form body, still encoded. */
  readonly body: string;
  readonly apiKey: string | null;
  /** What the client signed where that is not `query` and `body` as they are: the WebSocket API signs plain text. */
  readonly signedText?: string;
  /** Who is counted for request weight. */
  readonly ip: string;
  /** A request of a recorded session: its account is known, and so is what the gate said of it. */
  readonly replayed?: { readonly accountIndex: number | null; readonly gateRefusal: Refusal | null };
}

/** A request with its answer, without key and signature: what a recorded session consists of. */
export interface Exchange {
  readonly tsMs: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly ip: string;
  /** `null` when no key was given or none was accepted. */
  readonly accountIndex: number | null;
  /** Why key, signature or timestamp were not accepted. */
  readonly gateRefusal: Refusal | null;
  readonly status: number;
  readonly answer: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request that has passed the gate. */
export interface RouteCall {
  readonly context: ServeContext;
  readonly params: Params;
  /** Account of the key; only routes without security may be called without one. */
  readonly account: AccountState;
  readonly tsMs: number;
}

export type Params = ReadonlyMap<string, string>;

export type Security = "none" | "key" | "signed";

/** A batch counts as five orders of ten seconds and one of a minute, as the official SDK says. */
export interface OrderCount {
  readonly per10s: number;
  readonly perMinute: number;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly security: Security;
  /** Request weight; may depend on the parameters. */
  readonly weight: number | ((params: Params) => number);
  /** What it counts for the order limits; absent for none. */
  readonly orders?: OrderCount;
  handle(call: RouteCall): unknown | Refusal;
}
