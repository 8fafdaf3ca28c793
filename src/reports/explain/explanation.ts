import { formatDurationMs } from "../../engine/domain/duration.ts";
import type { JournalHeader } from "../../engine/domain/journal.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import type { Plan } from "../../engine/domain/plan.ts";
import { isInferredExitPlan } from "../summary/episodes.ts";
import { type Instruments, instrumentsOf } from "../summary/instruments.ts";
import { qtyText } from "../summary/reconciliation.ts";
import type { ChainFact, ExplainIndex, IntentTrace, Moment, PlanTrace } from "./explain-index.ts";
import { findId } from "./find-id.ts";
import { componentsAtCutoff, type ScoreTerms, scoreTerms } from "./kill-score-terms.ts";

/** One link of the causal chain. */
export interface ChainStep {
  readonly seq: number;
  readonly tsMs: number;
  /** Since the first link. */
  readonly offsetMs: number;
  /** Since the link before. */
  readonly waitMs: number;
  readonly what: string;
  readonly text: string;
  readonly detail: string;
  readonly isTrouble: boolean;
}

export interface GovernorExplanation {
  readonly governor: string;
  readonly decision: string;
  readonly reason: string;
  readonly value: number | null;
  readonly cutoff: number | null;
  readonly margin: number | null;
  readonly terms: readonly { readonly name: string; readonly value: number | null }[];
}

export interface EpisodeExplanation {
  readonly key: string;
  readonly outcome: string;
  readonly evaluations: number;
  readonly firstTsMs: number;
  readonly firstPlanId: string;
  readonly lastTsMs: number;
  /** What differs between the first evaluation and this one, e.g. `score 0.71 -> 0.76`. */
  readonly changed: readonly string[];
}

/** Answer of `sim explain`; `JSON.stringify` of it is the `--json` form. */
export interface Explanation {
  readonly schema: "sim.explain/1";
  readonly query: string;
  /** How the query led to the id, `null` when it is the id. */
  readonly note: string | null;
  readonly run: { readonly id: string; readonly variant: string };
  readonly kind: "plan" | "intent";
  readonly id: string;
  readonly symbol: string | null;
  readonly evalType: string | null;
  readonly isInferredExit: boolean;
  readonly headline: string;
  readonly publications: number;
  readonly chain: readonly ChainStep[];
  readonly governor: GovernorExplanation | null;
  readonly killScore: ScoreTerms | null;
  readonly wouldFlip: readonly string[];
  readonly episode: EpisodeExplanation | null;
  readonly causes: readonly string[];
  readonly taints: readonly string[];
}

interface Subject {
  readonly header: JournalHeader;
  readonly index: ExplainIndex;
  readonly query: string;
  readonly note: string | null;
}

/**
 * The chain of causes behind a plan or an intent, named by id, order id, prefix or near miss.
 *
 * @throws {UserError} (exit 2) with the nearest ids when nothing fits.
 */
export function explain(header: JournalHeader, index: ExplainIndex, idOrPrefix: string): Explanation {
  const { kind, id, note } = findId(index, idOrPrefix);
  return kind === "plan"
    ? explainPlan(header, index, id, { query: idOrPrefix, note })
    : explainIntent(header, index, id, { query: idOrPrefix, note });
}

/** A plan by its exact id; `explain` finds it from less. */
export function explainPlan(
  header: JournalHeader,
  index: ExplainIndex,
  planId: string,
  asked: { readonly query: string; readonly note: string | null } = { query: planId, note: null },
): Explanation {
  const trace = index.plans.get(planId);
  if (trace === undefined) return explain(header, index, planId);
  return ofPlan({ header, index, ...asked }, trace);
}

/** An intent by its exact entry id; one that became a plan is explained with the plan. */
export function explainIntent(
  header: JournalHeader,
  index: ExplainIndex,
  entryId: string,
  asked: { readonly query: string; readonly note: string | null } = { query: entryId, note: null },
): Explanation {
  const trace = index.intents.get(entryId);
  if (trace === undefined) return explain(header, index, entryId);
  const planId = trace.planIds[0];
  const plan = planId === undefined ? undefined : index.plans.get(planId);
  if (plan !== undefined) return ofPlan({ header, index, ...asked }, plan);
  return ofIntent({ header, index, ...asked }, trace);
}

