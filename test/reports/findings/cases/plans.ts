import { describe, expect, test } from "vitest";
import { blockedExit, finding, journal, killScore, plan, result, verdict } from "../../journal-builder.ts";
import { found, foundInRecords, planRecord, resultRecord } from "../helpers.ts";

const synthetic = { taints: ["position:synthetic"], positionQtyLots: 0 };

describe("synthetic_position", () => {
  test("tells exits of a position that nobody holds, once a symbol", () => {
    const built = journal()
      .publish(1000, blockedExit("b1", "BTCUSDT", synthetic))
      .publish(2000, blockedExit("b2", "BTCUSDT", synthetic), blockedExit("e1", "ETHUSDT", synthetic));
    const all = found("synthetic_position", built);
    expect(all.map(({ symbol, evidence }) => [symbol, evidence["synthetic"]])).toEqual([
      ["BTCUSDT", 2],
      ["ETHUSDT", 1],
    ]);
    expect(all[0]!.text).toContain('the "exits" of BTCUSDT come from a synthetic position');
    expect(all[0]!.command).toBe("explain b1");
  });

  test("is silent on exits of a position that is held", () => {
    expect(found("synthetic_position", journal().publish(1000, blockedExit("b1", "BTCUSDT")))).toEqual([]);
  });
});

describe("position_age_stands_still", () => {
  const exits = (age: (index: number) => number) => {
    const built = journal();
    for (let index = 0; index < 4; index++) {
      const score = killScore({ agePenalty: age(index) });
      built.publish(index * 60_000, blockedExit(`b${index}`, "BTCUSDT", { killScore: score }));
    }
    return built;
  };

  test("tells a constant age, with the seconds somebody filled in", () => {
    const [first] = found(
      "position_age_stands_still",
      exits(() => 3600 / 86_400),
    );
    expect(first!.text).toContain("built-in age of 3600 s");
  });

  test("is silent on an age that advances, and on one at its end", () => {
    expect(
      found(
        "position_age_stands_still",
        exits((index) => (3600 + index * 60) / 86_400),
      ),
    ).toEqual([]);
    expect(
      found(
        "position_age_stands_still",
        exits(() => 1),
      ),
    ).toEqual([]);
    expect(
      found(
        "position_age_stands_still",
        exits(() => 0),
      ),
    ).toEqual([]);
  });
});

describe("causal_cycle", () => {
  const laps = (distanceMs: number) => {
    const built = journal();
    for (let index = 0; index < 3; index++) built.publish(index * distanceMs, blockedExit(`b${index}`, "BTCUSDT"));
    return built;
  };

  test("tells an action that comes round before it would expire", () => {
    const [first] = found("causal_cycle", laps(60_000));
    expect(first!.text).toContain("UNKNOWN of BTCUSDT is a vocabulary loop");
    expect(first!.evidence).toMatchObject({ laps: 3, longestLapMs: 60_000 });
  });

  test("is silent when no lap comes in time, and on words of the kernel", () => {
    expect(found("causal_cycle", laps(301_000))).toEqual([]);
    const exit = { action: "FULL_CLOSE_PROPOSED", evalType: "EXIT" } as const;
    const known = journal()
      .publish(1000, blockedExit("b1", "BTCUSDT", exit))
      .publish(2000, blockedExit("b2", "BTCUSDT", exit));
    expect(found("causal_cycle", known)).toEqual([]);
  });

  test("keeps what the run noted of a loop with one lap", () => {
    const noted = finding("causal_cycle", { symbol: "BTCUSDT", severity: "error" });
    expect(found("causal_cycle", journal().publish(1000, blockedExit("b1", "BTCUSDT")).tick(1001, noted))).toHaveLength(
      1,
    );
  });
});

describe("blocked_by_its_word", () => {
  test("tells that the same score under a known name would have run", () => {
    const [first] = found("blocked_by_its_word", journal().publish(1000, blockedExit("b1", "BTCUSDT")));
    expect(first!.text).toBe(
      "the same action of BTCUSDT named FULL_CLOSE_PROPOSED would have run: known closes pass below 0.8, its score is 0.7563",
    );
  });

  test("is silent where a known close would be stopped as well, and where the action was known", () => {
    const high = { killScore: killScore({ score: 0.85 }) };
    expect(found("blocked_by_its_word", journal().publish(1000, blockedExit("b1", "BTCUSDT", high)))).toEqual([]);
    const known = { action: "PARTIAL_25", evalType: "EXIT" } as const;
    expect(found("blocked_by_its_word", journal().publish(1000, blockedExit("b1", "BTCUSDT", known)))).toEqual([]);
  });

  test("reads the recorded plan of the incident the same way", () => {
    const fields = {
      action: "UNKNOWN",
      decision: "BLOCKED",
      kill_score: "0.7563",
      k_regime_flip: "1.0",
      k_sigma_spike: "0.0",
      k_ts_drop: "0.2398",
      k_age_penalty: "0.0417",
      reason_codes: "kill_score_warning_risk_increase",
    };
    expect(foundInRecords("blocked_by_its_word", [planRecord(0, "b1", fields)])).toHaveLength(1);
    expect(foundInRecords("regime_flip_alone_blocks", [planRecord(0, "b1", fields)])).toHaveLength(1);
    // Another score than the kernel gives: nobody knows its weights.
    const other = planRecord(0, "b1", { ...fields, kill_score: "0.61" });
    expect(foundInRecords("regime_flip_alone_blocks", [other])).toEqual([]);
  });
});

