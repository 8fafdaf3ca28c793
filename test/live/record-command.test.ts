import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRecording } from "../../src/recording/reader.ts";
import { verifyRecording } from "../../src/recording/verify.ts";
import { type CliResult, ensureBuilt, runSim } from "../built-cli.ts";
import { pause } from "./recorder.ts";
import { hasRedis, RedisServer } from "./redis-server.ts";

const INTENTS = "quantum:stream:trade.intent";
const SECRET = "tOp-s3cret";

let server: RedisServer;
let client: Redis;
let base: string;
let out: string;

beforeAll(async () => {
  if (!hasRedis) return;
  await ensureBuilt();
  server = await RedisServer.start({ password: SECRET });
  client = await server.client();
});

afterAll(async () => {
  await server?.close();
});

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), "record-command-"));
  out = join(base, "rec");
  writeFileSync(join(base, "pass"), `${SECRET}\n`, { mode: 0o600 });
  await client?.flushall();
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

function intent(number: number): string[] {
  const payload = { symbol: "BTCUSDT", side: "BUY", quantity: 0.001, entry_price: 50_000, confidence: 0.9, number };
  return ["event_type", "trade.intent", "payload", JSON.stringify(payload), "source", "test"];
}

/** The command as a user starts it; `act` is called once it records. */
function record(
  args: readonly string[],
  act: (child: ChildProcess) => Promise<void> = async () => {},
): Promise<CliResult> {
  const done: { acted: Promise<void> } = { acted: Promise.resolve() };
  const run = runSim(["record", "--redis", server.url, "--redis-password-file", join(base, "pass"), ...args], {
    onStart: (child) => {
      child.stderr!.once("data", () => {
        done.acted = act(child);
      });
    },
  });
  return run.then(async (result) => {
    await done.acted;
    return result;
  });
}

