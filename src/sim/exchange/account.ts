import type { Money } from "../../engine/domain/money.ts";
import { type AccountState, heldLots, type Income, positionKey, reconcile } from "../../venue/account.ts";
import type { Venue } from "../../venue/venue.ts";
import { referencePrice } from "../../venue/venue-market.ts";

/** The engine's account as those who read it want it: one-way positions by symbol, money at the marks. */
export class ExchangeAccount {
  /** The venue's own books. */
  state: AccountState;
  readonly #venue: Venue;

  constructor(venue: Venue, state: AccountState) {
    this.#venue = venue;
    this.state = state;
  }

  /** Symbols with a position, by index, smallest first. */
  get openIndices(): readonly number[] {
    return [...this.state.positions.values()].map(({ symbolIndex }) => symbolIndex).sort((left, right) => left - right);
  }

  get walletQuote(): Money {
    return this.state.walletQuote;
  }

  /** Money tied up by resting orders. */
  get orderMarginQuote(): Money {
    return this.state.orderMarginQuote;
  }

  get income(): readonly Income[] {
    return this.state.income;
  }

  position(symbolIndex: number): { readonly qtyLots: number; readonly entryCostQuote: Money } {
    const position = this.state.positions.get(positionKey(symbolIndex, "BOTH"));
    return { qtyLots: heldLots(this.state, symbolIndex, "BOTH"), entryCostQuote: position?.entryCostQuote ?? 0n };
  }

  /** What positions are valued at; NaN before the first price. */
  referencePrice(symbolIndex: number): number {
    return referencePrice(this.#venue.market, symbolIndex);
  }

  /** Profit of all open positions at the marks; a symbol without a price counts as unmoved. */
  unrealizedQuote(): Money {
    return this.#venue.margin(this.state).unrealizedQuote;
  }

  equityQuote(): Money {
    return this.walletQuote + this.unrealizedQuote();
  }

  /** @returns `null` when the books add up to the last unit, else what differs */
  reconcile(): string | null {
    return reconcile(this.state);
  }
}
