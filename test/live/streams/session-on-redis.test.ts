import type { Redis } from "ioredis";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { PolicyInput } from "../../../src/engine/policy.ts";
import type { JournalSink } from "../../../src/live/ports.ts";
import { parseRedisUrl } from "../../../src/live/redis/redis-target.ts";
import { systemClock } from "../../../src/live/session/clock.ts";
import { openFileJournal } from "../../../src/live/session/file-journal.ts";
import { LiveSession } from "../../../src/live/session/live-session.ts";
import { PaperExchange } from "../../../src/live/session/paper-exchange.ts";
import { recoverSession } from "../../../src/live/session/recover-session.ts";
import { openSessionFolder } from "../../../src/live/session/session-folder.ts";
import { createRedisIntents } from "../../../src/live/streams/redis-intents.ts";
import { createRedisPlans } from "../../../src/live/streams/redis-plans.ts";
import { hasRedis, RedisServer } from "../redis-server.ts";
import {
  engineParts,
  HEADER,
  INSTRUMENTS,
  removeFolders,
  ScriptedFeed,
  SYMBOLS,
  temporaryFolder,
  WatchedExchange,
} from "../session/session-world.ts";
import { GROUP, STREAM, until } from "./intent-collector.ts";

let server: RedisServer;

afterEach(async () => server?.close());
afterAll(removeFolders);

const POLICY: PolicyInput = {
  governor: { name: "none" },
  bridge: { exposureMax: 50 },
  limits: {
    openPositionsMax: 10,
    notionalPerTradeMaxQuote: "500",
    notionalTotalMaxQuote: "100000",
    symbolCooldown: "0s",
  },
  permits: { executionCooldown: "0s", addOnMaxQuote: "100000" },
  trackers: { featurePointsMin: 32 },
  executor: { queryInterval: "60ms" },
};

const PRICES = [95_000, 3200, 150];

/** A session on real Redis whose process dies now and then; the exchange and Redis go on without it. */
class MortalSession {
  readonly folder = temporaryFolder();
  readonly clock = systemClock();
  readonly exchange: WatchedExchange;
  crashes = 0;
  #session: LiveSession | null = null;
  #flushing: Promise<void> = Promise.resolve();
  #close: (() => Promise<unknown>)[] = [];
  #prices: NodeJS.Timeout | undefined;

  constructor() {
    const paper = new PaperExchange({
      clock: this.clock,
      instruments: INSTRUMENTS,
      walletQuote: 1_000_000_000_000n,
      leverage: 20,
      fees: { maker: "0.0002", taker: "0.0005" },
      fill: { halfSpreadBps: 1, slippageBps: 1, impactBps: 0 },
      fidelity: "mark",
      latencyMs: { order: 1, answer: 1, snapshot: 2 },
    });
    this.exchange = new WatchedExchange(paper);
  }

  get session(): LiveSession {
    return this.#session!;
  }

  /** @param stepsToLive it dies at that step; it lives on when absent */
  async live(stepsToLive = Number.POSITIVE_INFINITY): Promise<void> {
    const target = parseRedisUrl(server.url);
    const from = this.crashes === 0 ? undefined : recoverSession(this.folder, engineParts(POLICY));
    const feed = new ScriptedFeed();
    const intents = createRedisIntents({ target, stream: STREAM, group: GROUP, consumer: "one", blockMs: 50 });
    const plans = createRedisPlans({ target, session: "mortal", instruments: INSTRUMENTS, shape: "strict", maxLen: 0 });
    let steps = 0;
    const session = new LiveSession({
      parts: engineParts(POLICY),
      clock: this.clock,
      feed,
      intents,
      intentStart: { kind: "resume" },
      exchange: this.exchange,
      plans,
      gate: null,
      operator: null,
      journal: this.#journal(openFileJournal(this.folder, HEADER, "process", from?.ends ?? null)),
      recording: null,
      // Orders of this exchange are on their way for a millisecond.
      notFoundAfterMs: 100,
      ...(from === undefined ? {} : { from }),
      probe: () => {
        steps += 1;
        if (steps === stepsToLive) throw new Error("the process dies here");
      },
    });
    this.#session = session;
    this.#close = [() => intents.close(), () => plans.close()];
    const tell = () => {
      for (const [symbol, price] of PRICES.entries()) feed.row(symbol, price, this.clock.nowMs());
    };
    this.#prices = setInterval(tell, 100);
    const starting = session.start().catch((error: unknown) => {
      if (stepsToLive === Number.POSITIVE_INFINITY) throw error;
    });
    setImmediate(tell);
    if (stepsToLive === Number.POSITIVE_INFINITY) await starting;
    else {
      // A start that was under way never ends: its process is gone.
      await session.ended;
      await this.die();
    }
  }

