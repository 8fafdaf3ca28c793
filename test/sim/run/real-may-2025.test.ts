import { beforeAll, describe, expect, test } from "vitest";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import { hasShared } from "../../shared-data.ts";
import { openMay2025 } from "./may-2025.ts";
import { findingCodes, type RecordedRun, repositoryPath, runOf } from "./run-helpers.ts";

/** The shipped scenario, as it is, over 30 real days of 16 symbols. */
describe.skipIf(!hasShared)("regime-flip on the real May of 2025", () => {
  let run: RecordedRun;

  beforeAll(() => {
    run = runOf(loadScenario(repositoryPath("scenarios/regime-flip.yaml")), openMay2025());
  }, 240_000);

  const decisionsOf = (variant: number) => run.entries[variant]!.flatMap(({ decisions }) => decisions);

  test("covers 30 days, 16 symbols and 2.7 million prices", () => {
    expect(run.headers[0]!.symbols).toHaveLength(16);
    expect(run.result.marketEvents).toBe(683_743 * 4);
    expect(run.result.endTsMs - run.result.startTsMs).toBeGreaterThan(29 * 86_400_000);
  });

  test("violates none of the ten invariants under either governor", () => {
    for (const entries of run.entries) {
      expect(findingCodes(entries).filter((code) => code.startsWith("invariant."))).toEqual([]);
    }
  });

  test("ends every intent and every plan in exactly one state", () => {
    run.entries.forEach((entries, variant) => {
      const intents = entries.filter(({ envelope }) => envelope.event.type === "intent.received").length;
      const decisions = decisionsOf(variant);
      const plans = decisions.filter(({ type }) => type === "plan.published").length;
      const fromIntents = decisions.filter(
        (decision) => decision.type === "plan.published" && decision.plan.intentEntryId !== null,
      ).length;
      const rejected = decisions.filter(({ type }) => type === "intent.rejected").length;
      expect(intents).toBeGreaterThan(500);
      expect(fromIntents + rejected).toBe(intents);
      expect(decisions.filter(({ type }) => type === "result.recorded")).toHaveLength(plans);
    });
  });

  test("trades under the adaptive governor, pays real funding and keeps the books to the last unit", () => {
    const filled = run.entries[1]!.filter(({ envelope }) => envelope.event.type === "exchange.order-filled").length;
    const funded = run.entries[1]!.filter(({ envelope }) => envelope.event.type === "exchange.funding-settled").length;
    expect(filled).toBeGreaterThan(300);
    expect(funded).toBeGreaterThan(50);
    expect(run.result.variants.map(({ accountMismatch }) => accountMismatch)).toEqual([null, null, null, null, null]);
  });

  test("leaves ledger and exchange equal for every symbol", () => {
    for (const decision of run.entries[1]!.at(-1)!.decisions) {
      if (decision.type !== "position.reconciled") continue;
      expect(decision.ledgerQtyLots).toBe(decision.exchangeQtyLots);
      expect(decision.unexplainedQtyLots).toBe(0);
    }
  });
});
