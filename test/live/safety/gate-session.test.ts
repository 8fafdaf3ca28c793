import { EventEmitter } from "node:events";
import { afterAll, expect, test } from "vitest";
import type { OrderSubmitted } from "../../../src/engine/domain/decision.ts";
import { moneyToNumber } from "../../../src/engine/domain/money.ts";
import type { EngineParts } from "../../../src/engine/pipeline/state.ts";
import { SAFETY_REFUSAL_CODE } from "../../../src/live/ports.ts";
import { createSafetyGate, type SafetyLimits, type SessionGate } from "../../../src/live/safety/gate.ts";
import { joinOperators } from "../../../src/live/safety/join-operators.ts";
import { createSignalOperator } from "../../../src/live/safety/signal-operator.ts";
import { openFileJournal } from "../../../src/live/session/file-journal.ts";
import { recoverSession } from "../../../src/live/session/recover-session.ts";
import { heldLots } from "../../../src/venue/account.ts";
import {
  createWorld,
  engineParts,
  HEADER,
  INSTRUMENTS,
  MemoryJournal,
  removeFolders,
  Script,
  SYMBOLS,
  sessionOf,
  temporaryFolder,
} from "../session/session-world.ts";

afterAll(removeFolders);

const QUOTE = 100_000_000n;
const WIDE: SafetyLimits = {
  maxNotionalQuote: 1_000_000n * QUOTE,
  maxPositionQuote: 1_000_000n * QUOTE,
  maxExposureQuote: 1_000_000n * QUOTE,
  maxOrdersPerMinute: 1_000_000,
  maxLossQuote: 1_000_000n * QUOTE,
};

function gateOf(parts: EngineParts, limits: Partial<SafetyLimits> = {}): SessionGate {
  const { market } = parts;
  return createSafetyGate({
    ...WIDE,
    ...limits,
    instruments: INSTRUMENTS,
    prices: (symbol) => market.price[market.symbols.indexOf(symbol)] ?? null,
  });
}

/** The pipeline opens and closes by itself: goes on until something is open. */
async function untilHeld(script: Script, gate: SessionGate, clock: { nowMs(): number }): Promise<void> {
  for (let second = 0; second < 60 && gate.status(clock.nowMs()).positions.size === 0; second++) {
    await script.seconds(1, 2);
  }
  expect(gate.status(clock.nowMs()).positions.size).toBeGreaterThan(0);
}

test("a session with a gate sends nothing above its limits, and names every refusal in its journal", async () => {
  const world = createWorld();
  const parts = engineParts();
  const gate = gateOf(parts, {
    maxNotionalQuote: 180n * QUOTE,
    maxPositionQuote: 300n * QUOTE,
    maxExposureQuote: 500n * QUOTE,
  });
  const journal = new MemoryJournal();
  const session = sessionOf(world, { parts, gate, journal });
  const script = new Script(world, 11);
  script.move();
  await session.start();
  let largest = 0;
  for (let second = 0; second < 120; second++) {
    await script.seconds(1, 2);
    const held = SYMBOLS.map(
      (_, index) => Math.abs(heldLots(world.paper.account, index, "BOTH")) * 0.001 * parts.market.price[index]!,
    );
    largest = Math.max(
      largest,
      held.reduce((sum, each) => sum + each, 0),
    );
    // Prices move by at most 5 basis points between two looks, after what was held was within the limit.
    expect(Math.max(...held)).toBeLessThan(300 * 1.02);
  }
  expect(largest).toBeGreaterThan(300);
  expect(largest).toBeLessThan(500 * 1.02);
  const limits = journal.entries.flatMap(({ envelope: { event } }) =>
    event.type === "exchange.order-rejected" && event.code === SAFETY_REFUSAL_CODE
      ? [/gate, ([a-z-]+): /.exec(event.text)?.[1]]
      : [],
  );
  expect(new Set(limits)).toEqual(new Set(["max-notional", "position", "exposure"]));
  expect(world.exchange.submitted.length).toBeGreaterThan(3);

  const status = gate.status(world.clock.nowMs());
  const { account } = world.paper;
  for (const [index, symbol] of SYMBOLS.entries()) {
    expect(status.positions.get(symbol) ?? 0).toBe(heldLots(account, index, "BOTH"));
  }
  const report = await world.paper.reconcile();
  const unrealized = report.positions.reduce((sum, { symbol, qtyLots, entryPrice }) => {
    const price = parts.market.price[SYMBOLS.indexOf(symbol as never)]!;
    return sum + qtyLots * 0.001 * (Math.round(price * 10) / 10 - entryPrice);
  }, 0);
  const won = moneyToNumber(report.walletQuote - 1_000_000_000_000n) + unrealized;
  expect(moneyToNumber(status.resultQuote!)).toBeCloseTo(won, 4);
  await session.suspend();
});

