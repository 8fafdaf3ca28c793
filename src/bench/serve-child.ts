import { fork } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { openRecording } from "../recording/reader.ts";
import { launch } from "../serve/launch.ts";
import { signatureOf } from "../serve/session.ts";
import { reconcile } from "../venue/account.ts";
import { fire, type LoadResult } from "./load.ts";
import { heapAfterCollectionMb } from "./order-flow.ts";

/** What a run of the served exchange beside a bare server gives, as JSON on stdout. */
export interface ServeResult {
  readonly served: LoadResult;
  readonly echo: LoadResult;
  readonly heapEarlyMb: number;
  readonly heapMb: number;
  readonly orders: number;
}

interface Volley {
  readonly port: number;
  readonly connections: number;
  readonly requests: readonly string[];
}

const CONNECTIONS = 8;
const KEY = "bench-key-of-one-account";
const SECRET = "bench-secret-of-one-account";

if (process.argv[2] === "--load") {
  process.on("message", (volley: Volley) => {
    void fire(
      volley.port,
      volley.connections,
      volley.requests.map((text) => Buffer.from(text)),
    ).then((result) => process.send?.(result));
  });
} else {
  const [rounds, ordersARound] = process.argv.slice(2).map(Number) as [number, number];
  process.stdout.write(JSON.stringify(await measure(rounds, ordersARound)));
  process.exit(0);
}

/** The sender runs in a process of its own, so that on two cores it takes nothing from the server. */
async function measure(rounds: number, ordersARound: number): Promise<ServeResult> {
  const recording = openRecording(fileURLToPath(new URL("../../recordings/regime-flip", import.meta.url)));
  const session = await launch({
    recording,
    speed: { kind: "step" },
    rateLimits: null,
    keys: [{ key: KEY, secret: SECRET }],
    session: { startTsMs: recording.firstTsMs + 3_600_000, walletQuote: 10n ** 16n },
  });
  const { context, server } = session;
  const tsMs = context.session.nowTsMs;
  const orders = Array.from({ length: ordersARound }, (_, index) => orderText(index % 2 === 0 ? "BUY" : "SELL", tsMs));
  const sample = await sampleAnswer(server.port, tsMs);
  const echoServer = createServer({ noDelay: true }, (request, response) => {
    request.resume();
    response.writeHead(200, { ...sample.headers, "content-length": Buffer.byteLength(sample.body) });
    response.end(sample.body);
  });
  await new Promise<void>((listening) => echoServer.listen(0, "127.0.0.1", () => listening()));
  const echoPort = (echoServer.address() as AddressInfo).port;
  const sender = fork(fileURLToPath(import.meta.url), ["--load"]);
  const volley = (port: number, requests: readonly string[]) =>
    new Promise<LoadResult>((done) => {
      sender.once("message", (result) => done(result as LoadResult));
      sender.send({ port, connections: CONNECTIONS, requests } satisfies Volley);
    });
  // Both are warm before anything is measured.
  await volley(server.port, orders.slice(0, 2_000));
  await volley(echoPort, orders.slice(0, 2_000));
  const served: LoadResult[] = [];
  const echo: LoadResult[] = [];
  let heapEarlyMb = Number.NaN;
  for (let round = 0; round < rounds; round++) {
    echo.push(await volley(echoPort, orders));
    served.push(await volley(server.port, orders));
    if (round === 0) heapEarlyMb = heapAfterCollectionMb();
  }
  sender.kill();
  const account = context.session.venue.accounts[0]!;
  const mismatch = reconcile(account);
  const failed = served.reduce((sum, each) => sum + each.failed, 0);
  if (failed > 0 || mismatch !== null)
    throw new Error(`${failed} orders failed, the books say ${mismatch ?? "OK"}: all must be taken to measure them`);
  return {
    served: medianOf(served),
    echo: medianOf(echo),
    heapEarlyMb,
    heapMb: heapAfterCollectionMb(),
    orders: rounds * ordersARound,
  };
}

function orderText(side: "BUY" | "SELL", tsMs: number): string {
  const query = `symbol=BTCUSDT&side=${side}&type=MARKET&quantity=0.01&newOrderRespType=RESULT&recvWindow=60000&timestamp=${tsMs}`;
  const path = `/fapi/v1/order?${query}&signature=${signatureOf(SECRET, query)}`;
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-mbx-apikey: ${KEY}\r\ncontent-length: 0\r\n\r\n`;
}

async function sampleAnswer(port: number, tsMs: number): Promise<{ headers: Record<string, string>; body: string }> {
  const path = orderText("BUY", tsMs).split(" ")[1]!;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers: { "x-mbx-apikey": KEY } });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`the first order is answered with ${response.status} ${body}`);
  return { headers: { "content-type": response.headers.get("content-type")! }, body };
}

function medianOf(results: readonly LoadResult[]): LoadResult {
  return [...results].sort((left, right) => left.ms - right.ms)[results.length >> 1]!;
}
