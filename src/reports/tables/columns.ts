import type { ExitOutcome } from "../comparison.ts";
import type { DecisionRow } from "../decisions-file.ts";
import { METRICS } from "../metrics.ts";
import type { IntentOutcome } from "../summary/funnel.ts";
import type { RunSummary } from "../summary/schema.ts";
import type { JudgedEpisode, RoundTrip, VariantRecord } from "../variants/variant-record.ts";
import { type ColumnOf, column } from "./table.ts";

/** Every row says whose it is, so that tables of several runs can be put below each other. */
export interface Owned<Row> {
  readonly run: string;
  readonly variant: string;
  readonly row: Row;
}

function owned<Row>(columns: readonly ColumnOf<Row>[]): ColumnOf<Owned<Row>>[] {
  return [
    column.text("run", ({ run }: Owned<Row>) => run, "id of the run"),
    column.text("variant", ({ variant }: Owned<Row>) => variant, "name of the variant"),
    ...columns.map((each): ColumnOf<Owned<Row>> => ({ ...each, read: ({ row }) => each.read(row) })),
  ];
}

export const DECISION_COLUMNS = owned<DecisionRow>([
  column.int("seq", (row) => row.seq, "number of the journal entry"),
  column.time("ts_ms", (row) => row.tsMs, "virtual time"),
  column.text("time", (row) => row.time, "the same as ISO 8601"),
  column.text("type", (row) => row.type, "plan.published, permit.granted, order.submitted, result.recorded, ..."),
  column.textOrNull("symbol", (row) => row.symbol, "symbol"),
  column.textOrNull("eval_type", (row) => row.evalType, "ENTRY, EXIT or UNKNOWN"),
  column.textOrNull("entry_id", (row) => row.entryId, "stream entry of the intent"),
  column.textOrNull("plan_id", (row) => row.planId, "plan"),
  column.textOrNull("client_order_id", (row) => row.clientOrderId, "order as the pipeline named it"),
  column.textOrNull("order_id", (row) => row.orderId, "order as the exchange numbered it"),
  column.textOrNull("action", (row) => row.action, "what the plan does"),
  column.textOrNull("side", (row) => row.side, "BUY or SELL"),
  column.textOrNull("decision", (row) => row.decision, "EXECUTE, BLOCKED, SKIP; ALLOW, DENY of a permit"),
  column.textOrNull("status", (row) => row.status, "terminal state of a result"),
  column.textOrNull("reason", (row) => row.reason, "reason codes, separated by commas"),
  column.textOrNull("governor", (row) => row.governor, "who judged"),
  column.floatOrNull("score", (row) => row.score, "kill score, 0 to 1"),
  column.floatOrNull("value", (row) => row.value, "what the governor compared"),
  column.floatOrNull("cutoff", (row) => row.cutoff, "with what it compared it"),
  column.floatOrNull("margin", (row) => row.margin, "cutoff less value"),
  column.floatOrNull("qty", (row) => row.qty, "quantity of a plan, base units"),
  column.intOrNull("qty_lots", (row) => row.qtyLots, "quantity of an order or fill, lots"),
  column.textOrNull("fee_quote", (row) => row.feeQuote, "fee, exact decimal text in quote"),
  column.textOrNull(
    "realized_pnl_quote",
    (row) => row.realizedPnlQuote,
    "realized result, exact decimal text in quote",
  ),
  column.textOrNull("taints", (row) => row.taints, "inputs that were invented, stale or a default"),
  column.textOrNull("detail", (row) => row.detail, "the rest in words"),
]);

export const EPISODE_COLUMNS = owned<JudgedEpisode>([
  column.text("key", (row) => row.key, "what was judged: one intent or position"),
  column.text("symbol", (row) => row.symbol, "symbol"),
  column.text("eval_type", (row) => row.evalType, "ENTRY, EXIT or UNKNOWN"),
  column.flag("is_exit", (row) => row.isExit, "reduces a position, whatever its evalType says"),
  column.text("side", (row) => row.side, "BUY or SELL"),
  column.text("decision", (row) => row.decision, "EXECUTE, BLOCKED or SKIP"),
  column.text("reason", (row) => row.reason, "first reason code"),
  column.text("first_plan_id", (row) => row.firstPlanId, "plan of its first evaluation"),
  column.time("first_ts_ms", (row) => row.firstTsMs, "first evaluation"),
  column.time("last_ts_ms", (row) => row.lastTsMs, "last evaluation"),
  column.int("evaluations", (row) => row.evaluations, "how often it was asked"),
  column.float("qty", (row) => row.qty, "quantity asked for, base units"),
  column.floatOrNull("reference_price", (row) => row.referencePrice, "mark the engine saw, quote"),
  column.floatOrNull("kill_score", (row) => row.killScore, "kill score, 0 to 1"),
  column.text("regime", (row) => row.regime, "regime the score saw"),
  column.floatOrNull("verdict_value", (row) => row.verdictValue, "what the governor compared"),
  column.floatOrNull("verdict_cutoff", (row) => row.verdictCutoff, "with what it compared it"),
  column.floatOrNull("stop_price", (row) => row.stopPrice, "stop of the plan, quote"),
  column.floatOrNull("take_profit_price", (row) => row.takeProfitPrice, "take profit of the plan, quote"),
  column.text("terms", (row) => JSON.stringify(row.terms), "terms of the verdict, a JSON object"),
  column.text("components", (row) => JSON.stringify(row.components), "components of the kill score, a JSON object"),
]);

