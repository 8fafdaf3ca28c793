import type { Decision, IntentRejected } from "../../engine/domain/decision.ts";
import type { EngineEvent, IntentReceived } from "../../engine/domain/event.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { Plan } from "../../engine/domain/plan.ts";
import { createEpisodeTracker, EPISODE_GAP_MS, type Episode } from "../summary/episodes.ts";

/** A fact of the chain with its place in the run. */
export interface Moment<Fact> {
  readonly seq: number;
  readonly tsMs: number;
  readonly fact: Fact;
}

export interface IntentTrace {
  readonly entryId: string;
  readonly received: Moment<IntentReceived>;
  rejected: Moment<IntentRejected> | null;
  readonly planIds: string[];
}

/** The last publication of a plan id and everything that names it. */
export interface PlanTrace {
  readonly planId: string;
  published: Moment<Plan>;
  publications: number;
  readonly steps: Moment<ChainFact>[];
  episode: Episode;
  /** First plan of the episode: what has changed since is told against it. */
  firstOfEpisode: Plan;
}

export type ChainDecision = Extract<
  Decision,
  {
    type:
      | "permit.granted"
      | "permit.denied"
      | "order.submitted"
      | "order.query-requested"
      | "result.recorded"
      | "ledger.committed";
  }
>;
export type ChainEvent = Extract<
  EngineEvent,
  {
    type:
      | "exchange.order-accepted"
      | "exchange.order-rejected"
      | "exchange.order-filled"
      | "exchange.order-ended"
      | "exchange.order-unknown"
      | "exchange.order-queried";
  }
>;
export type ChainFact = ChainDecision | ChainEvent;

/** Everything `sim explain` looks up in one finished run. Memory grows with plans, not with entries. */
export interface ExplainIndex {
  observe(entry: JournalEntry): void;
  readonly plans: ReadonlyMap<string, PlanTrace>;
  readonly intents: ReadonlyMap<string, IntentTrace>;
  /** Client order id or exchange order id to plan id. */
  readonly planByOrder: ReadonlyMap<string, string>;
  /** Plan ids of a symbol in time order, one per publication. */
  readonly bySymbol: ReadonlyMap<string, readonly { readonly tsMs: number; readonly planId: string }[]>;
}

export function createExplainIndex(): ExplainIndex {
  const plans = new Map<string, PlanTrace>();
  const intents = new Map<string, IntentTrace>();
  const planByOrder = new Map<string, string>();
  const bySymbol = new Map<string, { tsMs: number; planId: string }[]>();
  const firstPlans = new WeakMap<Episode, Plan>();
  const episodes = createEpisodeTracker(EPISODE_GAP_MS, () => {});

  function publish(plan: Plan, seq: number, tsMs: number): void {
    const episode = episodes.evaluate(plan, tsMs);
    const firstOfEpisode = firstPlans.get(episode) ?? plan;
    firstPlans.set(episode, firstOfEpisode);
    const published = { seq, tsMs, fact: plan };
    const known = plans.get(plan.planId);
    if (known === undefined) {
      plans.set(plan.planId, { planId: plan.planId, published, publications: 1, steps: [], episode, firstOfEpisode });
    } else {
      known.publications += 1;
      // A refusal of the duplicate of a running plan must not hide what the running one was judged on.
      if (known.published.fact.decision !== "EXECUTE" || plan.decision === "EXECUTE") {
        known.published = published;
        known.episode = episode;
        known.firstOfEpisode = firstOfEpisode;
        known.steps.length = 0;
      }
    }
    const places = bySymbol.get(plan.symbol);
    if (places === undefined) bySymbol.set(plan.symbol, [{ tsMs, planId: plan.planId }]);
    else places.push({ tsMs, planId: plan.planId });
    if (plan.intentEntryId !== null) intents.get(plan.intentEntryId)?.planIds.push(plan.planId);
  }

  function addStep(planId: string | undefined, step: Moment<ChainFact>): void {
    if (planId !== undefined) plans.get(planId)?.steps.push(step);
  }

  function observeDecision(decision: Decision, seq: number, tsMs: number): void {
    switch (decision.type) {
      case "plan.published":
        publish(decision.plan, seq, tsMs);
        return;
      case "intent.rejected": {
        const intent = intents.get(decision.entryId);
        if (intent !== undefined && intent.planIds.length === 0) intent.rejected ??= { seq, tsMs, fact: decision };
        return;
      }
      case "order.submitted":
        planByOrder.set(decision.clientOrderId, decision.planId);
        addStep(decision.planId, { seq, tsMs, fact: decision });
        return;
      case "permit.granted":
      case "permit.denied":
      case "result.recorded":
        addStep(decision.planId, { seq, tsMs, fact: decision });
        return;
      case "order.query-requested":
        addStep(planByOrder.get(decision.clientOrderId), { seq, tsMs, fact: decision });
        return;
      case "ledger.committed":
        addStep(planByOrder.get(decision.orderId), { seq, tsMs, fact: decision });
        return;
      case "position.reconciled":
      case "snapshot.requested":
      case "candidates.ranked":
      case "stop.moved":
      case "timer.set":
      case "statistics.published":
      case "account.sampled":
      case "finding.noted":
        return;
    }
  }

  return {
    plans,
    intents,
    planByOrder,
    bySymbol,
    observe({ envelope: { seq, tsMs, event }, decisions }) {
      episodes.expire(tsMs);
      if (event.type === "intent.received") {
        if (!intents.has(event.entryId)) {
          const received = { seq, tsMs, fact: event };
          intents.set(event.entryId, { entryId: event.entryId, received, rejected: null, planIds: [] });
        }
      } else if (isOrderEvent(event)) {
        const planId = planByOrder.get(event.clientOrderId);
        if (planId !== undefined && "orderId" in event && event.orderId !== null)
          planByOrder.set(event.orderId, planId);
        addStep(planId, { seq, tsMs, fact: event });
      }
      for (const decision of decisions) observeDecision(decision, seq, tsMs);
    },
  };
}

function isOrderEvent(event: EngineEvent): event is ChainEvent {
  return event.type.startsWith("exchange.order-");
}

export function indexJournal(entries: Iterable<JournalEntry>): ExplainIndex {
  const index = createExplainIndex();
  for (const entry of entries) index.observe(entry);
  return index;
}
