import type { Redis } from "ioredis";
import { afterEach, describe, expect, test } from "vitest";
import type { Decision, PermitDenied, ResultRecorded } from "../../../src/engine/domain/decision.ts";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import type { Plan } from "../../../src/engine/domain/plan.ts";
import { parseApplyResult } from "../../../src/engine/portfolio/apply-result.ts";
import { normaliseResult } from "../../../src/engine/portfolio/decision-normalise.ts";
import { parseRedisUrl } from "../../../src/live/redis/redis-target.ts";
import type { RedisPlansOptions, StreamProblem } from "../../../src/live/streams/options.ts";
import { createRedisPlans, type RedisPlans } from "../../../src/live/streams/redis-plans.ts";
import { knownFields } from "../../../src/recording/inspect/known-fields.ts";
import { hasRedis, RedisServer, type RedisServerOptions } from "../redis-server.ts";
import { INSTRUMENTS, START_MS } from "../session/session-world.ts";
import { until } from "./intent-collector.ts";
import { LateLink } from "./late-link.ts";
import { sessionEntries } from "./published-entries.ts";

const PLANS = "quantum:stream:apply.plan";
const RESULTS = "quantum:stream:apply.result";

let server: RedisServer;
const running: RedisPlans[] = [];

async function begin(options: RedisServerOptions = {}): Promise<Redis> {
  server = await RedisServer.start(options);
  return server.client();
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((plans) => plans.close()));
  await server?.close();
});

interface Publisher {
  readonly plans: RedisPlans;
  readonly problems: StreamProblem[];
}

