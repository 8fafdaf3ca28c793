import type { LabComparison } from "../comparison/lab-comparison.ts";
import type { RunComparison } from "../comparison.ts";
import type { Finding } from "../findings/finding.ts";
import type { GateDocument } from "../gate/schema.ts";
import type { RunSummary } from "../summary/schema.ts";
import type { Markup } from "./markup.ts";
import type { RunSeries } from "./series/run-series.ts";

/** One variant: its summary, and what its charts are drawn from. */
export interface ReportedVariant {
  readonly summary: RunSummary;
  readonly series: RunSeries;
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** What its governor was worth, when somebody judged it. */
  readonly gate?: GateDocument | null;
}

/** Everything a report page says, whether the run was simulated, replayed or live. */
export interface ReportModel {
  /** At least one; the first is the baseline. */
  readonly variants: readonly ReportedVariant[];
  readonly comparison: RunComparison | null;
  /** Differences with intervals and verdicts, when the scenario declares how its variants are compared. */
  readonly lab?: LabComparison | null;
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
