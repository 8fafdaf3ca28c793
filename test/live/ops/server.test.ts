import { request } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { SessionMetrics } from "../../../src/live/ops/metrics.ts";
import { type OperationsOptions, type OperationsServer, serveOperations } from "../../../src/live/ops/server.ts";
import type { SessionStatus } from "../../../src/live/ports.ts";
import { START_MS } from "../session/session-world.ts";
import { entry, killed, metricsAt, RUNNING } from "./ops-world.ts";

let servers: OperationsServer[] = [];
afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
});

interface Given {
  readonly metrics: SessionMetrics;
  status: SessionStatus;
  disconnected: string[];
  loopWaitMs: number;
  readonly port: number;
}

async function serve(more: Partial<OperationsOptions> = {}): Promise<Given> {
  const metrics = metricsAt(() => START_MS);
  metrics.facts.price(START_MS - 1000);
  const given = { metrics, status: RUNNING, disconnected: [] as string[], loopWaitMs: 3, port: 0 };
  const server = await serveOperations({
    port: 0,
    metrics,
    health: { status: () => given.status, disconnected: () => given.disconnected },
    loop: { worstMs: () => given.loopWaitMs, close: () => {} },
    nowMs: () => START_MS,
    ...more,
  });
  servers.push(server);
  given.port = server.port;
  return given;
}

interface Got {
  readonly code: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

function get(port: number, path: string, method = "GET", headers: Record<string, string> = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ code: response.statusCode!, headers: response.headers, body }));
    });
    call.on("error", reject);
    call.end();
  });
}

