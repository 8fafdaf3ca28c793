import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Redis } from "ioredis";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import { openJournal } from "../../../src/reports/journal-file.ts";
import { LIVE, SIM } from "../../built-cli.ts";
import { RedisServer } from "../redis-server.ts";
import { expectNoKey, TEST_KEYS } from "../safety/expect-no-key.ts";

export const SPEED = 60;
export const SYMBOLS = ["ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "DOGEUSDT", "LTCUSDT", "DOTUSDT"];
const PRICES = [2580, 176, 2.46, 0.815, 0.22, 104, 5.6];
export const STREAM = "quantum:stream:trade.intent";

export interface Exit {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `sim serve` and redis-server as processes of their own, and the real `live` against both. */
export class ServedWorld {
  readonly dir: string;
  readonly out: string;
  readonly redis: RedisServer;
  readonly #serve: ChildProcess;
  readonly port: number;
  readonly #printed: string[] = [];
  readonly #children = new Set<ChildProcess>();
  #intents = 0;

  private constructor(dir: string, redis: RedisServer, serve: ChildProcess, port: number) {
    this.dir = dir;
    this.out = join(dir, "out");
    this.redis = redis;
    this.#serve = serve;
    this.port = port;
  }

  static async start(): Promise<ServedWorld> {
    const dir = mkdtempSync(join(tmpdir(), "rehearsal-e2e-"));
    const keys = join(dir, "keys");
    writeFileSync(keys, `${TEST_KEYS.apiKey}:${TEST_KEYS.secret}\n`, { mode: 0o600 });
    writeFileSync(join(dir, "scenario.yaml"), scenarioText());
    const redis = await RedisServer.start({ isPersistent: true });
    const args = ["serve", join(dir, "scenario.yaml"), "--port", "0", "--speed", `${SPEED}x`, "--keys", keys, "--json"];
    const serve = spawn(process.execPath, [SIM, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    const port = await new Promise<number>((done, fail) => {
      serve
        .stdout!.setEncoding("utf8")
        .once("data", (text: string) => done(Number(JSON.parse(text.split("\n")[0]!).port)));
      serve.once("exit", (code) => fail(new Error(`sim serve left with ${code}`)));
    });
    return new ServedWorld(dir, redis, serve, port);
  }

  async close(): Promise<void> {
    // A test that failed or ran out of time leaves nobody behind.
    for (const child of this.#children) child.kill("SIGKILL");
    this.#serve.kill("SIGKILL");
    await this.redis.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /**
   * Starts `live`; `exited` settles when it is gone.
   *
   * @param fileKibMax no file of it may grow longer: its disk is full then
   */
  live(
    args: readonly string[],
    fileKibMax: number | null = null,
  ): { readonly child: ChildProcess; readonly exited: Promise<Exit> } {
    const limit = fileKibMax === null ? "true" : `ulimit -f ${fileKibMax}`;
    const all = [LIVE, ...args, "--yes", "--redis", this.redis.url, "--stream", STREAM, "--durability", "process"];
    const child = spawn("bash", ["-c", `${limit}; exec "$@"`, "live", process.execPath, ...all], {
      env: {
        ...process.env,
        NO_COLOR: "1",
        REHEARSAL_API_KEY: TEST_KEYS.apiKey,
        REHEARSAL_API_SECRET: TEST_KEYS.secret,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    let stdout = "";
    let stderr = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const exited = new Promise<Exit>((done) =>
      child.on("close", (code) => {
        this.#children.delete(child);
        this.#printed.push(stdout, stderr);
        done({ code, stdout, stderr });
      }),
    );
    return { child, exited };
  }

  get begin(): readonly string[] {
    return [
      join(this.dir, "scenario.yaml"),
      "--testnet",
      "--base-url",
      `http://127.0.0.1:${this.port}`,
      ...["--out", this.out, "--from", "new", "--group", "rehearsal", "--consumer", "one"],
      ...["--max-notional", "100", "--max-total", "3000", "--max-loss", "2000", "--max-orders-per-minute", "600"],
    ];
  }

  async status(): Promise<{ readonly tsMs: number }> {
    return (await this.#admin("status")) as { tsMs: number };
  }

  async truth(): Promise<{
    readonly trades: number;
    readonly openOrders: number;
    readonly mismatch: string | null;
    readonly positions: ReadonlyMap<string, number>;
  }> {
    const { accounts } = (await this.#admin("truth")) as { accounts: Record<string, unknown>[] };
    const [account] = accounts as [Record<string, unknown>];
    const positions = new Map<string, number>();
    for (const each of account["positions"] as { symbol: string; positionAmt: string }[]) {
      if (Number(each.positionAmt) !== 0) positions.set(each.symbol, Number(each.positionAmt));
    }
    return {
      trades: Number(account["trades"]),
      openOrders: Number(account["openOrders"]),
      mismatch: account["mismatch"] as string | null,
      positions,
    };
  }

  async fault(fault: Readonly<Record<string, unknown>>): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.port}/sim/v1/faults`, {
      method: "POST",
      body: JSON.stringify(fault),
    });
    if (response.status !== 200) throw new Error(await response.text());
  }

  async #admin(name: string): Promise<unknown> {
    return (await fetch(`http://127.0.0.1:${this.port}/sim/v1/${name}`)).json();
  }

  /** Fourteen intents within a millisecond, as the users' bot sends them; alternating sides so that positions close. */
  async burst(client: Redis): Promise<void> {
    const { tsMs } = await this.status();
    const commands = client.pipeline();
    for (let place = 0; place < 14; place++) {
      this.#intents += 1;
      const symbol = place % SYMBOLS.length;
      const side = (Math.floor(this.#intents / 14) + (place < 7 ? 0 : 1)) % 2 === 0 ? "BUY" : "SELL";
      const payload = {
        symbol: SYMBOLS[symbol],
        side,
        confidence: 0.7,
        entry_price: PRICES[symbol],
        position_size_usd: 50 + symbol,
      };
      commands.xadd(
        STREAM,
        `${tsMs}-${this.#intents}`,
        "event_type",
        "trade.intent",
        "payload",
        JSON.stringify(payload),
        "source",
        "producer",
      );
    }
    await commands.exec();
  }

  /** Entries that no producer should send: each must be refused by name. @returns their ids */
  async hostileEntries(): Promise<string[]> {
    const client = await this.redis.client();
    const intent = (changes: object) => {
      const fine = { symbol: "ETHUSDT", side: "BUY", confidence: 0.7, entry_price: 2580, position_size_usd: 60 };
      return ["event_type", "trade.intent", "payload", JSON.stringify({ ...fine, ...changes })];
    };
    const entries: readonly (readonly string[])[] = [
      ["payload", "{ this is no json"],
      ["something", "else"],
      intent({ side: 7 }),
      intent({ position_size_usd: "NaN" }),
      intent({ entry_price: -1 }),
      intent({ symbol: `"><script>alert(1)</script>` }),
      ["payload", "x".repeat(1_048_576)],
    ];
    const ids: string[] = [];
    for (const fields of entries) {
      const { tsMs } = await this.status();
      this.#intents += 1;
      const id = `${tsMs}-${this.#intents}`;
      await client.xadd(STREAM, id, ...fields);
      ids.push(id);
    }
    return ids;
  }

  get intents(): number {
    return this.#intents;
  }

  /** `null` as long as there is none. */
  get folder(): string | null {
    const [name] = readdirSync(this.dir).includes("out")
      ? readdirSync(this.out).filter((each) => each.startsWith("live-"))
      : [];
    return name === undefined ? null : join(this.out, name);
  }

  /** Number of the last entry on disk; 0 before there is one. */
  lastSeq(): number {
    const file = this.folder === null ? null : join(this.folder, "journal.ndjson");
    if (file === null || !existsSync(file)) return 0;
    return Number(
      readFileSync(file, "utf8")
        .match(/"seq":\d+/g)
        ?.at(-1)
        ?.slice(6) ?? 0,
    );
  }

  entries(): JournalEntry[] {
    return [...openJournal(join(this.folder!, "journal.ndjson")).entries()];
  }

  /** No byte of a file, of Redis, or of what was printed holds a key. @returns files looked at */
  async expectNoKeyAnywhere(client: Redis): Promise<number> {
    const files = readdirSync(this.out, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files) if (statSync(file).size > 0) expectNoKey(readFileSync(file), TEST_KEYS, resolve(file));
    for (const text of this.#printed) expectNoKey(text, TEST_KEYS, "printed");
    const plans = await client.xrange("quantum:stream:apply.plan", "-", "+", "COUNT", 1000);
    expectNoKey(JSON.stringify(plans), TEST_KEYS, "redis");
    return files.length;
  }
}

function scenarioText(): string {
  return [
    "name: e2e",
    `recording: ${resolve("recordings/regime-flip")}`,
    // Three hundred deaths take twenty minutes, and each of them is an hour here.
    "window: { from: 6h, to: 90h }",
    'account: { wallet: "10000", leverage: 5 }',
    "intents: recording",
    // The served exchange answers in the machine's milliseconds; here each is sixty.
    "pipeline:",
    "  governor: { name: none }",
    "  bridge: { exposureMax: 5, intentAgeMax: 10m }",
    '  limits: { symbolCooldown: 1s, openPositionsMax: 20, notionalTotalMaxQuote: "3000" }',
    "  permits: { snapshotAgeMax: 5m, executionCooldown: 1s, wait: 2m, permitTtl: 5m }",
    "  executor: { orderTimeout: 90s, queryInterval: 30s }",
    "  snapshots: { interval: 20s }",
  ].join("\n");
}
