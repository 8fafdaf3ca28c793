export {
  type ComparedRun,
  compareVariants,
  createOutcomeLog,
  type OutcomeLog,
  type RunComparison,
  type VariantComparison,
} from "./comparison.ts";
export { type DecisionRow, decisionLines, decisionRows } from "./decisions-file.ts";
export { createExplainIndex, type ExplainIndex, indexJournal } from "./explain/explain-index.ts";
export { type Explanation, explain, explainIntent, explainPlan } from "./explain/explanation.ts";
export { findPlanAt, parseMoment } from "./explain/find-moment.ts";
export { decodeJournalLine, encodeJournalLine } from "./journal-codec.ts";
export {
  createJournalWriter,
  type JournalFinding,
  type JournalReader,
  type JournalWriter,
  openJournal,
  readJournal,
} from "./journal-file.ts";
export { METRICS, type Metric, metricById } from "./metrics.ts";
export {
  createRunSummary,
  type RunSummaryBuilder,
  type RunSummaryOptions,
  summarize,
} from "./summary/run-summary.ts";
export { type RunSummary, runSummarySchema, SUMMARY_SCHEMA, type ThresholdResult } from "./summary/schema.ts";
export { renderExplanation } from "./terminal/explanation-text.ts";
export { type ReportOptions, renderRunReport } from "./terminal/run-report.ts";
export { type Paint, plainPaint, type Style } from "./terminal/table.ts";
export {
  checkThresholds,
  evaluateThresholds,
  type Thresholds,
  thresholdExitCode,
  thresholdsSchema,
} from "./thresholds.ts";
export { visibleText } from "./visible-text.ts";
