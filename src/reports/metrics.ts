import { estimateOf, rateOf, undefinedOf } from "./summary/rate.ts";
import type { Distribution, Estimate, FunnelColumn, RunSummary, TerminalState } from "./summary/schema.ts";
import { executedOf } from "./summary/warnings.ts";

export type MetricType = "rate" | "count" | "value" | "duration" | "distribution" | "money";

/** One number a threshold may name. `read` works on a finished summary; the id is the only name it has anywhere. */
export interface Metric {
  readonly id: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly description: string;
  readonly read: (summary: MetricSource) => Estimate;
}

export type MetricSource = Omit<RunSummary, "warnings" | "metrics" | "thresholds">;

type EvalName = "entry" | "exit" | "unknown";

const STATES: readonly (readonly [name: string, state: TerminalState, words: string])[] = [
  ["filled", "FILLED", "filled completely"],
  ["partial", "PARTIAL", "filled in part"],
  ["blocked_policy", "BLOCKED_POLICY", "blocked by the governor or a limit"],
  ["blocked_infra", "BLOCKED_INFRA", "blocked because a snapshot, permit or input was missing"],
  ["refused_by_venue", "REJECTED_VENUE", "refused by the venue"],
  ["rejected_input", "REJECTED_INPUT", "rejected as malformed, duplicate or unknown"],
  ["skipped", "SKIPPED", "skipped"],
  ["expired", "EXPIRED", "expired"],
  ["error", "ERROR", "ended in an error"],
  ["in_flight", "IN_FLIGHT", "still in flight at the end"],
];

function columnOf(summary: MetricSource, name: EvalName): FunnelColumn {
  return summary.funnel.find(({ evalType }) => evalType === name.toUpperCase())!;
}

const stateCount = (column: FunnelColumn, state: TerminalState) =>
  column.terminals.find((each) => each.state === state)?.count ?? 0;

const subjectsOf = (column: FunnelColumn) => column.intents + column.requests;

function funnelMetrics(name: EvalName): Metric[] {
  const subjects = name === "entry" ? "entry intents" : `${name} requests (episodes)`;
  const count = (id: string, description: string, read: (column: FunnelColumn) => number): Metric => ({
    id: `${name}.${id}`,
    type: "count",
    unit: "",
    description,
    read: (summary) => estimateOf("", read(columnOf(summary, name)), subjectsOf(columnOf(summary, name))),
  });
  return [
    {
      id: `${name}.fill_rate`,
      type: "rate",
      unit: "share",
      description: `share of ${subjects} that filled at least in part`,
      read: (summary) => {
        const column = columnOf(summary, name);
        return rateOf(executedOf(column), subjectsOf(column), `no ${subjects}`);
      },
    },
    {
      id: `${name}.block_rate`,
      type: "rate",
      unit: "share",
      description: `share of ${name} episodes whose verdict was BLOCKED`,
      read: (summary) => {
        const column = columnOf(summary, name);
        return rateOf(column.blockedEpisodes, column.episodes, `no ${name} episode`);
      },
    },
    count("requests", `${subjects} in all`, subjectsOf),
    count("evaluations", `runs of the governor (${name})`, (column) => column.evaluations),
    count("episodes", `${name} episodes`, (column) => column.episodes),
    ...STATES.map(([id, state, words]) => count(id, `${subjects} ${words}`, (column) => stateCount(column, state))),
  ];
}

function distributionMetric(
  id: string,
  type: "duration" | "distribution",
  description: string,
  read: (summary: MetricSource) => Distribution,
): Metric {
  return {
    id,
    type,
    unit: type === "duration" ? "ms" : "bp",
    description,
    read: (summary) => {
      const distribution = read(summary);
      return {
        unit: distribution.unit,
        value: null,
        n: distribution.n,
        ci: null,
        reason: distribution.reason,
        distribution,
      };
    },
  };
}

const countMetric = (id: string, description: string, read: (summary: MetricSource) => number): Metric => ({
  id,
  type: "count",
  unit: "",
  description,
  read: (summary) => estimateOf("", read(summary)),
});

