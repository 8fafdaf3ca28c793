export {
  askOfRecording,
  askOfReport,
  askOfRun,
  createFindings,
  type FindingsEngine,
  type FindingsOptions,
  findInRecording,
  findingsOf,
} from "./create-findings.ts";
export { Facts, type StudyFacts } from "./facts/facts.ts";
export { collectJournal } from "./facts/journal-facts.ts";
export { collectRecords, readRecordingFacts } from "./facts/recording-facts.ts";
export { type Ask, defineFinding, type Evidence, type Finding, type Rule } from "./finding.ts";
export { evidenceText, type FindingKind, findingKinds, kindCounts, type VariantFindings } from "./kinds.ts";
export { NOTED_CODES, type NotedCode, notedCode } from "./noted.ts";
export { notedFindings } from "./noted-findings.ts";
export { RULES } from "./rules/index.ts";
export { studyOfRun } from "./study-of-run.ts";
