import { expect, test } from "vitest";
import { nativeSymbol, parseLeverageBrackets } from "../../src/recording/leverage-brackets.ts";

function tiers(edits: Record<number, Record<string, unknown>> = {}) {
  const rows = [
    {
      bracket: "1",
      initialLeverage: "50",
      notionalFloor: "0",
      notionalCap: "5000",
      maintMarginRatio: "0.01",
      cum: "0.0",
    },
    // 5000 x (0.02 - 0.01) = 50
    {
      bracket: "2",
      initialLeverage: "25",
      notionalFloor: "5000",
      notionalCap: "50000",
      maintMarginRatio: "0.02",
      cum: "50.0",
    },
    // 50 + 50000 x (0.025 - 0.02) = 300
    {
      bracket: "3",
      initialLeverage: "20",
      notionalFloor: "50000",
      notionalCap: "6e5",
      maintMarginRatio: "0.025",
      cum: "300.0",
    },
  ];
  return rows.map((row, index) => ({ tier: index + 1, info: { ...row, ...edits[index + 1] } }));
}

test("tiers that follow the recurrence are read under the native symbol", () => {
  const { brackets, problems } = parseLeverageBrackets({ "1000BONK/USDC:USDC": tiers() });

  expect(problems).toEqual([]);
  expect(brackets.get("1000BONKUSDC")![2]).toEqual({
    ...{ tier: 3, leverageMax: 20, notionalFloorQuote: "50000", notionalCapQuote: "600000" },
    ...{ maintMarginRatio: "0.025", cumQuote: "300.0" },
  });
});

test("the exchange's own shape is read too", () => {
  const native = [{ symbol: "BTCUSDT", brackets: tiers().map(({ info }) => info) }];
  expect(parseLeverageBrackets(native).brackets.get("BTCUSDT")!.length).toBe(3);
});

test("unified names become the exchange's names", () => {
  expect(nativeSymbol("BTC/USDT:USDT")).toBe("BTCUSDT");
  expect(nativeSymbol("BTC/USDT:USDT-250627")).toBe("BTCUSDT_250627");
  expect(nativeSymbol("BTCUSDT")).toBe("BTCUSDT");
});

test.each([
  [{ 3: { cum: "300.01" } }, "cum of tier 3 is 300.01, the recurrence gives 300.000"],
  [{ 1: { cum: "1" } }, "cum of tier 1 is 1, the recurrence gives 0"],
  [{ 2: { notionalFloor: "5001" } }, "tier 2 begins at 5001, 5000 is needed (no hole between tiers)"],
  [{ 2: { bracket: "3" } }, "tier 3 stands at place 2, tiers must be in order"],
  [{ 1: { notionalCap: "0" } }, "tier 1 ends at 0, more than its floor 0 is needed"],
  [{ 2: { maintMarginRatio: "0.005", cum: "-25" } }, "margin ratio falls to 0.005 at tier 2, it must not fall"],
  [{ 2: { cum: "x" } }, "a decimal number is needed"],
])("tiers edited as %j are refused", (edits, what) => {
  const { brackets, problems } = parseLeverageBrackets({ "A/USDT:USDT": tiers(edits) });
  expect(problems.length).toBe(1);
  expect(problems[0]!.text).toContain(what);
  expect(problems[0]!.path).toContain("A/USDT:USDT");
  expect(brackets.size).toBe(0);
});
