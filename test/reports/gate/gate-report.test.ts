import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gateReportSchema } from "../../../src/reports/gate/schema.ts";
import type { JudgedEpisode } from "../../../src/reports/variants/variant-record.ts";
import { episode, MINUTE_MS, recordingOf, recordOf, refusedExit, report, START_TS_MS } from "./gate-helpers.ts";

/** One symbol an episode: its shadow makes exactly this after ten minutes. */
function worked(blocked: readonly number[], allowed: readonly number[], parts: Partial<JudgedEpisode> = {}) {
  const all = [
    ...blocked.map((pnl) => ({ pnl, isBlocked: true })),
    ...allowed.map((pnl) => ({ pnl, isBlocked: false })),
  ];
  const symbols = all.map((_, index) => `S${index}USDT`);
  const judgements = all.map(({ isBlocked }, index) =>
    episode({
      symbol: symbols[index]!,
      firstTsMs: START_TS_MS + index * 1000,
      ...(isBlocked ? {} : { decision: "EXECUTE" as const, reason: "kill_score_ok", killScore: 0.5, regime: "calm" }),
      ...parts,
    }),
  );
  const recording = recordingOf(
    Object.fromEntries(
      all.map(({ pnl }, index) => [
        symbols[index]!,
        [
          [0, 100],
          [10, 100 + pnl],
          [300, 100 + pnl],
        ],
      ]),
    ),
  );
  return { record: recordOf(judgements), recording };
}