test("unmapped_word tells actions no executor knows and results no reader counts", () => {
  expect(found("unmapped_word", journal().publish(1000, blockedExit("b1", "BTCUSDT")))).toMatchObject([
    { evidence: { word: "UNKNOWN", entries: 1 } },
  ]);
  expect(found("unmapped_word", journal().publish(1000, plan("p1")))).toEqual([]);
  const shouted = resultRecord(5, "p1", {}, { executed: "True", source: "apply_layer" });
  expect(foundInRecords("unmapped_word", [planRecord(0, "p1"), shouted])).toMatchObject([{ evidence: { entries: 1 } }]);
  expect(foundInRecords("unmapped_word", [planRecord(0, "p1"), resultRecord(5, "p1", {})])).toEqual([]);
});

test("two_spellings_of_one_fact needs both writers", () => {
  const small = resultRecord(5, "p1", {});
  const capital = resultRecord(6, "p2", {}, { executed: "True" });
  expect(foundInRecords("two_spellings_of_one_fact", [small, capital])).toMatchObject([
    { evidence: { small: 1, capital: 1 } },
  ]);
  expect(foundInRecords("two_spellings_of_one_fact", [small, small])).toEqual([]);
});

test("eval_type_missing counts evaluations of an unknown kind", () => {
  expect(found("eval_type_missing", journal().publish(1000, blockedExit("b1", "BTCUSDT"), plan("p1")))).toMatchObject([
    { evidence: { evaluations: 1, of: 2 } },
  ]);
  expect(found("eval_type_missing", journal().publish(1000, plan("p1")))).toEqual([]);
});

test("tainted_decisions tells the share of each taint", () => {
  const built = journal().publish(1000, plan("p1", { taints: ["features:default"] }), plan("p2"));
  expect(found("tainted_decisions", built)).toMatchObject([{ evidence: { taint: "features:default", share: 0.5 } }]);
  expect(found("tainted_decisions", journal().publish(1000, plan("p2")))).toEqual([]);
});

test("stale_inputs tells inputs over ten minutes old, with the worst", () => {
  const inputs = (ageMs: number) => [{ input: "mark", provenance: "cache", ageMs }] as const;
  expect(found("stale_inputs", journal().publish(1000, plan("p1", { inputs: inputs(660_000) })))).toMatchObject([
    { evidence: { evaluations: 1, ageMaxMs: 660_000, input: "mark" } },
  ]);
  expect(found("stale_inputs", journal().publish(1000, plan("p1", { inputs: inputs(500_000) })))).toEqual([]);
});

describe("regime_flip_alone_blocks", () => {
  test("tells the score of a flip alone against the cutoff", () => {
    const [first] = found("regime_flip_alone_blocks", journal().publish(1000, blockedExit("b1", "BTCUSDT")));
    expect(first!.text).toContain("regime_flip alone makes K >= 0.731, so the 0.60 gate always blocks: 1 of 1");
  });

  test("is silent where the cutoff is above a flip alone, or nothing flipped", () => {
    const above = { verdict: verdict("BLOCKED", { cutoff: 0.74 }) };
    expect(found("regime_flip_alone_blocks", journal().publish(1000, blockedExit("b1", "BTCUSDT", above)))).toEqual([]);
    const calm = { killScore: killScore({ regimeFlip: 0, score: 0.63 }) };
    expect(found("regime_flip_alone_blocks", journal().publish(1000, blockedExit("b1", "BTCUSDT", calm)))).toEqual([]);
  });
});

describe("close_requested_and_refused", () => {
  const close = (changes: object) =>
    journal().publish(
      1000,
      blockedExit("b1", "BTCUSDT", { action: "FULL_CLOSE_PROPOSED", evalType: "EXIT", ...changes }),
    );

  test("tells a close that the score asked for and refused", () => {
    const built = close({ reasonCodes: ["kill_score_critical"], killScore: killScore({ score: 0.85 }) });
    expect(found("close_requested_and_refused", built)).toMatchObject([{ symbol: "BTCUSDT", severity: "error" }]);
  });

  test("warns of thresholds that would do it, when the run noted them", () => {
    const noted = finding("close_requested_and_refused", { severity: "error", evidence: { requestedFrom: 0.6 } });
    expect(found("close_requested_and_refused", journal().tick(1000, noted))).toMatchObject([
      { severity: "warn", evidence: { requestedFrom: 0.6 } },
    ]);
  });

  test("is silent where a limit refused it, or no score asked", () => {
    expect(found("close_requested_and_refused", close({ reasonCodes: ["symbol_cooldown"] }))).toEqual([]);
    expect(found("close_requested_and_refused", close({ causes: ["stop_hit"] }))).toEqual([]);
  });
});

test("score_does_not_move needs five equal scores", () => {
  const built = (score: (index: number) => number) => {
    const all = journal();
    for (let index = 0; index < 5; index++)
      all.publish(index * 1000, blockedExit(`b${index}`, "BTCUSDT", { killScore: killScore({ score: score(index) }) }));
    return all;
  };
  expect(
    found(
      "score_does_not_move",
      built(() => 0.7563),
    ),
  ).toMatchObject([{ evidence: { evaluations: 5 } }]);
  expect(
    found(
      "score_does_not_move",
      built((index) => 0.75 + index / 100),
    ),
  ).toEqual([]);
});

test("the layers are told apart, and are silent where they agree", () => {
  const built = journal()
    .publish(1000, plan("p1"), blockedExit("b1", "BTCUSDT"))
    .publish(2000, blockedExit("b2", "BTCUSDT"));
  const [first] = found("layers_mixed", built);
  expect(first!.text).toContain("1 EXECUTE and 2 BLOCKED are 0 filled orders and 1 blocked episodes");
  const once = journal().publish(1000, blockedExit("b1", "BTCUSDT")).tick(1001, result("b1", "BLOCKED_POLICY"));
  expect(found("layers_mixed", once)).toEqual([]);
});
