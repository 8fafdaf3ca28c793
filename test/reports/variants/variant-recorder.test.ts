import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseMoney } from "../../../src/engine/domain/money.ts";
import { createOutcomeLog } from "../../../src/reports/comparison.ts";
import { createJournalWriter } from "../../../src/reports/journal-file.ts";
import { createRunSummary } from "../../../src/reports/summary/run-summary.ts";
import { createEquitySeries } from "../../../src/reports/variants/equity-series.ts";
import { createRowColumns } from "../../../src/reports/variants/row-columns.ts";
import { createVariantRecorder } from "../../../src/reports/variants/variant-recorder.ts";
import {
  blockedExit,
  fill,
  header,
  incident,
  type JournalBuilder,
  journal,
  killScore,
  order,
  plan,
  result,
  START_TS_MS,
} from "../journal-builder.ts";

const MINUTE_MS = 60_000;

function record(built: JournalBuilder, options: Parameters<typeof createVariantRecorder>[2] = {}) {
  const recorder = createVariantRecorder(header(), { "pipeline.governor": "fixed" }, options);
  for (const entry of built.entries) recorder.observe(entry);
  return recorder.finish();
}

function sample(equity: string, wallet: string) {
  return {
    type: "account.sampled" as const,
    walletQuote: parseMoney(wallet),
    equityQuote: parseMoney(equity),
    grossNotional: 0,
    openPositions: 1,
    portfolioHeat: 0,
    drawdown: 0,
  };
}

/** Buys 632 lots (0.632 ZEC) at 316.10 and sells them at `exitTicks`; fees 0.08 each. */
function roundTrip(exitTicks: number | null): JournalBuilder {
  const built = journal();
  built.intent(0, "1-0", "ZECUSDT", { type: "plan.published", plan: plan("a", { intentEntryId: "1-0" }) }, order("a"));
  built.at(1000, fill("a", { exchangeTsMs: START_TS_MS + 900 }), result("a", "FILLED"));
  built.tick(2 * MINUTE_MS, sample("10003", "9999.92"));
  if (exitTicks !== null) {
    const realized = (632 * (exitTicks - 31_610)) / 100_000;
    built.at(
      3 * MINUTE_MS,
      fill("b", {
        side: "SELL",
        priceTicks: exitTicks,
        realizedPnlQuote: parseMoney(realized.toFixed(8)),
        exchangeTsMs: START_TS_MS + 3 * MINUTE_MS,
      }),
    );
  }
  return built.end(5 * MINUTE_MS);
}

