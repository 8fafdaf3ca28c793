import { createHash } from "node:crypto";
import type { Decision } from "../../engine/domain/decision.ts";
import type { EngineEvent } from "../../engine/domain/event.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import type { Plan } from "../../engine/domain/plan.ts";
import { decisionRows } from "../../reports/decisions-file.ts";
import { canonicalJson } from "../../sim/scenario/resolve.ts";
import { type DecisionRow, type GoldenRow, ROUNDING_DIGITS } from "./golden.ts";

/** Makes the lines of a golden from a journal, entry by entry. */
export interface RowMaker {
  rowsOf(entry: JournalEntry): GoldenRow[];
}

type Facts = Record<string, string | number | boolean>;

/** What a row says beyond the columns of the decisions file, and what the decision was given. */
interface Rest {
  readonly id?: string | null;
  readonly entry?: string | null;
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>;
  readonly values?: Readonly<Record<string, number | null>>;
  readonly terms?: Readonly<Record<string, number | null>>;
  readonly given?: unknown;
}

/**
 * Ids the venue or the engine counts up are left out everywhere: after one lost order all later ones would differ by
 * one, and say nothing.
 */
const COUNTED = new Set(["orderId", "tradeId", "requestId", "clientOrderId"]);

/** Decisions that answer to something; the others report, and are themselves what they were given. */
const GIVEN = new Set([
  "intent.rejected",
  "plan.published",
  "permit.granted",
  "permit.denied",
  "order.submitted",
  "result.recorded",
]);

export function createRowMaker(): RowMaker {
  const entryByPlan = new Map<string, string>();
  const planByOrder = new Map<string, string>();

  function remember({ event }: JournalEntry["envelope"]): void {
    if (!event.type.startsWith("exchange.order-") || !("orderId" in event) || event.orderId === null) return;
    const planId = planByOrder.get(event.clientOrderId);
    if (planId !== undefined) planByOrder.set(event.orderId, planId);
  }

  function restOf(decision: Decision): Rest {
    switch (decision.type) {
      case "plan.published": {
        const { plan } = decision;
        if (plan.intentEntryId !== null) entryByPlan.set(plan.planId, plan.intentEntryId);
        return planRest(plan);
      }
      case "permit.granted":
      case "permit.denied": {
        const { exchangeQtyLots, ledgerQtyLots, snapshotAgeMs } = decision;
        return { given: { exchangeQtyLots, ledgerQtyLots, snapshotAgeMs } };
      }
      case "order.submitted": {
        planByOrder.set(decision.clientOrderId, decision.planId);
        const { timeInForce, limitPriceTicks, isReduceOnly, decisionMarkPrice } = decision;
        return {
          facts: { timeInForce, limitPriceTicks, isReduceOnly },
          values: { mark: decisionMarkPrice },
          given: { decisionMarkPrice },
        };
      }
      case "order.query-requested":
        return { id: planByOrder.get(decision.clientOrderId) ?? null };
      case "result.recorded":
        return { given: decision.requestedQtyLots };
      case "ledger.committed":
        return { id: planByOrder.get(decision.orderId) ?? null, facts: { ledgerQtyLots: decision.ledgerQtyLots } };
      case "candidates.ranked": {
        const { tierCounts, repeatedCycles, neededFresh, neededStale, neededNeverRanked } = decision;
        const needed = digest([neededFresh, neededStale, neededNeverRanked]);
        return { facts: { tiers: canonicalJson(tierCounts), repeatedCycles, needed } };
      }
      case "statistics.published": {
        const { decisionLayer, executionLayer, reasons } = decision;
        return { facts: { counts: digest([decisionLayer, executionLayer, reasons]) } };
      }
      case "account.sampled": {
        const { walletQuote, equityQuote, grossNotional, portfolioHeat, drawdown, openPositions } = decision;
        const money = { wallet: Number(formatMoney(walletQuote)), equity: Number(formatMoney(equityQuote)) };
        return { values: { ...money, grossNotional, portfolioHeat, drawdown }, facts: { openPositions } };
      }
      case "position.reconciled":
        return { facts: { unexplainedQtyLots: decision.unexplainedQtyLots } };
      case "finding.noted":
        return { facts: { evidence: digest(decision.evidence) } };
      case "intent.rejected":
      case "snapshot.requested":
      case "stop.moved":
      case "timer.set":
        return {};
    }
  }

  return {
    rowsOf(entry) {
      const { envelope, decisions, stateHash } = entry;
      const { seq, tsMs: ts, event } = envelope;
      remember(envelope);
      const told = decisions.filter(({ type }) => type !== "timer.set");
      const columns = decisionRows(entry);
      const rows = told.map((decision, place): GoldenRow => {
        const column = columns[place]!;
        const rest = restOf(decision);
        const id = rest.id ?? column.planId;
        const ofPlan = id === null ? undefined : entryByPlan.get(id);
        const entryId = column.entryId ?? ofPlan ?? entryOf(event);
        // Numbers are in `values` and in `evidence`; the wording of a finding decides nothing.
        const isWorded = decision.type === "finding.noted" || decision.type === "account.sampled";
        return compact({
          seq,
          ts,
          on: eventName(event),
          entry: entryId,
          type: decision.type,
          id,
          symbol: column.symbol,
          evalType: column.evalType,
          outcome: column.decision ?? column.status,
          reason: column.reason,
          score: rounded(column.score),
          cutoff: rounded(column.cutoff),
          facts: compact({
            action: column.action,
            side: column.side,
            governor: column.governor,
            qtyLots: column.qtyLots,
            feeQuote: column.feeQuote,
            realizedPnlQuote: column.realizedPnlQuote,
            taints: column.taints,
            detail: isWorded ? null : column.detail,
            ...rest.facts,
          }),
          values: compact({
            // The kill score is what most governors compare; it is not said twice.
            value: column.value === column.score ? null : rounded(column.value),
            margin: rounded(column.margin),
            qty: rounded(column.qty),
            ...roundedAll(rest.values ?? {}),
          }),
          terms: compact(roundedAll(rest.terms ?? {})),
          inputs: GIVEN.has(decision.type) ? digest([eventGiven(event), rest.given ?? null]) : null,
        }) as unknown as DecisionRow;
      });
      return stateHash === undefined ? rows : [...rows, { seq, ts, state: stateHash }];
    },
  };
}

