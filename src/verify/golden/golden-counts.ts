import type { JournalEntry } from "../../engine/domain/journal.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import type { GoldenCounts } from "./golden.ts";

/** Counts a journal while it is made. */
export interface CountMaker {
  observe(entry: JournalEntry): void;
  finish(lines: number, decisions: number): GoldenCounts;
}

export function createCountMaker(): CountMaker {
  const plans = new Map<string, number>();
  const results = new Map<string, number>();
  let entries = 0;
  let intents = 0;
  let fills = 0;
  let findings = 0;
  let netPnlQuote = 0n;
  const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  return {
    observe({ envelope: { event }, decisions }) {
      entries += 1;
      if (event.type === "intent.received") intents += 1;
      else if (event.type === "exchange.order-filled") {
        fills += 1;
        netPnlQuote += event.realizedPnlQuote - event.feeQuote;
      } else if (event.type === "exchange.funding-settled") netPnlQuote += event.amountQuote;
      for (const decision of decisions) {
        if (decision.type === "plan.published") add(plans, `${decision.plan.evalType} ${decision.plan.decision}`);
        else if (decision.type === "result.recorded") add(results, decision.status);
        else if (decision.type === "finding.noted") findings += 1;
      }
    },
    finish: (lines, decisions) => ({
      lines,
      decisions,
      entries,
      intents,
      plans: inOrder(plans),
      results: inOrder(results),
      fills,
      findings,
      netPnlQuote: formatMoney(netPnlQuote),
    }),
  };
}

function inOrder(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([left], [right]) => (left < right ? -1 : 1)));
}
