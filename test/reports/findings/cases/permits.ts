import { describe, expect, test } from "vitest";
import {
  blockedExit,
  denial,
  fill,
  finding,
  type JournalBuilder,
  journal,
  order,
  permit,
  plan,
  ranked,
  result,
  START_TS_MS,
  verdict,
} from "../../journal-builder.ts";
import { found } from "../helpers.ts";

const idAt = (offsetMs: number) => `${START_TS_MS + offsetMs}-0`;

test("permit_never_came tells the reason, and whether snapshots were in the way", () => {
  const late = result("p1", "BLOCKED_INFRA", { reason: "p33_permit_missing_or_denied" });
  const built = journal()
    .publish(1000, plan("p1"))
    .tick(9000, late, ranked({ cycleCostMs: 9900 }));
  expect(found("permit_never_came", built)[0]!.text).not.toContain("one by one");
  built.tick(9001, finding("permit_missed_by_serial_snapshots"));
  expect(found("permit_never_came", built)[0]!.text).toContain("a cycle costs up to 9.9s");
  const other = result("p1", "BLOCKED_INFRA", { reason: "cooldown_in_flight" });
  expect(found("permit_never_came", journal().publish(1000, plan("p1")).tick(9000, other))).toEqual([]);
});

test("snapshots_stale tells denials for want of a snapshot and the oldest one", () => {
  const stale = denial("p1", "stale_exchange_state", { snapshotAgeMs: 170_000 });
  expect(found("snapshots_stale", journal().tick(1000, stale))).toMatchObject([
    { evidence: { denied: 1, ageMaxMs: 170_000 } },
  ]);
  expect(found("snapshots_stale", journal().tick(1000, denial("p1", "cooldown_in_flight"), permit("p2")))).toEqual([]);
});

test("coverage_low and needed_never_ranked read the ranking", () => {
  const blind = ranked({ neededFresh: 2, neededStale: ["BTCUSDT"], neededNeverRanked: ["GALAUSDT"] });
  expect(found("coverage_low", journal().tick(1000, blind))).toMatchObject([
    { evidence: { share: 0.5, neverRanked: 1 } },
  ]);
  expect(found("needed_never_ranked", journal().tick(1000, blind))[0]!.text).toContain("GALAUSDT");
  expect(found("coverage_low", journal().tick(1000, ranked()))).toEqual([]);
  expect(found("needed_never_ranked", journal().tick(1000, ranked()))).toEqual([]);
});

describe("dead_tier", () => {
  const cycles = (intents: number) =>
    ranked({ tierCounts: { "open-positions": 1, "recent-intent": intents }, repeatedCycles: 2 });

  test("tells an intent tier with nothing in it although there were intents", () => {
    const built = journal().intent(500, idAt(500), "ZECUSDT").tick(1000, cycles(0));
    expect(found("dead_tier", built)).toMatchObject([{ evidence: { tier: "recent-intent", cycles: 3, intents: 1 } }]);
  });

  test("is silent when the tier contributed, and without intents", () => {
    expect(found("dead_tier", journal().intent(500, idAt(500), "ZECUSDT").tick(1000, cycles(1)))).toEqual([]);
    expect(found("dead_tier", journal().tick(1000, cycles(0)))).toEqual([]);
  });

  test("tells a tier of positions that stays empty while one is open", () => {
    const empty = () => ranked({ tierCounts: { "open-positions": 0, backfill: 3 } });
    const held = journal().publish(0, plan("p1")).tick(1, order("p1")).at(2, fill("p1"));
    for (const offset of [1000, 2000, 3000]) held.tick(offset, empty());
    expect(found("dead_tier", held)).toMatchObject([{ evidence: { tier: "open-positions", whileHeld: 3 } }]);
    const flat = journal();
    for (const offset of [1000, 2000, 3000]) flat.tick(offset, empty());
    expect(found("dead_tier", flat)).toEqual([]);
  });
});

test("dead_gate keeps what the run counted", () => {
  const noted = finding("dead_gate", { evidence: { gate: "portfolio-heat", inputs: 6, effects: 0 } });
  expect(found("dead_gate", journal().tick(1000, noted))).toMatchObject([{ weight: 6, evidence: { inputs: 6 } }]);
  expect(found("dead_gate", journal())).toEqual([]);
});

describe("gate_says_one_thing", () => {
  const judged = (refused: number, passed: number) => {
    const all = journal();
    for (let index = 0; index < refused; index++) all.publish(index * 1000, blockedExit(`b${index}`, "BTCUSDT"));
    for (let index = 0; index < passed; index++) {
      const of = { evalType: "EXIT" as const, verdict: verdict("EXECUTE") };
      all.publish((refused + index) * 1000, plan(`p${index}`, of));
    }
    return all;
  };
  const kinds = (built: JournalBuilder) => found("gate_says_one_thing", built);

  test("tells a gate that refused all it judged, or let all pass", () => {
    expect(kinds(judged(10, 0))).toMatchObject([{ severity: "warn", evidence: { refused: 10, evalType: "UNKNOWN" } }]);
    expect(kinds(judged(0, 100))).toMatchObject([{ severity: "info", evidence: { judged: 100, refused: 0 } }]);
  });

  test("is silent on one that tells some from others, and on few verdicts", () => {
    const mixed = journal();
    for (let index = 0; index < 12; index++) {
      const of = { evalType: "EXIT" as const, verdict: verdict(index === 0 ? "EXECUTE" : "BLOCKED") };
      mixed.publish(index * 1000, plan(`p${index}`, of));
    }
    expect(kinds(mixed)).toEqual([]);
    expect(kinds(judged(9, 0))).toEqual([]);
    expect(kinds(judged(0, 99))).toEqual([]);
  });
});

test("cooldown_refuses_most needs five refusals and half of the permits", () => {
  const refused = (count: number) =>
    Array.from({ length: count }, (_, index) => denial(`p${index}`, "cooldown_in_flight"));
  expect(found("cooldown_refuses_most", journal().tick(1000, ...refused(6), permit("q")))).toMatchObject([
    { evidence: { refused: 6, of: 7 } },
  ]);
  expect(found("cooldown_refuses_most", journal().tick(1000, ...refused(4)))).toEqual([]);
});
