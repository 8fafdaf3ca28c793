import { type Instrument, lotsToQtyText } from "../../engine/domain/instrument.ts";

/**
 * Fields of intents that close what is held. Exits of the session's own making take the way of every intent, so they are
 * judged, journalled and replayed.
 */
export function closingIntents(
  held: Iterable<{ readonly symbol: string; readonly qtyLots: number }>,
  instruments: readonly Instrument[],
): Readonly<Record<string, string>>[] {
  return [...held].map(({ symbol, qtyLots }) => {
    const instrument = instruments.find((each) => each.symbol === symbol)!;
    const payload = {
      symbol,
      side: qtyLots > 0 ? "SELL" : "BUY",
      quantity: Number(lotsToQtyText(instrument, Math.abs(qtyLots))),
      reduceOnly: true,
      reason: "flatten-on-exit",
    };
    return { event_type: "trade.intent", payload: JSON.stringify(payload), source: "operator" };
  });
}
