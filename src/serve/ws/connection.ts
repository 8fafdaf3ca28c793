import type { WebSocket } from "ws";
import { textOf, toJson } from "../json.ts";
import type { ServeContext } from "../serve-context.ts";
import type { MarketStreams, Subscriber } from "./market-streams.ts";
import { parseStreamName } from "./stream-name.ts";

/** Streams of one connection, as on Binance. */
export const STREAMS_MAX = 1_024;
/** Messages a client may send within a second of wall time before it is cut off. */
const MESSAGES_PER_SECOND_MAX = 10;
/** Bytes a slow reader may leave unread before it is cut off: the server must not keep the market for it. */
export const BACKLOG_BYTES_MAX = 8 * 1024 * 1024;
const LISTEN_KEY = /^[0-9a-f]{64}$/;
/** A connection lives this long in virtual time. */
export const LIFE_MS = 24 * 3_600_000;

export type ConnectionRoute = "public" | "market" | "private" | "legacy";

/** What the path and query of a connection ask for. */
export interface ConnectionTarget {
  readonly route: ConnectionRoute;
  /** `/stream` wraps events with the name of their stream, `/ws` sends them bare. */
  readonly isCombined: boolean;
  readonly streams: readonly string[];
  readonly listenKey: string | null;
  /** Kinds of user events that are wanted (`events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE`); `null` wants all. */
  readonly events: ReadonlySet<string> | null;
}