describe("the operations server", () => {
  test("serves metrics in the text format", async () => {
    const { port } = await serve();
    const { code, headers, body } = await get(port, "/metrics");
    expect(code).toBe(200);
    expect(headers["content-type"]).toContain("text/plain; version=0.0.4");
    expect(body).toContain('rehearsal_state{state="running",session_id="live-test"} 1');
    // A scrape by Prometheus: every line is a comment or a sample.
    for (const line of body.trim().split("\n")) expect(line).toMatch(/^(?:# (?:HELP|TYPE) |[a-z_]+\{[^}]*\} \S+$|$)/);
  });

  test("is alive until the event loop was stuck or the session failed", async () => {
    const given = await serve();
    expect(await get(given.port, "/healthz")).toMatchObject({ code: 200 });
    given.loopWaitMs = 5000;
    const stuck = await get(given.port, "/healthz");
    expect(stuck.code).toBe(503);
    expect(JSON.parse(stuck.body)).toEqual({
      alive: false,
      reasons: ["the event loop was stuck for 5000 ms"],
      loopWaitMs: 5000,
    });
    given.loopWaitMs = 0;
    given.status = { ...RUNNING, state: "failed" };
    expect((await get(given.port, "/healthz")).code).toBe(503);
  });

  test("is ready only while it runs, is connected, hears prices and is not killed; every reason is named", async () => {
    const given = await serve();
    expect(await get(given.port, "/readyz")).toMatchObject({ code: 200, body: '{"ready":true,"reasons":[]}\n' });

    given.status = { ...RUNNING, state: "draining", isIntentSourcePaused: true };
    given.disconnected = ["redis", "market feed"];
    given.metrics.observe(entry(killed("entries")));
    given.metrics.facts.price(START_MS - 90_000);
    const { code, body } = await get(given.port, "/readyz");
    expect(code).toBe(503);
    expect(JSON.parse(body)).toEqual({
      ready: false,
      reasons: [
        "the session is draining",
        "the kill switch is on for entries",
        "redis is not connected",
        "market feed is not connected",
        "the intent source is held back",
        "the last price is 90 s old",
      ],
    });
    // Not ready is no reason to be restarted.
    expect((await get(given.port, "/healthz")).code).toBe(200);
  });

  test("tells status, facts and findings as JSON, money as decimals", async () => {
    const given = await serve({
      findings: () => ({ list: [{ code: "exits_never_execute" }], costQuote: 150_000_000n }),
    });
    given.metrics.observe(entry({ type: "run.started", walletQuote: 481_200_000_000n }));
    const { code, body } = await get(given.port, "/status");
    expect(code).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      schema: "live.status/1",
      status: RUNNING,
      ready: true,
      facts: { walletQuote: "4812", pnlQuote: "0", positionsLots: {}, killSwitch: "off" },
      findings: { list: [{ code: "exits_never_execute" }], costQuote: "1.5" },
    });
  });

  test("passes every answer through the redactor", async () => {
    const secret = "s3cretKEY0123456789";
    const given = await serve({ findings: () => secret, redact: (text) => text.replaceAll(secret, "[key]") });
    given.disconnected = [secret];
    for (const path of ["/status", "/readyz"]) {
      const { body } = await get(given.port, path);
      expect(body).toContain("[key]");
      expect(body).not.toContain(secret);
    }
  });

  test("answers nothing that could not be redacted, and lives on", async () => {
    let isFailing = true;
    const redact = (text: string) => {
      if (isFailing) throw new Error("redactor");
      return text;
    };
    const { port } = await serve({ redact });
    await expect(get(port, "/status")).rejects.toThrow(/socket hang up|ECONNRESET/);
    isFailing = false;
    expect((await get(port, "/healthz")).code).toBe(200);
  });

  test("answers findings that throw with 500 and lives on", async () => {
    const given = await serve({
      findings: () => {
        throw new Error("no facts");
      },
    });
    expect(await get(given.port, "/status")).toMatchObject({ code: 500, body: '{"error":"no facts"}\n' });
    expect((await get(given.port, "/healthz")).code).toBe(200);
  });

  test.each([
    "/",
    "/metrics/",
    "/METRICS",
    "//metrics",
    "/../metrics",
    "/%6detrics",
    "/metrics%00",
    "/status/../../etc/passwd",
    "/__proto__",
    "/constructor",
    `/${"a".repeat(4000)}`,
  ])("knows no path %s", async (path) => {
    const { port } = await serve();
    expect((await get(port, path)).code).toBe(404);
  });

  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])("does nothing on %s", async (method) => {
    const { port } = await serve();
    const { code, headers } = await get(port, "/status", method);
    expect(code).toBe(405);
    expect(headers["allow"]).toBe("GET, HEAD");
  });

  test("answers HEAD without a body, and ignores a query", async () => {
    const { port } = await serve();
    expect(await get(port, "/readyz?verbose=1", "HEAD")).toMatchObject({ code: 200, body: "" });
  });

  test("refuses a page that reached loopback by a name of its own", async () => {
    const { port } = await serve();
    expect((await get(port, "/status", "GET", { host: "evil.example" })).code).toBe(403);
    expect((await get(port, "/status", "GET", { host: `localhost:${port}` })).code).toBe(200);
  });

  test("survives bytes that are no HTTP, and headers without end", async () => {
    const { port } = await serve();
    for (const bytes of ["\u0000\u0001garbage\r\n\r\n", `GET /metrics HTTP/1.1\r\nX: ${"a".repeat(20_000)}\r\n\r\n`]) {
      const answered = await new Promise<string>((resolve) => {
        let text = "";
        const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
        socket.on("data", (part) => {
          text += part;
        });
        socket.on("error", () => {});
        socket.on("close", () => resolve(text));
      });
      expect(answered).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
    expect((await get(port, "/healthz")).code).toBe(200);
  });

  test("refuses a port that is taken, and closes with readers that hang", async () => {
    const { port } = await serve();
    await expect(serve({ port })).rejects.toThrow(
      `Cannot serve metrics on 127.0.0.1:${port}: the system answers EADDRINUSE`,
    );
    const hanging = connect(port, "127.0.0.1");
    hanging.on("error", () => {});
    await new Promise<void>((resolve) => hanging.once("connect", resolve));
    hanging.write("GET /metrics HTTP/1.1\r\n");
    const closed = new Promise<void>((resolve) => hanging.once("close", () => resolve()));
    await servers.pop()!.close();
    await closed;
  });
});