function planRest(plan: Plan): Rest {
  const { killScore, verdict, rNet, newStopPrice, takeProfitPrice, markPrice, positionQtyLots } = plan;
  const components =
    killScore === null
      ? {}
      : {
          regimeFlip: killScore.regimeFlip,
          sigmaSpike: killScore.sigmaSpike,
          tsDrop: killScore.tsDrop,
          agePenalty: killScore.agePenalty,
        };
  return {
    facts: { positionQtyLots },
    values: {
      mark: markPrice,
      rNet,
      newStopPrice,
      takeProfitPrice,
      qtyScale: verdict === null ? null : verdict.qtyScale,
    },
    // A term that is the score or the cutoff under another name would be said twice.
    terms: {
      ...components,
      ...withoutRepeats(verdict?.terms ?? {}, [killScore?.score ?? null, verdict?.cutoff ?? null]),
    },
    given: {
      origin: plan.origin,
      evalType: plan.evalType,
      action: plan.action,
      symbol: plan.symbol,
      side: plan.side,
      qty: plan.qty,
      isReduceOnly: plan.isReduceOnly,
      intentEntryId: plan.intentEntryId,
      confidence: plan.confidence,
      causes: plan.causes,
      components,
      rNet,
      positionQtyLots,
      markPrice,
      provenance: plan.inputs,
    },
  };
}

function withoutRepeats(
  terms: Readonly<Record<string, number | null>>,
  known: readonly (number | null)[],
): Record<string, number | null> {
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== null && !known.includes(value)));
}

function entryOf(event: EngineEvent): string | null {
  return event.type === "intent.received" ? event.entryId : null;
}

/** `timer.fired harvest`: the event with the part of its name that is no id. */
export function eventName(event: EngineEvent): string {
  if (event.type === "timer.fired") return `timer ${event.timerId.split(":")[0]}`;
  return event.type.replace(/^exchange\./, "");
}

function eventGiven(event: EngineEvent): unknown {
  if (event.type === "timer.fired") return eventName(event);
  return Object.fromEntries(Object.entries(event).filter(([key]) => !COUNTED.has(key)));
}

/** Eight hexadecimal digits over plain data with its numbers rounded. */
function digest(value: unknown): string {
  return createHash("sha256")
    .update(canonicalJson(roundedDeep(value)))
    .digest("hex")
    .slice(0, 8);
}

function roundedDeep(value: unknown): unknown {
  if (typeof value === "number") return rounded(value);
  if (Array.isArray(value)) return value.map(roundedDeep);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, roundedDeep(field)]));
}

function roundedAll(values: Readonly<Record<string, number | null>>): Record<string, number | null> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, rounded(value)]));
}

/** To `ROUNDING_DIGITS` significant digits; zero has no sign. */
export function rounded(value: number | null): number | null {
  if (value === null || !Number.isFinite(value)) return null;
  return value === 0 ? 0 : Number(value.toPrecision(ROUNDING_DIGITS));
}

/** Without the fields that are `null` or hold nothing. */
function compact(fields: Readonly<Record<string, unknown>>): Facts {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => {
      if (value === null || value === undefined || value === "") return false;
      return typeof value !== "object" || Object.keys(value).length > 0;
    }),
  ) as Facts;
}