describe("the report of a gate", () => {
  test("of the worked example has loss avoided 35, profit forgone 14, net value 21 and skill 0.4576", () => {
    const { record, recording } = worked([-12, 5, -3, 9, -20], [4, -2, 7]);
    const section = report(record, recording).entry.ENTRY;
    expect(section.total).toMatchObject({
      blocked: 5,
      lossAvoidedQuote: "35",
      profitForgoneQuote: "14",
      netValueQuote: "21",
    });
    const [first] = section.horizons;
    expect(first).toMatchObject({ horizon: "exit-rule", n: 8, blocked: 5, randomNetValue: 7.5, oracleNetValue: 37 });
    expect(first!.efficiency.value).toBeCloseTo(0.7142857142857143, 12);
    expect(first!.blockRate.value).toBe(0.625);
    expect(first!.skill.value).toBeCloseTo(0.4576271186440678, 12);
    // Too few for a tail: null, no 0.
    expect(first!.tail.cvar95Cut).toEqual({ value: null, reason: "too_few" });
    expect(first!.tail.premiumPerDay.reason).toBe("no_premium");
  });

  test("counts blocked and bad, blocked and good, executed and bad, executed and good", () => {
    const { record, recording } = worked([-12, 5, -3, 9, -20], [4, -2, 7]);
    const { grid, gridConclusion } = report(record, recording).entry.ENTRY;
    const cell = grid.find(({ horizon, loss }) => horizon === "exit-rule" && loss === "0")!;
    expect(cell).toMatchObject({ truePositive: 3, falsePositive: 2, falseNegative: 1, trueNegative: 2 });
    expect(cell.precision.value).toMatchObject({ share: 0.6 });
    // One R is 2 % of the entry: the loss of 2 is not more than that.
    const oneR = grid.find(({ horizon, loss }) => horizon === "exit-rule" && loss === "1 R")!;
    expect(oneR).toMatchObject({ truePositive: 3, falseNegative: 0 });
    expect(gridConclusion).toBe("better than chance");
  });

  test("tells a cutoff inside a gap of the scores for the switch it is", () => {
    const { record, recording } = worked([-1, -2, 3], [1, 2, -3]);
    const { predictor } = report(record, recording).entry.ENTRY;
    expect(predictor.gap).toMatchObject({ from: 0.5, to: 0.8, shareBelow: 0.5 });
    expect(predictor.cutoffsInGap).toEqual([0.6]);
    expect(Math.abs(predictor.brier.value!.identityRest)).toBeLessThan(1e-12);
    expect(predictor.rocArea.value).toBeCloseTo(2 / 3, 12);
  });

  test("never mixes ENTRY, EXIT and UNKNOWN, nor what a limit refused with what the governor did", () => {
    const recording = recordingOf({
      BTCUSDT: [
        [0, 100],
        [10, 90],
        [20, 80],
      ],
    });
    const judgements = [
      episode(),
      episode({ evalType: "UNKNOWN" }),
      episode({ reason: "symbol_cooldown" }),
      episode({ decision: "SKIP", reason: "duplicate_plan" }),
      refusedExit(),
      refusedExit({ evalType: "UNKNOWN", firstTsMs: START_TS_MS + 5 * MINUTE_MS }),
    ];
    const result = report(recordOf(judgements), recording);
    expect(result.entry.ENTRY).toMatchObject({ episodes: 3, blocked: 1, limited: 1, executed: 0, skipped: 1 });
    expect(result.entry.ENTRY.total.netValueQuote).toBe("10");
    expect(result.entry.ENTRY.limits.netValueQuote).toBe("10");
    expect(result.entry.UNKNOWN).toMatchObject({ episodes: 1, blocked: 1 });
    // 100 until the second refusal, which waits for the rest of the fall.
    expect(result.exit.EXIT.total.delayCostQuote).toBe("0");
    expect(result.exit.UNKNOWN.total.delayCostQuote).toBe("20");
    expect(result.byEvalType.map(({ netValueQuote }) => netValueQuote)).toEqual(["10", "10", "0", "-20"]);
    expect(result.netValueQuote).toBe("0");
    expect(result.isReconciled).toBe(true);
  });

  test("of a run without refusals or without prices is null with reasons, and says so", () => {
    const nothing = report(recordOf([]), recordingOf({ BTCUSDT: [[0, 100]] }));
    expect(nothing.entry.ENTRY.horizons[0]!.skill).toEqual({ value: null, reason: "no_block" });
    expect(nothing.exit.EXIT.waits.p50Seconds).toEqual({ value: null, reason: "no_delay" });
    expect(nothing.coverage).toEqual({ value: null, reason: "not_recorded" });
    const blind = report(recordOf([episode({ symbol: "ETHUSDT" })]), recordingOf({ BTCUSDT: [[0, 100]] }));
    expect(blind.entry.ENTRY.unpriced).toEqual([{ reason: "no_price", episodes: 1 }]);
    expect(blind.limits).toContain("ENTRY: 1 episodes have no shadow (no_price) and are in no sum");
  });

  test("waits of refused exits are a Kaplan-Meier curve: those that never ended stay in it", () => {
    const symbols = ["AUSDT", "BUSDT", "CUSDT", "DUSDT", "EUSDT"];
    const seconds = [5, 8, 12, 20, 30];
    const judgements = symbols.flatMap((symbol, index) => {
      const refused = refusedExit({ symbol });
      const after = START_TS_MS + seconds[index]! * 1000;
      return index === 2 || index === 4
        ? [refused]
        : [refused, refusedExit({ symbol, decision: "EXECUTE", firstTsMs: after })];
    });
    const trips = [2, 4].map((index) => ({
      symbol: symbols[index]!,
      side: "BUY" as const,
      openedTsMs: START_TS_MS - 1,
      closedTsMs: START_TS_MS + seconds[index]! * 1000,
      maxQty: 1,
      entryPrice: 100,
      exitPrice: 100,
      netPnlQuote: 0,
    }));
    const flat = Object.fromEntries(symbols.map((symbol) => [symbol, [[0, 100] as const, [9, 100] as const]]));
    const { waits } = report(recordOf(judgements, trips), recordingOf(flat)).exit.EXIT;
    expect(waits).toMatchObject({ n: 5, executed: 3, closed: 2, atEnd: 0 });
    expect(waits.restrictedMeanSeconds.value).toBeCloseTo(17.6, 9);
    expect(waits.p50Seconds.value).toBe(20);
    expect(waits.p95Seconds).toEqual({ value: null, reason: "not_reached" });
  });

  const anyEpisode = fc.record({
    place: fc.integer({ min: 0, max: 2 }),
    minute: fc.integer({ min: 0, max: 50 }),
    decision: fc.constantFrom("BLOCKED" as const, "BLOCKED" as const, "EXECUTE" as const, "SKIP" as const),
    reason: fc.constantFrom("kill_score_critical", "kill_z_above_cutoff", "symbol_cooldown", "binance_error:-1"),
    regime: fc.constantFrom("flip", "calm"),
    evalType: fc.constantFrom("ENTRY" as const, "EXIT" as const, "UNKNOWN" as const),
    isExit: fc.boolean(),
    side: fc.constantFrom("BUY" as const, "SELL" as const),
    qty: fc.double({ min: 0.001, max: 10, noNaN: true }),
    killScore: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  });

  test("adds up to the last unit for any record, in any order of its episodes, and fits its schema", () => {
    const walk = (from: number) =>
      Array.from({ length: 60 }, (_, minute) => [minute, from + ((minute * 37) % 23) / 7] as const).map(
        ([minute, price]) => [minute, Number(price.toFixed(4))] as const,
      );
    const recording = recordingOf({ AUSDT: walk(100), BUSDT: walk(7), CUSDT: walk(0.5) });
    fc.assert(
      fc.property(fc.array(anyEpisode, { maxLength: 25 }), fc.integer({ min: 0, max: 24 }), (rows, turn) => {
        const judgements = rows.map(({ place, minute, evalType, isExit, ...rest }) =>
          (isExit || evalType === "EXIT" ? refusedExit : episode)({
            ...rest,
            symbol: ["AUSDT", "BUSDT", "CUSDT"][place]!,
            evalType: !isExit && evalType === "EXIT" ? "UNKNOWN" : isExit && evalType === "ENTRY" ? "EXIT" : evalType,
            firstTsMs: START_TS_MS + minute * MINUTE_MS,
          }),
        );
        const result = report(recordOf(judgements), recording);
        expect(result.isReconciled).toBe(true);
        expect(result.entry.ENTRY.total.netValueQuote).toBe(result.entry.ENTRY.horizons[0]!.netValueQuote);
        const turned = [...judgements.slice(turn), ...judgements.slice(0, turn)].reverse();
        expect(report(recordOf(turned), recording)).toEqual(result);
        expect(gateReportSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
      }),
      { numRuns: 60 },
    );
  });
});
