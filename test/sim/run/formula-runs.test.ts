import { describe, expect, test } from "vitest";
import type { Decision } from "../../../src/engine/domain/decision.ts";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import type { Plan } from "../../../src/engine/domain/plan.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { findingCodes, repositoryPath, runOf, scenarioOf } from "./run-helpers.ts";

const recording = openRecording(repositoryPath("recordings/regime-flip"));

const HEAD = `
name: formulas
recording: ../recordings/regime-flip
seed: 7
window: { to: 18h }
strategy: { name: ewma-cross, params: { fast: 30, slow: 120, band: 0.0008, cooldown: 30m } }
`;

const BASE = `  trackers: { marketStateInterval: 15m }
  killScore: { sigmaRef: 0.0015 }
  snapshots: { interval: 30s }
`;

/** Decisions without the words in which a governor tells its reasons: what was done, when, how much, to the last bit. */
function deeds(entries: readonly JournalEntry[]): string[] {
  return entries.flatMap(({ envelope, decisions }) =>
    decisions.flatMap((decision) => {
      const deed = deedOf(decision);
      return deed === null ? [] : [`${envelope.seq} ${JSON.stringify(deed, bigints)}`];
    }),
  );
}

function deedOf(decision: Decision): unknown {
  switch (decision.type) {
    case "plan.published":
      return { ...decision, plan: planOf(decision.plan) };
    case "statistics.published":
      return { ...decision, reasons: null };
    case "result.recorded":
      return { ...decision, reason: null, detail: null };
    // Contradictions of the settings are told in other words.
    case "finding.noted":
      return null;
    default:
      return decision;
  }
}

function planOf(plan: Plan): unknown {
  const { verdict, reasonCodes } = plan;
  const judged = verdict === null ? null : { decision: verdict.decision, qtyScale: verdict.qtyScale };
  const compared =
    plan.evalType === "ENTRY" && verdict !== null ? [verdict.value, verdict.cutoff, verdict.margin] : null;
  return { ...plan, verdict: judged, compared, reasonCodes: reasonCodes.length };
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

describe("a whole run under a governor of the origin, and under the same written as a formula", () => {
  const fixed = "entry: { cutoff: 'if(kill_score >= 0.8, 0.8, 0.6)' }";
  const dynamic =
    "entry: { cutoff: 'clamp(0.85 - 0.15 * regime_flip + 0.1 * (default(confidence, 0.5) - 0.5), 0.6, 0.95)' }";
  test.each([
    ["fixed-threshold", "[]", fixed],
    ["fixed-threshold", "[close-self-veto]", `${fixed}, exit: { cutoff: 'if(kill_score >= 0.6, 0.8, 0.6)' }`],
    ["dynamic-threshold", "[]", dynamic],
    [
      "dynamic-threshold",
      "[close-self-veto]",
      `${dynamic}, exit: { cutoff: 'if(default(pnl_pct, 0) < -3, 0.85, 0.65)' }`,
    ],
  ])("%s, quirks %s: the same orders, quantities and money", (name, quirks, params) => {
    const scenario = scenarioOf(`${HEAD}pipeline:
${BASE}  quirks: ${quirks}
variants:
  - { name: built-in, pipeline: { governor: { name: ${name} } } }
  - { name: formula, pipeline: { governor: { name: formula, params: { ${params} } } } }
`);
    const { entries } = runOf(scenario, recording);
    const [builtIn, formula] = entries.map((each) => deeds(each));
    expect(builtIn!.length).toBeGreaterThan(250);
    expect(builtIn!.some((deed) => deed.includes('"decision":"BLOCKED"'))).toBe(true);
    expect(formula).toEqual(builtIn);
  });
});

describe("a formula without a value", () => {
  test("blocks entries, is a finding once a symbol, and the run goes on", () => {
    const cutoff = "exp(1300 * (kill_score - 0.1)) + 0.6";
    const scenario = scenarioOf(`${HEAD}pipeline:
${BASE}  governor: { name: formula, params: { entry: { cutoff: '${cutoff}' } } }
`);
    // At a score of 0.64 and below the result is large, above it is none.
    const { entries } = runOf(scenario, recording);
    const reasons = entries[0]!.flatMap(({ decisions }) =>
      decisions.flatMap((decision) =>
        decision.type === "plan.published" ? decision.plan.reasonCodes.slice(0, 1) : [],
      ),
    );
    expect(findingCodes(entries[0]!).filter((code) => code === "formula_not_a_number").length).toBe(
      new Set(blockedSymbols(entries[0]!)).size,
    );
    expect(reasons).toContain("formula_not_a_number");
  });
});

function blockedSymbols(entries: readonly JournalEntry[]): string[] {
  return entries.flatMap(({ decisions }) =>
    decisions.flatMap((decision) =>
      decision.type === "plan.published" && decision.plan.verdict?.reasonCode === "formula_not_a_number"
        ? [decision.plan.symbol]
        : [],
    ),
  );
}
