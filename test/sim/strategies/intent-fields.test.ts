import { describe, expect, test } from "vitest";
import { bridgePlanId } from "../../../src/engine/formulas/plan-id.ts";
import { parseIntent } from "../../../src/engine/pipeline/intent-codec.ts";
import { strategySchema } from "../../../src/sim/strategies/index.ts";
import { toIntentFields } from "../../../src/sim/strategies/intent-fields.ts";

const SHAPE = { sizeUsd: 200, leverage: 10, stopLossPct: 0.02, takeProfitPct: 0.04 };
const CONTEXT = { symbolName: "WAVESUSDT", model: "breakout", tsMs: 1_769_991_622_785, shape: SHAPE };
const SIGNAL = { symbol: 3, side: "BUY", confidence: 0.51, entryPrice: 1.3355 } as const;

describe("the trade.intent entry of a signal", () => {
  test("is the wrapper of the stream with a JSON payload", () => {
    const fields = toIntentFields(SIGNAL, CONTEXT);
    expect(Object.keys(fields)).toEqual(["event_type", "payload", "timestamp", "source"]);
    expect(fields).toMatchObject({
      event_type: "trade.intent",
      timestamp: "2026-02-02T00:20:22.785000",
      source: "strategy",
    });
    expect(JSON.parse(fields["payload"]!)).toMatchObject({
      symbol: "WAVESUSDT",
      side: "BUY",
      confidence: 0.51,
      entry_price: 1.3355,
      position_size_usd: 200,
      leverage: 10,
      model: "breakout",
    });
  });

  test("is read by the bridge as the intent it was, up to the recorded plan id", () => {
    const parsed = parseIntent("1769991622785-9", toIntentFields(SIGNAL, CONTEXT));
    if (!parsed.ok) throw new Error(parsed.problem.detail);
    const { intent } = parsed;
    expect(intent).toMatchObject({ symbol: "WAVESUSDT", side: "BUY", leverage: 10, isReduceOnly: false });
    expect(bridgePlanId(intent.entryId, intent.symbol, intent.side, intent.qty)).toBe("2f09b9d0409dda89");
  });

  test("puts stop and take profit on their sides of the price", () => {
    const pricesOf = (side: "BUY" | "SELL"): number[] => {
      const payload = JSON.parse(toIntentFields({ ...SIGNAL, side }, CONTEXT)["payload"]!);
      return [payload.stop_loss, payload.take_profit];
    };
    expect(pricesOf("BUY")[0]).toBeCloseTo(1.30879, 9);
    expect(pricesOf("BUY")[1]).toBeCloseTo(1.38892, 9);
    expect(pricesOf("SELL")[0]).toBeCloseTo(1.36221, 9);
    expect(pricesOf("SELL")[1]).toBeCloseTo(1.28208, 9);
  });
});

describe("the replay strategy", () => {
  test("needs at least one intent, with a time that has a unit and an id of the stream's form", () => {
    const accepts = (intents: readonly object[]): boolean =>
      strategySchema.safeParse({ name: "replay", intents }).success;
    const intent = { at: "60s", symbol: "BTCUSDT", side: "BUY", qty: 0.002 };
    expect(accepts([intent])).toBe(true);
    expect(accepts([])).toBe(false);
    expect(accepts([{ ...intent, at: 60 }])).toBe(false);
    expect(accepts([{ ...intent, id: "1769991684661-1" }])).toBe(true);
    expect(accepts([{ ...intent, id: "now" }])).toBe(false);
    expect(accepts([{ ...intent, leverage: 3 }])).toBe(false);
  });

  test("sends an intent once, a minute apart when it is repeated", () => {
    const choice = strategySchema.parse({
      name: "replay",
      intents: [{ at: "1h", symbol: "BTCUSDT", side: "CLOSE" }],
    });
    expect(choice).toMatchObject({ intents: [{ at: 3_600_000, side: "CLOSE", count: 1, every: 60_000 }] });
  });
});
