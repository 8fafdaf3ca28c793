import { describe, expect, test } from "vitest";
import { createRanker, rankerSchema, rankers } from "../../../src/engine/rankers/index.ts";
import { viewOf } from "./views.ts";

describe.each(rankers.map(({ name }) => name))("ranker %s", (name) => {
  const ranker = createRanker(rankerSchema.parse({ name }));

  test.each([1, 5, 60])("never returns more symbols than a budget of %i calls, and none twice", (budgetCalls) => {
    const { symbols } = ranker.rank(
      viewOf({ budgetCalls, openPositions: [3, 9, 12, 40], allowlist: [1, 2, 2, 3], intentAgeMs: (symbol) => symbol }),
    );
    expect(symbols.length).toBeLessThanOrEqual(budgetCalls);
    expect(new Set(symbols).size).toBe(symbols.length);
  });

  test("counts in its tiers exactly the symbols it returns", () => {
    const { symbols, tierCounts } = ranker.rank(viewOf({ openPositions: [3], allowlist: [7, 8] }));
    expect(Object.values(tierCounts).reduce((sum, count) => sum + count, 0)).toBe(symbols.length);
  });

  test("gives the same answer to the same view", () => {
    const view = viewOf({ openPositions: [5, 6], intentAgeMs: (symbol) => (symbol % 50 === 0 ? 1000 : 1e9) });
    expect(ranker.rank(view)).toEqual(ranker.rank(view));
  });
});

describe("the four tiers", () => {
  const ranker = createRanker(rankerSchema.parse({ name: "tiered" }));

  test("put open positions first, then recent intents by age, then recent plans, then volume up to minTopK", () => {
    const intents = new Map([
      [100, 5000],
      [101, 1000],
      [102, 1_800_001],
    ]);
    const plans = new Map([
      [200, 600_000],
      [201, 600_001],
    ]);
    const { symbols, tierCounts } = ranker.rank(
      viewOf({
        openPositions: [7],
        intentAgeMs: (symbol) => intents.get(symbol) ?? Number.POSITIVE_INFINITY,
        planAgeMs: (symbol) => plans.get(symbol) ?? Number.POSITIVE_INFINITY,
      }),
    );
    expect(symbols.slice(0, 6)).toEqual([7, 101, 100, 200, 565, 564]);
    expect(symbols).toHaveLength(20);
    expect(tierCounts).toEqual({ "open-position": 1, "recent-intent": 2, "recent-plan": 1, backfill: 16 });
  });

  test("drop intents before positions when the budget is short", () => {
    const { symbols } = ranker.rank(viewOf({ budgetCalls: 2, openPositions: [7, 9], intentAgeMs: () => 0 }));
    expect(symbols).toEqual([7, 9]);
  });
});

describe("alphabetical", () => {
  test("orders by symbol text, not by index or locale", () => {
    const ranker = createRanker(rankerSchema.parse({ name: "alphabetical", params: { topK: 3 } }));
    const symbols = ["aUSDT", "ZUSDT", "1000XUSDT", "测试USDT"];
    expect(ranker.rank(viewOf({ symbols })).symbols).toEqual([2, 1, 0]);
  });
});

describe("volume", () => {
  test("takes the largest volumes, ties by index", () => {
    const ranker = createRanker(rankerSchema.parse({ name: "volume", params: { topK: 3 } }));
    const volumes = [5, 9, 9, 1];
    const view = viewOf({ symbols: ["A", "B", "C", "D"], volume24hQuote: (symbol) => volumes[symbol]! });
    expect(ranker.rank(view).symbols).toEqual([1, 2, 0]);
  });
});