  /** A write that was under way when the process died has reached the system or has not: not half a life later. */
  #journal(inner: JournalSink): JournalSink {
    return {
      move: (move) => inner.move(move),
      append: (entry) => inner.append(entry),
      flush: () => {
        const flushing = inner.flush();
        this.#flushing = flushing.catch(() => {});
        return flushing;
      },
      close: () => inner.close(),
    };
  }

  /** Connections end as those of a dead process do: nothing is written any more. */
  async die(): Promise<void> {
    clearInterval(this.#prices);
    this.exchange.listener = null;
    await this.#flushing;
    await Promise.all(this.#close.splice(0).map((close) => close()));
    this.crashes += 1;
  }

  async end(): Promise<void> {
    await this.#session!.end();
    clearInterval(this.#prices);
  }
}

async function produce(client: Redis, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let at = 0; at < count; at++) {
    const payload = { symbol: SYMBOLS[at % 3], side: at % 2 === 0 ? "BUY" : "SELL", position_size_usd: 120 };
    const text = JSON.stringify({ ...payload, entry_price: PRICES[at % 3] });
    ids.push((await client.xadd(STREAM, "*", "event_type", "trade.intent", "payload", text))!);
  }
  return ids;
}

async function planIdsOf(client: Redis, stream: string): Promise<string[]> {
  const rows = (await client.xrange(stream, "-", "+")) as [string, string[]][];
  return rows.map(([, fields]) => fields[fields.indexOf("plan_id") + 1]!);
}

describe.skipIf(!hasRedis)("a session on Redis", () => {
  test("that dies 150 times handles every intent once, and publishes every plan and result once", async () => {
    server = await RedisServer.start({ isPersistent: true });
    let client = await server.client();
    await client.xgroup("CREATE", STREAM, GROUP, "0", "MKSTREAM");
    const mortal = new MortalSession();
    const ids: string[] = [];
    let state = 11;
    for (let life = 0; life < 150; life++) {
      ids.push(...(await produce(client, 5)));
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      await mortal.live(1 + (state % 60));
      if (life % 50 !== 20) continue;
      await server.restart();
      client = await server.client();
    }
    await mortal.live();
    // Nothing is left to deliver, and nothing that was delivered waits.
    await until(async () => {
      // Not by "lag": the server does not always know it, and then says nothing.
      const [group] = (await client.xinfo("GROUPS", STREAM)) as unknown[][];
      return group![group!.indexOf("last-delivered-id") + 1] === ids.at(-1);
    });
    await until(async () => Number(((await client.xpending(STREAM, GROUP)) as [number])[0]) === 0);
    await until(() => mortal.session.status.intentsWaiting === 0 && mortal.session.status.ordersUnresolved === 0);
    await mortal.end();

    const entries = [...openSessionFolder(mortal.folder).items()].flatMap((item) =>
      item.kind === "entry" ? [item.entry] : [],
    );
    const handled = entries.flatMap(({ envelope }) =>
      envelope.event.type === "intent.received" ? [envelope.event.entryId] : [],
    );
    expect([...handled].sort()).toEqual([...ids].sort());
    const decisions = entries.flatMap((entry) => entry.decisions);
    const plans = decisions.flatMap((each) => (each.type === "plan.published" ? [each.plan.planId] : []));
    const results = decisions.flatMap((each) => (each.type === "result.recorded" ? [each.planId] : []));
    expect(plans.length).toBeGreaterThan(400);
    expect(await planIdsOf(client, "quantum:stream:apply.plan")).toEqual(plans);
    expect(await planIdsOf(client, "quantum:stream:apply.result")).toEqual(results);
    const submitted = mortal.exchange.submitted.map(({ clientOrderId }) => clientOrderId);
    expect(new Set(submitted).size).toBe(submitted.length);
  }, 60_000);
});
