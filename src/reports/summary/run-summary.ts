import type { FindingNoted } from "../../engine/domain/decision.ts";
import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import { metricsOf } from "../metrics.ts";
import { createAccount } from "./account.ts";
import { createCoverage } from "./coverage.ts";
import { EPISODE_GAP_MS, type Episode } from "./episodes.ts";
import { badgeOf, createEpisodeClock } from "./evidence.ts";
import { createExecutionTimes } from "./execution.ts";
import { createExits } from "./exits.ts";
import { createFindings } from "./findings.ts";
import { createFunnel, type IntentOutcome } from "./funnel.ts";
import { createGovernorTerms } from "./governor-terms.ts";
import { instrumentsOf } from "./instruments.ts";
import { createReconciliation } from "./reconciliation.ts";
import { type RunSummary, SUMMARY_SCHEMA } from "./schema.ts";
import { createTaints } from "./taints.ts";
import { warningsOf } from "./warnings.ts";

export interface RunSummaryOptions {
  /** Largest silence inside one episode; 5 minutes unless told. */
  readonly episodeGapMs?: number;
  readonly onIntent?: (outcome: IntentOutcome) => void;
  readonly onEpisode?: (episode: Episode) => void;
}

export interface RunSummaryBuilder {
  observe(entry: JournalEntry): void;
  /** What the reader of the journal found, e.g. that it is cut short. */
  note(finding: FindingNoted): void;
  finish(): RunSummary;
}

/**
 * Builds the summary of one variant from its journal, entry by entry, in memory bounded by what is open at a time.
 * The same for a simulation, a replay and a live session: it reads nothing but the journal.
 */
export function createRunSummary(header: JournalHeader, options: RunSummaryOptions = {}): RunSummaryBuilder {
  const episodeGapMs = options.episodeGapMs ?? EPISODE_GAP_MS;
  const { startTsMs, warmupUntilTsMs } = header;
  const instruments = instrumentsOf(header);
  const exits = createExits();
  const clock = createEpisodeClock(episodeGapMs);
  const funnel = createFunnel({
    episodeGapMs,
    warmupUntilTsMs,
    ...(options.onIntent === undefined ? {} : { onIntent: options.onIntent }),
    onEpisode(episode) {
      exits.observe(episode);
      clock.observe(episode.firstTsMs);
      options.onEpisode?.(episode);
    },
  });
  const execution = createExecutionTimes(instruments, warmupUntilTsMs);
  const account = createAccount(instruments, startTsMs);
  const coverage = createCoverage(warmupUntilTsMs);
  const reconciliation = createReconciliation(instruments);
  const governor = createGovernorTerms(warmupUntilTsMs);
  const taints = createTaints(warmupUntilTsMs);
  const findings = createFindings();
  let entries = 0;
  let decisions = 0;
  let endTsMs = startTsMs;
  let endCause: string | null = null;

  return {
    observe(entry) {
      const { tsMs, event } = entry.envelope;
      entries += 1;
      decisions += entry.decisions.length;
      if (tsMs > endTsMs) endTsMs = tsMs;
      if (event.type === "run.ended") endCause = event.cause;
      funnel.observe(entry);
      execution.observe(entry);
      coverage.observe(entry, account.openSymbols);
      account.observe(entry);
      reconciliation.observe(entry);
      governor.observe(entry);
      taints.observe(entry);
      findings.observe(entry);
    },
    note: (finding) => findings.add(finding, endTsMs),
    finish() {
      const tally = funnel.finish(endTsMs, endCause === null);
      const columns = tally.columns();
      const episodes = columns.reduce((sum, column) => sum + column.episodes, 0);
      const { hours, bursts } = clock.finish();
      const spanMs = endTsMs - startTsMs;
      const { latencies, ...executionCounts } = execution.finish();
      const body = {
        schema: SUMMARY_SCHEMA,
        run: {
          id: header.runId,
          variant: header.variant,
          scenario: header.scenario,
          scenarioHash: header.scenarioHash,
          recording: header.recording,
          recordingHash: header.recordingHash,
          engine: header.engineVersion,
          seeds: [header.seed],
          quirks: [...header.quirks],
          symbols: header.symbols.length,
          universeSize: header.universeSize,
          ...(header.matching === undefined ? {} : { matching: header.matching }),
          startTsMs,
          endTsMs,
          spanMs,
          warmupMs: Math.max(0, warmupUntilTsMs - startTsMs),
          warmupIntents: tally.warmupIntents,
          warmupEvaluations: tally.warmupEvaluations,
          partial: endCause !== "end-of-recording",
          endCause: endCause ?? "journal cut short",
          entries,
          decisions,
        },
        evidence: {
          ...badgeOf({ spanMs, episodes, hours, recordings: 1, isDeclaredBefore: false }),
          episodes,
          bursts,
          hours,
          spanMs,
          episodeGapMs,
        },
        funnel: columns,
        stages: execution.stages(),
        decisionLayer: tally.decisionLayer(),
        executionLayer: tally.executionLayer(),
        execution: {
          ...executionCounts,
          latencies: { intentToPlan: tally.intentToPlanLatency(), ...latencies },
          duplicateResults: tally.duplicateResults,
          orphanResults: tally.orphanResults,
          secondPlansOfIntent: tally.secondPlansOfIntent,
          executedAgainstVerdict: tally.executedAgainstVerdict,
        },
        exits: exits.finish(),
        reconciliation: reconciliation.finish(),
        coverage: coverage.finish(),
        money: account.finish(endTsMs),
        governor: governor.finish(),
        taints: taints.finish(),
        findings: findings.finish(),
      } satisfies Omit<RunSummary, "warnings" | "metrics" | "thresholds">;
      return { ...body, warnings: warningsOf(body), metrics: metricsOf(body), thresholds: [] };
    },
  };
}

/** The summary of a complete journal at once. */
export function summarize(
  header: JournalHeader,
  entries: Iterable<JournalEntry>,
  options: RunSummaryOptions = {},
): RunSummary {
  const builder = createRunSummary(header, options);
  for (const entry of entries) builder.observe(entry);
  return builder.finish();
}
