import { UserError } from "../../diagnostics/user-error.ts";
import { reasonHead } from "../../engine/domain/reason.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import { createSeededRandom } from "../../reports/comparison/seeded-random.ts";
import { type CandidateLog, createCandidateLog } from "../../reports/gate/candidate-log.ts";
import type { ExecutionModel } from "../../reports/gate/execution-model.ts";
import { gateReport, priceWindowsOf } from "../../reports/gate/gate-report.ts";
import { readPricePaths } from "../../reports/gate/price-paths.ts";
import { refusalStage } from "../../reports/gate/refusal-stage.ts";
import type { GateDocument } from "../../reports/gate/schema.ts";
import type { VariantRecord } from "../../reports/variants/variant-record.ts";
import type { ResolvedVariant, Scenario } from "../../sim/scenario/schema.ts";
import { runVariants } from "../run/run-variants.ts";
import { ablationOf } from "./ablation.ts";
import { shadowExits } from "./shadow-exits.ts";
import { replayScenario, whatIf } from "./what-if.ts";

/** Reasons replayed one by one; the rarer ones are passed together as the last. */
const REASONS_MAX = 24;

export interface GateRequest {
  readonly scenario: Scenario;
  readonly recording: RecordingSource;
  /** Place in `scenario.variants`. */
  readonly variantIndex: number;
  shouldStop?(): boolean;
}

/**
 * Judges the gate of one variant: runs it as it is and with its gate off, takes from the second when each entry's
 * position would have been closed, values every refusal by the prices that followed, and replays once more for each
 * reason with that reason's refusals passed.
 *
 * @throws {VariantsInterrupted} when `shouldStop` said so
 */
export async function judgeGate(request: GateRequest): Promise<GateDocument> {
  const { scenario, recording, variantIndex } = request;
  const variant = scenario.variants[variantIndex];
  if (variant === undefined)
    throw new UserError([{ text: `Cannot judge variant ${variantIndex}: there are ${scenario.variants.length}` }]);
  const { snapshots, harvest } = variant.policy;
  const stop = request.shouldStop === undefined ? {} : { shouldStop: () => request.shouldStop!() };
  let candidates: CandidateLog | null = null;
  /** Of the governor, the warm-up's included: a replay passes those too, and what follows is another account. */
  const refusals = new Map<string, number>();
  const count = (reason = "none"): void => {
    if (refusalStage(reason) !== "governor") return;
    refusals.set(reasonHead(reason), (refusals.get(reasonHead(reason)) ?? 0) + 1);
  };
  const off = whatIf(variant, "gate-off", { evalTypes: ["ENTRY", "EXIT", "UNKNOWN"] });
  const [actual, ungoverned] = (await runVariants({
    scenario: replayScenario(scenario, [variant, off]),
    recording,
    onEntry: (place, entry) => {
      if (place !== 0) return;
      // The first entry tells when the run begins, and so when its warm-up ends.
      candidates ??= createCandidateLog({
        needWindowMs: snapshots.needWindow,
        warmupUntilTsMs: entry.envelope.tsMs + scenario.warmupMs,
        unlisted: new Set(variant.exchange.missing),
      });
      candidates.observe(entry);
      for (const decision of entry.decisions) {
        if (decision.type === "plan.published" && decision.plan.decision === "BLOCKED")
          count(decision.plan.reasonCodes[0]);
      }
    },
    ...stop,
  })) as [VariantRecord, VariantRecord];
  const run = actual.summary.run;
  const exits = shadowExits(actual.judgements, ungoverned.roundTrips);
  const windows = priceWindowsOf(actual, { exits, endTsMs: run.endTsMs });
  const gate = gateReport(actual, readPricePaths(recording, windows), {
    model: executionModelOf(variant),
    fromTsMs: run.startTsMs + run.warmupMs,
    endTsMs: run.endTsMs,
    exits,
    stopDistanceDefault: harvest.stopDistanceDefaultPct,
    randomOf: (name) => createSeededRandom("gate", actual.recordingHash, actual.variant, name),
    ...(candidates === null ? {} : { coverage: (candidates as CandidateLog).finish() }),
  });
  const without = replaysOf(refusals);
  const replays =
    without.length === 0
      ? []
      : await runVariants({
          scenario: replayScenario(
            scenario,
            without.map(({ reasons }, place) => whatIf(variant, `without-${place + 1}`, { reasons })),
          ),
          recording,
          ...stop,
        });
  const ablation = ablationOf(
    actual,
    ungoverned,
    without.map(({ reason, refusals: times }, place) => ({ reason, refusals: times, record: replays[place]! })),
  );
  return { ...gate, scenarioHash: scenario.hash, ablation };
}

/** Reasons to pass, most frequent first. */
function replaysOf(refusals: ReadonlyMap<string, number>): {
  readonly reason: string;
  readonly reasons: readonly string[];
  readonly refusals: number;
}[] {
  const all = [...refusals]
    .sort(([one, few], [other, many]) => many - few || (one < other ? -1 : 1))
    .map(([reason, times]) => ({ reason, reasons: [reason], refusals: times }));
  if (all.length <= REASONS_MAX) return all;
  const rest = all.slice(REASONS_MAX - 1);
  return [
    ...all.slice(0, REASONS_MAX - 1),
    {
      reason: `${rest.length} rarer reasons`,
      reasons: rest.map(({ reason }) => reason),
      refusals: rest.reduce((sum, each) => sum + each.refusals, 0),
    },
  ];
}

/** The scenario's taker: fees, spread and slippage as configured, the order's delay at its median. */
function executionModelOf({ exchange }: ResolvedVariant): ExecutionModel {
  const { halfSpreadBps, slippageBps, impactBps, profile } = exchange.fill;
  return {
    takerFeeRate: Number(exchange.fees.taker),
    halfSpreadBps,
    slippageBps,
    impactBps,
    profile,
    orderDelayMs: exchange.latency.order.medianMs,
  };
}
