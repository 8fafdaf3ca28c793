import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { type CompareOptions, compareRecords } from "../../../src/reports/comparison/compare-records.ts";
import { parseMargin } from "../../../src/reports/comparison/comparison-metric.ts";
import { labComparisonSchema } from "../../../src/reports/comparison/lab-comparison.ts";
import { createSeededRandom } from "../../../src/reports/comparison/seeded-random.ts";
import type { VariantRecord } from "../../../src/reports/variants/variant-record.ts";
import { HOUR_MS, type MadeEntry, recordOf } from "./record-builder.ts";

const quick: CompareOptions = { replications: 199, metrics: ["net_pnl"] };

/** Entries two hours apart; the candidate blocks those the mask names. */
function entries(pnls: readonly number[], isBlocked: (index: number) => boolean = () => false): MadeEntry[] {
  return pnls.map((pnl, index) => ({ atMs: (index + 0.5) * 2 * HOUR_MS, pnl: isBlocked(index) ? null : pnl }));
}

/** Twelve losing entries among twelve winning ones; the candidate blocks the losers. */
const LOSERS = [-5, -3, -8, -2, -6, -4, -7, -5, -3, -6, -4, -5];
const MIXED = LOSERS.flatMap((pnl) => [pnl, 4]);

function mixed(variant: string, blocks: "losers" | "winners" | "none", seed = "1", recordingHash = "9bd00000") {
  const isBlocked = (index: number) => (blocks === "none" ? false : (index % 2 === 0) === (blocks === "losers"));
  return recordOf({ variant, entries: entries(MIXED, isBlocked), hours: 48, seed, recordingHash });
}

