import { describe, expect, test } from "vitest";
import type { ResultRecorded } from "../../../src/engine/domain/decision.ts";
import type { Plan } from "../../../src/engine/domain/plan.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { RECOVERED_INTENTS } from "../../../src/sim/incidents/recovered-trace.ts";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import { findingCodes, type RecordedRun, repositoryPath, runOf } from "./run-helpers.ts";

function run(file: string): RecordedRun {
  const scenario = loadScenario(repositoryPath(file));
  return runOf(scenario, openRecording(scenario.recordingPath));
}

function plansOf(entries: RecordedRun["entries"][number]): Plan[] {
  return entries.flatMap(({ decisions }) =>
    decisions.flatMap((decision) => (decision.type === "plan.published" ? [decision.plan] : [])),
  );
}

function resultsOf(entries: RecordedRun["entries"][number]): ResultRecorded[] {
  return entries.flatMap(({ decisions }) =>
    decisions.flatMap((decision) => (decision.type === "result.recorded" ? [decision] : [])),
  );
}

describe("why-no-execute", () => {
  const { entries } = run("scenarios/why-no-execute.yaml");
  const origin = entries[0]!;
  const strict = entries[1]!;

  test("fills the five ZEC orders of the document, 3.152 in all", () => {
    const filled = resultsOf(origin).filter(({ status }) => status === "FILLED");
    expect(filled.map(({ symbol, filledQtyLots }) => [symbol, filledQtyLots])).toEqual([
      ["ZECUSDT", 632],
      ["ZECUSDT", 631],
      ["ZECUSDT", 629],
      ["ZECUSDT", 628],
      ["ZECUSDT", 632],
    ]);
  });

  test("gives every intent the plan id that the document printed", () => {
    const known = new Map(RECOVERED_INTENTS.map(({ entryId, planId }) => [entryId, planId]));
    const bridged = plansOf(origin).filter(({ origin: from }) => from === "bridge");
    expect(bridged).toHaveLength(6);
    for (const { intentEntryId, planId } of bridged) expect(planId).toBe(known.get(intentEntryId!));
  });

  test("spaces the ZEC entries 61.9 seconds apart, not 30", () => {
    const times = plansOf(origin)
      .filter(({ symbol, origin: from }) => symbol === "ZECUSDT" && from === "bridge")
      .map(({ intentEntryId }) => Number(intentEntryId!.split("-")[0]));
    const gaps = times.slice(1).map((tsMs, index) => (tsMs - times[index]!) / 1000);
    expect(gaps).toEqual([61.903, 61.946, 61.879, 61.96]);
  });

  test("refuses WAVES at the venue, in the document's words", () => {
    const waves = resultsOf(origin).filter(({ symbol }) => symbol === "WAVESUSDT");
    expect(waves.map(({ planId, status, reason }) => [planId, status, reason])).toEqual([
      ["2f09b9d0409dda89", "REJECTED_VENUE", "symbol_not_in_allowlist:WAVESUSDT"],
    ]);
  });

  test("blocks BTC and ETH at 0.7563 and 0.7607 again and again, on positions nobody holds", () => {
    const blocked = plansOf(origin).filter(({ decision }) => decision === "BLOCKED");
    expect(blocked).toHaveLength(14);
    for (const { symbol, killScore, reasonCodes, action, evalType, taints } of blocked) {
      expect(killScore!.score.toFixed(4)).toBe(symbol === "BTCUSDT" ? "0.7563" : "0.7607");
      expect(reasonCodes).toEqual(["kill_score_warning_risk_increase"]);
      expect([action, evalType]).toEqual(["UNKNOWN", "UNKNOWN"]);
      expect(taints).toEqual(["mark:synthetic", "position:synthetic"]);
    }
  });

  test("grants the last add-on the whole position of 8.316 while the ledger knows nothing", () => {
    const grants = origin.flatMap(({ decisions }) =>
      decisions.flatMap((decision) => (decision.type === "permit.granted" ? [decision] : [])),
    );
    const last = grants.find(({ planId }) => planId === "fade715762e5ab39");
    expect(last).toMatchObject({ safeQtyLots: 8316, exchangeQtyLots: 8316, ledgerQtyLots: null, path: "close" });
  });

  test("drops the four SELLs without a trace, which the conservation check names", () => {
    expect(findingCodes(origin).filter((code) => code === "invariant.intent-conservation")).toHaveLength(4);
  });

  test("without the defects evaluates no phantom, loses no intent and keeps the ledger equal to the exchange", () => {
    expect(plansOf(strict).filter(({ origin: from }) => from === "harvest")).toEqual([]);
    expect(findingCodes(strict).filter((code) => code.startsWith("invariant."))).toEqual([]);
    expect(findingCodes(strict)).not.toContain("ledger_differs");
    expect(
      plansOf(strict).length +
        strict.filter(({ decisions }) => decisions.some(({ type }) => type === "intent.rejected")).length,
    ).toBe(10);
  });
});

describe("regime-flip", () => {
  const { entries, result } = run("scenarios/regime-flip.yaml");

  test("violates none of the ten invariants under either governor", () => {
    for (const variant of entries) {
      expect(findingCodes(variant).filter((code) => code.startsWith("invariant."))).toEqual([]);
    }
  });

  test("ends every plan in exactly one result and every intent in one plan or rejection", () => {
    for (const variant of entries) {
      const plans = plansOf(variant).length;
      expect(plans).toBeGreaterThan(100);
      expect(resultsOf(variant)).toHaveLength(plans);
    }
  });

  test("reconciles ledger, exchange and own fills for every symbol at the end", () => {
    const last = entries[1]!
      .at(-1)!
      .decisions.flatMap((decision) => (decision.type === "position.reconciled" ? [decision] : []));
    expect(last.length).toBeGreaterThan(5);
    for (const { exchangeQtyLots, ledgerQtyLots, ownFillsQtyLots, unexplainedQtyLots } of last) {
      expect(ledgerQtyLots).toBe(exchangeQtyLots);
      expect(ownFillsQtyLots).toBe(exchangeQtyLots);
      expect(unexplainedQtyLots).toBe(0);
    }
    expect(result.variants.every(({ accountMismatch }) => accountMismatch === null)).toBe(true);
  });
});
