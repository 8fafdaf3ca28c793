import { numberText, percentText } from "../../format.ts";
import { sorted } from "../facts/count.ts";
import { defineFinding, type Rule } from "../finding.ts";
import { medianAbsolute } from "./streams.ts";

const TRADES_MIN = 10;
const SHARE_MAX = 0.6;
const BASIS_MIN_BPS = 50;

/** Where the trades are, and at which prices. */
export const TRADE_RULES: readonly Rule[] = [
  defineFinding({
    code: "concentration",
    severity: "warn",
    title: "Most orders are in one symbol",
    question: "Are orders spread over the symbols that intents name?",
    needs: "any",
    incidents: ["I25"],
    advice: "limit the share of one symbol; a result of one symbol says nothing about the rule",
    detect({ execution, intents }, ask) {
      if (execution.filledOrders < TRADES_MIN || intents.bySymbol.size < 2) return [];
      return sorted(execution.bySymbol)
        .filter(([, { orders }]) => orders / execution.filledOrders > SHARE_MAX)
        .map(([symbol, { orders, realizedPnlQuote }]) => ({
          symbol,
          text: `${percentText(orders / execution.filledOrders)} of ${execution.filledOrders} filled orders are in ${symbol}`,
          evidence: { orders, of: execution.filledOrders, share: orders / execution.filledOrders, realizedPnlQuote },
          command: ask.overview(),
          weight: orders,
        }));
    },
  }),
  defineFinding({
    code: "repeated_re_entry",
    severity: "warn",
    title: "Closed and opened again at once",
    question: "Is a closed position opened again within minutes?",
    needs: "any",
    incidents: ["I18", "I25"],
    advice: "a cooldown after a close, longer than the producer's beat",
    detect({ execution }, ask) {
      return sorted(execution.bySymbol)
        .filter(([, { reEntries }]) => reEntries >= 3)
        .map(([symbol, { reEntries, closes, realizedPnlQuote }]) => ({
          symbol,
          text: `${symbol} was opened again within 5 minutes of its close ${reEntries} times of ${closes}, realized ${numberText(realizedPnlQuote)}`,
          evidence: { reEntries, closes, realizedPnlQuote },
          command: ask.overview(),
          weight: reEntries,
        }));
    },
  }),
  defineFinding({
    code: "venue_basis",
    severity: "error",
    title: "Decided at one venue's price, filled at another's",
    question: "Do fills come near the mark the decision was taken at?",
    needs: "journal",
    incidents: ["I23"],
    advice: "take marks from the venue that fills; split the result into signal and basis",
    detect({ execution: { basisBps } }, ask) {
      const basis = medianAbsolute(basisBps);
      if (basisBps.length < 5 || basis < BASIS_MIN_BPS) return [];
      return [
        {
          text: `fills are ${numberText(basis, 3)} bp off the mark of their decision at the median of ${basisBps.length}`,
          evidence: { fills: basisBps.length, basisBps: basis },
          command: ask.overview(),
          weight: basisBps.length,
        },
      ];
    },
  }),
];