/** Reads the URL of a connection; `null` for a path that is not simulated. */
export function parseTarget(url: string): ConnectionTarget | null {
  let parsed: URL;
  try {
    parsed = new URL(url, "ws://localhost");
  } catch {
    return null;
  }
  const parts = parsed.pathname.split("/").filter((part) => part !== "");
  const first = parts[0] ?? "";
  const isSplit = first === "public" || first === "market" || first === "private";
  const route: ConnectionRoute = isSplit ? first : "legacy";
  const [mode, ...rest] = isSplit ? parts.slice(1) : parts;
  if (mode !== "ws" && mode !== "stream") return null;
  const query = (parsed.searchParams.get("streams") ?? "").split("/").filter((name) => name !== "");
  // ccxt ends its paths with a running number, which is no stream; a long hexadecimal tail is a listen key.
  const tail = rest.map(decodeURIComponentSafely).filter((part) => !/^\d+$/.test(part));
  const keyInPath = tail.find((part) => LISTEN_KEY.test(part)) ?? null;
  const events = (parsed.searchParams.get("events") ?? "").split(/[/,]/).filter((name) => name !== "");
  const streams = [...query, ...tail.filter((part) => part !== keyInPath)];
  return {
    route,
    isCombined: mode === "stream",
    streams,
    listenKey: parsed.searchParams.get("listenKey") ?? keyInPath,
    events: events.length === 0 ? null : new Set(events),
  };
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** One client connection to the streams: its subscriptions, its limits and its end. */
export class StreamConnection implements Subscriber {
  readonly #socket: WebSocket;
  readonly #context: ServeContext;
  readonly #streams: MarketStreams;
  readonly #target: ConnectionTarget;
  readonly #names = new Set<string>();
  readonly openedTsMs: number;
  readonly #backlogBytesMax: number;
  #second = 0;
  #messages = 0;

  constructor(
    socket: WebSocket,
    context: ServeContext,
    streams: MarketStreams,
    target: ConnectionTarget,
    backlogBytesMax = BACKLOG_BYTES_MAX,
  ) {
    this.#backlogBytesMax = backlogBytesMax;
    this.#socket = socket;
    this.#context = context;
    this.#streams = streams;
    this.#target = target;
    this.openedTsMs = context.session.nowTsMs;
    if (target.listenKey !== null) this.#subscribe(target.listenKey);
    for (const name of target.streams) this.#subscribe(name);
    if (target.streams.length > STREAMS_MAX)
      context.session.note("too_many_streams", `a path named more than ${STREAMS_MAX} streams; the rest is left out`);
  }

  /** Whether user events of that key belong here: it stands in the path or has been subscribed. */
  hasListenKey(key: string): boolean {
    return this.#names.has(key) && (this.#target.route === "private" || this.#target.route === "legacy");
  }

  dropListenKey(key: string): void {
    this.#names.delete(key);
  }

  send(stream: string, data: string): void {
    this.#push(this.#target.isCombined ? `{"stream":${JSON.stringify(stream)},"data":${data}}` : data);
  }

  /** A message of the user stream of that key. */
  sendUser(key: string, type: string, data: string): void {
    if (this.#target.events?.has(type) ?? true) this.send(key, data);
  }

  /** SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS; the id comes back as it was sent. */
  receive(text: string, wallMs: number): void {
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#messages = 0;
    }
    this.#messages += 1;
    if (this.#messages > MESSAGES_PER_SECOND_MAX) {
      this.close(1008, "Too many requests");
      return;
    }
    let message: { id?: unknown; method?: unknown; params?: unknown };
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError("no object");
      message = value;
    } catch (error) {
      this.#fail(null, 3, `Invalid JSON: ${error instanceof Error ? error.message.slice(0, 80) : "malformed"}`);
      return;
    }
    const { id = null, method, params } = message;
    if (method === "LIST_SUBSCRIPTIONS") {
      this.#push(toJson({ result: [...this.#names], id }));
      return;
    }
    if (method !== "SUBSCRIBE" && method !== "UNSUBSCRIBE") {
      this.#context.session.note("unknown_method", `stream method ${textOf(method ?? null)} is not simulated`);
      this.#fail(
        id,
        2,
        "Invalid request: unknown variant, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`",
      );
      return;
    }
    if (!Array.isArray(params) || !params.every((name) => typeof name === "string")) {
      this.#fail(id, 2, "Invalid request: params must be a list of stream names");
      return;
    }
    if (method === "SUBSCRIBE") {
      if (this.#names.size + params.length > STREAMS_MAX) {
        this.#fail(id, 1, `Too many streams: at most ${STREAMS_MAX} a connection`);
        return;
      }
      for (const name of params as string[]) this.#subscribe(name);
    } else {
      for (const name of params as string[]) {
        this.#names.delete(name);
        this.#streams.unsubscribe(name, this);
      }
    }
    this.#push(toJson({ result: null, id }));
  }

  /** The connection is gone: nothing is sent to it any more. */
  leave(): void {
    for (const name of this.#names) this.#streams.unsubscribe(name, this);
    this.#names.clear();
  }

  close(code: number, reason: string): void {
    this.leave();
    this.#socket.close(code, reason);
  }

  /** Unknown names are taken and never send anything, as on Binance; the finding says so. */
  #subscribe(name: string): void {
    if (this.#names.size >= STREAMS_MAX) return;
    this.#names.add(name);
    if (LISTEN_KEY.test(name) || name === this.#target.listenKey) {
      this.#checkListenKey(name);
      return;
    }
    const stream = parseStreamName(name);
    const { session } = this.#context;
    if (stream === null) {
      session.note("unknown_stream", `stream ${JSON.stringify(name)} is not simulated`);
      return;
    }
    const { route } = this.#target;
    if (route !== "legacy" && route !== stream.route) {
      session.note("wrong_stream_route", `stream ${name} was asked for on /${route}, it is served on /${stream.route}`);
      return;
    }
    this.#streams.subscribe(name, this);
  }

  #checkListenKey(key: string): void {
    const { session, listenKeys } = this.#context;
    if (!this.hasListenKey(key))
      session.note("wrong_stream_route", `a listen key was used on /${this.#target.route}, it is served on /private`);
    else if (listenKeys.accountOf(key) === undefined)
      session.note("unknown_listen_key", "a connection named a listen key that no account has; it hears nothing");
  }

  #fail(id: unknown, code: number, msg: string): void {
    this.#push(toJson({ error: { code, msg }, id }));
  }

  #push(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#backlogBytesMax) {
      this.#context.session.note(
        "slow_reader",
        `a connection left more than ${this.#backlogBytesMax} bytes unread and was cut off`,
      );
      this.leave();
      this.#socket.terminate();
      return;
    }
    this.#socket.send(text);
  }
}
