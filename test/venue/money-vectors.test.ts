import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Instrument } from "../../src/engine/domain/instrument.ts";
import { formatMoney, type Money, parseMoney } from "../../src/engine/domain/money.ts";
import { type LeverageBracket, parseLeverageBrackets } from "../../src/recording/leverage-brackets.ts";
import { adoptPosition, positionKey, reconcile } from "../../src/venue/account.ts";
import { BracketTable } from "../../src/venue/bracket-table.ts";
import { Contract, feeOf } from "../../src/venue/contract.ts";
import { accountMargin, liquidationPrice, openCostQuote, positionMargin } from "../../src/venue/margin.ts";
import { symbolRules } from "../../src/venue/symbol-rules.ts";
import { Venue } from "../../src/venue/venue.ts";
import { createVenueMarket } from "../../src/venue/venue-market.ts";
import { hasShared, sharedPath } from "../shared-data.ts";
import { exchangeVectors } from "../vectors/exchange-vectors.ts";

const BTC: Instrument = {
  ...{ symbol: "BTCUSDT", index: 0, tickSize: "0.01", stepSize: "0.001", qtyLotsMin: 1, qtyLotsMax: 1e9 },
  ...{ notionalMinQuote: 0n, isOnVenue: true },
};
const contract = new Contract(BTC);
const lots = (qty: string) => Math.round(Number(qty) * 1000);
const cents = (price: number) => price.toFixed(2);

/** The one tier that a vector names, without an end. */
function tierOf(maintMarginRatio: string, cumQuote: string): LeverageBracket[] {
  return [
    { tier: 1, leverageMax: 125, notionalFloorQuote: "0", notionalCapQuote: "1000000000", maintMarginRatio, cumQuote },
  ];
}

function venueWith(symbols: readonly string[], tiers: readonly (readonly LeverageBracket[])[]) {
  const market = createVenueMarket(symbols.length);
  const rules = symbols.map((symbol, index) => symbolRules({ ...BTC, symbol, index }, undefined, tiers[index]));
  const venue = new Venue({
    ...{ rules, market, fidelity: "mark", makerRate: 20_000n, takerRate: 50_000n },
    fill: { halfSpreadBps: 0, slippageBps: 0, impactBps: 0 },
    listener: {
      order: () => undefined,
      account: () => undefined,
      algo: () => undefined,
      leverage: () => undefined,
      marginCall: () => undefined,
      watch: () => undefined,
    },
  });
  return { venue, market, context: { rules, market } };
}