function codeOf(run: () => unknown): { code: number; text: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return { code: error.exitCode, text: error.message };
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a comparison of two variants", () => {
  it("counts changed decisions first and sums to the difference of the equities", () => {
    const [changed] = compareRecords([mixed("fixed", "none"), mixed("z", "losers")], quick).candidates;
    expect(changed!.decisions).toMatchObject({
      same: 12,
      changed: 12,
      nowBlocked: { ENTRY: 12, EXIT: 0, UNKNOWN: 0 },
      nowExecuted: { ENTRY: 0, EXIT: 0, UNKNOWN: 0 },
    });
    expect(changed!.decisions.first).toMatchObject({ symbol: "BTCUSDT", from: { state: "FILLED" } });
    // Losses avoided: 5+3+8+2+6+4+7+5+3+6+4+5 = 58.
    expect(changed!.episodes).toMatchObject({ count: 12, bursts: 12, hours: 12, totalQuote: 58 });
    expect(changed!.episodes.unattributedQuote).toBeCloseTo(0, 9);
    expect(changed!.episodes.largest[0]).toMatchObject({ differenceQuote: 8, changes: 1 });
  });

  it("gives the total over days the clustered interval of its episodes, and a verdict against the margin", () => {
    const judged = (margin: number) =>
      compareRecords([mixed("fixed", "none"), mixed("z", "losers")], { ...quick, margins: { net_pnl: margin } })
        .candidates[0]!.metrics[0]!;
    const metric = judged(5);
    // 58 over 2 days; se = sqrt(25+9+64+4+36+16+49+25+9+36+16+25) = sqrt(314) = 17.72, t(11) = 2.201, per day 9.5 to 48.5.
    expect(metric.difference.value).toBeCloseTo(29, 9);
    expect(metric.baseline.value).toBeCloseTo(-5, 9);
    expect(metric.pieces).toBe(12);
    expect(metric.detectable.value).toBeCloseTo((2.8015852 * Math.sqrt(314)) / 2, 4);
    const [low, high] = metric.interval.value!;
    expect(low).toBeCloseTo(29 - (2.200985 * Math.sqrt(314)) / 2, 3);
    expect(high).toBeGreaterThanOrEqual(29 + (2.200985 * Math.sqrt(314)) / 2 - 1e-3);
    expect(metric.verdict).toBe("better");
    expect(judged(25).verdict).toBe("inconclusive");
    expect(judged(100).verdict).toBe("equal within margin");
    expect(metric.second.value).toMatchObject({ isTrusted: true });
  });

  it("calls what is worse worse", () => {
    const [back] = compareRecords([mixed("z", "losers"), mixed("fixed", "none")], quick).candidates;
    expect(back!.metrics[0]!.verdict).toBe("worse");
    expect(back!.badge).toBe("E2");
    expect(back!.wording).toBe("on this recording");
  });

  it("calls twins neither, and has reasons instead of numbers", () => {
    const comparison = compareRecords([mixed("fixed", "none"), mixed("twin", "none")], {
      ...quick,
      metrics: ["net_pnl", "max_drawdown", "exit_delay"],
    });
    const [twin] = comparison.candidates;
    expect(twin!.decisions).toMatchObject({ same: 24, changed: 0, first: null });
    expect(twin!.badge).toBe("E0");
    for (const metric of twin!.metrics) {
      expect(metric.verdict).toBe("not estimable");
      expect(metric.interval.value).toBeNull();
      expect(metric.interval.reason).not.toBe("");
    }
    expect(comparison.many.bursts).toEqual({ value: null, reason: "identical" });
    expect(comparison.many.buckets).toEqual({ value: null, reason: "identical" });
  });

  it("gives ten minutes counts and no verdict", () => {
    const short = (variant: string, pnl: number | null) =>
      recordOf({ variant, hours: 1, entries: [{ atMs: 60_000, pnl }] });
    const [only] = compareRecords([short("a", 3), short("b", null)], quick).candidates;
    expect(only!.badge).toBe("E0");
    expect(only!.decisions.nowBlocked.ENTRY).toBe(1);
    expect(only!.metrics[0]).toMatchObject({ verdict: "not estimable", p: { value: null, reason: "too_few" } });
  });

  it("needs Holm over all declared metrics before it calls a difference", () => {
    // The same twelve episodes with one sign turned: p is just below 0.05 alone and above it among three.
    const weak = [-5, 1, -8, 2, -6, 1, -7, -5, 2, -6, 3, -5];
    const run = (variant: string, isBlocked: boolean) =>
      recordOf({
        variant,
        hours: 48,
        entries: entries(
          weak.flatMap((pnl) => [pnl, 4]),
          (index) => isBlocked && index % 2 === 0,
        ),
      });
    const judged = (metrics: CompareOptions["metrics"]) =>
      compareRecords([run("a", false), run("b", true)], { ...quick, metrics: metrics! }).candidates[0]!.metrics[0]!;
    const alone = judged(["net_pnl"]);
    const among = judged(["net_pnl", "exit_delay", "gate_value"]);
    expect(alone.p.value).toBe(among.p.value);
    expect(among.pHolm.value).toBeCloseTo(3 * alone.p.value!, 12);
    expect(alone.pHolm.value).toBe(alone.p.value);
  });

  it("measures exit delays with what never ended, by burst", () => {
    const waits = (scale: number) =>
      Array.from({ length: 14 }, (_, index) => ({
        atMs: (index + 1) * 2 * HOUR_MS,
        waitMs: scale * (60_000 + index * 1000),
      }));
    const run = (variant: string, scale: number, isBlocked: boolean) =>
      recordOf({
        variant,
        hours: 48,
        entries: entries(MIXED, (index) => isBlocked && index % 2 === 0),
        waits: waits(scale),
      });
    const metric = compareRecords([run("slow", 10, false), run("fast", 1, true)], {
      ...quick,
      metrics: ["exit_delay"],
    }).candidates[0]!.metrics[0]!;
    // Fourteen waits of 60 to 73 s, times 10 for the baseline: p95 is the last.
    expect(metric.baseline.value).toBe(730_000);
    expect(metric.candidate.value).toBe(73_000);
    expect(metric.difference.value).toBe(-657_000);
    expect(metric.verdict).toBe("better");
    expect(metric.interval.value![1]).toBeLessThan(0);
  });

  it("takes the value of a gate from whoever computed it, and says so when nobody did", () => {
    const records = [mixed("fixed", "none"), mixed("z", "losers")];
    const options: CompareOptions = { ...quick, metrics: ["gate_value"] };
    expect(compareRecords(records, options).candidates[0]!.metrics[0]!.interval).toEqual({
      value: null,
      reason: "no_shadow_outcome",
    });
    const gateEpisodes = ({ judgements }: VariantRecord) =>
      judgements
        .filter(({ decision }) => decision === "BLOCKED")
        .map(({ symbol, firstTsMs }, index) => ({ symbol, firstTsMs, valueQuote: -LOSERS[index]! }));
    const [metric] = compareRecords(records, { ...options, gateEpisodes }).candidates[0]!.metrics;
    expect(metric).toMatchObject({ baseline: { value: 0 }, candidate: { value: 29 }, verdict: "better", pieces: 12 });
  });

  it("compares entries at the baseline's block rate, by the order of each governor's own scores", () => {
    const scored = (variant: string, scoreOf: (pnl: number) => number, blocks: boolean) =>
      recordOf({
        variant,
        hours: 48,
        entries: MIXED.map((pnl, index) => ({
          atMs: (index + 0.5) * 2 * HOUR_MS,
          pnl: blocks && index % 2 === 0 ? null : pnl,
          value: scoreOf(pnl),
          cutoff: 100,
        })),
      });
    // The baseline blocks the twelve losers; the candidate's scores would have it block the twelve winners.
    const compared = compareRecords([scored("a", (pnl) => -pnl, true), scored("b", (pnl) => pnl, false)], quick);
    expect(compared.candidates[0]!.matchedBlockRate.value).toEqual({
      blockRate: 0.5,
      baseline: 58,
      candidate: -48,
      difference: -106,
      episodes: 24,
      withoutOutcome: 0,
    });
    const unscored = compareRecords([mixed("a", "none"), mixed("b", "losers")], quick);
    expect(unscored.candidates[0]!.matchedBlockRate.reason).toMatch(/too_few: 0 paired entries/);
  });
});

