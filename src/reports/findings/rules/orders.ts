import { clockText, durationText, numberText } from "../../format.ts";
import { sorted } from "../facts/count.ts";
import { defineFinding, type Rule } from "../finding.ts";

/** Orders and results: more of them than there should be, or against what was said. */
export const ORDER_RULES: readonly Rule[] = [
  defineFinding({
    code: "orders_per_plan_above_one",
    severity: "error",
    title: "One plan, several orders",
    question: "Does each plan lead to at most one order?",
    needs: "any",
    incidents: ["I15"],
    covers: ["orders_per_plan_above_one", "invariant.single-executor"],
    advice: "one consumer group for all executors, and the plan id as client order id so the venue refuses the second",
    detect({ execution: { ordersAbove } }, ask) {
      if (ordersAbove.total === 0) return [];
      return [
        {
          text: `${ordersAbove.total} plans have more than one order (${ordersAbove.names(3)}): two executors consume the same plan`,
          evidence: { plans: ordersAbove.total, symbols: ordersAbove.size },
          command: ask.explain(ordersAbove.list()[0]!.example),
          weight: ordersAbove.total,
        },
      ];
    },
  }),
  defineFinding({
    code: "limit_violated_yet_filled",
    severity: "error",
    title: "Refused, and filled nevertheless",
    question: "Did anything fill that a gate or a limit had refused?",
    needs: "any",
    incidents: ["I16"],
    covers: ["governor_bypassed"],
    advice: "let the executor read the governor's permit; a limit nobody enforces is a number in a log",
    detect({ execution: { bypassed } }, ask) {
      return sorted(bypassed).map(([refusedBy, { count, symbols, planId }]) => ({
        text: `${count} plans filled although ${refusedBy} refused them (${symbols.names(3)})`,
        evidence: { refusedBy, plans: count, symbols: symbols.names(3) },
        command: ask.explain(planId),
        weight: count,
      }));
    },
  }),
  defineFinding({
    code: "kill_switch_inert",
    severity: "error",
    title: "Orders go out while the kill switch is on",
    question: "Did the kill switch stop what it must stop?",
    needs: "journal",
    incidents: ["I36"],
    advice: "prove each switch by a run in which it must stop the flow",
    detect({ execution: { killed } }, ask) {
      if (killed.orders === 0) return [];
      return [
        {
          text: `${killed.orders} orders were sent while the kill switch was on`,
          evidence: { orders: killed.orders, planId: killed.planId },
          command: ask.explain(killed.planId),
          weight: killed.orders,
        },
      ];
    },
  }),
  defineFinding({
    code: "executed_without_fill",
    severity: "error",
    title: "Executed, with nothing filled",
    question: "Does executed = true always come with a filled quantity?",
    needs: "any",
    incidents: ["I31"],
    covers: ["executed_without_fill"],
    advice: "wait for a final order state before the result is written; NEW is not FILLED",
    detect({ execution: { executedEmpty, results } }, ask) {
      if (executedEmpty.total === 0) return [];
      return [
        {
          text: `${executedEmpty.total} of ${results} results say executed with 0 filled (${executedEmpty.names(3)})`,
          evidence: { results: executedEmpty.total, of: results },
          command: ask.explain(executedEmpty.list()[0]!.example),
          weight: executedEmpty.total,
        },
      ];
    },
  }),
  defineFinding({
    code: "two_verdicts",
    severity: "warn",
    title: "Two verdicts on one plan",
    question: "Does every plan end in one verdict?",
    needs: "any",
    incidents: ["I8"],
    advice: "one writer of results per plan, or a field that names the writer and who wins",
    detect({ execution: { twoVerdicts } }, ask) {
      if (twoVerdicts.total === 0) return [];
      return [
        {
          text: `${twoVerdicts.total} results contradict an earlier one of the same plan (${twoVerdicts.names(3)})`,
          evidence: { results: twoVerdicts.total },
          command: ask.explain(twoVerdicts.list()[0]!.example),
          weight: twoVerdicts.total,
        },
      ];
    },
  }),
  defineFinding({
    code: "result_without_reason",
    severity: "warn",
    title: "Refused without a reason",
    question: "Does every result that did not execute say why?",
    needs: "any",
    incidents: ["I8"],
    advice: "make the reason a needed field of the result",
    detect({ execution: { withoutReason, results } }, ask) {
      if (withoutReason.total === 0) return [];
      return [
        {
          text: `${withoutReason.total} of ${results} results did not execute and give no reason (${withoutReason.names(2)})`,
          evidence: { results: withoutReason.total, of: results },
          command: ask.explain(withoutReason.list()[0]!.example),
          weight: withoutReason.total,
        },
      ];
    },
  }),
  defineFinding({
    code: "blocked_plans_read_as_orders",
    severity: "warn",
    title: "The executor reads plans that are no orders",
    question: "Are refusals of the executor about plans that were to execute?",
    needs: "any",
    incidents: ["I7"],
    advice: "let the executor skip plans whose decision is not EXECUTE before it parses them",
    detect({ execution: { blockedAsOrders, results } }, ask) {
      if (blockedAsOrders.total === 0) return [];
      return [
        {
          text: `${blockedAsOrders.total} of ${results} results complain of missing fields in plans that were blocked anyway`,
          evidence: { results: blockedAsOrders.total, of: results },
          command: ask.explain(blockedAsOrders.list()[0]!.example),
          weight: blockedAsOrders.total,
        },
      ];
    },
  }),
  defineFinding({
    code: "plan_without_result",
    severity: "warn",
    title: "Plans to execute end in nothing",
    question: "Does every plan end in a result?",
    needs: "any",
    incidents: ["I22"],
    covers: ["invariant.plan-conservation"],
    advice: "write a result for every way out, also for exceptions",
    detect({ execution, isEnded, lastTsMs, identity }, ask) {
      // Of a recording of plans alone nobody can say what became of them.
      if (!isEnded || (identity.kind === "recording" && execution.results === 0)) return [];
      const open = execution.withoutResult().filter(({ tsMs }) => (lastTsMs ?? tsMs) - tsMs > 60_000);
      if (open.length === 0) return [];
      return [
        {
          text: `${open.length} plans to execute have no result a minute later and more`,
          evidence: { plans: open.length, first: open[0]!.planId },
          command: ask.explain(open[0]!.planId),
          weight: open.length,
        },
      ];
    },
  }),
  defineFinding({
    code: "close_dropped_on_open_position",
    severity: "error",
    title: "A close is dropped while the position is open",
    question: "Were closes skipped as flat although something was held?",
    needs: "any",
    incidents: ["I19"],
    advice: "decide what a SELL is by the position on the exchange, not by a missing flag",
    detect({ execution: { droppedCloses } }, ask) {
      if (droppedCloses.total === 0) return [];
      return [
        {
          text: `${droppedCloses.total} closes were dropped as "nothing to close" while own fills hold a position (${droppedCloses.names(3)})`,
          evidence: { closes: droppedCloses.total },
          command: ask.explain(droppedCloses.list()[0]!.example),
          weight: droppedCloses.total,
        },
      ];
    },
  }),
  defineFinding({
    code: "close_of_nothing",
    severity: "warn",
    title: "Closes of positions that are gone",
    question: "Are closes sent again and again for symbols without a position?",
    needs: "any",
    incidents: ["I34"],
    advice: "reset the pipeline's state with the venue; compare an epoch of both",
    detect({ execution: { closesOfNothing } }, ask) {
      return sorted(closesOfNothing)
        .filter(([, { count }]) => count >= 2)
        .map(([symbol, { count, planId }]) => ({
          symbol,
          text: `${symbol} was to be closed ${count} times with nothing held`,
          evidence: { closes: count },
          command: ask.explain(planId),
          weight: count,
        }));
    },
  }),
  defineFinding({
    code: "position_grows_with_every_intent",
    severity: "error",
    title: "A position grows with every intent",
    question: "Is the position the size that was intended, or a multiple of it?",
    needs: "any",
    incidents: ["I17"],
    covers: ["add_on_uncapped"],
    advice: "cap add-ons by a limit on the position and make the cooldown longer than the producer's beat",
    detect({ execution, positions }, ask) {
      const symbols = new Set([...execution.bySymbol.keys(), ...positions.addOns.keys()]);
      // allow(sort): the symbols of a Set are unique texts
      return [...symbols].sort().flatMap((symbol) => {
        const fills = execution.bySymbol.get(symbol);
        const addOn = positions.addOns.get(symbol);
        const adds = fills?.adds ?? 0;
        if (addOn === undefined && adds < 4) return [];
        const held = execution.held.get(symbol) ?? 0;
        const beat = fills?.beat.range;
        const every = beat == null ? "" : `, every ${durationText(beat.minMs)} to ${durationText(beat.maxMs)}`;
        const grown =
          adds === 0
            ? ""
            : `: ${adds} add-ons of about ${numberText(fills!.firstAddQty, 3)}${every}, from ${numberText(fills!.heldAtFirstAdd)} to ${numberText(held)}`;
        const granted =
          addOn === undefined
            ? ""
            : `; the permit allows the whole position (${numberText(addOn.safeQty)}) for an order of ${numberText(addOn.planQty, 3)}`;
        return [
          {
            symbol,
            text: `add-ons to ${symbol} are ${addOn === undefined ? "many" : "uncapped"}${grown}${granted}`,
            evidence: {
              addOns: adds,
              heldQty: held,
              ...(addOn === undefined ? {} : { safeQty: addOn.safeQty, uncappedPermits: addOn.count }),
            },
            command: addOn === undefined ? ask.overview() : ask.explain(addOn.planId),
            weight: Math.max(adds, addOn?.count ?? 0),
            severity: addOn === undefined ? ("warn" as const) : ("error" as const),
          },
        ];
      });
    },
  }),
  defineFinding({
    code: "entry_against_position",
    severity: "warn",
    title: "Long and short at once",
    question: "Did an order that was no close trade against an open position?",
    needs: "journal",
    incidents: ["I11", "I32"],
    advice: "declare one-way or hedge mode and refuse entries against the position in the first",
    detect({ execution }, ask) {
      return sorted(execution.bySymbol)
        .filter(([, { opposing }]) => opposing > 0)
        .map(([symbol, { opposing, shown }]) => ({
          symbol,
          text: `${opposing} orders of ${symbol} that were no closes traded against the position held`,
          evidence: { orders: opposing, firstFill: clockText(shown[0]!.tsMs) },
          command: ask.overview(),
          weight: opposing,
        }));
    },
  }),
  defineFinding({
    code: "layers_mixed",
    severity: "info",
    title: "Decision counts are no executions",
    question: "Does a count of decisions tell how much was executed?",
    needs: "any",
    incidents: ["I35"],
    advice: "count the layer that talks to the exchange; count episodes, not evaluations",
    detect({ plans, execution }, ask) {
      const [said, blocked] = [plans.byOutcome.get("EXECUTE") ?? 0, plans.byOutcome.get("BLOCKED") ?? 0];
      const episodes = plans.episodes.get("BLOCKED") ?? 0;
      if (said === execution.filledOrders && blocked <= episodes) return [];
      if (plans.total === 0) return [];
      return [
        {
          text: `decision counts mix layers: ${said} EXECUTE and ${blocked} BLOCKED are ${execution.filledOrders} filled orders and ${episodes} blocked episodes asked again and again`,
          evidence: {
            saidExecute: said,
            filledOrders: execution.filledOrders,
            saidBlocked: blocked,
            blockedEpisodes: episodes,
          },
          command: ask.overview(),
          weight: Math.abs(said - execution.filledOrders) + blocked - episodes,
        },
      ];
    },
  }),
];
