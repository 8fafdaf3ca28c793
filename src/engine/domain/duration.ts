import { z } from "zod";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `"1.5s"` is 1500, `"250ms"` is 250; `null` when the text is no duration. */
export function parseDurationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * UNIT_MS[match[2]!]!;
}

/** `formatDurationMs(90_000)` is `"1m30s"`; sub-second rests are printed with up to three decimals. */
export function formatDurationMs(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)}ms`;
  const parts: string[] = [];
  let rest = Math.round(durationMs);
  for (const unit of ["d", "h", "m"] as const) {
    const size = UNIT_MS[unit]!;
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * size;
  }
  if (rest > 0) parts.push(`${rest / 1000}s`);
  return parts.slice(0, 3).join("");
}

/** A duration in a scenario: text with a unit. A bare number is refused, because its unit would be a guess. */
export const durationSchema = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'a duration needs a unit, such as "250ms", "10s", "5m", "4h", "1d"')
  .transform((text) => parseDurationMs(text)!)
  .meta({ description: "Duration with unit: ms, s, m, h or d" });
