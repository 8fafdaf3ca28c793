import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Contract } from "../../src/venue/contract.ts";
import { DepthBook } from "../../src/venue/depth-book.ts";
import { DepthFeed } from "../../src/venue/depth-feed.ts";
import { createVenueMarket } from "../../src/venue/venue-market.ts";
import { INSTRUMENTS, T0, venueFixture } from "./venue-fixture.ts";

type Levels = readonly (readonly [string, string])[];

function feedFixture() {
  const market = createVenueMarket(INSTRUMENTS.length);
  const breaks: string[] = [];
  const contracts = INSTRUMENTS.map((instrument) => new Contract(instrument));
  const options = {
    market,
    contractOf: (symbolIndex: number) => contracts[symbolIndex]!,
    onBreak: (_symbolIndex: number, _tsMs: number, text: string) => breaks.push(text),
  };
  const feed = new DepthFeed(options);
  const apply = (kind: string, ids: object, b: Levels, a: Levels) =>
    feed.apply(0, { sym: "BTCUSDT", kind, ...ids, b, a }, T0);
  const shown = () => {
    const book = market.depth[0];
    if (book === null || book === undefined) return null;
    const side = (sign: 1 | -1) => book.levels(sign, 9).map(({ priceTicks, qtyLots }) => `${priceTicks}x${qtyLots}`);
    return [...side(1), "|", ...side(-1)].join(" ");
  };
  return { market, breaks, feed, options, apply, shown };
}

const SNAPSHOT = ["snapshot", { u: "100" }, [["99.9", "0.002"]], [["100.1", "0.003"]]] as const;

