import { describe, expect, test } from "vitest";
import { denial, fill, finding, journal, order, permit, plan, reconciled, START_TS_MS } from "../../journal-builder.ts";
import { found, foundInRecords, planRecord, record, resultRecord } from "../helpers.ts";

const committed = (lagMs: number) =>
  ({
    type: "ledger.committed",
    symbol: "ZECUSDT",
    orderId: "1098143307",
    deltaQtyLots: 632,
    ledgerQtyLots: 632,
    lagMs,
  }) as const;

function filled(...after: Parameters<ReturnType<typeof journal>["tick"]>[1][]) {
  return journal()
    .publish(0, plan("p1"))
    .tick(1, order("p1"))
    .at(2, fill("p1"))
    .tick(3, ...after);
}

describe("ledger_never_updates", () => {
  test("tells fills without a commit once a permit read nothing, with both quantities", () => {
    const built = filled(
      permit("p2", { ledgerQtyLots: null }),
      reconciled({ ledgerQtyLots: null, unexplainedQtyLots: 0 }),
    );
    const [first] = found("ledger_never_updates", built);
    expect(first).toMatchObject({ symbol: "ZECUSDT", evidence: { fills: 1, commits: 0, readsOfNothing: 1 } });
    expect(first!.text).toContain("exchange 8.316, ledger none");
  });

  test("is silent when the ledger took the fill, and on one fill nobody asked about", () => {
    expect(found("ledger_never_updates", filled(committed(900), permit("p2")))).toEqual([]);
    expect(found("ledger_never_updates", filled())).toEqual([]);
  });

  test("reads the ledger inside the permit of a recorded result", () => {
    const details = (ledger: number) => ({
      order_id: 1,
      side: "BUY",
      filled_qty: 0.632,
      permit: { exchange_position_amt: 8.316, safe_qty: 8.316, ledger_amt: ledger },
    });
    const records = (ledger: number) =>
      [1, 2].flatMap((n) => [planRecord(n * 100, `p${n}`), resultRecord(n * 100 + 50, `p${n}`, details(ledger))]);
    expect(foundInRecords("ledger_never_updates", records(0))).toMatchObject([
      { evidence: { fills: 2, readsOfNothing: 1 } },
    ]);
    expect(foundInRecords("ledger_never_updates", records(8.316))).toEqual([]);
  });
});

test("ledger_slow tells commits that come late or not for every fill", () => {
  expect(found("ledger_slow", filled(committed(12_000)))).toMatchObject([{ evidence: { lagMaxMs: 12_000 } }]);
  expect(found("ledger_slow", filled(committed(1800)))).toEqual([]);
});

describe("key_read_never_written", () => {
  test("tells reads of the ledger after fills, and keys that were never there", () => {
    const nothing = { ledgerQtyLots: null };
    expect(found("key_read_never_written", filled(permit("p2", nothing), denial("p3", "x", nothing)))).toMatchObject([
      { evidence: { key: "ledger", reads: 2 } },
    ]);
    const absent = record(0, "redis.key", { key: "quantum:ledger:ZECUSDT", event: "absent" });
    expect(foundInRecords("key_read_never_written", [absent])).toMatchObject([
      { evidence: { key: "quantum:ledger:ZECUSDT" } },
    ]);
  });

  test("is silent on a ledger that answers and on a key that came later", () => {
    expect(found("key_read_never_written", filled(permit("p2"), permit("p3")))).toEqual([]);
    const key = { key: "quantum:ledger:ZECUSDT" };
    const later = [
      record(0, "redis.key", { ...key, event: "absent" }),
      record(9, "redis.key", { ...key, event: "seen" }),
    ];
    expect(foundInRecords("key_read_never_written", later)).toEqual([]);
  });
});

test("key_of_another_type tells keys that refuse to be read as text", () => {
  const refused = record(0, "redis.key", { key: "k", event: "refused", code: "WRONGTYPE" });
  expect(foundInRecords("key_of_another_type", [refused])).toMatchObject([
    { evidence: { key: "k", code: "WRONGTYPE" } },
  ]);
  expect(foundInRecords("key_of_another_type", [record(0, "redis.key", { key: "k", event: "seen" })])).toEqual([]);
});

