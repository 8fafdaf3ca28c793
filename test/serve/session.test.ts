import { describe, expect, test } from "vitest";
import { parseMoney } from "../../src/engine/domain/money.ts";
import { openRecording } from "../../src/recording/reader.ts";
import { ServeSession } from "../../src/serve/session.ts";
import { parseSpeed, SessionClock } from "../../src/serve/session-clock.ts";
import { Refusal } from "../../src/venue/refusal.ts";
import { REGIME_FLIP } from "./served.ts";

function session(): ServeSession {
  const recording = openRecording(REGIME_FLIP);
  return new ServeSession({
    recording,
    startTsMs: recording.firstTsMs + 3_600_000,
    endTsMs: recording.lastTsMs,
    makerRate: parseMoney("0.0002"),
    takerRate: parseMoney("0.0005"),
    fill: { halfSpreadBps: 1, slippageBps: 1, impactBps: 0 },
    leverage: 10,
    walletQuote: parseMoney("10000"),
    symbolsMissing: [],
    keys: [{ key: "k", secret: "s" }],
  });
}

function trade(over: ServeSession, stepMs: number): { told: string[]; wallet: bigint } {
  const told: string[] = [];
  over.userListeners.add((event) => {
    if (event.kind === "order")
      told.push(`${event.tsMs} ${event.order.clientOrderId} ${event.execution} ${event.order.status}`);
    if (event.kind === "account") told.push(`${event.tsMs} ${event.reason} ${event.balanceChangeQuote}`);
  });
  const { account } = over.apiKey("k")!;
  const { tickSize } = over.venue.rules[0]!.contract;
  for (let hour = 0; hour < 20; hour++) {
    const at = over.startTsMs + hour * 1_800_000;
    for (let tsMs = over.nowTsMs; tsMs < at; tsMs += stepMs) over.advanceTo(Math.min(at, tsMs + stepMs));
    const priceTicks = Math.round((over.market.mark[0]! * (hour % 2 === 0 ? 0.999 : 1.001)) / tickSize);
    const common = {
      symbolIndex: 0,
      positionSide: "BOTH",
      qtyLots: hour % 2 === 0 ? 40 : 20,
      isReduceOnly: false,
    } as const;
    const side = hour % 2 === 0 ? ("BUY" as const) : ("SELL" as const);
    const resting = over.venue.place(
      account,
      {
        ...common,
        side,
        type: "LIMIT",
        priceTicks,
        timeInForce: "GTD",
        goodTillTsMs: at + 1_700_000,
        clientOrderId: `l${hour}`,
      },
      over.nowTsMs,
    );
    const market = over.venue.place(
      account,
      { ...common, side, type: "MARKET", priceTicks: null, timeInForce: null, clientOrderId: `m${hour}` },
      over.nowTsMs,
    );
    for (const placed of [resting, market]) if (placed instanceof Refusal) throw new Error(`refused: ${placed.text}`);
  }
  return { told, wallet: account.walletQuote };
}

describe("a served session", () => {
  test("gives the same events whatever the steps of its clock", () => {
    const coarse = trade(session(), 1_800_000);
    const fine = trade(session(), 7_777);
    expect(fine).toEqual(coarse);
    expect(coarse.told.filter((line) => line.includes("TRADE FILLED")).length).toBeGreaterThan(20);
    expect(coarse.told.some((line) => line.includes("EXPIRED"))).toBe(true);
    expect(coarse.told.some((line) => line.includes("FUNDING_FEE"))).toBe(true);
  });

  test("runs its clock at a multiple of wall time, at full speed, or not at all", async () => {
    expect([parseSpeed("10x"), parseSpeed("max"), parseSpeed("0x"), parseSpeed("fast")]).toEqual([
      { kind: "scaled", factor: 10 },
      { kind: "max" },
      null,
      null,
    ]);
    const reached: number[] = [];
    await new Promise<void>((end) => {
      const clock = new SessionClock({
        speed: { kind: "max" },
        startTsMs: 0,
        endTsMs: 10_500,
        wallMs: () => 0,
        advanceTo: (tsMs) => reached.push(tsMs),
        onEnd: end,
      });
      clock.start();
    });
    expect(reached.at(-1)).toBe(10_500);
    expect(reached.length).toBe(11);
  });
});
