import { readdirSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatProblem, UserError } from "../../../src/diagnostics/user-error.ts";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { encodeJournalLine } from "../../../src/reports/journal-codec.ts";
import { createRunSummary } from "../../../src/reports/summary/run-summary.ts";
import { FAULT_KINDS } from "../../../src/sim/exchange/faults/fault.ts";
import { runScenario } from "../../../src/sim/run/run.ts";
import type { RunSnapshot } from "../../../src/sim/run/run-snapshot.ts";
import { loadScenario, parseScenario } from "../../../src/sim/scenario/load.ts";
import { fitRecording } from "../../../src/sim/scenario/recording-fit.ts";
import type { Scenario } from "../../../src/sim/scenario/schema.ts";
import { findingCodes, repositoryPath, runOf, scenarioOf } from "./run-helpers.ts";

const files = readdirSync(repositoryPath("scenarios/faults")).filter((name) => name.endsWith(".yaml"));
const recording = openRecording(repositoryPath("recordings/regime-flip"));

describe("every fault scenario", () => {
  test("together they hold every kind of fault there is", () => {
    const kinds = files.flatMap((name) =>
      loadScenario(repositoryPath(`scenarios/faults/${name}`)).variants.flatMap(({ exchange }) =>
        (exchange.faults ?? []).map(({ kind }) => kind),
      ),
    );
    expect([...new Set(kinds)].sort()).toEqual([...FAULT_KINDS].sort());
  });

  test.each(files)("%s shows what it expects, and nothing of it without trouble", (name) => {
    const scenario = loadScenario(repositoryPath(`scenarios/faults/${name}`));
    const { entries, result } = runOf(scenario, recording);
    expect(scenario.expect.findings.length).toBeGreaterThan(0);
    for (const { code, present, variant, min } of scenario.expect.findings) {
      scenario.variants.forEach(({ name: variantName }, index) => {
        if (variant !== undefined && variant !== variantName) return;
        const count = findingCodes(entries[index]!).filter((found) => found === code).length;
        if (present) expect(count, `${code} in ${variantName}`).toBeGreaterThanOrEqual(min);
        else expect(count, `${code} in ${variantName}`).toBe(0);
      });
    }
    expect(result.variants.map(({ accountMismatch }) => accountMismatch)).toEqual(scenario.variants.map(() => null));
  });
});

function scenarioWith(faults: readonly object[], more = ""): Scenario {
  return scenarioOf(`
name: trouble
recording: ../recordings/regime-flip
seed: 5
window: { from: 6h, to: 8h }
account: { wallet: "10000", leverage: 5 }
strategy:
  name: replay
  intents:
    - { at: 61s, symbol: BTCUSDT, side: BUY, confidence: 0.8, qty: 0.0025, count: 14, every: 8m }
    - { at: 62s, symbol: ETHUSDT, side: SELL, confidence: 0.7, qty: 0.0825, count: 14, every: 8m }
    - { at: 63s, symbol: SOLUSDT, side: BUY, confidence: 0.6, qty: 1, count: 14, every: 8m }
pipeline:
  killScore: { sigmaRef: 0.0015 }
  trackers: { marketStateInterval: 5m }
  governor: { name: none }
  harvest: { killThreshold: 0.75 }
  snapshots: { interval: 8s }
exchange:
  latency: { order: { median: 80ms, sigma: 0.4 }, answer: { median: 40ms, sigma: 0.5 }, user: { quantiles: { p50: 40ms, p99: 900ms } } }
  faults: ${JSON.stringify(faults)}
${more}`);
}

/** Kinds after whose end nothing of them is left; the others change the account or the venue for good. */
const PASSING = [
  "disconnect",
  "feed-disconnect",
  "user-event-lost",
  "user-event-duplicated",
  "user-event-delayed",
  "user-event-reordered",
  "listen-key-expired",
  "ack-lost",
  "server-error",
  "timeout-unknown",
  "server-busy",
  "clock-skew",
  "rate-limit",
  "ban",
  "maintenance",
  "symbol-halted",
] as const;

const anyFault = fc
  .record({
    kind: fc.constantFrom(...PASSING),
    at: fc.integer({ min: 361, max: 430 }).map((minute) => `${minute}m`),
    for: fc.integer({ min: 10, max: 1500 }).map((seconds) => `${seconds}s`),
    chance: fc.option(fc.constantFrom(0.2, 0.5, 0.9), { nil: undefined }),
  })
  .map((fault) => (fault.kind === "symbol-halted" ? { ...fault, symbol: "ETHUSDT", chance: undefined } : fault));

function ordersPerPlan(entries: readonly JournalEntry[]): number[] {
  const counts = new Map<string, number>();
  for (const { decisions } of entries)
    for (const decision of decisions)
      if (decision.type === "order.submitted") counts.set(decision.planId, (counts.get(decision.planId) ?? 0) + 1);
  return [...counts.values()];
}

