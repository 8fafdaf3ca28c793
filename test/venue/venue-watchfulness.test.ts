import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accountMargin } from "../../src/venue/margin.ts";
import { venueFixture } from "./venue-fixture.ts";

const move = fc.record({
  symbolIndex: fc.constantFrom(0, 1),
  percent: fc.double({ min: -1.5, max: 1.5, noNaN: true }),
  what: fc.constantFrom("mark", "mark", "mark", "mark", "mark", "mark", "buy", "sell"),
  lots: fc.integer({ min: 1, max: 3000 }),
});

describe("a venue that adds an account up only when it may matter", () => {
  test("never leaves a cross account open whose maintenance is not covered, and warns before, at any price path", () => {
    let liquidated = 0;
    let warned = 0;
    fc.assert(
      fc.property(fc.array(move, { minLength: 40, maxLength: 120 }), fc.constantFrom(-1, 1), (moves, drift) => {
        const fixture = venueFixture({ makerRate: 0n, takerRate: 0n });
        const { venue, market, account, told } = fixture;
        const prices = [50_000, 2_000];
        prices.forEach((price, symbolIndex) => {
          fixture.quote(symbolIndex, price, price * 1.0001);
        });
        fixture.order({ symbolIndex: 0, side: "BUY", qtyLots: 2500 });
        for (const { symbolIndex, percent, what, lots } of moves) {
          fixture.now += 1000;
          if (what === "mark") {
            prices[symbolIndex]! *= 1 + (percent + 0.4 * drift) / 100;
            fixture.mark(symbolIndex, prices[symbolIndex]!);
          } else fixture.order({ symbolIndex, side: what === "buy" ? "BUY" : "SELL", qtyLots: lots });
          if (what !== "mark") continue;
          const isHeld = [...account.positions.values()].some((each) => each.symbolIndex === symbolIndex);
          if (!isHeld) continue;
          const margin = accountMargin({ rules: venue.rules, market }, account);
          const coverQuote = margin.crossWalletQuote + margin.crossUnrealizedQuote;
          expect(coverQuote >= margin.crossMaintQuote).toBe(true);
          const isWarned = told.marginCalls.length > 0;
          if (!isWarned) expect(Number(margin.crossMaintQuote)).toBeLessThan(0.8000001 * Number(coverQuote));
        }
        liquidated += told.orders.filter(({ order }) => order.type === "LIQUIDATION").length;
        warned += told.marginCalls.length;
      }),
      { numRuns: 150, seed: 11 },
    );
    expect(liquidated).toBeGreaterThan(0);
    expect(warned).toBeGreaterThan(0);
  });
});
