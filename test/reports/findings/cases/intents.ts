import { describe, expect, test } from "vitest";
import { fill, finding, journal, order, plan, rejection, START_TS_MS } from "../../journal-builder.ts";
import { found, foundInRecords, intentRecord, planRecord, record } from "../helpers.ts";

const published = (id: string, entryId: string) => ({
  type: "plan.published" as const,
  plan: plan(id, { intentEntryId: entryId }),
});
const idAt = (offsetMs: number) => `${START_TS_MS + offsetMs}-0`;
const sell = (offsetMs: number, symbol: string) =>
  ({ type: "intent.received", entryId: idAt(offsetMs), fields: { symbol, side: "SELL" } }) as const;

describe("silent_drop", () => {
  test("tells SELLs that got neither a plan nor a rejection, with their symbols", () => {
    const built = journal()
      .intent(1000, idAt(1000), "ZECUSDT", published("p1", idAt(1000)))
      .at(2000, sell(2000, "GALAUSDT"), finding("silent_sell_drop"))
      .at(3000, sell(3000, "ETHUSDT"));
    const [first, ...rest] = found("silent_drop", built);
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ severity: "error", evidence: { side: "SELL", dropped: 2, intents: 2, share: 1 } });
    expect(first!.text).toContain("all 2 SELL intents");
    expect(first!.text).toContain("ETHUSDT, GALAUSDT");
    expect(found("silent_sell_drop", built)).toEqual([]);
  });

  test("is silent when every intent has one outcome", () => {
    const built = journal()
      .intent(1000, idAt(1000), "ZECUSDT", published("p1", idAt(1000)))
      .at(2000, sell(2000, "GALAUSDT"), rejection(idAt(2000), "short_not_allowed", "GALAUSDT"));
    expect(found("silent_drop", built)).toEqual([]);
  });

  test("of a recording it tells that one side never becomes a plan, and nothing where plans have both", () => {
    const both = [intentRecord(0, "ZECUSDT"), intentRecord(1, "GALAUSDT", { side: "SELL" }), planRecord(5, "p1")];
    expect(foundInRecords("silent_drop", both)).toMatchObject([{ evidence: { side: "SELL", dropped: 1 } }]);
    expect(foundInRecords("silent_drop", [...both, planRecord(6, "p2", { side: "SELL" })])).toEqual([]);
    expect(foundInRecords("silent_drop", both.slice(0, 2))).toEqual([]);
  });
});

describe("unreadable_intents", () => {
  test("counts intents without a side or a symbol, and no readable one", () => {
    const built = journal().at(1000, { type: "intent.received", entryId: idAt(1000), fields: { symbol: "ZECUSDT" } });
    expect(found("unreadable_intents", built)).toMatchObject([{ evidence: { field: "side", intents: 1 } }]);
    expect(found("unreadable_intents", journal().intent(1000, idAt(1000), "ZECUSDT"))).toEqual([]);
  });
});

describe("stale_backlog", () => {
  test("tells old intents that became plans, and is an error only then", () => {
    const old = idAt(-600_000);
    const planned = found("stale_backlog", journal().intent(1000, old, "ZECUSDT", published("p1", old)));
    expect(planned).toMatchObject([{ severity: "error", evidence: { planned: 1, ageMaxMs: 601_000, oldest: old } }]);
    const refused = found("stale_backlog", journal().intent(1000, old, "ZECUSDT", rejection(old, "stale_intent")));
    expect(refused).toMatchObject([{ severity: "warn", evidence: { planned: 0 } }]);
  });

  test("is silent on intents read within two minutes", () => {
    expect(found("stale_backlog", journal().intent(1000, idAt(-118_000), "ZECUSDT"))).toEqual([]);
  });
});

describe("producer_silent", () => {
  const every = (offsets: readonly number[], endMs: number) => {
    const built = journal();
    for (const offset of offsets) built.intent(offset, idAt(offset), "ZECUSDT");
    return built.end(endMs);
  };
  const beats = Array.from({ length: 8 }, (_, index) => 1000 + index * 62_000);

  test("tells beats missed in the middle and at the end", () => {
    const resumed = [...beats, 435_000 + 3_600_000];
    expect(found("producer_silent", every(resumed, resumed.at(-1)! + 1000))).toMatchObject([
      { evidence: { periodMs: 62_000, silenceMs: 3_600_000, missed: 57 } },
    ]);
    expect(found("producer_silent", every(beats, 435_000 + 200_000))).toMatchObject([{ evidence: { missed: 2 } }]);
  });

  test("is silent on a regular producer, and on one without a beat", () => {
    expect(found("producer_silent", every(beats, 500_000))).toEqual([]);
    const wild = [1000, 3000, 90_000, 95_000, 400_000, 402_000, 1_900_000];
    expect(found("producer_silent", every(wild, 2_000_000))).toEqual([]);
  });
});

