import type { FunnelColumn, LayerCount, RunSummary, RunWarning } from "./schema.ts";

const STATES_EXECUTED: ReadonlySet<string> = new Set(["FILLED", "PARTIAL"]);

/** The sentences that keep a reader from the wrong conclusion; each appears only when its numbers invite it. */
export function warningsOf(summary: Omit<RunSummary, "warnings" | "metrics" | "thresholds">): RunWarning[] {
  return [
    ...decisionsAreNotExecutions(summary),
    ...askedAgain(summary.funnel),
    ...unknownEvalType(summary.funnel),
    ...unaccounted(summary.funnel),
    ...againstVerdict(summary),
    ...strayResults(summary),
    ...moneyDiffers(summary),
    ...cutShort(summary),
  ];
}

function decisionsAreNotExecutions({
  decisionLayer,
  execution,
}: Pick<RunSummary, "decisionLayer" | "execution">): RunWarning[] {
  const saidExecute = sumOf(decisionLayer, (layer) => layer.outcome === "EXECUTE");
  if (saidExecute === execution.ordersFilled) return [];
  return [
    {
      code: "decisions_are_not_executions",
      text: `decisions are not executions: ${counted(saidExecute, "evaluation")} said EXECUTE, ${counted(execution.ordersFilled, "order")} filled.`,
      count: saidExecute - execution.ordersFilled,
      evidence: [],
    },
  ];
}

function sumOf(layers: readonly LayerCount[], pick: (layer: LayerCount) => boolean): number {
  return layers.filter(pick).reduce((sum, layer) => sum + layer.count, 0);
}

function askedAgain(funnel: readonly FunnelColumn[]): RunWarning[] {
  return funnel
    .filter((column) => column.blockedEvaluations > column.blockedEpisodes)
    .map((column) => {
      const symbols = symbolList(column.blockedSymbols, column.blockedSymbolCount);
      const things = column.evalType === "ENTRY" ? "entry episode" : "episode";
      return {
        code: "evaluations_are_not_episodes",
        text: `${counted(column.blockedEvaluations, "blocked evaluation")} (${column.evalType}) ${column.blockedEvaluations === 1 ? "is" : "are"} ${counted(column.blockedEpisodes, things)} asked again and again, on ${counted(column.blockedSymbolCount, "symbol")} (${symbols}).`,
        count: column.blockedEvaluations,
        evidence: column.blockedSymbols,
      };
    });
}

function unknownEvalType(funnel: readonly FunnelColumn[]): RunWarning[] {
  const column = funnel.find(({ evalType }) => evalType === "UNKNOWN");
  if (column === undefined || column.evaluations === 0) return [];
  const inferred =
    column.inferredExits === 0
      ? "nothing could be inferred"
      : `inferred EXIT for ${column.inferredExits} (position held, reducing, or asked by the harvest)`;
  return [
    {
      code: "eval_type_unknown",
      text: `evalType missing on ${counted(column.evaluations, "evaluation")}; ${inferred}. Add the field at the source.`,
      count: column.evaluations,
      evidence: [],
    },
  ];
}

function unaccounted(funnel: readonly FunnelColumn[]): RunWarning[] {
  return funnel
    .filter((column) => column.unaccounted.count > 0)
    .map((column) => ({
      code: "unaccounted",
      text: `${column.unaccounted.count} ${column.evalType} ended in no state at all: ${column.unaccounted.byReason.map((each) => `${each.reason} ${each.count}`).join(", ")}.`,
      count: column.unaccounted.count,
      evidence: column.unaccounted.byReason.flatMap((each) => each.symbols),
    }));
}

function againstVerdict({ execution }: Pick<RunSummary, "execution">): RunWarning[] {
  if (execution.executedAgainstVerdict === 0) return [];
  return [
    {
      code: "executed_against_verdict",
      text: `${counted(execution.executedAgainstVerdict, "plan")} filled although the verdict was not EXECUTE: something bypasses the governor.`,
      count: execution.executedAgainstVerdict,
      evidence: [],
    },
  ];
}

function strayResults({ execution }: Pick<RunSummary, "execution">): RunWarning[] {
  const { duplicateResults, orphanResults } = execution;
  if (duplicateResults + orphanResults === 0) return [];
  return [
    {
      code: "stray_results",
      text: `${counted(duplicateResults, "result")} for plans that had ended and ${orphanResults} for plans never seen were counted nowhere.`,
      count: duplicateResults + orphanResults,
      evidence: [],
    },
  ];
}

function moneyDiffers({ money }: Pick<RunSummary, "money">): RunWarning[] {
  const { walletDifferenceQuote } = money;
  if (walletDifferenceQuote === null || walletDifferenceQuote === "0") return [];
  return [
    {
      code: "wallet_differs",
      text: `the exchange's wallet differs from ours by ${walletDifferenceQuote}: money moved that this journal does not explain.`,
      count: 1,
      evidence: [walletDifferenceQuote],
    },
  ];
}

function cutShort({ run }: Pick<RunSummary, "run">): RunWarning[] {
  if (!run.partial) return [];
  return [
    {
      code: "partial",
      text: `this run is partial (${run.endCause}): totals are those up to its end.`,
      count: 1,
      evidence: [],
    },
  ];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function symbolList(symbols: readonly string[], total: number): string {
  return symbols.length < total ? `${symbols.join(", ")}, ...` : symbols.join(", ");
}

/** Filled and partly filled subjects of a column. */
export function executedOf(column: FunnelColumn): number {
  return column.terminals.reduce((sum, each) => (STATES_EXECUTED.has(each.state) ? sum + each.count : sum), 0);
}