describe("Binance's own numbers", () => {
  const { liquidation, realMainnetPosition, openCost, accountUpdateDocsExample, fees } = exchangeVectors;

  test.each(liquidation.cases.map((each, index) => [index + 1, each] as const))(
    "calculator example %i: the liquidation price to the cent",
    (_number, { side, WB, TMM, UPNL, cum, qty, EP, MMR, LP }) => {
      const price = liquidationPrice({
        walletQuote: Number(WB),
        otherMaintQuote: Number(TMM),
        otherUnrealizedQuote: Number(UPNL),
        side: side as 1 | -1,
        qty: Number(qty),
        entryPrice: Number(EP),
        brackets: new BracketTable(tierOf(MMR, cum)),
      });
      expect(cents(price)).toBe(LP);
    },
  );

  test("the other positions of the cross examples have the margin and profit that the examples say", () => {
    let compared = 0;
    for (const { TMM, UPNL, others } of liquidation.cases) {
      for (const { qty, EP, mark, MMR, cum } of others ?? []) {
        const { venue, market, context } = venueWith(["A"], [tierOf(MMR, cum)]);
        const account = venue.addAccount({ name: "one", walletQuote: 0n, leverage: 20 });
        market.mark[0] = Number(mark);
        adoptPosition(account, venue.rules[0]!.contract, lots(qty), Number(EP));
        const margin = positionMargin(context, account, account.positions.get(positionKey(0, "BOTH"))!);
        expect([margin.maintQuote, margin.unrealizedQuote]).toEqual([parseMoney(TMM), parseMoney(UPNL)]);
        compared += 1;
      }
    }
    expect(compared).toBe(2);
  });

  test.each(realMainnetPosition.samples)(
    "a real position at $mark: every figure truncated as the exchange did",
    (sample) => {
      const { qty, entryPrice, leverage, MMR, cum, breakEvenPrice } = realMainnetPosition;
      const { venue, market, context } = venueWith(["BTCUSDT"], [tierOf(MMR, cum)]);
      const account = venue.addAccount({ name: "one", walletQuote: parseMoney("100"), leverage: Number(leverage) });
      market.mark[0] = Number(sample.mark);
      adoptPosition(account, venue.rules[0]!.contract, lots(qty), Number(entryPrice));
      const margin = positionMargin(context, account, account.positions.get(positionKey(0, "BOTH"))!);
      expect(formatMoney(margin.unrealizedQuote)).toBe(plain(sample.unRealizedProfit));
      expect(formatMoney(margin.notionalQuote)).toBe(plain(sample.notional));
      expect(formatMoney(margin.maintQuote)).toBe(plain(sample.maintMargin));
      // 608.2398 / 80 is 7.6029975 exactly; the exchange said ...749 once.
      const offByUnits = margin.initialQuote - parseMoney(sample.initialMargin);
      expect(offByUnits === 0n || offByUnits === 1n).toBe(true);
      expect((Number(entryPrice) * 1.0005).toFixed(5)).toBe(breakEvenPrice);
    },
  );

  test("what an order ties up when it opens", () => {
    for (const { price, mark, qty, leverage, initialMarginLong, openLossLong, openLossShort } of openCost.cases) {
      const common = { contract, qtyLots: lots(qty), price: Number(price), markPrice: Number(mark), leverage };
      const long = openCostQuote({ ...common, side: "BUY", lastPrice: Number(price) });
      expect(long).toBe(parseMoney(initialMarginLong) + parseMoney(openLossLong));
      const shortMargin = contract.valueQuote(Number(price) * 1.0015, lots(qty)) / BigInt(leverage);
      const short = openCostQuote({ ...common, side: "SELL", lastPrice: Number(price) });
      expect(short - shortMargin).toBe(parseMoney(openLossShort));
    }
  });

  test("profit of the documented ACCOUNT_UPDATE at the mark it implies", () => {
    for (const { pa, ep, up, impliedMark } of accountUpdateDocsExample.cases) {
      const signed = lots(pa);
      const costQuote = contract.valueQuote(Number(ep), Math.abs(signed));
      expect(contract.unrealizedQuote(Number(impliedMark), signed, costQuote)).toBe(parseMoney(up));
    }
  });

  test("fees: a real fill of 365.671 paid 0.1462684 at 0.04 %", () => {
    expect(feeOf(parseMoney("365.671"), parseMoney(fees["testnetObserved2023-11"].taker))).toBe(
      parseMoney("0.1462684"),
    );
    expect(feeOf(parseMoney("1000"), parseMoney(fees.mainnetVIP0.taker))).toBe(parseMoney("0.5"));
  });
});

describe.skipIf(!hasShared)("all real leverage brackets", () => {
  test.each([
    ["data/leverage/binance_usdm_brackets_2024-10.json.gz", 2805, 349],
    ["data/leverage/binance_usdm_brackets_2025-06.json.gz", 4529, 500],
  ])("%s: %i brackets satisfy the recurrence, so maintenance has no jump", (file, brackets, symbols) => {
    const parsed = parseLeverageBrackets(JSON.parse(gunzipSync(readFileSync(sharedPath(file))).toString("utf8")));
    expect(parsed.problems).toEqual([]);
    let checked = 0;
    for (const tiers of parsed.brackets.values()) {
      const table = new BracketTable(tiers);
      let previous = { maintRate: 0n, cumQuote: 0n };
      for (const { floorQuote, maintRate, cumQuote, tier } of table.brackets) {
        const product = floorQuote * (maintRate - previous.maintRate);
        if (tier > 1) expect(cumQuote * 100_000_000n).toBe(previous.cumQuote * 100_000_000n + product);
        else expect([floorQuote, cumQuote]).toEqual([0n, 0n]);
        expect(table.maintenanceQuote(floorQuote + 1n) - table.maintenanceQuote(floorQuote)).toBeLessThanOrEqual(1n);
        previous = { maintRate, cumQuote };
        checked += 1;
      }
    }
    expect([checked, parsed.brackets.size]).toEqual([brackets, symbols]);
  });
});