/** Waits until a recorder has written everything that is on the server now: it reads again only after it wrote. */
async function written(): Promise<void> {
  const reads = async (): Promise<number> => {
    const stats = await client.info("commandstats");
    return Number(/cmdstat_xread:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  const before = await reads();
  while ((await reads()) < before + 3) await pause(20);
}

function everyFile(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "pass")
    .map((entry) => {
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      return (entry.name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
    })
    .join("\n");
}

describe.skipIf(!hasRedis)("sim record", () => {
  test("records for a time, prints one line of what it has, and a run replays the intents", async () => {
    const { code, stdout, stderr } = await record(
      ["--streams", "trade.intent,apply.plan", "--for", "1500ms", "--out", out],
      async () => {
        for (let at = 0; at < 5; at++) await client.call("XADD", INTENTS, "*", ...intent(at));
        await client.xadd("quantum:stream:apply.plan", "*", "plan_id", "p1");
      },
    );
    expect(stderr).toContain('warning: stream "quantum:stream:trade.intent" does not exist yet');
    expect(code).toBe(0);
    const line = stdout.split("\n")[0]!;
    expect(line).toMatch(
      /^recording rec {3}00:00:01 {3}trade\.intent 5 {2}apply\.plan 1 {3}gaps 0 {3}clock skew p99 -?\d+ ms {3}[\d.]+ k?B$/,
    );
    const recording = openRecording(out);
    verifyRecording(recording);
    expect(recording.symbols).toEqual(["BTCUSDT"]);
    const scenario = join(base, "s.yaml");
    writeFileSync(
      scenario,
      "schema: rehearsal.scenario/1\nname: replayed\nrecording: rec\nseed: 1\nvariants:\n  - name: only\n    pipeline: { governor: { name: fixed-threshold } }\n",
    );
    const run = await runSim(["run", scenario, "--json", "--out", join(base, "runs")]);
    expect(run.code).toBe(0);
    const { funnel } = JSON.parse(run.stdout).summaries[0];
    // Five intents make five plans; without a price nothing can be decided but to block them.
    expect(funnel[0]).toMatchObject({ evalType: "ENTRY", intents: 5, plans: 5, blockedSymbols: ["BTCUSDT"] });
  });

  test("Ctrl-C once seals, and the exit code says that it was interrupted", async () => {
    const result = await record(["--streams", INTENTS, "--from", "start", "--json", "--out", out], async (child) => {
      await client.call("XADD", INTENTS, "*", ...intent(1));
      await written();
      child.kill("SIGINT");
    });
    expect(result.code).toBe(130);
    const document = JSON.parse(result.stdout);
    expect(document).toMatchObject({
      schema: "sim.record/1",
      recording: { id: "rec", dir: out },
      streams: [{ redisStream: INTENTS, stream: "trade.intent", entries: 1 }],
      gaps: 0,
      missing: 0,
      exit: { code: 130, causes: [130] },
    });
    expect(document.recording.hash).toBe(openRecording(out).hash);
  });

  test("SIGTERM seals too", async () => {
    const result = await record(["--streams", INTENTS, "--out", out], async (child) => {
      await client.call("XADD", INTENTS, "*", ...intent(1));
      await written();
      child.kill("SIGTERM");
    });
    expect(result.code).toBe(143);
    expect([...openRecording(out).inputs()].filter(({ stream }) => stream === "trade.intent")).toHaveLength(1);
  });

  test("Ctrl-C twice leaves at once: an unsealed recording that goes on with the same command", async () => {
    const args = ["--streams", INTENTS, "--out", out, "--for", "20s"];
    const result = await record(args, async (child) => {
      await client.call("XADD", INTENTS, "*", ...intent(1));
      await written();
      // A server that stands still holds the recorder up between the two.
      server.pause();
      await pause(300);
      const noticed = new Promise((done) => child.stderr!.once("data", done));
      child.kill("SIGINT");
      await noticed;
      child.kill("SIGINT");
    });
    server.resume();
    expect(result.code).toBe(130);
    expect(result.stdout).toBe("");
    expect(existsSync(join(out, "manifest.json"))).toBe(false);
    expect(everyFile(out)).toContain('"live":"close"');
    const again = await record(["--streams", INTENTS, "--out", out, "--for", "300ms"]);
    expect(again.code).toBe(12);
    const streams = [...openRecording(out).inputs()].map(({ stream }) => stream);
    expect(streams).toEqual(["trade.intent", "restart"]);
  });

  test("nothing recorded is evidence that is missing, exit 12", async () => {
    const result = await record(["--streams", INTENTS, "--keys", "none", "--for", "300ms", "--out", out]);
    expect(result.code).toBe(12);
    expect(result.stdout).toContain("trade.intent 0   gaps 0");
  });

  test("the password is in no output and in no file, right or wrong", async () => {
    const address = (password: string) => server.url.replace("//", `//:${password}@`);
    const outputs: string[] = [];
    for (const password of [SECRET, "wr0ng-s3cret"]) {
      const args = ["record", "--streams", INTENTS, "--for", "300ms", "--out", join(base, password)];
      for (const flags of [
        ["--redis", address(password)],
        ["--redis", address(password), "--json"],
      ]) {
        const { stdout, stderr } = await runSim([...args.slice(0, -1), join(base, `out${outputs.length}`), ...flags]);
        outputs.push(stdout, stderr);
      }
    }
    const env = { REDIS_URL: address(SECRET) };
    const byVariable = await runSim(["record", "--streams", INTENTS, "--for", "300ms", "--out", out], { env });
    expect(byVariable.code).toBe(12);
    const bad = await runSim(["record", "--streams", INTENTS, "--redis", `redis://:${SECRET}@h:999999`]);
    expect(bad.code).toBe(2);
    expect(everyFile(base)).toContain(server.url);
    const all = [...outputs, byVariable.stdout, byVariable.stderr, bad.stdout, bad.stderr, everyFile(base)].join("\n");
    expect(all).not.toContain("s3cret");
    expect(all).toContain("the server does not know this user and password");
  });

  test.each([
    ["no server named", ["--streams", "a"], {}, "Cannot record: no Redis server is named"],
    ["nothing to record", [], { url: true }, "Cannot record: neither streams nor keys are named"],
    ["no duration", ["--streams", "a", "--for", "2"], { url: true }, "a number with a unit is needed"],
    ["no id", ["--streams", "a", "--from", "$"], { url: true }, 'Cannot begin at "$"'],
    ["no password", ["--streams", "a"], { url: true, open: true }, "the server wants a password and none was given"],
    ["no stream", ["--streams", "text"], { url: true }, '"redis-cli TYPE text" says what it is'],
    ["a near miss", ["--streams", "trade.intnet"], { url: true }, `did you mean "${INTENTS}"?`],
  ] as [string, string[], { url?: boolean; open?: boolean }, string][])(
    "%s: exit 2, with the next step",
    async (_what, args, { url = false, open = false }, text) => {
      await client.set("text", "no stream");
      await client.call("XADD", INTENTS, "*", ...intent(1));
      const target = url ? ["--redis", server.url, ...(open ? [] : ["--redis-password-file", join(base, "pass")])] : [];
      const { code, stdout, stderr } = await runSim(["record", ...target, ...args, "--out", out], {
        env: { REDIS_URL: "" },
      });
      expect(stderr).toContain(text);
      expect([code, stdout]).toEqual([2, ""]);
      expect(existsSync(out)).toBe(false);
    },
  );

  test("no server there: exit 2, with the next step", async () => {
    const probe = createServer();
    const port = await new Promise<number>((done) => {
      probe.listen(0, "127.0.0.1", () => done((probe.address() as { port: number }).port));
    });
    await new Promise((done) => probe.close(done));
    const args = ["record", "--redis", `redis://127.0.0.1:${port}`, "--streams", "a", "--json"];
    const { code, stdout } = await runSim(args);
    expect(code).toBe(2);
    expect(JSON.parse(stdout).error.problems).toEqual([
      {
        text: `Cannot connect to redis://127.0.0.1:${port}: ECONNREFUSED, a Redis server that answers is needed`,
        hint: `"redis-cli -h 127.0.0.1 -p ${port} PING" says whether one does`,
      },
    ]);
  });
});