function ofPlan(subject: Subject, trace: PlanTrace): Explanation {
  const plan = trace.published.fact;
  const intent = plan.intentEntryId === null ? undefined : subject.index.intents.get(plan.intentEntryId);
  const instruments = instrumentsOf(subject.header);
  const links: Link[] = [
    ...(intent === undefined ? [] : [intentLink(intent)]),
    planLink(trace.published),
    ...trace.steps.map((step) => factLink(step, instruments)),
  ];
  const killScore = plan.killScore === null ? null : scoreTerms(plan.killScore);
  const end = plan.decision === "EXECUTE" ? (endOf(trace) ?? "no result") : (plan.reasonCodes[0] ?? "no reason");
  return {
    ...shared(subject),
    kind: "plan",
    id: plan.planId,
    symbol: plan.symbol,
    evalType: plan.evalType,
    isInferredExit: isInferredExitPlan(plan),
    headline: `${plan.side} ${plan.qty} ${plan.action}  ${plan.decision}  ${end}`,
    publications: trace.publications,
    chain: chainOf(links),
    governor: governorOf(plan),
    killScore,
    wouldFlip: wouldFlip(plan, killScore),
    episode: episodeOf(trace),
    causes: plan.causes ?? [],
    taints: plan.taints,
  };
}

function ofIntent(subject: Subject, trace: IntentTrace): Explanation {
  const links: Link[] = [intentLink(trace)];
  const { rejected } = trace;
  if (rejected !== null) {
    const { reason, detail } = rejected.fact;
    links.push({ ...placeOf(rejected), what: "rejected", text: reason, detail, isTrouble: true });
  }
  return {
    ...shared(subject),
    kind: "intent",
    id: trace.entryId,
    symbol: rejected?.fact.symbol ?? trace.received.fact.fields["symbol"] ?? null,
    evalType: null,
    isInferredExit: false,
    headline: rejected === null ? "no plan and no rejection: nobody answered" : `rejected  ${rejected.fact.reason}`,
    publications: 0,
    chain: chainOf(links),
    governor: null,
    killScore: null,
    wouldFlip: [],
    episode: null,
    causes: [],
    taints: [],
  };
}

function shared({ header, query, note }: Subject): Pick<Explanation, "schema" | "query" | "note" | "run"> {
  return { schema: "sim.explain/1", query, note, run: { id: header.runId, variant: header.variant } };
}

type Link = Omit<ChainStep, "offsetMs" | "waitMs">;

function placeOf({ seq, tsMs }: Moment<unknown>): { seq: number; tsMs: number } {
  return { seq, tsMs };
}

function chainOf(links: readonly Link[]): ChainStep[] {
  return links.map((link, index) => ({
    ...link,
    offsetMs: link.tsMs - links[0]!.tsMs,
    waitMs: index === 0 ? 0 : link.tsMs - links[index - 1]!.tsMs,
  }));
}

function intentLink(intent: IntentTrace): Link {
  const { fields } = intent.received.fact;
  return {
    ...placeOf(intent.received),
    what: "intent",
    text: fields["source"] ?? "received",
    detail: `trade.intent ${intent.entryId}`,
    isTrouble: false,
  };
}

function planLink(published: Moment<Plan>): Link {
  const plan = published.fact;
  const { verdict } = plan;
  const isCompared = verdict !== null && verdict.value !== null && verdict.cutoff !== null;
  const comparison = isCompared
    ? `${number(verdict.value!)} ${comparisonSign(verdict.value!, verdict.cutoff!)} cutoff ${number(verdict.cutoff!)}`
    : "no comparison";
  return {
    ...placeOf(published),
    what: verdict === null ? "plan" : "governor",
    text: verdict === null ? plan.action : comparison,
    detail: `${plan.decision}  ${plan.reasonCodes.join(",")}`,
    isTrouble: plan.decision !== "EXECUTE",
  };
}

