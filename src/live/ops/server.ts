import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import type { SessionStatus } from "../ports.ts";
import { type LoopWatch, watchEventLoop } from "./loop-watch.ts";
import type { SessionMetrics } from "./metrics.ts";

const HOST = "127.0.0.1";
const LOOP_STUCK_MS = 2000;
const PRICE_AGE_MAX_MS = 60_000;
const CONNECTIONS_MAX = 32;
const TIMEOUT_MS = 5000;
const HEADER_BYTES_MAX = 8192;

/** What the probes ask. */
export interface OperationsHealth {
  status(): SessionStatus;
  /** Links that are down now, in words: `redis`, `market feed`, `user stream`; empty when all are up. */
  disconnected(): readonly string[];
}

export interface OperationsOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: SessionMetrics;
  readonly health: OperationsHealth;
  /** Answer of the findings engine, any JSON; called for `/status` only. */
  findings?(): unknown;
  /** Every answer passes it. */
  redact?(text: string): string;
  /** The clock of the session, UTC milliseconds. */
  nowMs(): number;
  /** Above it the session is not ready. 60,000 when absent. */
  readonly priceAgeMsMax?: number;
  /** Measures the event loop; a watch of its own when absent. */
  readonly loop?: LoopWatch;
}

export interface OperationsServer {
  readonly port: number;
  /** Ends open connections too: a reader that does not read must not keep the process. */
  close(): Promise<void>;
}

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

/**
 * The session on loopback for those who watch it: `/metrics`, `/healthz`, `/readyz`, `/status`, and nothing else.
 * It only reads; there is no address but 127.0.0.1, and a page in a browser that reaches it by another name is refused.
 *
 * @throws {UserError} exit 2 when the port cannot be had
 */
export async function serveOperations(options: OperationsOptions): Promise<OperationsServer> {
  const loop = options.loop ?? watchEventLoop();
  const routes: ReadonlyMap<string, () => Answer | Promise<Answer>> = new Map<string, () => Answer | Promise<Answer>>([
    ["/metrics", () => metricsAnswer(options)],
    ["/healthz", () => healthAnswer(options, loop)],
    ["/readyz", () => readinessAnswer(options)],
    ["/status", () => statusAnswer(options)],
  ]);
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS },
    (request, response) => {
      // What cannot be made safe is not answered at all.
      answer(request, response, routes, options).catch(() => response.destroy());
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.keepAliveTimeout = TIMEOUT_MS;
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    else socket.destroy();
  });
  await listen(server, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      if (options.loop === undefined) loop.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, HOST, resolve);
    });
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    const text = `Cannot serve metrics on ${HOST}:${port}: the system answers ${reason}, a free port is needed`;
    throw new UserError([{ text, hint: "choose another port, or 0 for any" }], EXIT.usage, { cause: error });
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ReadonlyMap<string, () => Answer | Promise<Answer>>,
  { redact = (text) => text }: OperationsOptions,
): Promise<void> {
  // Nobody sends a body here; one that comes anyway is not kept.
  request.resume();
  response.on("error", () => response.destroy());
  const { code, type, body, allow } = await resolve(request, routes);
  if (allow) response.setHeader("Allow", "GET, HEAD");
  const bytes = Buffer.from(redact(body));
  response.writeHead(code, {
    "Content-Type": type,
    "Content-Length": bytes.length,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

async function resolve(
  request: IncomingMessage,
  routes: ReadonlyMap<string, () => Answer | Promise<Answer>>,
): Promise<Answer & { readonly allow: boolean }> {
  if (!isLoopbackName(request.headers.host)) return { ...problem(403, "not a loopback name"), allow: false };
  const path = request.url?.split("?", 1)[0] ?? "";
  const route = routes.get(path);
  if (route === undefined) return { ...problem(404, "no such path"), allow: false };
  if (request.method !== "GET" && request.method !== "HEAD") return { ...problem(405, "reading only"), allow: true };
  try {
    return { ...(await route()), allow: false };
  } catch (error) {
    return { ...problem(500, error instanceof Error ? error.message : String(error)), allow: false };
  }
}

/** A page of the internet can have its own name resolve to loopback; the name it asks by gives it away. */
function isLoopbackName(host: string | undefined): boolean {
  return host !== undefined && /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i.test(host);
}

async function metricsAnswer({ metrics, health }: OperationsOptions): Promise<Answer> {
  metrics.status(health.status());
  return { code: 200, type: metrics.contentType, body: await metrics.text() };
}

/** Alive: the process answers, was not stuck lately, and the session has not failed. A supervisor restarts what is not. */
function healthAnswer({ health }: OperationsOptions, loop: LoopWatch): Answer {
  const loopWaitMs = Math.round(loop.worstMs());
  const reasons: string[] = [];
  if (loopWaitMs > LOOP_STUCK_MS) reasons.push(`the event loop was stuck for ${loopWaitMs} ms`);
  if (health.status().state === "failed") reasons.push("the session has failed");
  return json(reasons.length === 0 ? 200 : 503, { alive: reasons.length === 0, reasons, loopWaitMs });
}

/** Ready: what comes in now is traded on. Nothing restarts what is not ready: an operator may want it so. */
function readinessAnswer(options: OperationsOptions): Answer {
  const reasons = unreadyReasons(options);
  return json(reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
}

function unreadyReasons({ health, metrics, nowMs, priceAgeMsMax = PRICE_AGE_MAX_MS }: OperationsOptions): string[] {
  const { killSwitch, lastPriceTsMs } = metrics.facts;
  const { state, isIntentSourcePaused } = health.status();
  const reasons: string[] = [];
  if (state !== "running") reasons.push(`the session is ${state}`);
  if (killSwitch !== "off") reasons.push(`the kill switch is on for ${killSwitch}`);
  for (const link of health.disconnected()) reasons.push(`${link} is not connected`);
  if (isIntentSourcePaused) reasons.push("the intent source is held back");
  const ageMs = lastPriceTsMs === null ? null : nowMs() - lastPriceTsMs;
  if (ageMs === null) reasons.push("no price has come yet");
  else if (ageMs > priceAgeMsMax) reasons.push(`the last price is ${Math.round(ageMs / 1000)} s old`);
  return reasons;
}

function statusAnswer(options: OperationsOptions): Answer {
  const { health, metrics, findings } = options;
  const { facts } = metrics;
  const reasons = unreadyReasons(options);
  return json(200, {
    schema: "live.status/1",
    status: health.status(),
    ready: reasons.length === 0,
    reasons,
    facts: {
      entries: facts.entries,
      exits: facts.exits,
      intentsRejected: facts.intentsRejected,
      fills: facts.fills,
      killSwitch: facts.killSwitch,
      walletQuote: facts.walletQuote,
      equityQuote: facts.equityQuote,
      pnlQuote: facts.pnlQuote,
      positionsLots: facts.positions,
      lastEntryTsMs: facts.lastEntryTsMs,
      lastIntentTsMs: facts.lastIntentTsMs,
      lastPriceTsMs: facts.lastPriceTsMs,
    },
    findings: findings?.() ?? null,
  });
}

function problem(code: number, text: string): Answer {
  return json(code, { error: text });
}

function json(code: number, value: unknown): Answer {
  return { code, type: "application/json; charset=utf-8", body: `${JSON.stringify(value, plain)}\n` };
}

/** Money as decimal text, maps as objects. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return formatMoney(value);
  return value instanceof Map ? Object.fromEntries(value) : value;
}
