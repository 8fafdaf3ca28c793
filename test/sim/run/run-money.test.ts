import { describe, expect, test } from "vitest";
import type { EngineEvent } from "../../../src/engine/domain/event.ts";
import { formatMoney, parseMoney } from "../../../src/engine/domain/money.ts";
import { createMemoryRecording } from "../../../src/recording/memory.ts";
import { runScenario } from "../../../src/sim/run/run.ts";
import type { AccountState } from "../../../src/venue/account.ts";
import { INSTRUMENTS, T0 } from "../../venue/venue-fixture.ts";
import { scenarioOf } from "./run-helpers.ts";

/** 2 BTC long at 100 with 15 at leverage 20 while the mark falls, minute by minute; funding is settled on the way. */
function fallingRun(prices: readonly number[]) {
  const lastTsMs = T0 + prices.length * 60_000;
  const recording = createMemoryRecording({
    symbols: ["BTCUSDT"],
    instruments: [INSTRUMENTS[0]!],
    fidelity: "mark",
    market: [...prices, prices.at(-1)!].map((price, minute) => ({
      ...{ rxMs: T0 + minute * 60_000, symbol: 0, price: price.toFixed(2) },
    })),
    inputs: [{ rxMs: T0 + 90_000, stream: "funding", payload: { sym: "BTCUSDT", rate: "0.0005", markPrice: "100" } }],
  });
  const events: EngineEvent[] = [];
  let account: AccountState | null = null;
  const result = runScenario({
    runId: "r-falling",
    recording,
    scenario: scenarioOf(`
schema: rehearsal.scenario/1
name: falling
recording: ../recordings/regime-flip
seed: 1
account: { wallet: "15", leverage: 20, positions: [{ symbol: BTCUSDT, qty: 2, entryPrice: 100 }] }
`),
    onHeader: () => undefined,
    onEntry: (_index, { envelope }) => events.push(envelope.event),
    until: { kind: "time", tsMs: lastTsMs - 1 },
    onCheckpoint: (save) => {
      [account] = (save().variants[0]!.exchange.venue as { accounts: AccountState[] }).accounts as [AccountState];
    },
  });
  return { result, events, account: account! as AccountState };
}

describe("a position held from the start", () => {
  test.each([
    ["slowly, at the market", [100, 99, 98, 97, 96, 95, 94, 93, 92, 91, 90], ["autoclose"], ["0", "0.6071"]],
    ["in a gap beyond bankruptcy, at the fund's cost", [100, 100, 80, 80], ["autoclose"], ["0", "0.0074"]],
  ] as const)("is liquidated %s, and the books of the run add up", (_name, prices, ids, [wallet, feeQuote]) => {
    const { result, events, account } = fallingRun(prices);
    const fills = events.flatMap((event) => (event.type === "exchange.order-filled" ? [event] : []));
    expect(fills.map(({ clientOrderId }) => clientOrderId.split("-")[0])).toEqual(ids);
    expect(fills.reduce((sum, { qtyLots }) => sum + qtyLots, 0)).toBe(2_000);
    expect(account.positions.size).toBe(0);
    expect(formatMoney(account.walletQuote)).toBe(wallet);
    expect(result.variants[0]!.accountMismatch).toBeNull();
    const income = account.income.map(({ type, amountQuote }) => [type, amountQuote] as const);
    expect(income.map(([type]) => type)).toEqual(["FUNDING_FEE", "REALIZED_PNL", "COMMISSION", "INSURANCE_CLEAR"]);
    expect(income.at(-1)![1]).toBe(-parseMoney(feeQuote));
    expect(account.startQuote + income.reduce((sum, [, amountQuote]) => sum + amountQuote, 0n)).toBe(
      account.walletQuote,
    );
  });

  test("stays where the margin suffices", () => {
    const { events, account } = fallingRun([100, 99, 98, 97, 96, 95]);
    expect(events.some(({ type }) => type === "exchange.order-filled")).toBe(false);
    expect([account.positions.size, formatMoney(account.walletQuote)]).toEqual([1, "14.9"]);
  });
});