export const INTENT_COLUMNS = owned<IntentOutcome>([
  column.text("entry_id", (row) => row.entryId, "stream entry"),
  column.text("symbol", (row) => row.symbol, "symbol"),
  column.text("eval_type", (row) => row.evalType, "ENTRY, EXIT or UNKNOWN"),
  column.time("ts_ms", (row) => row.tsMs, "when the engine got it"),
  column.textOrNull("state", (row) => row.state, "how it ended; null is unaccounted for"),
  column.text("reason", (row) => row.reason, "why"),
  column.textOrNull("plan_id", (row) => row.planId, "its plan"),
]);

export const EXIT_COLUMNS = owned<ExitOutcome>([
  column.text("episode_key", (row) => row.episodeKey, "position that was to be reduced"),
  column.text("symbol", (row) => row.symbol, "symbol"),
  column.text("eval_type", (row) => row.evalType, "ENTRY, EXIT or UNKNOWN"),
  column.time("first_ts_ms", (row) => row.firstTsMs, "first evaluation"),
  column.time("last_ts_ms", (row) => row.lastTsMs, "last evaluation"),
  column.textOrNull("state", (row) => row.state, "how it ended; null is unaccounted for"),
  column.text("reason", (row) => row.reason, "why"),
  column.text("plan_id", (row) => row.planId, "first plan"),
]);

export const ROUND_TRIP_COLUMNS = owned<RoundTrip>([
  column.text("symbol", (row) => row.symbol, "symbol"),
  column.text("side", (row) => row.side, "BUY is a long position"),
  column.time("opened_ts_ms", (row) => row.openedTsMs, "first fill"),
  column.timeOrNull("closed_ts_ms", (row) => row.closedTsMs, "flat again; null is open at the end"),
  column.float("max_qty", (row) => row.maxQty, "largest size, base units"),
  column.float("entry_price", (row) => row.entryPrice, "average, quote"),
  column.floatOrNull("exit_price", (row) => row.exitPrice, "average, quote"),
  column.float("net_pnl_quote", (row) => row.netPnlQuote, "after fees and funding, open ones at the mark, quote"),
]);

const money = (amount: string | null): number | null => (amount === null ? null : Number(amount));
const funnelOf = ({ summary }: VariantRecord, evalType: RunSummary["funnel"][number]["evalType"]) =>
  summary.funnel.find((each) => each.evalType === evalType);
const stateCount = (record: VariantRecord, evalType: "ENTRY" | "EXIT" | "UNKNOWN", state: string): number =>
  funnelOf(record, evalType)?.terminals.find((each) => each.state === state)?.count ?? 0;

export const VARIANT_COLUMNS: readonly ColumnOf<Owned<VariantRecord>>[] = owned<VariantRecord>([
  column.text("scenario", (row) => row.scenario, "name of the scenario"),
  column.text("scenario_hash", (row) => row.scenarioHash, "SHA-256"),
  column.text("recording", (row) => row.recording, "id of the recording"),
  column.text("recording_hash", (row) => row.recordingHash, "SHA-256"),
  column.text("engine_version", (row) => row.engineVersion, "version that decided"),
  column.text("seed", (row) => row.seed, "root of every random stream"),
  column.text("journal_sha256", (row) => row.journalSha256, "equal journals, equal decisions"),
  column.text("settings", (row) => JSON.stringify(row.settings), "what a sweep set, a JSON object"),
  column.text("evidence", (row) => row.summary.evidence.badge, "badge E0 to E3"),
  column.int("episodes", (row) => row.summary.evidence.episodes, "judged episodes"),
  column.int("entry_intents", (row) => funnelOf(row, "ENTRY")?.intents ?? 0, "entry intents"),
  column.int("entry_filled", (row) => stateCount(row, "ENTRY", "FILLED"), "entry intents filled"),
  column.int(
    "entry_blocked_policy",
    (row) => stateCount(row, "ENTRY", "BLOCKED_POLICY"),
    "entry intents the gate refused",
  ),
  column.int("exit_filled", (row) => stateCount(row, "EXIT", "FILLED"), "exits filled"),
  column.int("orders_filled", (row) => row.summary.execution.ordersFilled, "orders filled"),
  column.int("trades", (row) => row.summary.money.trades, "positions closed"),
  column.text(
    "net_pnl_quote",
    (row) => row.summary.money.netPnlQuote,
    "after fees and funding, exact decimal text in quote",
  ),
  column.float("net_pnl", (row) => Number(row.summary.money.netPnlQuote), "the same as a number"),
  column.float("fees", (row) => Number(row.summary.money.feesQuote), "fees, quote"),
  column.float("funding", (row) => Number(row.summary.money.fundingQuote), "funding received, quote"),
  column.floatOrNull(
    "max_drawdown",
    (row) => money(row.summary.money.maxDrawdownMarkedQuote),
    "worst fall of equity at marks, quote",
  ),
  ...METRICS.filter(({ type }) => type === "rate" || type === "count" || type === "value").map((metric) =>
    column.floatOrNull<VariantRecord>(
      `m_${metric.id.replaceAll(".", "_")}`,
      ({ summary }) => {
        const value = summary.metrics[metric.id]?.value ?? null;
        return typeof value === "string" ? Number(value) : value;
      },
      `metric ${metric.id}`,
    ),
  ),
]);