describe.skipIf(!hasShared)("funding at recorded rates", () => {
  test.each([
    ["data/funding/A_typhonun_2025-03_06.csv", [1, 4, 8], -0.02],
    ["data/funding/B_alpergulsen_2023-07_08.csv", [8], -0.0075],
  ])("%s: income is the sum of the rates, at intervals of %j hours, down to a rate of %d", (file, hours, rateMin) => {
    const rows = readFileSync(sharedPath(file), "utf8").trim().split("\n").slice(1);
    const bySymbol = new Map<string, { tsMs: number; rate: string }[]>();
    for (const row of rows) {
      const [symbol, tsMs, rate] = row.split(",") as [string, string, string];
      bySymbol.set(symbol, [...(bySymbol.get(symbol) ?? []), { tsMs: Number(tsMs), rate }]);
    }
    const symbols = [...bySymbol.keys()];
    const { venue, market } = venueWith(symbols, []);
    const long = venue.addAccount({ name: "long", walletQuote: parseMoney("1000000"), leverage: 1 });
    const short = venue.addAccount({ name: "short", walletQuote: parseMoney("1000000"), leverage: 1 });
    const intervals = new Set<number>();
    let lowest = 0;
    let expected: Money = 0n;
    symbols.forEach((symbol, index) => {
      market.mark[index] = 100;
      adoptPosition(long, venue.rules[index]!.contract, 10_000, 100);
      adoptPosition(short, venue.rules[index]!.contract, -10_000, 100);
      let before: number | null = null;
      for (const { tsMs, rate } of bySymbol.get(symbol)!) {
        if (before !== null) intervals.add(Math.round((tsMs - before) / 3_600_000));
        before = tsMs;
        lowest = Math.min(lowest, Number(rate));
        // 10 at 100 is 1000: exact in 8 decimals whatever the rate.
        expected -= 1000n * BigInt(Math.round(Number(rate) * 1e8));
        const [paid, received] = venue.settleFunding(index, Number(rate), null, tsMs);
        expect(paid! + received!).toBe(0n);
      }
    });
    expect(long.fundingQuote).toBe(expected);
    expect(short.fundingQuote).toBe(-expected);
    expect([reconcile(long), reconcile(short)]).toEqual([null, null]);
    expect(long.income.every(({ type }) => type === "FUNDING_FEE")).toBe(true);
    expect([...intervals].sort((left, right) => left - right)).toEqual(hours);
    expect(lowest).toBe(rateMin);
  });
});

describe("an account of several positions", () => {
  test("has the margin of its positions, cross and isolated apart", () => {
    const { venue, market, context } = venueWith(["A", "B"], [tierOf("0.004", "0"), tierOf("0.01", "0")]);
    const account = venue.addAccount({ name: "one", walletQuote: parseMoney("1000"), leverage: 10 });
    market.mark[0] = 101;
    market.mark[1] = 50;
    venue.setMarginType(account, 1, "isolated", 0);
    adoptPosition(account, venue.rules[0]!.contract, 10_000, 100);
    adoptPosition(account, venue.rules[1]!.contract, -4_000, 51);
    account.positions.get(positionKey(1, "BOTH"))!.isolatedQuote = parseMoney("20.4");
    const margin = accountMargin(context, account);
    expect(Object.values(margin).map(formatMoney)).toEqual(["979.6", "14", "10", "121", "6.04", "4.04", "888.6"]);
  });
});

function plain(text: string): string {
  return formatMoney(parseMoney(text));
}
