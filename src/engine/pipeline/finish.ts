import { lotsToQty } from "../domain/instrument.ts";
import { qtyLotsOf } from "./position-book.ts";
import { recordOrderResult, recordPlanResult } from "./result.ts";
import { decide, noteFinding, type Step } from "./state.ts";

/**
 * The run is over: plans that did not end are in flight, exchange and ledger are compared once more, and gates or tiers
 * that never did anything are named.
 */
export function finishRun(step: Step): void {
  settlePlans(step);
  reconcileAll(step);
  nameDeadParts(step);
}

function settlePlans(step: Step): void {
  for (const active of [...step.state.activePlans.values()]) {
    const order = active.stage.kind === "ordered" ? step.state.activeOrders.get(active.stage.clientOrderId) : undefined;
    if (order === undefined) {
      recordPlanResult(step, active.plan, "in_flight_at_end", active.stage.kind);
      continue;
    }
    recordOrderResult(step, active.plan, order, {
      status: "IN_FLIGHT",
      reason: "in_flight_at_end",
      detail: order.status,
    });
  }
}

function reconcileAll(step: Step): void {
  const { ledger, positions, instrumentBySymbol } = step.state;
  const symbols = new Set([...positions.open.keys(), ...ledger.keys(), ...positions.ownFillsQtyLots.keys()]);
  // allow(sort): the symbols of a Set are unique texts
  for (const symbol of [...symbols].sort()) {
    const exchangeQtyLots = qtyLotsOf(positions, symbol);
    const ledgerQtyLots = ledger.get(symbol) ?? null;
    const ownFillsQtyLots = positions.ownFillsQtyLots.get(symbol) ?? 0;
    const adopted = positions.adoptedQtyLots.get(symbol) ?? 0;
    decide(step, {
      type: "position.reconciled",
      symbol,
      exchangeQtyLots,
      ledgerQtyLots,
      ownFillsQtyLots,
      unexplainedQtyLots: exchangeQtyLots - adopted - ownFillsQtyLots,
    });
    if ((ledgerQtyLots ?? 0) === exchangeQtyLots) continue;
    const instrument = instrumentBySymbol.get(symbol)!;
    noteFinding(step, {
      code: "ledger_differs",
      severity: "warn",
      symbol,
      text: `Ledger and exchange disagree on ${symbol}: the exchange is the truth`,
      evidence: {
        exchangeQty: lotsToQty(instrument, exchangeQtyLots),
        ledgerQty: ledgerQtyLots === null ? null : lotsToQty(instrument, ledgerQtyLots),
      },
    });
  }
}

function nameDeadParts(step: Step): void {
  const { snapshots, heatGate } = step.state;
  // allow(sort): the keys of a Map are unique
  for (const [tier, total] of [...snapshots.tierTotals].sort(([left], [right]) => (left < right ? -1 : 1))) {
    if (total > 0 || tier !== "recent-intent" || snapshots.intentTierChances === 0) continue;
    noteFinding(step, {
      code: "dead_tier",
      severity: "error",
      symbol: null,
      text: `Tier ${tier} of the candidate ranking contributed nothing in the whole run, although there were intents`,
      evidence: { tier, contributed: 0, cyclesWithIntents: snapshots.intentTierChances },
    });
  }
  // allow(sort): the symbols of a Set are unique texts
  const uncovered = [...snapshots.neverRanked].filter((symbol) => !snapshots.rankedEver.has(symbol)).sort();
  if (uncovered.length > 0) {
    noteFinding(step, {
      code: "needed_never_ranked",
      severity: "error",
      symbol: null,
      text: `${uncovered.length} symbols with intents or positions never got a snapshot: ${uncovered.slice(0, 8).join(", ")}`,
      evidence: { ranker: step.state.parts.ranker.name, symbols: uncovered.length, first: uncovered[0]! },
    });
  }
  if (heatGate.inputs > 0 && heatGate.effects === 0) {
    noteFinding(step, {
      code: "dead_gate",
      severity: "warn",
      symbol: null,
      text: `The portfolio heat gate changed none of ${heatGate.inputs} closes: it waits for a word nobody says`,
      evidence: { gate: "portfolio-heat", inputs: heatGate.inputs, effects: 0 },
    });
  }
}
