import type { OrderSubmitted, ResultRecorded } from "../../engine/domain/decision.ts";
import { lotsToQty } from "../../engine/domain/instrument.ts";
import type { EvalType } from "../../engine/domain/intent.ts";
import { sideSign } from "../../engine/domain/intent.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { moneyToNumber } from "../../engine/domain/money.ts";
import type { Plan } from "../../engine/domain/plan.ts";
import { createDistribution } from "./distribution.ts";
import { reasonOf } from "./episodes.ts";
import { EVAL_TYPES } from "./funnel-tally.ts";
import type { Instruments } from "./instruments.ts";
import { createReasonTally, type ReasonTally } from "./reason-tally.ts";
import type { RunSummary, StageCount } from "./schema.ts";

type Execution = RunSummary["execution"];
type ExecutionCounts = Pick<
  Execution,
  "executePlans" | "ordersSubmitted" | "ordersFilled" | "ordersRejected" | "orderQueries" | "slippage"
> & { readonly latencies: Omit<Execution["latencies"], "intentToPlan"> };

export interface ExecutionTimes {
  observe(entry: JournalEntry): void;
  finish(): ExecutionCounts;
  stages(): StageCount[];
}

interface Trace {
  readonly evalType: EvalType;
  readonly planTsMs: number;
  permitTsMs: number | null;
  orderTsMs: number | null;
}

interface OpenOrder {
  readonly evalType: EvalType;
  readonly symbol: string;
  readonly decisionMarkPrice: number | null;
  hasFilled: boolean;
}

interface Stage {
  in: number;
  out: number;
  readonly reasons: ReasonTally;
}

const STAGES = ["decision", "permit", "order", "fill"] as const;
/** Plans and orders nobody finishes are forgotten after this long, so that memory does not grow with them. */
const PATIENCE_MS = 3_600_000;

/**
 * Times between the steps of a plan and what became of orders.
 *
 * Latencies are those of plans that executed (something filled); a plan that died on the way has no plan-to-result
 * time, it has a reason. Slippage is side x (average fill - mark at the decision) / mark in basis points, positive
 * when it cost.
 */