function comparisonSign(value: number, cutoff: number): string {
  if (value === cutoff) return "=";
  return value < cutoff ? "<" : ">";
}

function factLink(step: Moment<ChainFact>, instruments: Instruments): Link {
  const { fact } = step;
  const place = placeOf(step);
  const qty = (symbol: string, lots: number) => qtyText(instruments, symbol, lots);
  switch (fact.type) {
    case "permit.granted": {
      const safe = fact.safeQtyLots === null ? "plan quantity" : `safe_qty ${qty(fact.symbol, fact.safeQtyLots)}`;
      const state = `snapshot age ${formatDurationMs(fact.snapshotAgeMs)}, exchange ${qty(fact.symbol, fact.exchangeQtyLots)}, ledger ${fact.ledgerQtyLots === null ? "none" : qty(fact.symbol, fact.ledgerQtyLots)}`;
      return {
        ...place,
        what: "permit",
        text: `ALLOW ${fact.reason}`,
        detail: `${fact.path}, ${safe}, ${state}`,
        isTrouble: false,
      };
    }
    case "permit.denied": {
      const age = fact.snapshotAgeMs === null ? "no snapshot" : `snapshot age ${formatDurationMs(fact.snapshotAgeMs)}`;
      return { ...place, what: "permit", text: `DENY ${fact.reason}`, detail: age, isTrouble: true };
    }
    case "order.submitted":
      return {
        ...place,
        what: "order",
        text: `${fact.orderType} ${fact.side} ${qty(fact.symbol, fact.qtyLots)}`,
        detail: `${fact.clientOrderId}${fact.isReduceOnly ? ", reduce-only" : ""}${fact.decisionMarkPrice === null ? "" : `, mark ${number(fact.decisionMarkPrice)}`}`,
        isTrouble: false,
      };
    case "order.query-requested":
      return { ...place, what: "query", text: `attempt ${fact.attempt}`, detail: fact.clientOrderId, isTrouble: true };
    case "exchange.order-accepted":
      return { ...place, what: "accepted", text: `order ${fact.orderId}`, detail: "", isTrouble: false };
    case "exchange.order-rejected":
      return { ...place, what: "refused", text: `code ${fact.code}`, detail: fact.text, isTrouble: true };
    case "exchange.order-filled": {
      const instrument = instruments.get(fact.symbol);
      const price =
        instrument === undefined ? `${fact.priceTicks} ticks` : number(fact.priceTicks * Number(instrument.tickSize));
      return {
        ...place,
        what: "fill",
        text: `${qty(fact.symbol, fact.qtyLots)} at ${price}`,
        detail: `fee ${formatMoney(fact.feeQuote)}${fact.isMaker ? ", maker" : ""}${fact.isOrderComplete ? ", complete" : ""}`,
        isTrouble: false,
      };
    }
    case "exchange.order-ended":
      return { ...place, what: "ended", text: fact.status, detail: fact.reason, isTrouble: true };
    case "exchange.order-unknown":
      return {
        ...place,
        what: "unknown",
        text: "no answer that says what happened",
        detail: fact.cause,
        isTrouble: true,
      };
    case "exchange.order-queried":
      return {
        ...place,
        what: "answer",
        text: fact.status,
        detail: `executed ${fact.executedQtyLots} lots`,
        isTrouble: false,
      };
    case "result.recorded":
      return {
        ...place,
        what: "result",
        text: `${fact.status} ${fact.reason}`,
        detail: `${fact.isExecuted ? `filled ${qty(fact.symbol, fact.filledQtyLots)}` : "nothing filled"}${fact.detail === "" ? "" : `, ${fact.detail}`}`,
        isTrouble: !fact.isExecuted,
      };
    case "ledger.committed":
      return {
        ...place,
        what: "ledger",
        text: `now ${qty(fact.symbol, fact.ledgerQtyLots)}`,
        detail: `lag ${formatDurationMs(fact.lagMs)}`,
        isTrouble: false,
      };
  }
}