const moneyMetric = (
  id: string,
  description: string,
  read: (summary: MetricSource) => string | null,
  reason: string,
): Metric => ({
  id,
  type: "money",
  unit: "quote",
  description,
  read: (summary) => {
    const amount = read(summary);
    return amount === null ? undefinedOf("quote", reason) : estimateOf("quote", amount, summary.money.fills);
  },
});

const valueMetric = (
  id: string,
  unit: string,
  description: string,
  read: (summary: MetricSource) => Estimate,
): Metric => ({
  id,
  type: "value",
  unit,
  description,
  read,
});

const sum = (columns: readonly FunnelColumn[], read: (column: FunnelColumn) => number) =>
  columns.reduce((total, column) => total + read(column), 0);

const findingCount = (summary: MetricSource, severity: "error" | "warn" | "info") =>
  summary.findings.reduce((total, group) => (group.severity === severity ? total + group.count : total), 0);

/** Every metric a threshold may name, in the order they are listed. */
export const METRICS: readonly Metric[] = [
  countMetric("funnel.intents", "intents received", (summary) => sum(summary.funnel, (column) => column.intents)),
  countMetric("funnel.unaccounted", "intents and requests that ended in no state", (summary) =>
    sum(summary.funnel, (column) => column.unaccounted.count),
  ),
  countMetric("plans.unaccounted", "plans that ended in no state", (summary) =>
    sum(summary.funnel, (column) => column.planUnaccounted.count),
  ),
  countMetric(
    "plans.executed_against_verdict",
    "plans that filled although the verdict was not EXECUTE",
    (summary) => summary.execution.executedAgainstVerdict,
  ),
  ...funnelMetrics("entry"),
  ...funnelMetrics("exit"),
  ...funnelMetrics("unknown"),
  countMetric("orders.submitted", "orders sent", (summary) => summary.execution.ordersSubmitted),
  countMetric("orders.filled", "orders with at least one fill", (summary) => summary.execution.ordersFilled),
  countMetric("orders.rejected", "orders the exchange rejected", (summary) => summary.execution.ordersRejected),
  distributionMetric(
    "latency.intent_to_plan",
    "duration",
    "intent received to plan published",
    (summary) => summary.execution.latencies.intentToPlan,
  ),
  distributionMetric(
    "latency.plan_to_permit",
    "duration",
    "plan published to permit granted",
    (summary) => summary.execution.latencies.planToPermit,
  ),
  distributionMetric(
    "latency.permit_to_order",
    "duration",
    "permit granted to order submitted",
    (summary) => summary.execution.latencies.permitToOrder,
  ),
  distributionMetric(
    "latency.order_to_result",
    "duration",
    "order submitted to result, executed plans",
    (summary) => summary.execution.latencies.orderToResult,
  ),
  distributionMetric(
    "latency.plan_to_result",
    "duration",
    "plan published to result, executed plans",
    (summary) => summary.execution.latencies.planToResult,
  ),
  distributionMetric(
    "latency.fill_to_ledger",
    "duration",
    "match on the exchange to ledger commit",
    (summary) => summary.execution.latencies.fillToLedger,
  ),
  distributionMetric(
    "slippage.bp",
    "distribution",
    "average fill against the mark at the decision, positive when it cost",
    (summary) => summary.execution.slippage,
  ),
  distributionMetric(
    "exit.blocked_episode.time",
    "duration",
    "first block of an exit to its EXECUTE, unfinished ones censored",
    (summary) => summary.exits.blockedTime,
  ),
  countMetric(
    "exit.blocked_episode.count",
    "blocked exit episodes, inferred exits included",
    (summary) => summary.exits.blockedEpisodes,
  ),
  {
    id: "coverage.open_positions",
    type: "rate",
    unit: "share",
    description: "open positions with a fresh snapshot, over ranking cycles",
    read: (summary) => summary.coverage.openPositions,
  },
  {
    id: "coverage.needed",
    type: "rate",
    unit: "share",
    description: "needed symbols with a fresh snapshot, over ranking cycles",
    read: ({ coverage }) =>
      rateOf(
        coverage.neededFresh,
        coverage.neededFresh + coverage.neededStale + coverage.neverRanked,
        "no symbol was needed at a ranking",
      ),
  },
  distributionMetric(
    "coverage.cycle_cost",
    "duration",
    "time one snapshot cycle takes",
    (summary) => summary.coverage.cycleCost,
  ),
  countMetric(
    "reconciliation.differing",
    "symbols where exchange and ledger differ at the end",
    (summary) => summary.reconciliation.differing,
  ),
  countMetric(
    "reconciliation.unexplained",
    "symbols whose position our fills do not explain",
    (summary) => summary.reconciliation.unexplained,
  ),
  {
    id: "taint.rate",
    type: "rate",
    unit: "share",
    description: "share of evaluations on synthetic, default or stale inputs",
    read: ({ taints }) => rateOf(taints.tainted, taints.plans, "no evaluation"),
  },
  countMetric("findings.error", "findings of severity error", (summary) => findingCount(summary, "error")),
  countMetric("findings.warn", "findings of severity warn", (summary) => findingCount(summary, "warn")),
  moneyMetric("money.net_pnl", "realized - fees + funding", (summary) => summary.money.netPnlQuote, ""),
  moneyMetric(
    "money.realized_pnl",
    "realized result before fees and funding",
    (summary) => summary.money.realizedPnlQuote,
    "",
  ),
  moneyMetric("money.fees", "commission paid", (summary) => summary.money.feesQuote, ""),
  moneyMetric("money.funding", "funding, positive when received", (summary) => summary.money.fundingQuote, ""),
  moneyMetric(
    "money.wallet_difference",
    "exchange's wallet minus ours",
    (summary) => summary.money.walletDifferenceQuote,
    "no snapshot after the last booking",
  ),
  moneyMetric(
    "money.max_drawdown_abs",
    "largest fall of realized equity",
    (summary) => summary.money.maxDrawdownQuote,
    "",
  ),
  valueMetric(
    "money.max_drawdown",
    "share",
    "largest fall of realized equity from its peak, 0 or negative",
    (summary) => summary.money.maxDrawdown,
  ),
  valueMetric(
    "money.max_drawdown_marked",
    "share",
    "the same on equity marked at snapshots",
    (summary) => summary.money.maxDrawdownMarked,
  ),
  valueMetric(
    "money.total_return",
    "share",
    "end wallet over start wallet - 1",
    (summary) => summary.money.totalReturn,
  ),
  valueMetric("money.cagr", "share", "yearly return, from 90 days", (summary) => summary.money.cagr),
  valueMetric(
    "money.sharpe",
    "ratio",
    "of hourly returns, 8760 hours a year, from 30 days",
    (summary) => summary.money.sharpe,
  ),
  valueMetric(
    "money.volatility",
    "share/hour",
    "standard deviation of hourly returns",
    (summary) => summary.money.volatility,
  ),
  valueMetric(
    "money.turnover",
    "1/day",
    "traded notional over mean equity and days",
    (summary) => summary.money.turnoverPerDay,
  ),
  countMetric("trades.count", "closed round trips", (summary) => summary.money.trades),
  countMetric("trades.open_at_end", "positions still open by our fills", (summary) => summary.money.openAtEnd),
  {
    id: "trades.win_rate",
    type: "rate",
    unit: "share",
    description: "wins over wins and losses, after fees and funding",
    read: (summary) => summary.money.winRate,
  },
  valueMetric(
    "trades.profit_factor",
    "ratio",
    "sum of wins over sum of losses",
    (summary) => summary.money.profitFactor,
  ),
  valueMetric(
    "trades.expectancy",
    "quote/trade",
    "mean net result of a closed trade",
    (summary) => summary.money.expectancy,
  ),
  distributionMetric(
    "trades.hold_time",
    "duration",
    "first to last fill of a closed trade",
    (summary) => summary.money.holdTime,
  ),
];

const BY_ID: ReadonlyMap<string, Metric> = new Map(METRICS.map((metric) => [metric.id, metric]));

export function metricById(id: string): Metric | null {
  return BY_ID.get(id) ?? null;
}

export function metricsOf(summary: MetricSource): Record<string, Estimate> {
  return Object.fromEntries(METRICS.map((metric) => [metric.id, metric.read(summary)]));
}
