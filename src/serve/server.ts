import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { UserError } from "../diagnostics/user-error.ts";
import { answerAdmin } from "./admin.ts";
import { toJson } from "./json.ts";
import { answer } from "./rest/gate.ts";
import type { HttpResponse } from "./rest/http.ts";
import type { ServeContext } from "./serve-context.ts";
import { BACKLOG_BYTES_MAX, LIFE_MS, parseTarget, StreamConnection } from "./ws/connection.ts";
import { MarketStreams } from "./ws/market-streams.ts";
import { UserStreams } from "./ws/user-streams.ts";
import { answerApiMessage } from "./ws/ws-api.ts";

const BODY_BYTES_MAX = 256 * 1024;
/** A body beyond its limit is read to its end, so that the client hears the answer; not for ever, though. */
const DRAIN_BYTES_MAX = 16 * 1024 * 1024;
/** Room for the names of a few thousand streams. */
const FRAME_BYTES_MAX = 256 * 1024;
/** Room for a path that names a thousand streams. */
const HEADER_BYTES_MAX = 48 * 1024;
const CONNECTIONS_MAX = 5_000;
const WALL_LIMITS: WallLimits = {
  pingIntervalMs: 30_000,
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 30_000,
  checkIntervalMs: 5_000,
  backlogBytesMax: BACKLOG_BYTES_MAX,
};
const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);

/** Patience with peers, in wall time. */
export interface WallLimits {
  /** Between two pings; a connection that has not answered the last one is cut off. */
  readonly pingIntervalMs: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How often both are looked at. */
  readonly checkIntervalMs: number;
  /** Bytes that a slow reader may leave unread. */
  readonly backlogBytesMax: number;
}

export interface ServeServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A host other than loopback is refused without it. */
  readonly isRemoteAllowed: boolean;
  /** `/ws` and `/stream` without a route, retired on 2026-04-23. */
  readonly hasLegacyStreams: boolean;
  readonly limits?: Partial<WallLimits>;
  /** Moves virtual time to where it should be before a request is answered. */
  beforeRequest(): void;
  /** A bug: the request was answered with 500 and the server lives on. */
  onError(error: unknown): void;
}

export interface ServeServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Puts a session on the network: REST, streams, user streams, WebSocket API and the admin endpoint.
 *
 * @throws {UserError} when the host is not loopback and that was not asked for, or the port is taken
 */
