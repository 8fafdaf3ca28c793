export {
  askOfRecording,
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
export { NOTED_CODES, type NotedCode, notedCode } from "./noted.ts";
export { RULES } from "./rules/index.ts";