describe("several seeds, profiles and recordings", () => {
  it("reach E3 only over three recordings and when declared before", () => {
    const hashes = ["aa", "bb", "cc"];
    const records = hashes.flatMap((hash) => [mixed("fixed", "none", "1", hash), mixed("z", "losers", "1", hash)]);
    const badge = (list: VariantRecord[], isDeclaredBefore: boolean) =>
      compareRecords(list, { ...quick, isDeclaredBefore }).candidates[0]!;
    expect(badge(records, true)).toMatchObject({ badge: "E3", wording: "in general", episodes: { count: 36 } });
    expect(badge(records, false).badge).toBe("E2");
    expect(badge(records.slice(0, 4), true).badge).toBe("E2");
  });

  it("say that a verdict flips over seeds, and then it is none", () => {
    const records = ["1", "2"].flatMap((seed) => [
      mixed("fixed", "none", seed),
      mixed("z", seed === "1" ? "losers" : "winners", seed),
    ]);
    const [candidate] = compareRecords(records, quick).candidates;
    const [metric] = candidate!.metrics;
    expect(metric).toMatchObject({ verdict: "inconclusive", bySeed: { isFlipping: true } });
    expect(metric!.verdictReason).toBe("flips over seeds: better under 1; worse under 2");
    expect(candidate!.seeds.value).toMatchObject({ seeds: 2, isInsensitive: false, fragile: 24 });
  });

  it("call equal seeds insensitive and leave the verdict alone", () => {
    const records = ["1", "2", "3"].flatMap((seed) => [mixed("fixed", "none", seed), mixed("z", "losers", seed)]);
    const [candidate] = compareRecords(records, quick).candidates;
    expect(candidate!.seeds.value).toMatchObject({ seeds: 3, isInsensitive: true, std: 0, fragile: 0 });
    expect(candidate!.metrics[0]!.verdict).toBe("better");
  });

  it("say that a verdict flips over execution profiles", () => {
    const profiles = new Map<VariantRecord, string>();
    for (const profile of ["neutral", "adverse"]) {
      profiles.set(mixed("fixed", "none"), profile);
      profiles.set(mixed("z", profile === "neutral" ? "losers" : "winners"), profile);
    }
    const comparison = compareRecords([...profiles.keys()], { ...quick, profileOf: (record) => profiles.get(record)! });
    expect(comparison.profiles).toEqual(["neutral", "adverse"]);
    expect(comparison.candidates[0]!.metrics[0]).toMatchObject({
      verdict: "inconclusive",
      verdictReason: "flips over execution profiles: better under neutral; worse under adverse",
    });
  });
});

describe("what cannot be compared", () => {
  it("is refused with exit 14 and both hashes when the recordings differ", () => {
    const refused = codeOf(() =>
      compareRecords([mixed("a", "none", "1", "aaaa1111"), mixed("b", "none", "1", "bbbb2222")]),
    );
    expect(refused.code).toBe(14);
    expect(refused.text).toContain("aaaa1111");
    expect(refused.text).toContain("bbbb2222");
  });

  it.each([
    ["one name twice", () => [mixed("a", "none"), mixed("b", "none"), mixed("b", "losers")], '"b" is there twice'],
    ["unpaired seeds", () => [mixed("a", "none", "1"), mixed("b", "none", "2")], "has no run on recording 9bd00000"],
    ["one variant", () => [mixed("a", "none")], "there is one, a, two are needed"],
    ["no variant", () => [], "there are none, two are needed"],
    ["different windows", () => [mixed("a", "none"), recordOf({ variant: "b", hours: 47 })], "their windows differ"],
  ])("is refused with exit 2: %s", (_name, records, text) => {
    const refused = codeOf(() => compareRecords(records()));
    expect(refused.code).toBe(2);
    expect(refused.text).toContain(text);
  });

  it("is refused for an unknown baseline and for four metrics", () => {
    const records = [mixed("a", "none"), mixed("b", "none")];
    expect(codeOf(() => compareRecords(records, { baseline: "c" })).text).toContain('baseline "c"');
    const four = ["net_pnl", "max_drawdown", "exit_delay", "gate_value"] as const;
    expect(codeOf(() => compareRecords(records, { metrics: four })).text).toContain("there are 4 metrics");
    expect(codeOf(() => compareRecords(records, { metrics: ["net_pnl", "net_pnl"] })).text).toContain("declared twice");
  });
});