describe("the record of a variant", () => {
  it("has the hash of exactly the bytes the journal writer writes, and hands them on", () => {
    const hash = createHash("sha256");
    const written: string[] = [];
    const writer = createJournalWriter(header(), (chunk) => written.push(chunk));
    for (const entry of incident().entries) writer.append(entry);
    writer.flush();
    hash.update(written.join(""));
    const seen: string[] = [];
    const made = record(incident(), { onJournal: (chunk) => seen.push(chunk) });
    expect(made.journalSha256).toBe(hash.digest("hex"));
    expect(seen.join("")).toBe(written.join(""));
  });

  it("has the summary, intents and exits that a run of the same journal has", () => {
    const outcomes = createOutcomeLog();
    const builder = createRunSummary(header(), outcomes);
    for (const entry of incident().entries) builder.observe(entry);
    const made = record(incident());
    expect(made.summary).toEqual(builder.finish());
    expect(made.intents).toEqual([...outcomes.intents.values()]);
    expect(made.exits).toEqual(outcomes.exits);
  });

  it("is plain JSON, the same for the same journal", () => {
    const made = record(incident());
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
    expect(record(incident())).toEqual(made);
  });

  it("carries equity forward through minutes without a sample and ends with what was booked after the last", () => {
    // 00:13:20 is inside its minute: six buckets end at 00:14 .. 00:18, the last is cut at the end of the run.
    const { buckets } = record(roundTrip(31_710));
    expect(buckets.fromTsMs).toBe(START_TS_MS - 20_000);
    // Bought for 0.08; sample 10003 in the third bucket; sold 1.00 higher: 10000 - 0.16 + 0.632.
    expect(buckets.equityQuote).toEqual([10_000, 10_000, 10_003, 10_003, 10_003, 10_000.472]);
  });

  it("values a round trip net of fees, with its prices, and one still open at the last mark", () => {
    const [closed] = record(roundTrip(31_710)).roundTrips;
    expect(closed).toMatchObject({
      symbol: "ZECUSDT",
      side: "BUY",
      maxQty: 0.632,
      entryPrice: 316.1,
      exitPrice: 317.1,
    });
    expect(closed!.netPnlQuote).toBeCloseTo(0.472, 9);
    expect(closed!.closedTsMs).toBe(START_TS_MS + 3 * MINUTE_MS);
    const [open] = record(roundTrip(null)).roundTrips;
    expect(open).toMatchObject({ closedTsMs: null, exitPrice: null, entryPrice: 316.1 });
    // The mark is the fill's own price, so only the fee is lost.
    expect(open!.netPnlQuote).toBeCloseTo(-0.08, 9);
  });

  it("joins evaluations with one outcome into an episode and keeps what the first one was judged on", () => {
    const built = journal();
    built.publish(0, blockedExit("x0", "BTCUSDT", { evalType: "EXIT" }));
    built.publish(60_000, blockedExit("x1", "BTCUSDT", { evalType: "EXIT", killScore: killScore({ score: 0.9 }) }));
    built.publish(120_000, blockedExit("x2", "BTCUSDT", { evalType: "EXIT", decision: "EXECUTE", killScore: null }));
    const { judgements } = record(built.end(130_000));
    expect(judgements).toHaveLength(2);
    expect(judgements[0]).toMatchObject({
      key: "position:BTCUSDT",
      decision: "BLOCKED",
      isExit: true,
      evaluations: 2,
      firstPlanId: "x0",
      killScore: 0.7562778521799141,
      regime: "flip",
      terms: { warning: 0.6, critical: 0.8 },
      components: { regimeFlip: 1 },
      stopPrice: null,
      takeProfitPrice: null,
    });
    expect(judgements[1]!.components).toEqual({});
    expect(judgements[1]).toMatchObject({ decision: "EXECUTE", evaluations: 1, killScore: null, regime: "unknown" });
  });

  it("takes its thresholds when it is finished", () => {
    const recorder = createVariantRecorder(header(), {});
    for (const entry of incident().entries) recorder.observe(entry);
    const { summary } = recorder.finish({
      "funnel.unaccounted": { expr: "count == 1", level: "error", allow_no_data: false },
    });
    expect(summary.thresholds).toHaveLength(1);
    expect(summary.thresholds[0]!.status).toBe("fail");
  });
});

describe("rows kept as columns", () => {
  it("come back as they were added, nulls, long texts and maps of numbers included", () => {
    interface Row {
      readonly word: string | null;
      readonly text: string | null;
      readonly number: number | null;
      readonly flag: boolean;
      readonly numbers: Readonly<Record<string, number>>;
    }
    const columns = createRowColumns<Row>({
      word: "word",
      text: "text",
      number: "number",
      flag: "flag",
      numbers: "numbers",
    });
    const rows = Array.from(
      { length: 9000 },
      (_, index): Row => ({
        word: index % 7 === 0 ? null : `word ${index % 5}`,
        text: index % 11 === 0 ? null : index % 13 === 0 ? "" : `é${"x".repeat(index % 100)}${index}`,
        number: index % 3 === 0 ? null : index / 3,
        flag: index % 2 === 0,
        numbers: index % 4 === 0 ? {} : { a: index, [`b${index % 3}`]: -0.1 },
      }),
    );
    rows[17] = { ...rows[17]!, text: "y".repeat(100_000) };
    for (const row of rows) columns.add(row);
    expect(columns.rows()).toEqual(rows);
  });
});

describe("equity in buckets", () => {
  it("takes the last value before a bucket's end, also when several buckets pass in between", () => {
    const series = createEquitySeries(5, 10);
    series.observe(5, 100);
    series.observe(9, 101);
    series.observe(10, 102);
    series.observe(39, 103);
    expect(series.finish(45)).toEqual({ fromTsMs: 0, widthMs: 10, equityQuote: [101, 102, 102, 103, 103] });
  });

  it("is empty without any equity, and refuses a width that is none", () => {
    expect(createEquitySeries(0, 10).finish(100).equityQuote).toEqual([]);
    expect(() => createEquitySeries(0, 0)).toThrow("Cannot sample equity every 0 ms");
  });
});