describe("a recorded book", () => {
  test("begins with a snapshot, and the first update goes into it", () => {
    const { apply, shown, breaks, market } = feedFixture();
    apply(...SNAPSHOT);
    expect([market.bid[0], market.ask[0], market.bidQty[0]]).toEqual([99.9, 100.1, 0.002]);
    expect(apply("update", { U: "90", u: "99", pu: "89" }, [["99.9", "9"]], [])).toBeNull();
    apply(
      "update",
      { U: "98", u: "105", pu: "97" },
      [["99.8", "0.004"]],
      [
        ["100.1", "0"],
        ["100.2", "0.005"],
      ],
    );
    apply("update", { U: "110", u: "120", pu: "105" }, [["99.9", "0.001"]], []);
    expect(shown()).toBe("999x1 998x4 | 1002x5");
    expect(breaks).toEqual([]);
  });

  test("on spot goes on where U is the id before plus one", () => {
    const { apply, shown, breaks } = feedFixture();
    apply(...SNAPSHOT);
    apply("update", { U: "101", u: "102" }, [["99.8", "0.004"]], []);
    apply("update", { U: "103", u: "104" }, [["99.7", "0.004"]], []);
    expect([shown(), breaks]).toEqual(["999x2 998x4 997x4 | 1001x3", []]);
    apply("update", { U: "106", u: "107" }, [], []);
    expect([shown(), breaks.length]).toEqual([null, 1]);
  });

  test("is given up where its updates have a hole, told once, and comes back with the next snapshot", () => {
    const { apply, shown, breaks, market } = feedFixture();
    apply(...SNAPSHOT);
    apply("update", { U: "101", u: "105", pu: "100" }, [], []);
    apply("update", { U: "121", u: "130", pu: "120" }, [["99.9", "5"]], []);
    apply("update", { U: "131", u: "140", pu: "130" }, [["99.9", "6"]], []);
    expect(breaks).toEqual([
      "update 130 goes on from 120, the book ends at 105; depth is left out until the next snapshot",
    ]);
    expect([shown(), market.bid[0], market.askQty[0]]).toEqual([null, Number.NaN, Number.NaN]);
    // Received after two updates, the second of which goes on from it.
    apply("snapshot", { u: "130" }, [["99.5", "0.001"]], [["99.6", "0.001"]]);
    expect([shown(), breaks.length]).toEqual(["999x6000 995x1 | 996x1", 1]);
    apply("update", { U: "141", u: "150", pu: "140" }, [["99.9", "0"]], []);
    expect(shown()).toBe("995x1 | 996x1");
    apply("update", { U: "171", u: "180", pu: "170" }, [], []);
    expect(breaks.length).toBe(2);
  });

  test("that never had a snapshot is none, and says so once", () => {
    const { apply, shown, breaks } = feedFixture();
    for (const u of [10, 20, 30])
      expect(apply("update", { U: `${u - 9}`, u: `${u}`, pu: `${u - 10}` }, [["99", "1"]], [])).toBeNull();
    expect([shown(), breaks]).toEqual([
      null,
      ["update 10 comes before a snapshot; depth is left out until the next snapshot"],
    ]);
  });

  test("does not go back to an older snapshot, and a partial book tells a followed one nothing", () => {
    const { apply, shown } = feedFixture();
    apply(...SNAPSHOT);
    apply("update", { U: "101", u: "105", pu: "100" }, [["99.8", "0.001"]], []);
    expect(apply("snapshot", { u: "103" }, [["1", "1"]], [])).toBeNull();
    expect(apply("partial", { u: "200" }, [["1", "1"]], [])).toBeNull();
    expect(shown()).toBe("999x2 998x1 | 1001x3");
  });

  test("of partial events is the last of them", () => {
    const { apply, shown, breaks } = feedFixture();
    apply("partial", { u: "7" }, [["99.9", "0.002"]], [["100", "0.001"]]);
    const change = apply("partial", { u: "9" }, [["99.8", "0.002"]], [["100", "0.001"]]);
    expect(change).toMatchObject({
      previousUpdateId: 7,
      lastUpdateId: 9,
      bids: [
        ["99.9", "0"],
        ["99.8", "0.002"],
      ],
    });
    expect([shown(), breaks]).toEqual(["998x2 | 1000x1", []]);
  });

  test("is the same when the feed was saved and loaded anywhere, also without a book", () => {
    const step = fc.record({
      kind: fc.constantFrom("update", "update", "update", "snapshot"),
      hole: fc.nat(5),
      price: fc.nat(5),
      lots: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(30), (steps, cut) => {
        const whole = feedFixture();
        const parts = feedFixture();
        let feed = parts.feed;
        let last = 100;
        steps.forEach(({ kind, hole, price, lots }, place) => {
          const previous = last + (hole === 0 ? 1 : 0);
          last = previous + 3;
          const levels = [[`${99 + price / 10}`, `0.00${lots}`]] as const;
          const payload = {
            sym: "BTCUSDT",
            kind,
            U: `${previous + 1}`,
            u: `${last}`,
            pu: `${previous}`,
            b: levels,
            a: [],
          };
          if (place === cut) {
            const saved = structuredClone(feed.save());
            const book = parts.market.depth[0];
            if (book !== null && book !== undefined) {
              const again = new DepthBook();
              again.load(structuredClone(book.save()));
              parts.market.depth[0] = again;
            }
            feed = new DepthFeed(parts.options);
            feed.load(saved);
          }
          expect(feed.apply(0, payload, T0)).toEqual(whole.feed.apply(0, payload, T0));
          expect(parts.market.depth[0]?.save()).toEqual(whole.market.depth[0]?.save());
        });
        expect(parts.breaks).toEqual(whole.breaks);
      }),
      { numRuns: 200, seed: 3 },
    );
  });
});

describe("what takers took of a level", () => {
  test("stays taken when a snapshot tells it as it was, and is there again when it is told anew", () => {
    const { venue, market, placed } = venueFixture({ fidelity: "depth" });
    const feed = new DepthFeed({
      market,
      contractOf: (symbolIndex) => venue.rules[symbolIndex]!.contract,
      onBreak: () => undefined,
    });
    const tell = (u: string, lots: string) =>
      feed.apply(
        0,
        {
          kind: "snapshot",
          u,
          b: [["99.9", "1"]],
          a: [
            ["100", lots],
            ["100.5", "9"],
          ],
        },
        T0,
      );
    tell("1", "0.060");
    expect(placed({ qtyLots: 60 }).filledQuote).toBe(600_000_000n);
    tell("2", "0.060");
    expect(placed({ qtyLots: 60 }).filledQuote).toBe(603_000_000n);
    tell("3", "0.061");
    expect(placed({ qtyLots: 60 }).filledQuote).toBe(600_000_000n);
  });
});
