import { nearMisses } from "../../diagnostics/near-miss.ts";
import { UserError } from "../../diagnostics/user-error.ts";
import { type Instrument, lotsToQty, qtyToLots } from "../../engine/domain/instrument.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import type { InitialPosition } from "../exchange/exchange-options.ts";
import type { ResolvedVariant, Scenario } from "../scenario/schema.ts";

/** The recording's instruments, with what this variant's venue does not list taken off it. */
export function venueInstruments({ exchange }: ResolvedVariant, recording: RecordingSource): readonly Instrument[] {
  const missing = new Set(exchange.missing);
  return recording.instruments.map((instrument) =>
    missing.has(instrument.symbol) ? { ...instrument, isOnVenue: false } : instrument,
  );
}

export function initialPositions(scenario: Scenario, instruments: readonly Instrument[]): InitialPosition[] {
  return scenario.account.positions.map(({ symbol, qty, entryPrice }) => {
    const instrument = instrumentNamed(instruments, symbol, "account.positions");
    return { symbol, qtyLots: wholeLots(instrument, qty, "account.positions"), entryPrice };
  });
}

/** @throws {UserError} when the recording has no such symbol */
export function instrumentNamed(instruments: readonly Instrument[], symbol: string, path: string): Instrument {
  const instrument = instruments.find((each) => each.symbol === symbol);
  if (instrument !== undefined) return instrument;
  const [nearest] = nearMisses(
    symbol,
    instruments.map((each) => each.symbol),
  );
  throw new UserError([
    {
      path,
      text: `Cannot use symbol "${symbol}": the recording does not have it, a symbol of the recording is needed`,
      ...(nearest === undefined ? {} : { hint: `did you mean "${nearest}"?` }),
    },
  ]);
}

/** @throws {UserError} when the quantity is not a multiple of the symbol's step */
export function wholeLots(instrument: Instrument, qty: number, path: string): number {
  const lots = qtyToLots(instrument, qty, "down");
  if (lots !== 0 && Math.abs(lotsToQty(instrument, lots) - qty) < 1e-9) return lots;
  const text = `Cannot use quantity ${qty} of ${instrument.symbol}: a multiple of its step ${instrument.stepSize} is needed`;
  throw new UserError([{ path, text }]);
}
