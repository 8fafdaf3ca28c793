import { readDetails } from "./apply-result.ts";

/** The four words P3.5 counts; anything else is kept behind `UNKNOWN:`, so that no writer's word disappears. */
export type NormalisedDecision = "EXECUTE" | "SKIP" | "BLOCKED" | "ERROR" | "UNKNOWN" | `UNKNOWN:${string}`;

export interface NormalisedResult {
  readonly decision: NormalisedDecision;
  /** `none` when the entry gives no reason. */
  readonly reason: string;
}

const KNOWN = ["EXECUTE", "SKIP", "BLOCKED", "ERROR"] as const;

/**
 * What P3.5 counts for one `apply.result` entry, whichever of the two writers it came from (pipeline.md 1.11).
 *
 * Decision: the field `decision`; without it `executed` in the executor's lower-case spelling, where `false` is BLOCKED
 * with a reason and SKIP without one; the Apply Layer's `True` alone is UNKNOWN. Reason: `error`, else the `error`
 * inside `details`, else `reason`. The executor's own decision is inside `details` and is not looked at, which is why
 * its SKIPs count as BLOCKED: `parseApplyResult` reads it.
 */
export function normaliseResult(fields: Readonly<Record<string, string>>): NormalisedResult {
  const reason = firstWord(fields["error"], readDetails(fields)?.["error"], fields["reason"]);
  const written = fields["decision"]?.trim() ?? "";
  if (written !== "") {
    const known = KNOWN.find((word) => word === written.toUpperCase());
    return { decision: known ?? `UNKNOWN:${written}`, reason: reason ?? "none" };
  }
  switch (fields["executed"]) {
    case "true":
      return { decision: "EXECUTE", reason: reason ?? "none" };
    case "false":
      return { decision: reason === null ? "SKIP" : "BLOCKED", reason: reason ?? "none" };
    default:
      return { decision: "UNKNOWN", reason: reason ?? "none" };
  }
}

function firstWord(...values: readonly unknown[]): string | null {
  for (const value of values) if (typeof value === "string" && value !== "") return value;
  return null;
}
