/** A plain decimal as an integer of `10^-decimals`, exact whatever its length. */
export interface Decimal {
  readonly units: bigint;
  readonly decimals: number;
}

/** `parseDecimal("-12.50")` is -1250 units of 2 decimals; `null` when the text is no plain decimal. */
export function parseDecimal(text: string): Decimal | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return null;
  const fraction = match[3] ?? "";
  const magnitude = BigInt(match[2]! + fraction);
  return { units: match[1] === "-" ? -magnitude : magnitude, decimals: fraction.length };
}

/** The same value counted in units of more decimals. */
export function unitsAt(value: Decimal, decimals: number): bigint {
  return value.units * 10n ** BigInt(decimals - value.decimals);
}

/** `formatDecimal({ units: -5n, decimals: 2 })` is `"-0.05"`: all decimals are printed. */
export function formatDecimal({ units, decimals }: Decimal): string {
  const isNegative = units < 0n;
  const digits = (isNegative ? -units : units).toString().padStart(decimals + 1, "0");
  const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return isNegative ? `-${text}` : text;
}

/**
 * The same number without an exponent, digits unchanged: `"-1.3e-7"` is `"-0.00000013"`, `"0.0661"` stays as it is.
 * Exchanges write plain decimals; programs that passed data on often did not. `null` when the text is no number.
 */
export function plainDecimal(text: string): string | null {
  const match = /^(-?\d+(?:\.\d+)?)(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (match === null) return null;
  if (match[2] === undefined) return text;
  const mantissa = parseDecimal(match[1]!)!;
  const decimals = mantissa.decimals - Number(match[2]);
  if (decimals >= 0) return formatDecimal({ units: mantissa.units, decimals });
  return formatDecimal({ units: mantissa.units * 10n ** BigInt(-decimals), decimals: 0 });
}