test("the gate stops new risk where the engine's own kill switch does nothing, and lets closes pass", async () => {
  const world = createWorld();
  const parts = engineParts({
    governor: { name: "none" },
    quirks: ["inert-kill-switch"],
    limits: { symbolCooldown: "0s" },
    permits: { executionCooldown: "0s" },
  });
  const gate = gateOf(parts);
  const signals = new EventEmitter();
  const operator = joinOperators([createSignalOperator({ source: signals })]);
  const journal = new MemoryJournal();
  const session = sessionOf(world, { parts, gate, operator, journal });
  const script = new Script(world, 3);
  script.move();
  await session.start();
  await script.seconds(20, 1);
  await untilHeld(script, gate, world.clock);
  const before = world.exchange.submitted.length;
  expect(before).toBeGreaterThan(5);
  signals.emit("SIGUSR2");
  await script.seconds(20, 1);
  const isRefused = ({ clientOrderId }: OrderSubmitted) =>
    journal.entries.some(
      ({ envelope: { event } }) =>
        event.type === "exchange.order-rejected" &&
        event.clientOrderId === clientOrderId &&
        event.text.includes("kill-switch"),
    );
  const decided = journal.entries.flatMap(({ decisions }) =>
    decisions.filter((each): each is OrderSubmitted => each.type === "order.submitted"),
  );
  expect(world.exchange.submitted.slice(before).filter(({ isReduceOnly }) => !isReduceOnly)).toEqual([]);
  expect(decided.filter(isRefused).length).toBeGreaterThan(5);
  expect(decided.filter((order) => order.isReduceOnly && isRefused(order))).toEqual([]);

  // What was open has been closed meanwhile, by orders that only reduce.
  expect(world.exchange.submitted.length).toBeGreaterThan(before);
  expect(gate.status(world.clock.nowMs()).positions.size).toBe(0);
  await session.suspend();
  expect(signals.listenerCount("SIGUSR2")).toBe(0);
});

test("a gate that a recovery has told of every entry stands where the gate of the session stood", async () => {
  const folder = temporaryFolder();
  const world = createWorld();
  const parts = engineParts();
  const limits = { maxExposureQuote: 800n * QUOTE, maxOrdersPerMinute: 25 };
  const gate = gateOf(parts, limits);
  const session = sessionOf(world, { parts, gate, journal: openFileJournal(folder, HEADER, "process") });
  const script = new Script(world, 5);
  script.move();
  await session.start();
  await script.seconds(90, 2);
  await untilHeld(script, gate, world.clock);
  await session.suspend();

  const again = engineParts();
  const recovered = gateOf(again, limits);
  recoverSession(folder, again, recovered);
  const nowMs = world.clock.nowMs();
  expect(recovered.status(nowMs)).toEqual(gate.status(nowMs));
  expect(gate.status(nowMs).positions.size).toBeGreaterThan(0);
  expect(gate.status(nowMs).ordersLastMinute).toBeGreaterThan(5);
});