describe("any mix of faults", () => {
  test("leaves books that add up, positions that agree, one order a plan, and a state for every intent", () => {
    let orders = 0;
    let injected = 0;
    fc.assert(
      fc.property(fc.array(anyFault, { minLength: 1, maxLength: 5 }), (faults) => {
        const { entries, headers, result } = runOf(scenarioWith(faults), recording);
        const summary = createRunSummary(headers[0]!);
        for (const entry of entries[0]!) summary.observe(entry);
        const { reconciliation, funnel } = summary.finish();
        expect(result.variants[0]!.accountMismatch).toBeNull();
        expect(reconciliation).toMatchObject({ differing: 0, unexplained: 0 });
        for (const { unaccounted, planUnaccounted } of funnel) {
          expect([unaccounted.count, planUnaccounted.count]).toEqual([0, 0]);
        }
        const perPlan = ordersPerPlan(entries[0]!);
        expect(Math.max(0, ...perPlan)).toBeLessThanOrEqual(1);
        orders += perPlan.length;
        injected += findingCodes(entries[0]!).filter((code) => code === "fault_injected").length;
      }),
      { numRuns: 25, seed: 7 },
    );
    expect(orders).toBeGreaterThan(500);
    expect(injected).toBeGreaterThan(25);
  });
});

describe("a run with faults under way", () => {
  const faults = [
    { kind: "user-event-lost", at: "365m", for: "70m", chance: 0.4 },
    { kind: "server-error", at: "365m", for: "70m", chance: 0.3 },
    { kind: "symbol-halted", at: "380m", for: "30m", symbol: "ETHUSDT" },
    { kind: "user-event-duplicated", at: "362m", count: 5 },
    { kind: "feed-disconnect", at: "400m", for: "10m" },
  ];
  const more = "  rejects: { rate: 0.05 }\n  unknown: { rate: 0.1 }\n";

  test("goes on from any of its checkpoints with the bytes of the run that went through", () => {
    const run = (from?: Buffer) => {
      const lines: string[] = [];
      const snapshots: { readonly bytes: Buffer; readonly written: number }[] = [];
      runScenario({
        runId: "r",
        scenario: scenarioWith(faults, more),
        recording,
        checkpointEveryMs: 15 * 60_000,
        onHeader: () => undefined,
        onEntry: (_, entry) => lines.push(encodeJournalLine(entry)),
        onCheckpoint: (save) => snapshots.push({ bytes: serialize(save()), written: lines.length }),
        ...(from === undefined ? {} : { from: deserialize(from) as RunSnapshot }),
      });
      return { lines, snapshots };
    };
    const whole = run();
    expect(whole.snapshots.length).toBeGreaterThan(5);
    for (const { bytes, written } of whole.snapshots.filter((_, place) => place % 2 === 0)) {
      const rest = run(bytes);
      expect(rest.lines.length).toBe(whole.lines.length - written);
      expect(rest.lines.join("\n") === whole.lines.slice(written).join("\n")).toBe(true);
    }
  });

  test("is the same again from the same seed, and another from another", () => {
    const first = runOf(scenarioWith(faults, more), recording).hashes;
    expect(runOf(scenarioWith(faults, more), recording).hashes).toEqual(first);
    expect(runOf({ ...scenarioWith(faults, more), seed: "6" }, recording).hashes).not.toEqual(first);
  });
});

describe("a fault that cannot be", () => {
  const problemIn = (fault: string): string => {
    const text = `name: test\nrecording: ../recordings/x\nexchange:\n  faults:\n    - ${fault}\n`;
    try {
      parseScenario(text, "a.yaml");
    } catch (error) {
      if (error instanceof UserError) return error.problems.map(formatProblem).join("\n");
      throw error;
    }
    throw new Error("it was accepted");
  };

  test.each([
    ["{ kind: akc-lost, at: 1h }", /^a\.yaml:5:15.*"ack-lost"/s],
    ["{ kind: symbol-halted, at: 1h }", /symbol/],
    ['{ kind: tick-size-changed, at: 1h, symbol: A, tickSize: "0" }', /tick above 0/],
    ["{ kind: maintenance, at: 1h, symbol: BTCUSDT }", /maintenance hits every symbol/],
    ["{ kind: ack-lost, at: 1h, for: 5m, until: 2h }", /one of both is needed/],
    ["{ kind: ack-lost, at: 1h, delay: 5s }", /it has no meaning for ack-lost/],
    ["{ kind: ack-lost, at: 1h, chance: 1.5 }", /a\.yaml:5:\d+/],
  ])("%s is refused where it stands", (fault, expected) => {
    expect(problemIn(fault)).toMatch(expected);
  });

  test("of a symbol the recording does not have is refused with the nearest one", () => {
    const scenario = scenarioWith([{ kind: "symbol-halted", at: "1h", symbol: "BTCUSD" }]);
    const { errors } = fitRecording(scenario, recording);
    expect(errors.map(formatProblem).join()).toMatch(/"BTCUSD".*BTCUSDT/);
  });
});