test("fallback_signals and test_events read what intents say of their origin", () => {
  const records = [
    intentRecord(0, "ZECUSDT", { model: "fallback-trend-following" }),
    intentRecord(1, "ZECUSDT", { model: "ensemble" }),
    intentRecord(2, "ZECUSDT", { source: "test_injector" }),
  ];
  expect(foundInRecords("fallback_signals", records)).toMatchObject([{ evidence: { intents: 1, of: 3 } }]);
  expect(foundInRecords("test_events", records)).toMatchObject([{ severity: "error", evidence: { intents: 1 } }]);
  expect(foundInRecords("fallback_signals", [records[1]!])).toEqual([]);
  expect(foundInRecords("test_events", [records[1]!, intentRecord(3, "ZECUSDT", { source: "contest" })])).toEqual([]);
});

describe("reduce_only_left_to_default", () => {
  const held = () => journal().publish(0, plan("p1")).tick(1, order("p1")).at(2, fill("p1"));
  const sellOf = (fields: object) =>
    ({ type: "intent.received", entryId: idAt(5000), fields: { symbol: "ZECUSDT", side: "SELL", ...fields } }) as const;

  test("tells a SELL on an open long that says nothing of reduceOnly", () => {
    const built = held().at(5000, sellOf({}), rejection(idAt(5000), "short_not_allowed"));
    expect(found("reduce_only_left_to_default", built)).toMatchObject([{ evidence: { intents: 1, symbols: 1 } }]);
  });

  test("is silent where the flag is told either way, and where nothing is open", () => {
    for (const reduceOnly of ["true", "false"]) {
      const told = held().at(5000, sellOf({ reduceOnly }), rejection(idAt(5000), "short_not_allowed"));
      expect(found("reduce_only_left_to_default", told)).toEqual([]);
    }
    const flat = journal().at(5000, sellOf({}), rejection(idAt(5000), "short_not_allowed"));
    expect(found("reduce_only_left_to_default", flat)).toEqual([]);
  });
});

describe("frozen_ticker", () => {
  const prices = (price: (index: number) => string) =>
    Array.from({ length: 30 }, (_, index) => record(index * 30_000, "mark", { sym: "WAVESUSDT", p: price(index) }));

  test("tells a price that stood still while intents were made from it", () => {
    const still = [...prices(() => "1.3355"), intentRecord(900_000, "WAVESUSDT", { entry_price: 1.3355 })];
    const [first] = foundInRecords("frozen_ticker", still);
    expect(first).toMatchObject({ symbol: "WAVESUSDT", evidence: { price: 1.3355, unchangedMs: 870_000, intents: 1 } });
    expect(first!.text).toContain("WAVESUSDT is a frozen ticker");
  });

  test("is silent on a price that moves, and on one nobody trades", () => {
    const moving = [...prices((index) => `1.${3355 + index}`), intentRecord(900_000, "WAVESUSDT")];
    expect(foundInRecords("frozen_ticker", moving)).toEqual([]);
    expect(
      foundInRecords(
        "frozen_ticker",
        prices(() => "1.3355"),
      ),
    ).toEqual([]);
  });
});

test("intents_rejected_by_one_reason needs ten intents and four in ten", () => {
  const built = (rejected: number) => {
    const all = journal();
    for (let index = 0; index < 10; index++) {
      const id = idAt(1000 + index);
      all.intent(
        1000 + index,
        id,
        "ZECUSDT",
        ...(index < rejected ? [rejection(id, "stale_intent")] : [published(`p${index}`, id)]),
      );
    }
    return all;
  };
  expect(found("intents_rejected_by_one_reason", built(5))).toMatchObject([
    { evidence: { reason: "stale_intent", share: 0.5 } },
  ]);
  expect(found("intents_rejected_by_one_reason", built(3))).toEqual([]);
});
