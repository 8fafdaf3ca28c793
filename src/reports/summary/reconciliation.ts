import type { PositionReconciled } from "../../engine/domain/decision.ts";
import { lotsToQtyText } from "../../engine/domain/instrument.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { Instruments } from "./instruments.ts";
import type { RunSummary } from "./schema.ts";

const SYMBOLS_MAX = 200;

export interface Reconciliation {
  observe(entry: JournalEntry): void;
  finish(): RunSummary["reconciliation"];
}

/** Last comparison of exchange and ledger for each symbol; a symbol that agrees and holds nothing is left out. */
export function createReconciliation(instruments: Instruments): Reconciliation {
  const latest = new Map<string, PositionReconciled & { readonly tsMs: number }>();
  return {
    observe({ envelope: { tsMs }, decisions }) {
      for (const decision of decisions) {
        if (decision.type === "position.reconciled") latest.set(decision.symbol, { ...decision, tsMs });
      }
    },
    finish() {
      const rows = [...latest.values()]
        .map((last) => {
          const qty = (lots: number) => qtyText(instruments, last.symbol, lots);
          return {
            symbol: last.symbol,
            tsMs: last.tsMs,
            exchangeQty: qty(last.exchangeQtyLots),
            ledgerQty: last.ledgerQtyLots === null ? null : qty(last.ledgerQtyLots),
            ownFillsQty: qty(last.ownFillsQtyLots),
            unexplainedQty: qty(last.unexplainedQtyLots),
            isDiffering: last.exchangeQtyLots !== (last.ledgerQtyLots ?? 0),
            isExplained: last.unexplainedQtyLots === 0,
            isFlat: last.exchangeQtyLots === 0 && (last.ledgerQtyLots ?? 0) === 0,
          };
        })
        .filter((row) => row.isDiffering || !row.isExplained || !row.isFlat)
        .sort(
          (left, right) =>
            Number(right.isDiffering) - Number(left.isDiffering) || (left.symbol < right.symbol ? -1 : 1),
        );
      return {
        differing: rows.filter((row) => row.isDiffering).length,
        unexplained: rows.filter((row) => !row.isExplained).length,
        symbols: rows.slice(0, SYMBOLS_MAX).map(({ isExplained: _isExplained, isFlat: _isFlat, ...row }) => row),
        omitted: Math.max(0, rows.length - SYMBOLS_MAX),
      };
    },
  };
}

/** Quantity in base units, or lots when the journal's header does not list the symbol. */
export function qtyText(instruments: Instruments, symbol: string, qtyLots: number): string {
  const instrument = instruments.get(symbol);
  return instrument === undefined ? `${qtyLots} lots` : lotsToQtyText(instrument, qtyLots);
}
