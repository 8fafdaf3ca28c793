import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseMoney } from "../../../src/engine/domain/money.ts";
import { ablationOf, endEquity } from "../../../src/lab/gate/ablation.ts";
import { judgeGate } from "../../../src/lab/gate/judge-gate.ts";
import { shadowExits } from "../../../src/lab/gate/shadow-exits.ts";
import { replayScenario, whatIf } from "../../../src/lab/gate/what-if.ts";
import { runVariants, VariantsInterrupted } from "../../../src/lab/run/run-variants.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { gateDocumentSchema, gateJsonSchemaText } from "../../../src/reports/gate/schema.ts";
import { episodeId } from "../../../src/reports/gate/shadow.ts";
import { renderGate } from "../../../src/reports/terminal/gate-report-text.ts";
import type { RoundTrip, VariantRecord } from "../../../src/reports/variants/variant-record.ts";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import { overrideScenario } from "../../../src/sim/scenario/override.ts";
import { episode, MINUTE_MS, START_TS_MS } from "../../reports/gate/gate-helpers.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";

const scenario = overrideScenario(loadScenario(repositoryPath("scenarios/regime-flip.yaml")), { to: "36h" });
const recording = openRecording(scenario.recordingPath);
const judge = (name: string) =>
  judgeGate({ scenario, recording, variantIndex: scenario.variants.findIndex((variant) => variant.name === name) });

const record = (variant: string, equity: number): VariantRecord =>
  ({
    variant,
    journalSha256: variant,
    buckets: { fromTsMs: 0, widthMs: 1, equityQuote: [1, equity] },
  }) as unknown as VariantRecord;

describe("the replays of a gate", () => {
  test("add up: actual less ungoverned is the sum of the effects and the interaction, to the unit", () => {
    const without = [
      { reason: "a", refusals: 3, record: record("a", 9999.99999999) },
      { reason: "b", refusals: 1, record: record("b", 10_020.00000003) },
    ];
    const ablation = ablationOf(record("actual", 10_001.00000001), record("off", 10_012.5), without);
    expect(ablation).toMatchObject({
      differenceQuote: "-11.49999999",
      effects: [
        { reason: "a", refusals: 3, effectQuote: "1.00000002" },
        { reason: "b", refusals: 1, effectQuote: "-19.00000002" },
      ],
      interactionQuote: "6.50000001",
    });
  });

  test("refuse an equity whose units a number cannot hold", () => {
    expect(() => endEquity(record("rich", 123_456_789_012.34))).toThrow(/too large for exact units/);
  });
});

describe("the shadow of an entry", () => {
  const trip = (parts: Partial<RoundTrip>): RoundTrip => ({
    symbol: "BTCUSDT",
    side: "BUY",
    openedTsMs: START_TS_MS + 200,
    closedTsMs: START_TS_MS + 10 * MINUTE_MS,
    maxQty: 1,
    entryPrice: 100,
    exitPrice: 101,
    netPnlQuote: 1,
    ...parts,
  });
  const entry = episode();
  const closesOf = (trips: readonly RoundTrip[]) => shadowExits([entry], trips).get(episodeId(entry))?.closes;

  test("ends when the position it opens in the ungoverned replay is flat", () => {
    expect(closesOf([trip({})])).toEqual([{ tsMs: START_TS_MS + 10 * MINUTE_MS, share: 1, cause: "exit_rule" }]);
  });

  test("ends with the position it adds to", () => {
    expect(closesOf([trip({ openedTsMs: START_TS_MS - MINUTE_MS })])).toHaveLength(1);
  });

  test("is open at the end when that position is", () => {
    expect(closesOf([trip({ closedTsMs: null })])).toEqual([]);
  });

  test("has no exit when it opens nothing: another side, another symbol, too late, or closed before", () => {
    for (const other of [
      { side: "SELL" as const },
      { symbol: "ETHUSDT" },
      { openedTsMs: START_TS_MS + 2 * MINUTE_MS },
      { openedTsMs: START_TS_MS - 9 * MINUTE_MS, closedTsMs: START_TS_MS - MINUTE_MS },
    ]) {
      expect(closesOf([trip(other)])).toBeUndefined();
    }
  });
});