describe("unexplained_delta", () => {
  const moved = (exchangeQtyLots: number, unexplainedQtyLots: number) =>
    reconciled({ exchangeQtyLots, unexplainedQtyLots });

  test("sums what no own fill explains, and tells when it went through zero", () => {
    const built = journal()
      .tick(0, moved(9094, -3634))
      .tick(60_000, moved(647, -8447))
      .tick(120_000, moved(-353, -1000));
    const [first] = found("unexplained_delta", built.end(130_000, moved(-353, -13_081)));
    expect(first).toMatchObject({
      symbol: "ZECUSDT",
      evidence: { deltas: 3, unexplainedQty: -13.081, exchangeQty: -0.353 },
    });
    expect(first!.text).toContain("through zero");
  });

  test("is silent on a position that was there before, and on one that is explained", () => {
    const adopted = finding("position_adopted", { symbol: "ZECUSDT", severity: "info" });
    expect(found("unexplained_delta", journal().tick(0, moved(5796, 5796), adopted))).toEqual([]);
    expect(found("unexplained_delta", journal().tick(0, moved(632, 0)))).toEqual([]);
  });
});

describe("unexplained_delta in a recording", () => {
  // The positions of the incident: four permits of the executor, an own BUY of 0.632 after each.
  const seen = (exchange: readonly number[]) =>
    exchange.flatMap((qty, index) => {
      const permit = { exchange_position_amt: qty, safe_qty: 8, ledger_amt: 0 };
      const details = { order_id: index, side: "BUY", filled_qty: 0.632, permit };
      const atMs = index * 62_000;
      return [planRecord(atMs, `p${index}`), resultRecord(atMs + 50, `p${index}`, details)];
    });
  const deltas = (exchange: readonly number[]) => foundInRecords("unexplained_delta", seen(exchange));

  test("tells what a permit saw and own fills do not explain", () => {
    const [first] = deltas([8.316, 8.948, 5.314]);
    expect(first).toMatchObject({ symbol: "ZECUSDT", evidence: { deltas: 1, exchangeQty: 5.314 } });
    expect(first!.evidence["unexplainedQty"]).toBeCloseTo(5.314 - 9.58, 9);
  });

  test("is silent where fills explain it, where the snapshot is one fill behind, and on a default of 0", () => {
    expect(deltas([8.316, 8.948, 9.58])).toEqual([]);
    expect(deltas([8.316, 8.316, 9.58])).toEqual([]);
    expect(deltas([8.316, 0, 9.58])).toEqual([]);
  });
});

test("ledger_sign_flipped tells a ledger of the same size and the other sign", () => {
  const at = (ledgerQtyLots: number) =>
    journal().tick(0, reconciled({ exchangeQtyLots: -500, ledgerQtyLots, unexplainedQtyLots: 0 }));
  expect(found("ledger_sign_flipped", at(500))).toMatchObject([{ symbol: "ZECUSDT" }]);
  expect(found("ledger_sign_flipped", at(-500))).toEqual([]);
});

test("hold_blocks_its_remedy needs ten refusals without a fill between", () => {
  const refused = (count: number) =>
    Array.from({ length: count }, (_, index) => denial(`p${index}`, "reconcile_hold_active"));
  expect(found("hold_blocks_its_remedy", journal().tick(0, ...refused(10)))).toMatchObject([
    { evidence: { refusals: 10 } },
  ]);
  const between = journal()
    .tick(0, ...refused(6))
    .at(1, fill("p9"))
    .tick(2, ...refused(6));
  expect(found("hold_blocks_its_remedy", between)).toEqual([]);
  const events = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      record(index, "reconcile.events", { fields: { symbol: "BTCUSDT", event: "DRIFT" } }),
    );
  expect(foundInRecords("hold_blocks_its_remedy", events(100))).toMatchObject([
    { symbol: "BTCUSDT", evidence: { events: 100 } },
  ]);
  expect(foundInRecords("hold_blocks_its_remedy", events(99))).toEqual([]);
});

test("equity_stale tells an entry judged by old equity while something was open", () => {
  const sampled = (openPositions: number) =>
    ({
      type: "account.sampled",
      walletQuote: 0n,
      equityQuote: 0n,
      grossNotional: 0,
      openPositions,
      portfolioHeat: 0,
      drawdown: 0,
    }) as const;
  const judged = (openPositions: number, afterMs: number) =>
    journal().tick(0, sampled(openPositions)).publish(afterMs, plan("p1"));
  expect(found("equity_stale", judged(1, 400_000))).toMatchObject([
    { evidence: { ageMaxMs: 400_000, atTsMs: START_TS_MS + 400_000 } },
  ]);
  expect(found("equity_stale", judged(1, 60_000))).toEqual([]);
  expect(found("equity_stale", judged(0, 400_000))).toEqual([]);
});
