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
import { LIFE_MS, parseTarget, StreamConnection } from "./ws/connection.ts";
import { MarketStreams } from "./ws/market-streams.ts";
import { UserStreams } from "./ws/user-streams.ts";
import { answerApiMessage } from "./ws/ws-api.ts";

const BODY_BYTES_MAX = 256 * 1024;
const FRAME_BYTES_MAX = 64 * 1024;
const PING_INTERVAL_MS = 30_000;
const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);

export interface ServeServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A host other than loopback is refused without it. */
  readonly isRemoteAllowed: boolean;
  /** `/ws` and `/stream` without a route, retired on 2026-04-23. */
  readonly hasLegacyStreams: boolean;
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
  const disconnectAll = () => {
    for (const connection of [...connections]) connection.close(1001, "disconnected by the simulation");
  };
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: { threshold: 1024 },
  });
  const http = createServer(
    { keepAliveTimeout: 60_000, headersTimeout: 20_000, requestTimeout: 30_000 },
    (request, response) => {
      void handle(context, options, request, response, disconnectAll);
    },
  );
  http.on("upgrade", (request, socket, head) => {
    upgrade({ context, options, sockets, streams, users, connections }, request, socket, head);
  });
  http.on("clientError", (_, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
  });
  context.session.timeListeners.add((tsMs) => {
    for (const connection of [...connections]) {
      if (tsMs - connection.openedTsMs >= LIFE_MS) connection.close(1001, "24 hours are over");
    }
    if (context.faults.take(["disconnect"], tsMs) !== null) disconnectAll();
    if (context.faults.take(["listen-key-expired"], tsMs) !== null) context.listenKeys.expire(Number.MAX_SAFE_INTEGER);
  });
  const pings = pingAll(sockets);
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
function pingAll(sockets: WebSocketServer): NodeJS.Timeout {
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
  }, PING_INTERVAL_MS);
  timer.unref();
  return timer;
}

async function handle(
  context: ServeContext,
  options: ServeServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  disconnectAll: () => void,
): Promise<void> {
  try {
    const url = request.url ?? "/";
    const cut = url.indexOf("?");
    const path = cut < 0 ? url : url.slice(0, cut);
    const query = cut < 0 ? "" : url.slice(cut + 1);
    const method = request.method ?? "GET";
    const ip = request.socket.remoteAddress ?? "";
    const body = method === "GET" || method === "HEAD" ? "" : await bodyOf(request);
    if (body === null) {
      send(response, {
        status: 413,
        headers: { connection: "close" },
        body: toJson({ code: -1100, msg: "Request body is too large." }),
      });
      return;
    }
    if (path.startsWith("/sim/")) {
      const answered = LOOPBACK.has(ip)
        ? answerAdmin(context, method, path, body, { disconnectAll })
        : {
            status: 403,
            headers: {},
            body: toJson({ code: -1, msg: "The admin endpoint is for loopback addresses only." }),
          };
      send(response, answered);
      return;
    }
    options.beforeRequest();
    const header = request.headers["x-mbx-apikey"];
    const apiKey = typeof header === "string" ? header : null;
    const answered = answer(context, { method, path, query, body, apiKey, ip });
    send(response, answered);
  } catch (error) {
    options.onError(error);
    if (!response.headersSent)
      send(response, {
        status: 500,
        headers: {},
        body: toJson({ code: -1000, msg: "An unknown error occurred while processing the request." }),
      });
  }
}

function send(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  response.writeHead(status, {
    "content-type": "application/json;charset=UTF-8",
    ...headers,
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

/** The body as text; `null` when it is longer than any order could be. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

interface Upgrade {
  readonly context: ServeContext;
  readonly options: ServeServerOptions;
  readonly sockets: WebSocketServer;
  readonly streams: MarketStreams;
  readonly users: UserStreams;
  readonly connections: Set<StreamConnection>;
}

function upgrade(parts: Upgrade, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { context, options, sockets } = parts;
  const url = request.url ?? "/";
  const isApi = url.split("?")[0] === "/ws-fapi/v1";
  const target = isApi ? null : parseTarget(url);
  const isRetired = target?.route === "legacy" && !options.hasLegacyStreams;
  if ((!isApi && target === null) || isRetired) {
    const hint = isRetired ? "unsplit streams were retired, --legacy-streams serves them" : "no such path";
    context.session.note("unknown_endpoint", `WebSocket ${url.slice(0, 100)}: ${hint}`);
    socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
    return;
  }
  socket.on("error", () => socket.destroy());
  sockets.handleUpgrade(request, socket, head, (opened) => {
    sockets.emit("connection", opened, request);
    opened.on("error", () => opened.terminate());
    if (isApi) openApi(parts, opened, request.socket.remoteAddress ?? "");
    else openStream(parts, opened, target!);
  });
}

function openApi({ context, options }: Upgrade, socket: WebSocket, ip: string): void {
  socket.on("message", (data) => {
    options.beforeRequest();
    const text = String(data);
    const answered = answerApiMessage(context, text, ip);
    socket.send(answered);
  });
}

function openStream(parts: Upgrade, socket: WebSocket, target: NonNullable<ReturnType<typeof parseTarget>>): void {
  const { context, streams, users, connections } = parts;
  const connection = new StreamConnection(socket, context, streams, target);
  connections.add(connection);
  if (target.listenKey !== null) users.add(connection);
  socket.on("message", (data, isBinary) => {
    if (!isBinary) connection.receive(String(data), performance.now());
  });
  socket.on("close", () => {
    connection.leave();
    connections.delete(connection);
    users.remove(connection);
  });
}
