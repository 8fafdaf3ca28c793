import { type Confusion, classify } from "../statistics/classification.ts";
import type { ShadowedEntry } from "./entry-value.ts";
import type { EntrySection, GridCell } from "./schema.ts";

/** How much a shadow must have lost to count as bad: shares of the entry's notional, and one R. */
const LOSSES = [
  { name: "0", share: 0 },
  { name: "0.25 %", share: 0.0025 },
  { name: "0.5 %", share: 0.005 },
  { name: "1 R", share: null },
] as const;

/**
 * Refusals as a classifier of bad entries, over a grid of horizons and losses (reports.md 3.4): a conclusion that holds
 * for one cell only is none.
 */
export function classifierGrid(
  horizons: readonly { readonly name: string; readonly entries: readonly ShadowedEntry[] }[],
  stopDistanceDefault: number,
): GridCell[] {
  return horizons.flatMap(({ name, entries }) =>
    LOSSES.map((loss): GridCell => {
      const counts = { truePositive: 0, falsePositive: 0, falseNegative: 0, trueNegative: 0 };
      for (const entry of entries) {
        const limit = loss.share ?? riskShare(entry, stopDistanceDefault);
        const isBad = entry.outcome.returnShare < -limit;
        counts[cellOf(entry.isBlocked, isBad)] += 1;
      }
      return { horizon: name, loss: loss.name, ...counts, ...classify(counts) };
    }),
  );
}

function cellOf(isBlocked: boolean, isBad: boolean): keyof Confusion {
  if (isBlocked) return isBad ? "truePositive" : "falsePositive";
  return isBad ? "falseNegative" : "trueNegative";
}

/** Distance of the plan's stop as a share of price; the pipeline's default where it has none on the right side. */
function riskShare({ episode }: ShadowedEntry, stopDistanceDefault: number): number {
  const { stopPrice, referencePrice, side } = episode;
  if (stopPrice === null || referencePrice === null || !(referencePrice > 0)) return stopDistanceDefault;
  const isOnRightSide = side === "BUY" ? stopPrice < referencePrice : stopPrice > referencePrice;
  return isOnRightSide ? Math.abs(referencePrice - stopPrice) / referencePrice : stopDistanceDefault;
}

/** What the grid says as a whole, by the sign of each cell's Matthews correlation; cells without one have no say. */
export function conclusionOf(grid: readonly GridCell[]): Pick<EntrySection, "gridConclusion" | "gridFlips"> {
  const better: string[] = [];
  const worse: string[] = [];
  for (const { horizon, loss, matthews } of grid) {
    if (matthews.value === null) continue;
    if (matthews.value > 0) better.push(`${horizon} / ${loss}`);
    else if (matthews.value < 0) worse.push(`${horizon} / ${loss}`);
  }
  if (better.length > 0 && worse.length > 0) {
    return { gridConclusion: "flips", gridFlips: better.length < worse.length ? better : worse };
  }
  const gridConclusion =
    better.length > 0 ? "better than chance" : worse.length > 0 ? "worse than chance" : "not estimable";
  return { gridConclusion, gridFlips: [] };
}
