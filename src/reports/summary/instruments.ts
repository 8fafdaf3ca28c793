import type { Instrument } from "../../engine/domain/instrument.ts";
import type { JournalHeader } from "../../engine/domain/journal.ts";

/** Symbol to the steps it was traded in: what turns lots and ticks of a journal back into numbers people know. */
export type Instruments = ReadonlyMap<string, Instrument>;

/** A journal carries tick and step sizes only, so the filters here are those that bind nothing. */
export function instrumentsOf(header: JournalHeader): Instruments {
  return new Map(
    header.symbols.map((symbol, index) => [
      symbol,
      {
        symbol,
        index,
        tickSize: header.tickSizes[index]!,
        stepSize: header.stepSizes[index]!,
        qtyLotsMin: 0,
        qtyLotsMax: Number.MAX_SAFE_INTEGER,
        notionalMinQuote: 0n,
        isOnVenue: true,
      },
    ]),
  );
}
