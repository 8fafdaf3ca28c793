import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { formatMoney, parseMoney } from "../../src/engine/domain/money.ts";
import { parseLeverageBrackets } from "../../src/recording/leverage-brackets.ts";
import { reconcile } from "../../src/venue/account.ts";
import { BracketTable } from "../../src/venue/bracket-table.ts";
import { liquidationPrice } from "../../src/venue/margin.ts";
import { hasShared, sharedPath } from "../shared-data.ts";
import { venueFixture } from "./venue-fixture.ts";

/** BTCUSDT-like tiers; `cum` by the recurrence. */
const TIERS = [
  {
    tier: 1,
    leverageMax: 125,
    notionalFloorQuote: "0",
    notionalCapQuote: "5000",
    maintMarginRatio: "0.004",
    cumQuote: "0",
  },
  {
    tier: 2,
    leverageMax: 50,
    notionalFloorQuote: "5000",
    notionalCapQuote: "25000",
    maintMarginRatio: "0.01",
    cumQuote: "30",
  },
  {
    tier: 3,
    leverageMax: 10,
    notionalFloorQuote: "25000",
    notionalCapQuote: "100000",
    maintMarginRatio: "0.05",
    cumQuote: "1030",
  },
];

describe("brackets", () => {
  test("maintenance has no jump at any floor", () => {
    const table = new BracketTable(TIERS);
    for (const { floorQuote } of table.brackets) {
      expect(table.maintenanceQuote(floorQuote + 1n) - table.maintenanceQuote(floorQuote)).toBeLessThanOrEqual(1n);
    }
    expect(formatMoney(table.maintenanceQuote(parseMoney("25000")))).toBe("220");
  });

  test("decide the highest leverage and the largest position at a leverage", () => {
    const table = new BracketTable(TIERS);
    expect([
      table.leverageMax,
      table.notionalMaxQuote(125),
      table.notionalMaxQuote(20),
      table.notionalMaxQuote(5),
    ]).toEqual([125, parseMoney("5000"), parseMoney("25000"), parseMoney("100000")]);
  });

  test.skipIf(!hasShared)("of real symbols: 318 perpetuals have continuous maintenance margin", () => {
    const file = sharedPath("data/leverage/binance_usdm_brackets_2024-10.json.gz");
    const { brackets, problems } = parseLeverageBrackets(JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")));
    expect(problems).toEqual([]);
    let floors = 0;
    for (const tiers of brackets.values()) {
      const table = new BracketTable(tiers);
      for (const { floorQuote } of table.brackets) {
        floors += 1;
        const jump = table.maintenanceQuote(floorQuote + 1n) - table.maintenanceQuote(floorQuote);
        expect(jump >= 0n && jump <= 1n).toBe(true);
      }
    }
    expect(floors).toBeGreaterThan(2000);
  });
});

describe("liquidation", () => {
  test("an isolated position is closed at a mark below its liquidation price, at no loss beyond what was set aside", () => {
    const fixture = venueFixture({ brackets: TIERS });
    const { venue, account, quote, placed, told } = fixture;
    venue.setMarginType(account, 0, "isolated", fixture.now);
    quote(0, 99.9, 100);
    placed({ qtyLots: 10_000 });
    const position = [...account.positions.values()][0]!;
    const expected = liquidationPrice({
      walletQuote: Number(position.isolatedQuote) / 1e8,
      otherMaintQuote: 0,
      otherUnrealizedQuote: 0,
      side: 1,
      qty: 10,
      entryPrice: 100,
      brackets: venue.rules[0]!.brackets,
    });
    expect(expected).toBeCloseTo(95.3815, 4);
    const walletBefore = account.walletQuote;
    quote(0, 95.4, 95.5);
    expect(account.positions.size).toBe(1);
    const resting = placed({ priceTicks: 900, qtyLots: 60 });
    quote(0, 95.3, 95.4);
    expect([account.positions.size, resting.status]).toEqual([0, "CANCELED"]);
    const liquidation = told.orders.find(({ order }) => order.type === "LIQUIDATION")!.order;
    expect(liquidation.clientOrderId).toMatch(/^autoclose-/);
    expect(told.orders.some(({ execution }) => execution === "CALCULATED")).toBe(true);
    expect(walletBefore - account.walletQuote).toBeLessThanOrEqual(parseMoney("50"));
    expect(reconcile(account)).toBeNull();
  });

  test("a cross position in a higher bracket is first brought into the lower one", () => {
    const fixture = venueFixture({ brackets: TIERS, account: { walletQuote: parseMoney("3500"), leverage: 10 } });
    const { account, quote, placed, told } = fixture;
    quote(0, 99.9, 100);
    placed({ qtyLots: 300_000 });
    quote(0, 89.2, 89.4);
    const orders = told.orders.filter(({ order, trade }) => order.type === "LIQUIDATION" && trade !== null);
    expect(orders.length).toBeGreaterThan(0);
    expect([...account.positions.values()][0]!.qtyLots).toBe(279_955);
    expect(reconcile(account)).toBeNull();
  });

  test("a gap beyond bankruptcy is paid by the fund, and by deleveraging when the fund is empty; nobody owes", () => {
    for (const insuranceFundQuote of [parseMoney("1000000"), 0n]) {
      const fixture = venueFixture({ insuranceFundQuote, account: { walletQuote: parseMoney("60"), leverage: 20 } });
      const { venue, account, quote, placed, told } = fixture;
      quote(0, 99.9, 100);
      placed({ qtyLots: 10_000 });
      quote(0, 80, 80.1);
      expect(account.positions.size).toBe(0);
      expect(account.walletQuote >= 0n).toBe(true);
      const ids = told.orders.filter(({ trade }) => trade !== null).map(({ order }) => order.clientOrderId);
      expect(ids.includes("adl_autoclose")).toBe(insuranceFundQuote === 0n);
      expect(venue.insuranceFundQuote >= 0n || insuranceFundQuote === 0n).toBe(true);
      expect(reconcile(account)).toBeNull();
    }
  });

  test("the account is warned once before", () => {
    const { quote, placed, told } = venueFixture({ account: { walletQuote: parseMoney("60"), leverage: 20 } });
    quote(0, 99.9, 100);
    placed({ qtyLots: 10_000 });
    for (const bid of [96, 95.2, 95.15]) quote(0, bid, bid + 0.1);
    expect(told.marginCalls.length).toBe(1);
  });
});

describe("funding", () => {
  test("longs pay when the rate is positive, and the income says so", () => {
    const { venue, account, quote, placed, told, now } = venueFixture();
    quote(0, 99.9, 100);
    placed({ qtyLots: 10_000 });
    const before = account.walletQuote;
    expect(venue.settleFunding(0, 0.0001, 100, now)).toEqual([parseMoney("-0.1")]);
    expect(account.walletQuote - before).toBe(parseMoney("-0.1"));
    expect(account.income.at(-1)).toMatchObject({ type: "FUNDING_FEE", amountQuote: parseMoney("-0.1") });
    expect(told.accounts.at(-1)!.reason).toBe("FUNDING_FEE");
    expect(reconcile(account)).toBeNull();
  });
});