function endOf(trace: PlanTrace): string | null {
  for (const { fact } of trace.steps) if (fact.type === "result.recorded") return `${fact.status} ${fact.reason}`;
  return null;
}

function governorOf({ verdict }: Plan): GovernorExplanation | null {
  if (verdict === null) return null;
  const { governor, decision, reasonCode, value, cutoff, margin } = verdict;
  const terms = Object.entries(verdict.terms)
    .filter(([name]) => !FLIP_TERM.test(name))
    .map(([name, term]) => ({ name, value: term }));
  return { governor, decision, reason: reasonCode, value, cutoff, margin, terms };
}

/** Conditions, each sufficient alone, that would have turned the verdict: from the numbers of the verdict only. */
function wouldFlip(plan: Plan, killScore: ScoreTerms | null): string[] {
  const { verdict } = plan;
  if (verdict === null) return [];
  const points = flipPoints(verdict.terms);
  if (verdict.value === null || verdict.cutoff === null) return points;
  const { value, cutoff } = verdict;
  const isBlocked = plan.decision === "BLOCKED";
  const atCutoff = isBlocked ? `cutoff above ${number(value)}` : `cutoff at or below ${number(value)}`;
  const conditions = points.length > 0 ? [...points] : [atCutoff];
  const isScoreCompared = killScore !== null && Math.abs(killScore.score - value) < 1e-9;
  if (isScoreCompared && points.length === 0) {
    for (const { name, bound } of componentsAtCutoff(killScore, cutoff)) {
      conditions.push(`${name} ${isBlocked ? "below" : "at or above"} ${bound.toFixed(2)}`);
    }
  }
  if (isBlocked && isInferredExitPlan(plan)) {
    conditions.push(
      "the plan saying that it closes (evalType is UNKNOWN, so rules that let closes pass did not apply)",
    );
  }
  return conditions;
}

/** Terms of a formula's verdict that say at which value of a driver it would have let the plan pass. */
const FLIP_TERM = /^flips at (.+)$/;

function flipPoints(terms: Readonly<Record<string, number | null>>): string[] {
  return Object.entries(terms).flatMap(([term, point]) => {
    const name = FLIP_TERM.exec(term)?.[1];
    if (name === undefined || point === null) return [];
    const present = terms[name];
    const side = present == null ? "at" : point < present ? "below" : "above";
    return [`${name} ${side} ${number(point)}${present == null ? "" : ` (it was ${number(present)})`}`];
  });
}

function episodeOf({ episode, firstOfEpisode, published }: PlanTrace): EpisodeExplanation {
  return {
    key: episode.key,
    outcome: episode.outcome,
    evaluations: episode.evaluations,
    firstTsMs: episode.firstTsMs,
    firstPlanId: episode.firstPlanId,
    lastTsMs: episode.lastTsMs,
    changed: changesBetween(firstOfEpisode, published.fact),
  };
}

function changesBetween(first: Plan, now: Plan): string[] {
  const changes: string[] = [];
  const compare = (name: string, before: number | string | null, after: number | string | null) => {
    if (before === after) return;
    changes.push(`${name} ${show(before)} -> ${show(after)}`);
  };
  compare("action", first.action, now.action);
  compare("reason", first.reasonCodes[0] ?? null, now.reasonCodes[0] ?? null);
  compare("score", first.killScore?.score ?? null, now.killScore?.score ?? null);
  compare("value", first.verdict?.value ?? null, now.verdict?.value ?? null);
  compare("cutoff", first.verdict?.cutoff ?? null, now.verdict?.cutoff ?? null);
  compare("position lots", first.positionQtyLots, now.positionQtyLots);
  compare("regime_flip", first.killScore?.regimeFlip ?? null, now.killScore?.regimeFlip ?? null);
  return changes;
}

function show(value: number | string | null): string {
  if (value === null) return "none";
  return typeof value === "number" ? number(value) : value;
}

/** Six significant digits without an exponent for everyday sizes. */
function number(value: number): string {
  return String(Number(value.toPrecision(6)));
}
