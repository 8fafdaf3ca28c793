import { formatDurationMs } from "../engine/domain/duration.ts";

/** Numbers and times as reports print them: no locale, UTC, units stated. */

/** `00:21:20.100` */
export function clockText(tsMs: number): string {
  return new Date(tsMs).toISOString().slice(11, 23);
}

/** `2026-02-02T00:21:20.100Z` */
export function timeText(tsMs: number): string {
  return new Date(tsMs).toISOString();
}

/** Thousands apart by a plain space: `1628` is `1 628`; a decimal part is kept as it is. */
export function grouped(value: number | bigint): string {
  const text = String(value);
  const [, sign, whole, rest] = /^(-?)(\d+)(.*)$/.exec(text) ?? ["", "", text, ""];
  return `${sign}${whole!.replace(/\B(?=(\d{3})+$)/g, " ")}${rest}`;
}

/** At most `digits` significant digits; never an exponent below 1e21. */
export function numberText(value: number, digits = 4): string {
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(digits));
  return Math.abs(rounded) >= 1e-6 ? String(rounded) : rounded.toFixed(12).replace(/0+$/, "").replace(/\.$/, "");
}

/** Money text to two decimals for a table, rounding half away from zero on the decimal text: exact, no doubles. */
export function moneyText(amount: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount);
  if (match === null) return amount;
  const [, sign, whole, fraction = ""] = match;
  const padded = fraction.padEnd(3, "0");
  let cents = BigInt(whole! + padded.slice(0, 2));
  if (padded[2]! >= "5") cents += 1n;
  const text = cents.toString().padStart(3, "0");
  const isZero = cents === 0n;
  return `${isZero ? "" : sign}${grouped(BigInt(text.slice(0, -2)))}.${text.slice(-2)}`;
}

/** `0.254` is `25.4 %`. */
export function percentText(share: number): string {
  return `${numberText(share * 100, 3)} %`;
}

/** `123ms`, `1.5s`, `3h6m`: the digits a reader of a table needs, no more. */
export function durationText(durationMs: number): string {
  if (durationMs < 1000) return formatDurationMs(durationMs);
  if (durationMs < 60_000) return `${(durationMs / 1000).toFixed(1)}s`;
  return formatDurationMs(Math.round(durationMs / 1000) * 1000);
}
