import { MONEY_SCALE, type Money, parseMoney } from "../engine/domain/money.ts";
import type { LeverageBracket } from "../recording/leverage-brackets.ts";

/** One tier in exact numbers. */
export interface Bracket {
  readonly tier: number;
  readonly leverageMax: number;
  readonly floorQuote: Money;
  readonly capQuote: Money;
  /** Rate in 1e-8. */
  readonly maintRate: Money;
  readonly cumQuote: Money;
}

/** Where a recording has no brackets: one tier of Binance's usual first rates, without an upper end. */
const FALLBACK: Bracket = {
  tier: 1,
  leverageMax: 125,
  floorQuote: 0n,
  capQuote: 10n ** 30n,
  maintRate: 1_000_000n,
  cumQuote: 0n,
};

/**
 * Leverage brackets of one symbol.
 *
 * `MM = notional * rate(bracket of notional) - cum(bracket)`, truncated to 8 decimals; the recurrence of `cum`, checked
 * when brackets are read, makes it continuous at every floor (exchange.md section 3).
 */
export class BracketTable {
  readonly brackets: readonly Bracket[];
  /** Cap, rate and cumulative amount of each tier as doubles. */
  readonly #approximate: readonly (readonly [number, number, number])[];

  constructor(tiers: readonly LeverageBracket[]) {
    const exact = tiers.map((tier) => ({
      tier: tier.tier,
      leverageMax: tier.leverageMax,
      floorQuote: parseMoney(tier.notionalFloorQuote),
      capQuote: parseMoney(tier.notionalCapQuote),
      maintRate: parseMoney(tier.maintMarginRatio),
      cumQuote: parseMoney(tier.cumQuote),
    }));
    this.brackets = exact.length === 0 ? [FALLBACK] : exact;
    this.#approximate = this.brackets.map(({ capQuote, maintRate, cumQuote }) => [
      Number(capQuote) / 1e8,
      Number(maintRate) / 1e8,
      Number(cumQuote) / 1e8,
    ]);
  }

  /** The tier a notional falls in: above its floor, at most its cap; the last one beyond all caps. */
  at(notionalQuote: Money): Bracket {
    for (const bracket of this.brackets) if (notionalQuote <= bracket.capQuote) return bracket;
    return this.brackets[this.brackets.length - 1]!;
  }

  maintenanceQuote(notionalQuote: Money): Money {
    const { maintRate, cumQuote } = this.at(notionalQuote);
    return (notionalQuote * maintRate) / MONEY_SCALE - cumQuote;
  }

  /** `maintenanceQuote` in doubles, near enough to tell a healthy account and much cheaper. */
  maintenanceNear(notional: number): number {
    const tiers = this.#approximate;
    let place = 0;
    while (place < tiers.length - 1 && notional > tiers[place]![0]) place += 1;
    const [, rate, cum] = tiers[place]!;
    return notional * rate - cum;
  }

  /** Largest notional a position may have at a leverage; the cap of the last tier that allows it, 0 when none does. */
  notionalMaxQuote(leverage: number): Money {
    let most = 0n;
    for (const { leverageMax, capQuote } of this.brackets) if (leverageMax >= leverage) most = capQuote;
    return most;
  }

  get leverageMax(): number {
    return this.brackets[0]!.leverageMax;
  }
}