describe("a table of variants", () => {
  const five = [
    mixed("base", "none"),
    mixed("good", "losers"),
    mixed("bad", "winners"),
    recordOf({ variant: "half", entries: entries(MIXED, (index) => index % 4 === 0), hours: 48 }),
    recordOf({ variant: "rare", entries: entries(MIXED, (index) => index % 6 === 0), hours: 48 }),
  ];

  it("is the same in any order of records, but for the order of its rows", () => {
    const sorted = (records: VariantRecord[]) => {
      const { candidates, variants, ...rest } = compareRecords(records, { ...quick, baseline: "base" });
      const byName = <Row>(rows: readonly Row[], of: (row: Row) => string) =>
        [...rows].sort((left, right) => (of(left) < of(right) ? -1 : 1));
      return {
        ...rest,
        candidates: byName(candidates, (row) => row.candidate),
        variants: byName(variants, (row) => row.variant),
      };
    };
    const expected = sorted(five);
    fc.assert(
      fc.property(fc.shuffledSubarray(five, { minLength: 5 }), (records) => {
        expect(sorted(records)).toEqual(expected);
      }),
      { numRuns: 5 },
    );
  });

  it("is not moved by a duplicate under another name, which is not better than its original", () => {
    const { many, candidates } = compareRecords(five, quick);
    const again = compareRecords([...five, { ...mixed("bad", "winners"), variant: "bad-too" }], quick);
    expect(again.many.bursts).toEqual(many.bursts);
    expect(again.many.buckets).toEqual(many.buckets);
    expect(again.many.overfitting).toEqual(many.overfitting);
    expect(again.candidates.slice(0, 4)).toEqual(candidates);
  });

  it("names the better ones by StepM and gives the range of SPA", () => {
    const { many } = compareRecords(five, { ...quick, replications: 999 });
    expect(many.bursts.value!.better).toContain("good");
    expect(many.bursts.value!.better).not.toContain("bad");
    for (const tests of [many.bursts.value!, many.buckets.value!]) {
      expect(tests.pLower).toBeLessThanOrEqual(tests.pConsistent);
      expect(tests.pConsistent).toBeLessThanOrEqual(tests.pUpper);
    }
    expect(many.overfitting.value).toMatchObject({ variants: 5, blocks: 16, splits: 12_870 });
  });

  it("has no overfitting figure below five different variants, and no DSR without a ledger", () => {
    const { many, variants } = compareRecords(five.slice(0, 4), quick);
    expect(many.overfitting).toEqual({ value: null, reason: "too_few: 4 different variants, 5 needed" });
    expect(many.trials).toEqual({ value: null, reason: "n_unknown" });
    for (const { dsr, psr } of variants) {
      expect(dsr).toEqual({ value: null, reason: "n_unknown" });
      expect(psr.value).toBeGreaterThan(0);
    }
    const deflated = compareRecords(five, {
      ...quick,
      trials: { trials: { value: 4, reason: null }, sharpeVariance: { value: 0.0001, reason: null } },
    });
    for (const { dsr, psr } of deflated.variants) expect(dsr.value!).toBeLessThan(psr.value!);
  });

  it("is plain JSON that its schema knows to the last field", () => {
    const comparison = compareRecords(five, { ...quick, metrics: ["net_pnl", "max_drawdown", "exit_delay"] });
    expect(labComparisonSchema.parse(JSON.parse(JSON.stringify(comparison)))).toEqual(comparison);
    expect(labComparisonSchema.safeParse({ ...comparison, best: "good" }).success).toBe(false);
  });
});

describe("margins", () => {
  it.each([
    ["net_pnl", "25/day", 25],
    ["max_drawdown", "1.5%", 0.015],
    ["exit_delay", "60s", 60_000],
    ["net_pnl", "25", null],
    ["net_pnl", "-5/day", null],
    ["max_drawdown", "0.01", null],
    ["exit_delay", "60", null],
  ] as const)("of %s: %s is %s", (metric, text, value) => {
    expect(parseMargin(metric, text)).toBe(value);
  });
});

describe("dice of a comparison", () => {
  it("depend on their words alone and are uniform", () => {
    const draw = (...words: string[]) => {
      const random = createSeededRandom(...words);
      return Array.from({ length: 4000 }, random);
    };
    expect(draw("a", "b")).toEqual(draw("a", "b"));
    expect(draw("a", "b")).not.toEqual(draw("ab", ""));
    const sample = draw("x");
    expect(sample.every((value) => value >= 0 && value < 1)).toBe(true);
    const counts = Array.from(
      { length: 10 },
      (_, bin) => sample.filter((value) => Math.floor(value * 10) === bin).length,
    );
    // 400 expected a bin, deviation 19.
    for (const count of counts) expect(Math.abs(count - 400)).toBeLessThan(100);
  });
});
