/**
 * Money is a `bigint` of 1e-8 quote units (Binance keeps wallet amounts to 8 decimals).
 *
 * Every field that holds money ends in `Quote`; JSON shows it as a decimal string. Sums are therefore exact and the
 * order of additions never matters.
 */
export type Money = bigint;

export const MONEY_DECIMALS = 8;
export const MONEY_SCALE = 100_000_000n;

/** `formatMoney(-12345678n)` is `"-0.12345678"`; trailing zeros are dropped, an integer has no point. */
export function formatMoney(amount: Money): string {
  const isNegative = amount < 0n;
  const absolute = isNegative ? -amount : amount;
  const whole = absolute / MONEY_SCALE;
  const fraction = (absolute % MONEY_SCALE).toString().padStart(MONEY_DECIMALS, "0").replace(/0+$/, "");
  const text = fraction === "" ? whole.toString() : `${whole}.${fraction}`;
  return isNegative ? `-${text}` : text;
}

/**
 * Reads a plain decimal such as `"10000"` or `"-0.5"` exactly.
 *
 * @throws {RangeError} when the text is not a decimal or has more than 8 decimals (nothing is rounded silently).
 */
export function parseMoney(text: string): Money {
  const match = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text);
  if (match === null) {
    throw new RangeError(
      `Cannot read money from "${text}": it is not a decimal with at most 8 decimals, such as "10000" or "-0.5"`,
    );
  }
  const [, sign, whole, fraction] = match;
  const magnitude = BigInt(whole!) * MONEY_SCALE + BigInt((fraction ?? "").padEnd(MONEY_DECIMALS, "0"));
  return sign === "-" ? -magnitude : magnitude;
}

/** Nearest double of a money amount, for scores and charts only: never feed it back into a sum of money. */
export function moneyToNumber(amount: Money): number {
  return Number(amount) / 1e8;
}

/** Money from a double, truncated toward zero to 8 decimals as Binance truncates derived amounts. */
export function moneyFromNumber(amount: number): Money {
  return BigInt(Math.trunc(amount * 1e8));
}
