import type { RunComparison } from "../comparison.ts";
import type { RunSummary } from "../summary/schema.ts";
import type { Markup } from "./markup.ts";
import type { RunSeries } from "./series/run-series.ts";

/** One variant: its summary, and what its charts are drawn from. */
export interface ReportedVariant {
  readonly summary: RunSummary;
  readonly series: RunSeries;
}

/** Everything a report page says, whether the run was simulated, replayed or live. */
export interface ReportModel {
  /** At least one; the first is the baseline. */
  readonly variants: readonly ReportedVariant[];
  readonly comparison: RunComparison | null;
  /** Files of the run with their SHA-256, by name. */
  readonly files: readonly ReportedFile[];
  /** What the journals could not tell, each a sentence. */
  readonly gaps: readonly string[];
  /** Sections that other parts of the product add, such as the value of the gate. */
  readonly further?: readonly FurtherSection[];
}

export interface ReportedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface FurtherSection {
  readonly id: string;
  readonly title: string;
  readonly body: Markup;
}