export function createExecutionTimes(instruments: Instruments, warmupUntilTsMs: number): ExecutionTimes {
  const traces = new Map<string, Trace>();
  const orders = new Map<string, OpenOrder & { readonly tsMs: number }>();
  const times = {
    planToPermit: createDistribution(),
    permitToOrder: createDistribution(),
    orderToResult: createDistribution(),
    planToResult: createDistribution(),
    fillToLedger: createDistribution(),
  };
  const slippage = createDistribution();
  const counts = { executePlans: 0, ordersSubmitted: 0, ordersFilled: 0, ordersRejected: 0, orderQueries: 0 };
  const stages = new Map<string, Stage>();
  for (const evalType of EVAL_TYPES) {
    for (const stage of STAGES) stages.set(`${evalType} ${stage}`, { in: 0, out: 0, reasons: createReasonTally() });
  }
  const stage = (evalType: EvalType, name: (typeof STAGES)[number]) => stages.get(`${evalType} ${name}`)!;

  function publish(plan: Plan, tsMs: number): void {
    if (tsMs < warmupUntilTsMs || traces.has(plan.planId)) return;
    const judged = stage(plan.evalType, "decision");
    judged.in += 1;
    if (plan.decision !== "EXECUTE") {
      judged.reasons.add(reasonOf(plan), plan.symbol);
      return;
    }
    judged.out += 1;
    counts.executePlans += 1;
    traces.set(plan.planId, { evalType: plan.evalType, planTsMs: tsMs, permitTsMs: null, orderTsMs: null });
  }

  function submit(order: OrderSubmitted, tsMs: number): void {
    const trace = traces.get(order.planId);
    if (tsMs < warmupUntilTsMs) return;
    counts.ordersSubmitted += 1;
    stage(order.evalType, "fill").in += 1;
    stage(order.evalType, "order").out += 1;
    orders.set(order.clientOrderId, {
      evalType: order.evalType,
      symbol: order.symbol,
      decisionMarkPrice: order.decisionMarkPrice,
      hasFilled: false,
      tsMs,
    });
    if (trace === undefined) return;
    trace.orderTsMs ??= tsMs;
    if (trace.permitTsMs !== null) times.permitToOrder.add(tsMs - trace.permitTsMs);
  }

  function record(result: ResultRecorded, tsMs: number): void {
    const trace = traces.get(result.planId);
    traces.delete(result.planId);
    if (trace !== undefined && trace.permitTsMs !== null && trace.orderTsMs === null) {
      stage(trace.evalType, "order").reasons.add(result.reason, result.symbol);
    }
    if (trace !== undefined && result.isExecuted) {
      times.planToResult.add(tsMs - trace.planTsMs);
      if (trace.orderTsMs !== null) times.orderToResult.add(tsMs - trace.orderTsMs);
    }
    const order = result.clientOrderId === null ? undefined : orders.get(result.clientOrderId);
    if (order === undefined) return;
    orders.delete(result.clientOrderId!);
    if (result.filledQtyLots === 0) stage(order.evalType, "fill").reasons.add(result.reason, result.symbol);
    else addSlippage(result, order.decisionMarkPrice);
  }

  function addSlippage(result: ResultRecorded, markPrice: number | null): void {
    const instrument = instruments.get(result.symbol);
    if (markPrice === null || !(markPrice > 0) || instrument === undefined) return;
    const averagePrice =
      moneyToNumber(result.filledNotionalQuote) / lotsToQty(instrument, Math.abs(result.filledQtyLots));
    slippage.add((sideSign(result.side) * (averagePrice - markPrice) * 10_000) / markPrice);
  }

  function expire(tsMs: number): void {
    for (const [id, trace] of traces) {
      if (tsMs - trace.planTsMs <= PATIENCE_MS) break;
      traces.delete(id);
    }
    for (const [id, order] of orders) {
      if (tsMs - order.tsMs <= PATIENCE_MS) break;
      orders.delete(id);
    }
  }

  return {
    observe({ envelope: { tsMs, event }, decisions }) {
      expire(tsMs);
      if (event.type === "exchange.order-filled") {
        const order = orders.get(event.clientOrderId);
        if (order !== undefined && !order.hasFilled) {
          order.hasFilled = true;
          counts.ordersFilled += 1;
          stage(order.evalType, "fill").out += 1;
        }
      } else if (event.type === "exchange.order-rejected" && orders.has(event.clientOrderId)) {
        counts.ordersRejected += 1;
      }
      for (const decision of decisions) {
        if (decision.type === "plan.published") publish(decision.plan, tsMs);
        else if (decision.type === "permit.granted" || decision.type === "permit.denied") {
          const trace = traces.get(decision.planId);
          if (trace === undefined || trace.permitTsMs !== null) continue;
          const permits = stage(trace.evalType, "permit");
          permits.in += 1;
          if (decision.type === "permit.denied") {
            permits.reasons.add(decision.reason, decision.symbol);
            continue;
          }
          permits.out += 1;
          stage(trace.evalType, "order").in += 1;
          trace.permitTsMs = tsMs;
          times.planToPermit.add(tsMs - trace.planTsMs);
        } else if (decision.type === "order.submitted") submit(decision, tsMs);
        else if (decision.type === "order.query-requested") counts.orderQueries += 1;
        else if (decision.type === "result.recorded") record(decision, tsMs);
        else if (decision.type === "ledger.committed") times.fillToLedger.add(decision.lagMs);
      }
    },
    finish: () => ({
      ...counts,
      latencies: {
        planToPermit: times.planToPermit.finish("ms", "no permit was granted"),
        permitToOrder: times.permitToOrder.finish("ms", "no order followed a permit"),
        orderToResult: times.orderToResult.finish("ms", "no order filled"),
        planToResult: times.planToResult.finish("ms", "no plan executed"),
        fillToLedger: times.fillToLedger.finish("ms", "the ledger committed nothing"),
      },
      slippage: slippage.finish("bp", "no fill with a mark price at the decision"),
    }),
    stages: () =>
      EVAL_TYPES.flatMap((evalType) =>
        STAGES.map((name) => {
          const { in: entered, out, reasons } = stage(evalType, name);
          return { evalType, stage: name, in: entered, out, byReason: reasons.list() };
        }),
      ),
  };
}