describe("the gate of a shipped scenario", () => {
  test("is judged whole: the document validates, tables reconcile, effects add up, and it is the same again", async () => {
    const gate = await judge("z-score");
    expect(gateDocumentSchema.parse(gate)).toEqual(gate);
    expect(gate.isReconciled).toBe(true);
    const { ENTRY } = gate.entry;
    expect(ENTRY.blocked).toBeGreaterThan(3);
    expect(ENTRY.executed).toBeGreaterThan(20);
    const { ablation } = gate;
    const sum = ablation.effects.reduce((total, { effectQuote }) => total + parseMoney(effectQuote), 0n);
    expect(parseMoney(ablation.actualQuote) - parseMoney(ablation.ungovernedQuote)).toBe(
      sum + parseMoney(ablation.interactionQuote),
    );
    expect(ablation.effects.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(["kill_z_above_cutoff", "kill_score_unknown"]),
    );
    expect(await judge("z-score")).toEqual(gate);
  });

  test("that refuses everything has nothing to be compared with, and says so instead of a number", async () => {
    const gate = await judge("fixed-threshold");
    expect(gate.entry.ENTRY.executed).toBe(0);
    expect(gate.entry.ENTRY.horizons[0]!.pShift).toEqual({ value: null, reason: "all_blocked" });
    expect(gate.limits.join()).toContain("nothing was let through");
  });

  test("passes what it says: one reason alone is the gate off, a reason that never came changes nothing", async () => {
    const place = scenario.variants.findIndex(({ name }) => name === "z-score");
    const variant = scenario.variants[place]!;
    const variants = [
      variant,
      whatIf(variant, "off", { evalTypes: ["ENTRY", "EXIT", "UNKNOWN"] }),
      whatIf(variant, "all", { reasons: ["kill_z_above_cutoff", "kill_score_unknown"] }),
      whatIf(variant, "none", { reasons: ["a_reason_that_never_came"] }),
    ];
    const records = await runVariants({ scenario: replayScenario(scenario, variants), recording });
    const [asItIs, off, all, none] = records.map(({ roundTrips }) => JSON.stringify(roundTrips));
    expect(all).toBe(off);
    expect(none).toBe(asItIs);
    expect(off).not.toBe(asItIs);
    const [actual, ungoverned] = records as [VariantRecord, VariantRecord];
    const whole = ablationOf(actual, ungoverned, [{ reason: "all", refusals: 1, record: records[2]! }]);
    expect(whole.interactionQuote).toBe("0");
    const nothing = ablationOf(actual, ungoverned, [{ reason: "none", refusals: 0, record: records[3]! }]);
    expect(nothing.effects[0]!.effectQuote).toBe("0");
  });

  test("shows every governor the same ungoverned world", async () => {
    const gates = [await judge("z-score"), await judge("fixed-threshold")];
    expect(new Set(gates.map(({ ablation }) => ablation.ungovernedQuote)).size).toBe(1);
  });

  test("is told on a screen of eighty columns, value before chance before limits", async () => {
    const text = renderGate(await judge("z-score"), { width: 80 });
    const lines = text.trimEnd().split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    const places = ["net value", "a random gate", "REPLAYED WITH REFUSALS PASSED", "assumptions:"].map((each) =>
      text.indexOf(each),
    );
    expect(places.every((place) => place > 0)).toBe(true);
    expect([...places].sort((left, right) => left - right)).toEqual(places);
  });

  test("stops when it is asked to", async () => {
    const stopping = judgeGate({ scenario, recording, variantIndex: 0, shouldStop: () => true });
    await expect(stopping).rejects.toBeInstanceOf(VariantsInterrupted);
  });
});

test("schemas/gate.schema.json is what `sim schema --of gate` writes", () => {
  const stored = readFileSync(repositoryPath("schemas/gate.schema.json"), "utf8");
  expect(gateJsonSchemaText()).toBe(stored);
});