export async function serve(context: ServeContext, options: ServeServerOptions): Promise<ServeServer> {
  const isLoopback = options.host === "localhost" || LOOPBACK.has(options.host);
  if (!isLoopback && !options.isRemoteAllowed) {
    throw new UserError([
      {
        text: `Cannot serve on ${options.host}: it is not a loopback address, the simulated exchange is for this machine`,
        hint: "--host 127.0.0.1, or --allow-remote when others must reach it",
      },
    ]);
  }
  const streams = new MarketStreams(context);
  const users = new UserStreams(context);
  const connections = new Set<StreamConnection>();
  const limits = { ...WALL_LIMITS, ...options.limits };
  context.disconnectListeners.add(() => {
    for (const connection of [...connections]) connection.close(1001, "disconnected by the simulation");
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: { threshold: 1024 },
  });
  const http = createServer(
    {
      keepAliveTimeout: 60_000,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      maxHeaderSize: HEADER_BYTES_MAX,
      noDelay: true,
    },
    (request, response) => {
      handle(context, options, request, response);
    },
  );
  http.maxConnections = CONNECTIONS_MAX;
  http.on("upgrade", (request, socket, head) => {
    upgrade({ context, options, limits, sockets, streams, users, connections }, request, socket, head);
  });
  http.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return;
    socket.end(`HTTP/1.1 ${statusLineOf(error.code)}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  });
  context.session.timeListeners.add((tsMs) => {
    for (const connection of [...connections]) {
      if (tsMs - connection.openedTsMs >= LIFE_MS) connection.close(1001, "24 hours are over");
    }
  });
  const pings = pingAll(sockets, limits.pingIntervalMs);
  await listen(http, options);
  const { port } = http.address() as AddressInfo;
  return {
    host: options.host,
    port,
    async close() {
      clearInterval(pings);
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise<void>((closed) => http.close(() => closed()));
    },
  };
}

async function listen(http: Server, { host, port }: ServeServerOptions): Promise<void> {
  await new Promise<void>((listening, failed) => {
    http.once("error", (error: NodeJS.ErrnoException) => {
      const text = `Cannot serve on ${host}:${port}: the system answers ${error.code ?? error.message}, a free port is needed`;
      failed(new UserError([{ text, hint: "--port 0 takes a free one" }], undefined, { cause: error }));
    });
    http.listen(port, host, () => listening());
  });
}

/** A peer that no longer answers pings is gone, whatever its connection says. */
function pingAll(sockets: WebSocketServer, intervalMs: number): NodeJS.Timeout {
  const alive = new WeakSet<WebSocket>();
  sockets.on("connection", (socket: WebSocket) => {
    alive.add(socket);
    socket.on("pong", () => alive.add(socket));
  });
  const timer = setInterval(() => {
    for (const socket of sockets.clients) {
      if (!alive.has(socket)) socket.terminate();
      else {
        alive.delete(socket);
        socket.ping();
      }
    }
  }, intervalMs);
  timer.unref();
  return timer;
}

/** What is answered to bytes that are no request. */
function statusLineOf(code: string | undefined): string {
  if (code === "HPE_HEADER_OVERFLOW") return "431 Request Header Fields Too Large";
  return code === "ERR_HTTP_REQUEST_TIMEOUT" ? "408 Request Timeout" : "400 Bad Request";
}

function handle(
  context: ServeContext,
  options: ServeServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { headers } = request;
  const hasBody = headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  const respond = (body: string | null) => {
    let answered: HttpResponse;
    let bug: unknown = null;
    try {
      answered = body === null ? TOO_LARGE : answerRequest(context, options, request, body);
    } catch (error) {
      bug = error;
      answered = INTERNAL;
    }
    send(response, answered);
    if (bug !== null) options.onError(bug);
  };
  if (hasBody) readBody(request, respond);
  else respond("");
}

const TOO_LARGE: HttpResponse = {
  status: 413,
  headers: { connection: "close" },
  body: toJson({ code: -1100, msg: "Request body is too large." }),
};
const INTERNAL: HttpResponse = {
  status: 500,
  headers: {},
  body: toJson({ code: -1000, msg: "An unknown error occurred while processing the request." }),
};

function answerRequest(
  context: ServeContext,
  options: ServeServerOptions,
  request: IncomingMessage,
  body: string,
): HttpResponse {
  const url = request.url ?? "/";
  const cut = url.indexOf("?");
  const path = cut < 0 ? url : url.slice(0, cut);
  const query = cut < 0 ? "" : url.slice(cut + 1);
  const method = request.method ?? "GET";
  const ip = request.socket.remoteAddress ?? "";
  if (path.startsWith("/sim/")) {
    const reason = adminRefusal(request, ip);
    if (reason === null) return answerAdmin(context, method, path, body);
    return { status: 403, headers: {}, body: toJson({ code: -1, msg: reason }) };
  }
  options.beforeRequest();
  const header = request.headers["x-mbx-apikey"];
  const apiKey = typeof header === "string" ? header : null;
  return answer(context, { method, path, query, body: method === "GET" ? "" : body, apiKey, ip });
}

/** The admin endpoint asks for no key, so neither other machines nor web pages of this one may reach it. */
function adminRefusal({ headers }: IncomingMessage, ip: string): string | null {
  if (!LOOPBACK.has(ip)) return "The admin endpoint is for loopback addresses only.";
  return headers.origin === undefined ? null : "The admin endpoint is not for web pages.";
}

function send(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  response.writeHead(status, {
    "content-type": "application/json;charset=UTF-8",
    ...headers,
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

/** Hands over the body as text, or `null` when it is longer than any order could be; nothing when the peer leaves. */
function readBody(request: IncomingMessage, done: (body: string | null) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    else chunks.length = 0;
    if (bytes > DRAIN_BYTES_MAX) request.destroy();
  });
  request.on("end", () => done(bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks).toString("utf8")));
  // A peer that goes away in the middle is nobody's mistake.
  request.on("error", () => undefined);
}

interface Upgrade {
  readonly context: ServeContext;
  readonly options: ServeServerOptions;
  readonly limits: WallLimits;
  readonly sockets: WebSocketServer;
  readonly streams: MarketStreams;
  readonly users: UserStreams;
  readonly connections: Set<StreamConnection>;
}

function upgrade(parts: Upgrade, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { context, options, sockets } = parts;
  socket.on("error", () => socket.destroy());
  const url = request.url ?? "/";
  const isApi = url.split("?")[0] === "/ws-fapi/v1";
  const target = isApi ? null : parseTarget(url);
  const isRetired = target?.route === "legacy" && !options.hasLegacyStreams;
  if ((!isApi && target === null) || isRetired) {
    const hint = isRetired ? "unsplit streams were retired, --legacy-streams serves them" : "no such path";
    // The query may hold a listen key, and a path is enough to find the client.
    context.session.note("unknown_endpoint", `WebSocket ${url.split("?")[0]!}: ${hint}`);
    refuseUpgrade(socket, "404 Not Found");
    return;
  }
  if (context.faults.take(["maintenance"], context.session.nowTsMs, "WebSocket connection") !== null) {
    refuseUpgrade(socket, "503 Service Unavailable");
    return;
  }
  sockets.handleUpgrade(request, socket, head, (opened) => {
    sockets.emit("connection", opened, request);
    // What is wrong with a frame the library tells the peer: 1009 for one that is too long.
    opened.on("error", () => undefined);
    if (isApi) openApi(parts, opened, request.socket.remoteAddress ?? "");
    else openStream(parts, opened, target!);
  });
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function openApi({ context, options, limits }: Upgrade, socket: WebSocket, ip: string): void {
  socket.on("message", (data) => {
    let answered: string;
    try {
      options.beforeRequest();
      answered = answerApiMessage(context, String(data), ip);
    } catch (error) {
      socket.close(1011, "internal error");
      options.onError(error);
      return;
    }
    if (socket.bufferedAmount > limits.backlogBytesMax) {
      context.session.note(
        "slow_reader",
        `a connection left more than ${limits.backlogBytesMax} bytes unread and was cut off`,
      );
      socket.terminate();
    } else socket.send(answered);
  });
}

function openStream(parts: Upgrade, socket: WebSocket, target: NonNullable<ReturnType<typeof parseTarget>>): void {
  const { context, options, limits, streams, users, connections } = parts;
  const connection = new StreamConnection(socket, context, streams, target, limits.backlogBytesMax);
  connections.add(connection);
  if (target.route === "private" || target.route === "legacy") users.add(connection);
  socket.on("message", (data, isBinary) => {
    if (isBinary) return;
    try {
      connection.receive(String(data), performance.now());
    } catch (error) {
      socket.close(1011, "internal error");
      options.onError(error);
    }
  });
  socket.on("close", () => {
    connection.leave();
    connections.delete(connection);
    users.remove(connection);
  });
}
