import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";

const BINARY = process.env["REDIS_SERVER"] ?? "redis-server";

/** Whether this machine has a redis-server; CI must have one. */
export const hasRedis: boolean = spawnSync(BINARY, ["--version"]).status === 0;

if (!hasRedis) {
  if (process.env["CI"] === "true") {
    throw new Error("Cannot run the tests on Redis: CI is set but there is no redis-server, it is needed");
  }
  console.log("skipped: tests on Redis, because there is no redis-server (set REDIS_SERVER to its path)");
}

export interface RedisServerOptions {
  /** Keep the data over a restart (`appendonly`). */
  readonly isPersistent?: boolean;
  readonly password?: string;
}

/** A redis-server of the test: its own port and folder; it ends with the test. */
export class RedisServer {
  readonly port: number;
  readonly #dir: string;
  readonly #options: RedisServerOptions;
  readonly #clients: Redis[] = [];
  #process: ChildProcess | null = null;

  private constructor(port: number, options: RedisServerOptions) {
    this.port = port;
    this.#options = options;
    this.#dir = mkdtempSync(join(tmpdir(), "redis-"));
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      const server = new RedisServer(await freePort(), options);
      try {
        await server.#begin();
        return server;
      } catch (error) {
        // Somebody may take the port between the look and the start.
        await server.close();
        if (attempt === 5) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** A client of its own; it is closed with the server. */
  async client(): Promise<Redis> {
    const { password } = this.#options;
    const client = new Redis({
      port: this.port,
      host: "127.0.0.1",
      lazyConnect: true,
      protocol: 2,
      retryStrategy: () => null,
      ...(password === undefined ? {} : { password }),
    });
    client.on("error", () => {});
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  /** Ends the process as a crash does: nothing is saved that was not saved before. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
  }

  /** Again on the same port and folder. */
  async restart(): Promise<void> {
    await this.stop();
    await this.#begin();
  }

  /** The process stands still: connections stay, nobody answers. */
  pause(): void {
    this.#process?.kill("SIGSTOP");
  }

  resume(): void {
    this.#process?.kill("SIGCONT");
  }

  async close(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.disconnect();
    await this.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #begin(): Promise<void> {
    const { isPersistent = false, password } = this.#options;
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#dir, "--save", ""];
    args.push("--appendonly", isPersistent ? "yes" : "no", "--appendfsync", "always");
    if (password !== undefined) args.push("--requirepass", password);
    const child = spawn(BINARY, args, { stdio: ["ignore", "pipe", "ignore"] });
    this.#process = child;
    await new Promise<void>((done, fail) => {
      let log = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        if (/Ready to accept connections/.test(log)) done();
      });
      child.once("exit", (code) => fail(new Error(`redis-server ended with ${code}:\n${log}`)));
      child.once("error", fail);
    });
  }
}

async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
