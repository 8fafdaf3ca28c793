/**
 * A double as the origin's language prints it, shortest form that reads back to the same value: integral values end in
 * `.0`, and the exponent form is used below 1e-4 and from 1e16. Plan ids hash this text.
 *
 * `doubleText(1)` is `"1.0"`, `doubleText(0.00001)` is `"1e-05"`, `doubleText(1e16)` is `"1e+16"`.
 */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e16 || magnitude < 1e-4) return exponentForm(value);
  // JavaScript prints plain decimals from 1e-6 up to 1e21, which covers this range.
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}

/**
 * A double with six decimals as the origin's language prints it: of two equally near texts the one with the even last
 * digit. `toFixed` takes the larger one: 65/128 = 0.5078125 is `"0.507812"` here and "0.507813" there.
 * For magnitudes below 1e6: scores, not prices.
 */
export function fixedText6(value: number): string {
  const text = value.toFixed(6);
  // Only odd multiples of 1/128 lie exactly between two texts of six decimals: a half of 1e-6 is 1/128 over 5^6.
  const isTie = Math.abs(value * 128) % 2 === 1;
  if (!isTie || Number(text.at(-1)) % 2 === 0) return text;
  return (value - Math.sign(value) * 1e-7).toFixed(6);
}

function exponentForm(value: number): string {
  const [digits, exponent] = value.toExponential().split("e") as [string, string];
  const sign = exponent.startsWith("-") ? "-" : "+";
  const size = exponent.replace(/^[+-]/, "").padStart(2, "0");
  return `${digits}e${sign}${size}`;
}