function publisher(options: Partial<RedisPlansOptions> = {}): Publisher {
  const problems: StreamProblem[] = [];
  const plans = createRedisPlans({
    target: parseRedisUrl(server.url),
    session: "s1",
    instruments: INSTRUMENTS,
    shape: "origin",
    maxLen: 0,
    nowMs: () => START_MS,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  running.push(plans);
  return { plans, problems };
}

function hand({ plans }: Publisher, entries: Iterable<JournalEntry>): void {
  for (const entry of entries) plans.publish(entry);
}

function decisionsOf<Type extends Decision["type"]>(
  entries: readonly JournalEntry[],
  type: Type,
): Extract<Decision, { type: Type }>[] {
  return entries.flatMap(({ decisions }) =>
    decisions.filter((decision): decision is Extract<Decision, { type: Type }> => decision.type === type),
  );
}

async function fieldsOf(client: Redis, stream: string): Promise<Record<string, string>[]> {
  const rows = (await client.xrange(stream, "-", "+")) as [string, string[]][];
  return rows.map(([, raw]) =>
    Object.fromEntries(Array.from({ length: raw.length / 2 }, (_, at) => [raw[2 * at]!, raw[2 * at + 1]!])),
  );
}

/** Every plan and every result is there once, in the order of the journal. */
async function expectWhole(client: Redis, entries: readonly JournalEntry[]): Promise<void> {
  const plans = decisionsOf(entries, "plan.published").map(({ plan }) => plan.planId);
  const results = decisionsOf(entries, "result.recorded").map(({ planId }) => planId);
  expect((await fieldsOf(client, PLANS)).map(({ plan_id }) => plan_id)).toEqual(plans);
  expect((await fieldsOf(client, RESULTS)).map(({ plan_id }) => plan_id)).toEqual(results);
}

function entry(seq: number, tsMs: number, ...decisions: Decision[]): JournalEntry {
  return { envelope: { seq, tsMs, event: { type: "timer.fired", timerId: "t" } }, decisions };
}

const HARVEST: Plan = {
  planId: "11b1f42ec8b5f73b",
  origin: "harvest",
  evalType: "EXIT",
  action: "FULL_CLOSE_PROPOSED",
  symbol: "BTCUSDT",
  side: "SELL",
  qty: 0.062,
  isReduceOnly: true,
  createdTsMs: START_MS,
  intentEntryId: null,
  confidence: null,
  causes: ["kill_score_triggered"],
  decision: "EXECUTE",
  reasonCodes: ["kill_score_warning_close_ok"],
  killScore: {
    score: 0.7562778521799141,
    logit: 1.1324,
    regimeFlip: 1,
    sigmaSpike: 0,
    tsDrop: 0.23976,
    agePenalty: 1 / 24,
    weights: { regimeFlip: 1, sigmaSpike: 0.5, tsDrop: 0.5, agePenalty: 0.3 },
  },
  rNet: 1.5,
  rNetOrigin: 7.0136,
  newStopPrice: 100.2,
  takeProfitPrice: null,
  verdict: null,
  positionQtyLots: 62,
  markPrice: 95_000,
  inputs: [],
  taints: [],
  episodeKey: "position:BTCUSDT:SELL",
};

const DENIED: PermitDenied = {
  type: "permit.denied",
  planId: HARVEST.planId,
  symbol: "BTCUSDT",
  path: "close",
  reason: "reconcile_required_qty_mismatch",
  exchangeQtyLots: 62,
  ledgerQtyLots: 2,
  snapshotAgeMs: 900,
};

const RESULT: ResultRecorded = {
  type: "result.recorded",
  planId: HARVEST.planId,
  symbol: "BTCUSDT",
  evalType: "EXIT",
  status: "FILLED",
  isExecuted: true,
  reason: "none",
  detail: "",
  orderId: "9223372036854775807",
  clientOrderId: "rh-11b1f42ec8b5f73b",
  side: "SELL",
  requestedQtyLots: 62,
  filledQtyLots: 62,
  filledNotionalQuote: 589_000_000_000n,
  feeQuote: 100_000n,
  realizedPnlQuote: 0n,
};

describe.skipIf(!hasRedis)("plans and results", () => {
  test("of a session are published once each, in the order of the journal, and the mark says how far", async () => {
    const client = await begin();
    const { entries } = await sessionEntries();
    const one = publisher();
    expect(await one.plans.lastPublishedSeq()).toBe(0);
    hand(one, entries);
    await one.plans.drain();
    await expectWhole(client, entries);
    expect(await one.plans.lastPublishedSeq()).toBe(entries.at(-1)!.envelope.seq);
    expect(one.problems).toEqual([]);
    expect(one.plans.status).toMatchObject({ state: "writing", waiting: 0, problems: 0 });
    // Nothing is left behind for plans that ended.
    expect(await client.exists("rehearsal:open-plans:s1")).toBe(0);
  });

  test("handed over again by a new process, from any earlier entry, are not doubled", async () => {
    const client = await begin();
    const { entries } = await sessionEntries();
    const cut = Math.floor(entries.length / 2);
    const one = publisher();
    hand(one, entries.slice(0, cut));
    await one.plans.drain();
    await one.plans.close();
    const two = publisher();
    const seq = await two.plans.lastPublishedSeq();
    expect(seq).toBe(entries[cut - 1]!.envelope.seq);
    hand(two, entries.slice(cut - 40));
    await two.plans.drain();
    await expectWhole(client, entries);
    // A third one knows nothing and begins with the first.
    const three = publisher();
    hand(three, entries);
    await three.plans.drain();
    await expectWhole(client, entries);
    expect([...two.problems, ...three.problems]).toEqual([]);
  });

  test("are whole and single after fifty connections cut in the middle", async () => {
    const client = await begin();
    const { entries } = await sessionEntries();
    const one = publisher();
    await one.plans.lastPublishedSeq();
    for (let at = 0; at < entries.length; at += 11) {
      hand(one, entries.slice(at, at + 11));
      await new Promise((done) => setImmediate(done));
      await client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    }
    await one.plans.drain();
    await expectWhole(client, entries);
    expect(one.problems).toEqual([]);
  });

  test("are whole and single when the server is killed while they are written, and comes back with its file", async () => {
    await begin({ isPersistent: true });
    const { entries } = await sessionEntries();
    const one = publisher();
    await one.plans.lastPublishedSeq();
    for (const [at, entry] of entries.entries()) {
      one.plans.publish(entry);
      if (at % 20 === 0) await new Promise((done) => setImmediate(done));
      if (at === 150 || at === 400) {
        await server.stop();
        await server.restart();
      }
    }
    await one.plans.drain();
    await expectWhole(await server.client(), entries);
  });

  test("are single when a server that stood still takes an old transaction and a new process at once", async () => {
    const client = await begin();
    const { entries } = await sessionEntries();
    const one = publisher({ giveUpMs: 300 });
    await one.plans.lastPublishedSeq();
    hand(one, entries.slice(0, 100));
    await until(() => one.plans.status.waiting === 0);
    const before = one.plans.status.transactions;
    server.pause();
    // It is on its way and nobody answers; meanwhile the session begins anew.
    hand(one, entries.slice(100, 300));
    await new Promise((done) => setTimeout(done, 100));
    const two = publisher();
    const known = two.plans.lastPublishedSeq();
    await until(() => one.plans.status.state === "away");
    server.resume();
    expect(await known).toBeGreaterThanOrEqual(entries[99]!.envelope.seq);
    hand(two, entries);
    await Promise.all([one.plans.drain(), two.plans.drain()]);
    await expectWhole(client, entries);
    expect(one.plans.status.transactions).toBeGreaterThanOrEqual(before);
  });

  test.each(["before a new process begins to write", "after it has written"])(
    "are single when a transaction of a process that is gone arrives late, %s",
    async (when) => {
      const client = await begin();
      const { entries } = await sessionEntries();
      const late = await LateLink.open(server.port);
      try {
        const one = publisher({ target: parseRedisUrl(late.url), giveUpMs: 100 });
        hand(one, entries.slice(0, 100));
        await one.plans.drain();
        late.hold();
        hand(one, entries.slice(100, 300));
        await until(() => late.heldBytes > 0 && one.plans.status.state === "away");
        await one.plans.close();
        const two = publisher();
        expect(await two.plans.lastPublishedSeq()).toBe(entries[99]!.envelope.seq);
        const arrive = async () => {
          const processed = async () => Number(/total_commands_processed:(\d+)/.exec(await client.info("stats"))![1]);
          const before = await processed();
          await late.release();
          // Beside our own question.
          await until(async () => (await processed()) > before + 100);
        };
        if (when.startsWith("before")) await arrive();
        hand(two, entries);
        await two.plans.drain();
        if (when.startsWith("after")) await arrive();
        await expectWhole(client, entries);
      } finally {
        late.close();
      }
    },
  );

  test("that a failover took back are written again, and somebody is told", async () => {
    const client = await begin();
    const { entries } = await sessionEntries();
    const one = publisher();
    hand(one, entries.slice(0, 200));
    await one.plans.drain();
    await server.restart();
    hand(one, entries.slice(200));
    await one.plans.drain();
    const again = await server.client();
    await expectWhole(again, entries);
    expect(client.status).not.toBe("ready");
    expect(one.problems.map(({ code }) => code)).toEqual(["published_lost"]);
    expect(one.problems[0]!.text).toMatch(/The server went back from entry \d+ to 0: those between are written again/);
  });

  test("are trimmed to about the length that was asked for", async () => {
    const client = await begin();
    const { entries } = await sessionEntries();
    const one = publisher({ maxLen: 1 });
    hand(one, entries);
    // The server trims whole nodes of a hundred entries.
    await client.config("SET", "stream-node-max-entries", "10");
    await one.plans.drain();
    expect(await client.xlen(PLANS)).toBeLessThan(83);
  });

  test("a key that cannot be written is named, before the start or later, and the rest goes on", async () => {
    const client = await begin();
    await client.set(PLANS, "text");
    await expect(publisher().plans.lastPublishedSeq()).rejects.toThrow(
      /Cannot publish to "quantum:stream:apply.plan": the key holds a string, a stream is needed; "redis-cli TYPE/,
    );
    await client.del(PLANS);
    const one = publisher();
    await one.plans.lastPublishedSeq();
    await client.set(RESULTS, "text");
    one.plans.publish(entry(1, START_MS, { type: "plan.published", plan: HARVEST }, RESULT));
    await one.plans.drain();
    expect(await client.xlen(PLANS)).toBe(1);
    expect(one.problems).toEqual([
      { code: "wrong_type", name: RESULTS, text: expect.stringMatching(/^XADD quantum:/) },
    ]);
    await server.stop();
    await expect(publisher().plans.lastPublishedSeq()).rejects.toThrow(/Cannot publish plans to redis:.*ECONNREFUSED/);
  });

  test("wait while the server takes no writes, and are written when it does", async () => {
    const client = await begin();
    const { entries } = await sessionEntries();
    const one = publisher();
    await one.plans.lastPublishedSeq();
    await client.config("SET", "maxmemory", "1");
    hand(one, entries);
    await until(() => one.problems.length > 0);
    expect(one.problems[0]).toMatchObject({ code: "refused", text: expect.stringMatching(/OOM/) });
    let hasRoom = false;
    const room = one.plans.room(10).then(() => {
      hasRoom = true;
    });
    await one.plans.room(entries.length);
    expect(hasRoom).toBe(false);
    await client.config("SET", "maxmemory", "0");
    await room;
    expect(one.plans.waiting).toBeLessThanOrEqual(10);
    await one.plans.drain();
    await expectWhole(client, entries);
  });

  test("leave nobody waiting for room when they are closed", async () => {
    await begin();
    const { entries } = await sessionEntries();
    const one = publisher();
    hand(one, entries);
    const room = one.plans.room(0);
    await one.plans.close();
    await room;
    expect(one.plans.waiting).toBeGreaterThan(0);
  });
});

const words = (text: string): string[] => text.split(/\s+/);

describe.skipIf(!hasRedis)("the origin's shape", () => {
  test("gives a bridge plan, its permits and its result the fields of pipeline.md 2.2, 2.5 and 2.6", async () => {
    const client = await begin();
    const { entries } = await sessionEntries();
    const executed = entries.findIndex(({ decisions }) => decisions.some(({ type }) => type === "plan.published"));
    const one = publisher({ nowMs: () => entries[executed]!.envelope.tsMs });
    hand(one, entries.slice(0, executed + 1));
    await one.plans.drain();
    const { plan } = decisionsOf(entries, "plan.published")[0]!;
    const [published] = await fieldsOf(client, PLANS);
    expect(Object.keys(published!)).toEqual(
      words("plan_id decision symbol side type qty reduceOnly source signature timestamp leverage"),
    );
    expect(published).toMatchObject({
      plan_id: plan.planId,
      decision: "EXECUTE",
      type: "MARKET",
      reduceOnly: "false",
      source: "intent_bridge",
      signature: "intent_bridge",
      timestamp: String(Math.floor(entries[executed]!.envelope.tsMs / 1000)),
      leverage: "1.0",
    });
    expect(Number(published!["qty"])).toBe(plan.qty);
    const permit = JSON.parse((await client.get(`quantum:permit:${plan.planId}`))!);
    expect(Object.keys(permit)).toEqual(
      words(`granted symbol decision computed_qty computed_notional created_at consumed eff_score eff_confidence eff_stale
        eff_factor eff_action eff_reason downsize_factor extra_cooldown_sec`),
    );
    expect(permit).toMatchObject({ granted: true, consumed: false, computed_qty: plan.qty });
    expect(await client.pttl(`quantum:permit:${plan.planId}`)).toBeGreaterThan(55_000);
    const allowed = JSON.parse((await client.get(`quantum:permit:p33:${plan.planId}`))!);
    expect(Object.keys(allowed)).toEqual(
      words("allow symbol safe_qty exchange_position_amt ledger_amt created_at reason"),
    );
    expect(allowed).toMatchObject({ allow: true, safe_qty: 0, ledger_amt: 0, reason: "sanity_checks_passed" });
    expect(await client.exists(`quantum:permit:p26:${plan.planId}`)).toBe(0);
    hand(one, entries.slice(executed + 1));
    await one.plans.drain();
    const [result] = await fieldsOf(client, RESULTS);
    expect(Object.keys(result!)).toEqual(words("event_type plan_id symbol executed source details timestamp"));
    expect(result).toMatchObject({ executed: "true", source: "intent_executor", event_type: "apply.result" });
    expect(Object.keys(JSON.parse(result!["details"]!))).toEqual(
      words("plan_id symbol executed source timestamp side qty order_id filled_qty order_status permit"),
    );
    expect(JSON.parse(result!["details"]!).permit).toEqual(allowed);
    const refused = (await fieldsOf(client, RESULTS)).at(-1)!;
    expect(JSON.parse(refused["details"]!)).toMatchObject({
      executed: false,
      decision: "BLOCKED",
      would_execute: false,
      error: "kill_switch_active",
    });
    const blocked = decisionsOf(entries, "plan.published").at(-1)!.plan;
    expect((await fieldsOf(client, PLANS)).at(-1)).toMatchObject({
      plan_id: blocked.planId,
      decision: "BLOCKED",
      reason_codes: "kill_switch_active",
    });
  });

  test("gives a harvest plan the fields of 2.3, three permits, and a result in the Apply Layer's words", async () => {
    const client = await begin();
    const one = publisher();
    one.plans.publish(entry(1, START_MS, { type: "plan.published", plan: HARVEST }, DENIED));
    one.plans.publish(entry(2, START_MS + 500, RESULT));
    const blocked: Plan = { ...HARVEST, planId: "0000000000000001", decision: "BLOCKED", reasonCodes: ["a", "b"] };
    one.plans.publish(entry(3, START_MS, { type: "plan.published", plan: blocked }));
    await one.plans.drain();
    const [plan, second] = await fieldsOf(client, PLANS);
    expect(plan).toEqual({
      plan_id: HARVEST.planId,
      symbol: "BTCUSDT",
      action: "FULL_CLOSE_PROPOSED",
      kill_score: "0.7562778521799141",
      k_regime_flip: "1.0",
      k_sigma_spike: "0.0",
      k_ts_drop: "0.23976",
      k_age_penalty: "0.041666666666666664",
      new_sl_proposed: "100.2",
      R_net: "7.0136",
      decision: "EXECUTE",
      reason_codes: "kill_score_warning_close_ok",
      steps: '[{"step":"CLOSE_FULL","type":"market_reduce_only","side":"close","pct":100}]',
      close_qty: "0.0",
      price: "",
      timestamp: String(START_MS / 1000),
    });
    expect(second).toMatchObject({ decision: "BLOCKED", reason_codes: "a,b", steps: "[]" });
    expect(await client.get(`quantum:permit:p26:${HARVEST.planId}`)).toBe("1");
    expect(JSON.parse((await client.get(`quantum:permit:p33:${HARVEST.planId}`))!)).toEqual({
      allow: false,
      symbol: "BTCUSDT",
      reason: "reconcile_required_qty_mismatch",
      context: { exchange_amt: 0.062, ledger_amt: 0.002, diff: 0.06 },
      created_at: START_MS / 1000,
    });
    expect(JSON.parse((await client.get("quantum:governor:block:0000000000000001"))!)).toEqual({
      reason: "a",
      timestamp: START_MS / 1000,
      symbol: "BTCUSDT",
    });
    expect(await client.pttl("quantum:governor:block:0000000000000001")).toBeGreaterThan(3_590_000);
    const [result] = await fieldsOf(client, RESULTS);
    expect(Object.keys(result!)).toEqual(
      words("plan_id symbol decision executed would_execute steps_results error timestamp"),
    );
    expect(result).toMatchObject({ executed: "True", would_execute: "False", decision: "EXECUTE", error: "" });
    // An order id above 2^53 stays whole.
    expect(result!["steps_results"]).toBe(
      '[{"step":"CLOSE_FULL","status":"success","details":"none","order_id":9223372036854775807,"side":"SELL","quantity":0.062,"executed_qty":0.062,"reduce_only":true}]',
    );
    const parsed = parseApplyResult(result!);
    expect(parsed).toMatchObject({ ok: true, result: { writer: "apply-layer", isExecuted: true } });
  });

  test("a result whose plan an earlier process published is in the words of that plan", async () => {
    const client = await begin();
    const one = publisher();
    one.plans.publish(entry(1, START_MS, { type: "plan.published", plan: HARVEST }));
    await one.plans.drain();
    await one.plans.close();
    const two = publisher();
    two.plans.publish(entry(2, START_MS, RESULT));
    await two.plans.drain();
    const [result] = await fieldsOf(client, RESULTS);
    expect(result!["executed"]).toBe("True");
    expect(await client.exists("rehearsal:open-plans:s1")).toBe(0);
  });

  test("all of it are fields the recorder knows of these streams", async () => {
    const client = await begin();
    const { entries } = await sessionEntries();
    const one = publisher();
    hand(one, entries);
    one.plans.publish(entry(100_000, START_MS, { type: "plan.published", plan: HARVEST }, RESULT));
    await one.plans.drain();
    for (const [stream, name] of [
      [PLANS, "apply.plan"],
      [RESULTS, "apply.result"],
    ] as const) {
      const { needed, known } = knownFields(name)!;
      for (const fields of await fieldsOf(client, stream)) {
        expect(Object.keys(fields).filter((field) => !known.has(field))).toEqual([]);
        expect(needed.filter((field) => fields[field] === undefined)).toEqual([]);
      }
    }
  });

  test("permits that were to end while the server was away are not written", async () => {
    const client = await begin();
    const one = publisher({ nowMs: () => START_MS + 60_000 });
    one.plans.publish(entry(1, START_MS, { type: "plan.published", plan: HARVEST }, DENIED));
    await one.plans.drain();
    expect(await client.keys("quantum:permit:*")).toEqual([]);
    expect(await client.xlen(PLANS)).toBe(1);
  });
});

describe.skipIf(!hasRedis)("the strict shape", () => {
  test("says everything under one set of names, and nobody's executor obeys it", async () => {
    const client = await begin();
    const { entries } = await sessionEntries();
    const one = publisher({ shape: "strict" });
    hand(one, entries);
    one.plans.publish(entry(100_000, START_MS, { type: "plan.published", plan: HARVEST }, RESULT));
    await one.plans.drain();
    const plans = await fieldsOf(client, PLANS);
    const names = Object.keys(plans[0]!);
    expect(names).toEqual(
      expect.arrayContaining(words("plan_id symbol action side qty reduceOnly decision kill_score")),
    );
    // One shape: the plan of the harvest lane has the same names as those of the bridge.
    for (const plan of plans) expect(Object.keys(plan)).toEqual(names);
    expect(new Set(plans.map(({ source }) => source))).toEqual(new Set(["rehearsal"]));
    const written = decisionsOf(entries, "result.recorded");
    const results = await fieldsOf(client, RESULTS);
    for (const [at, result] of written.entries()) {
      const fields = results[at]!;
      const parsed = parseApplyResult(fields);
      expect(parsed).toMatchObject({ ok: true, result: { planId: result.planId, isExecuted: result.isExecuted } });
      expect(normaliseResult(fields).decision).toBe(result.isExecuted ? "EXECUTE" : "BLOCKED");
      if (parsed.ok && result.isExecuted) expect(parsed.result.orders[0]!.orderId).toBe(result.orderId);
      expect(fields["status"]).toBe(result.status);
    }
  });

  test("goes under the names that were asked for, or not at all", async () => {
    const client = await begin();
    const one = publisher({
      shape: "strict",
      prefix: "paper:",
      names: { plan: "plans", result: null, governorPermit: null, positionPermit: "p:{planId}", heatPermit: null },
    });
    one.plans.publish(entry(1, START_MS, { type: "plan.published", plan: HARVEST }, DENIED, RESULT));
    await one.plans.drain();
    expect((await client.keys("*")).sort()).toEqual([
      `paper:p:${HARVEST.planId}`,
      "paper:plans",
      "paper:rehearsal:published:s1",
    ]);
  });
});

describe.skipIf(!hasRedis)("ledger and snapshot keys", () => {
  test("say what the session holds at its end, with the average price of its fills", async () => {
    const client = await begin();
    const { entries } = await sessionEntries();
    const one = publisher({ leverageOf: () => 9 });
    hand(one, entries);
    await one.plans.drain();
    const last = new Map(decisionsOf(entries, "ledger.committed").map((committed) => [committed.symbol, committed]));
    expect(last.size).toBe(3);
    for (const [symbol, { ledgerQtyLots, orderId }] of last) {
      const qty = ledgerQtyLots / 1000;
      const side = qty === 0 ? "NONE" : qty > 0 ? "LONG" : "SHORT";
      const ledger = await client.hgetall(`quantum:position:ledger:${symbol}`);
      expect(ledger).toMatchObject({ side, last_order_id: orderId, leverage: "9", ledger_side: side });
      for (const name of ["position_amt", "last_known_amt", "ledger_amt"]) expect(Number(ledger[name])).toBe(qty);
      expect(ledger["source"]).toBe("intent_executor_exactly_once");
      expect(Number(ledger["avg_entry_price"]) > 0).toBe(qty !== 0);
      const bridge = await client.hgetall(`quantum:ledger:${symbol}`);
      expect(Number(bridge["position_amt"])).toBe(qty);
      const snapshot = await client.hgetall(`quantum:position:snapshot:${symbol}`);
      expect(Object.keys(snapshot).sort()).toEqual(
        words("entry_price leverage mark_price position_amt side source ts_epoch unrealized_pnl"),
      );
      expect(await client.ttl(`quantum:position:snapshot:${symbol}`)).toBeGreaterThan(3500);
    }
    // The key of a position as long as it is open: its average is that of the snapshot the exchange gave.
    const open = [...last].find(([, { ledgerQtyLots }]) => ledgerQtyLots !== 0)!;
    const snapshot = await client.hgetall(`quantum:position:snapshot:${open[0]}`);
    const ledger = await client.hgetall(`quantum:position:ledger:${open[0]}`);
    expect(Number(ledger["avg_entry_price"])).toBeCloseTo(Number(snapshot["entry_price"]), 4);
  });
});
