import type { Decision, FindingNoted } from "../../../engine/domain/decision.ts";
import type { EngineEvent } from "../../../engine/domain/event.ts";
import type { JournalEntry, JournalHeader } from "../../../engine/domain/journal.ts";
import { moneyToNumber } from "../../../engine/domain/money.ts";
import type { Plan } from "../../../engine/domain/plan.ts";
import { Facts, type StudyFacts } from "./facts.ts";
import { readIntent } from "./intent-entry.ts";
import type { IntentFact } from "./intent-facts.ts";

/** Age of an intent at arrival from which it counts as backlog: two cycles of the origin's producer. */
const BACKLOG_MS = 120_000;
/** Age from which an input of a decision is stale: no service of the pipeline lives with an older one (1.6, 1.7). */
const STALE_INPUT_MS = 600_000;

export interface JournalFacts {
  readonly facts: Facts;
  observe(entry: JournalEntry): void;
}

/** Collects the facts of a journal as it is written or read. Quantities are lots where the header is not known. */
export function collectJournal(header: JournalHeader | null, study: StudyFacts | null = null): JournalFacts {
  const facts = new Facts(
    {
      kind: "journal",
      name: header === null ? "live" : header.runId,
      quirks: header?.quirks ?? [],
      recording: header?.recording ?? "",
      engineVersion: header?.engineVersion ?? null,
    },
    study,
  );
  const steps = new Map<string, { step: number; tick: number }>();
  header?.symbols.forEach((symbol, index) => {
    steps.set(symbol, { step: Number(header.stepSizes[index]), tick: Number(header.tickSizes[index]) });
  });
  const qtyOf = (symbol: string, lots: number) => Number((lots * (steps.get(symbol)?.step ?? 1)).toFixed(9));
  const orders = new Map<string, { planId: string; isReduceOnly: boolean; price: number | null }>();
  const planQty = new Map<string, number>();

  function onEvent(event: EngineEvent, tsMs: number, decisions: readonly Decision[]): void {
    switch (event.type) {
      case "intent.received": {
        const intent = readIntent(event.entryId, event.fields, tsMs, outcomeOf(event.entryId, decisions));
        facts.intents.add(intent, BACKLOG_MS, facts.execution.held.get(intent.symbol ?? "") ?? 0);
        return;
      }
      case "exchange.order-filled": {
        const order = orders.get(event.clientOrderId);
        const tick = steps.get(event.symbol)?.tick;
        facts.execution.fill({
          planId: order?.planId ?? null,
          symbol: event.symbol,
          side: event.side,
          qty: qtyOf(event.symbol, event.qtyLots),
          price: tick === undefined ? null : event.priceTicks * tick,
          tsMs: event.exchangeTsMs,
          isReduceOnly: order?.isReduceOnly ?? null,
          decisionPrice: order?.price ?? null,
          realizedPnlQuote: moneyToNumber(event.realizedPnlQuote),
          orderKey: event.orderId,
        });
        if (!event.isOrderComplete) return;
        facts.positions.filled(event.symbol, event.orderId, order?.planId ?? "");
        orders.delete(event.clientOrderId);
        return;
      }
      case "operator.kill-switch-set":
        facts.execution.killed.scope = event.scope;
        facts.execution.killed.sets += 1;
        return;
      case "run.ended":
        facts.isEnded = true;
        return;
      default:
        return;
    }
  }

  function onDecision(decision: Decision, tsMs: number, decisions: readonly Decision[]): void {
    const { execution, positions } = facts;
    switch (decision.type) {
      case "intent.rejected":
        facts.intents.rejections.add(decision.reason, decision.entryId);
        if (decision.reason === "nothing_to_reduce" && (execution.held.get(decision.symbol ?? "") ?? 0) !== 0) {
          execution.droppedCloses.add(decision.symbol ?? "", decision.entryId);
        }
        return;
      case "plan.published":
        onPlan(decision.plan, tsMs);
        return;
      case "permit.granted": {
        const { symbol, planId, path, safeQtyLots, exchangeQtyLots, ledgerQtyLots, snapshotAgeMs } = decision;
        positions.granted.count += 1;
        positions.granted.ageMaxMs = Math.max(positions.granted.ageMaxMs, snapshotAgeMs);
        positions.ledgerRead(symbol, ledgerQtyLots !== null);
        const isEntry = execution.find(planId)?.isEntry === true;
        const wanted = planQty.get(planId) ?? 0;
        // Room for as much again as is held is no cap: a real one leaves what is missing to a limit.
        const isUncapped = safeQtyLots === null || safeQtyLots >= Math.abs(exchangeQtyLots);
        if (path !== "close" || !isEntry || exchangeQtyLots === 0 || !isUncapped) return;
        const safeQty = qtyOf(symbol, safeQtyLots ?? 0);
        const known = positions.addOns.get(symbol);
        positions.addOns.set(symbol, {
          count: (known?.count ?? 0) + 1,
          safeQty,
          planQty: wanted,
          planId: known?.planId ?? planId,
        });
        return;
      }
      case "permit.denied":
        positions.ledgerRead(decision.symbol, decision.ledgerQtyLots !== null);
        positions.deny(decision);
        return;
      case "order.submitted": {
        const { clientOrderId, planId, isReduceOnly, decisionMarkPrice, evalType } = decision;
        orders.set(clientOrderId, { planId, isReduceOnly, price: decisionMarkPrice });
        execution.order(planId, evalType === "ENTRY");
        return;
      }
      case "result.recorded":
        execution.result({
          ...decision,
          filledQty: qtyOf(decision.symbol, decision.filledQtyLots),
          isEntry: decision.evalType === "ENTRY",
        });
        if (decision.clientOrderId !== null) orders.delete(decision.clientOrderId);
        planQty.delete(decision.planId);
        return;
      case "ledger.committed":
        positions.committed(decision.symbol, decision.lagMs);
        return;
      case "position.reconciled": {
        const { symbol, exchangeQtyLots, ledgerQtyLots, unexplainedQtyLots } = decision;
        const isAdoption = decisions.some(
          (each) => each.type === "finding.noted" && each.code === "position_adopted" && each.symbol === symbol,
        );
        if (isAdoption) execution.held.set(symbol, qtyOf(symbol, exchangeQtyLots));
        const ledgerQty = ledgerQtyLots === null ? null : qtyOf(symbol, ledgerQtyLots);
        const exchangeQty = qtyOf(symbol, exchangeQtyLots);
        // The last word of a run repeats what was told of the symbol before.
        const isTold = facts.isEnded && positions.deltas.has(symbol);
        const delta = { tsMs, qty: isTold ? 0 : qtyOf(symbol, unexplainedQtyLots), exchangeQty };
        positions.reconciled(symbol, delta, ledgerQty, isAdoption);
        return;
      }
      case "candidates.ranked": {
        const { coverage } = positions;
        coverage.cycles += 1 + decision.repeatedCycles;
        coverage.firstTsMs ??= tsMs;
        if (execution.isAnythingHeld()) coverage.whileHeld += 1;
        coverage.ranker = decision.ranker;
        coverage.neededFresh += decision.neededFresh;
        coverage.neededStale += decision.neededStale.length;
        for (const symbol of decision.neededNeverRanked) coverage.neverRanked.add(symbol);
        coverage.costMaxMs = Math.max(coverage.costMaxMs, decision.cycleCostMs);
        for (const [tier, count] of Object.entries(decision.tierCounts)) {
          coverage.tiers.set(tier, (coverage.tiers.get(tier) ?? 0) + count);
        }
        return;
      }
      case "account.sampled":
        positions.equity.sampledTsMs = tsMs;
        positions.equity.openPositions = decision.openPositions;
        return;
      case "finding.noted":
        facts.note({ ...decision, evidence: evidenceOf(decision.evidence) }, tsMs);
        return;
      default:
        return;
    }
  }

  function onPlan(plan: Plan, tsMs: number): void {
    const { planId, symbol, evalType, decision, reasonCodes, verdict, killScore } = plan;
    const stalest = plan.inputs
      .filter((each): each is typeof each & { ageMs: number } => each.ageMs !== null && each.ageMs > STALE_INPUT_MS)
      .sort((left, right) => right.ageMs - left.ageMs)[0];
    const closeCutoff = verdict?.terms["critical"];
    facts.plans.add({
      planId,
      tsMs,
      symbol,
      lane: plan.origin,
      evalType,
      action: plan.action,
      side: plan.side,
      decision,
      reason: reasonCodes[0] ?? "none",
      isReduceOnly: plan.isReduceOnly,
      score: killScore?.score ?? null,
      regimeFlip: killScore?.regimeFlip ?? null,
      agePenalty: killScore?.agePenalty ?? null,
      weights: killScore?.weights ?? null,
      cutoff: verdict?.cutoff ?? null,
      closeCutoff: typeof closeCutoff === "number" ? closeCutoff : null,
      isAskedByScore: plan.causes.includes("kill_score_triggered"),
      taints: plan.taints,
      episodeKey: plan.episodeKey,
      isPositionHeld: plan.origin === "harvest" ? plan.positionQtyLots !== 0 : null,
      stalestInput: stalest === undefined ? null : { name: stalest.input, ageMs: stalest.ageMs },
      judgement: verdict === null ? null : { gate: verdict.governor, isRefused: verdict.decision === "BLOCKED" },
    });
    const bypassed = reasonCodes.find((code) => code.startsWith("bypassed:"))?.slice("bypassed:".length);
    const isEntry = evalType === "ENTRY";
    facts.execution.plan({ planId, symbol, decision, isEntry, refusedBy: bypassed ?? null, tsMs });
    if (decision === "EXECUTE") planQty.set(planId, plan.qty);
    if (isEntry) facts.positions.judgedEquity(tsMs);
  }

  return {
    facts,
    observe({ envelope, decisions }) {
      const { tsMs, event } = envelope;
      facts.seen(tsMs);
      onEvent(event, tsMs, decisions);
      for (const decision of decisions) onDecision(decision, tsMs, decisions);
    },
  };
}

function outcomeOf(entryId: string, decisions: readonly Decision[]): IntentFact["outcome"] {
  for (const decision of decisions) {
    if (decision.type === "plan.published" && decision.plan.intentEntryId === entryId) return "plan";
    if (decision.type === "intent.rejected" && decision.entryId === entryId) return "rejected";
  }
  return "none";
}

function evidenceOf(evidence: FindingNoted["evidence"]): Readonly<Record<string, number | string>> {
  return Object.fromEntries(
    Object.entries(evidence).map(([name, value]) => [name, typeof value === "number" ? value : String(value)]),
  );
}
