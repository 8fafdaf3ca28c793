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

function exponentForm(value: number): string {
  const [digits, exponent] = value.toExponential().split("e") as [string, string];
  const sign = exponent.startsWith("-") ? "-" : "+";
  const size = exponent.replace(/^[+-]/, "").padStart(2, "0");
  return `${digits}e${sign}${size}`;
}
