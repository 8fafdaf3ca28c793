import type { Facts } from "../findings/facts/facts.ts";
import type { Finding } from "../findings/finding.ts";
import { clockText } from "../format.ts";
import { answerCoverage, answerLane, answerSymbol, type LaneAnswer } from "./lane-answers.ts";
import { LEADS, MISLEADING } from "./leads.ts";
import type { VerdictBook } from "./verdict-book.ts";

export const DOCTOR_QUESTIONS = ["no-execute", "no-exit", "why-blocked", "coverage", "parity"] as const;
export type DoctorQuestion = (typeof DOCTOR_QUESTIONS)[number];

/** What is asked of the doctor, and what it can look at. */
export interface Patient {
  readonly facts: Facts;
  /** Of the whole source, worst first. */
  readonly findings: readonly Finding[];
  /** Verdicts one by one; `null` when only a recording's own streams are there. */
  readonly book: VerdictBook | null;
  readonly question: DoctorQuestion | null;
  /** Of `why-blocked`. */
  readonly symbol: string | null;
  /** Whether a replay decides the same; `null` when nobody has replayed it. */
  readonly parity: { readonly decisions: number; readonly equal: number; readonly difference: string | null } | null;
  /** The command that would answer `parity`. */
  readonly parityCommand: string;
}

/** Answers first, what they rest on, and what looked like an answer and was none. */
export interface Diagnosis {
  readonly question: DoctorQuestion | null;
  readonly symbol: string | null;
  readonly isAnswered: boolean;
  readonly answers: readonly DoctorAnswer[];
  /** What bears on the question, worst first. */
  readonly evidence: readonly Finding[];
  /** Signals that were on the screen and mean something else than they seem to. */
  readonly misleading: readonly Finding[];
  /** Noticed, and not about this question. */
  readonly others: readonly Finding[];
  readonly checks: { readonly error: number; readonly warn: number; readonly info: number };
}

/** As of a lane, or about parity. */
export interface DoctorAnswer extends Omit<LaneAnswer, "question"> {
  readonly question: DoctorQuestion;
}

/** Pure: the same patient gets the same diagnosis. */
export function diagnose(patient: Patient): Diagnosis {
  const { question, symbol, findings } = patient;
  const answers = answersTo(patient);
  const ofSymbol =
    symbol === null ? findings : findings.filter((each) => each.symbol === symbol || each.symbol === null);
  const leads = question === null ? null : LEADS[question];
  // Nobody takes a decision count for coverage or parity.
  const isOfLanes = question !== "coverage" && question !== "parity";
  const evidence: Finding[] = [];
  const misleading: Finding[] = [];
  const others: Finding[] = [];
  for (const finding of ofSymbol) {
    if (MISLEADING.includes(finding.code)) (isOfLanes ? misleading : others).push(finding);
    else if (leads === null ? finding.severity !== "info" : leads.includes(finding.code)) evidence.push(finding);
    else others.push(finding);
  }
  if (leads !== null) inOrderOf(leads, evidence);
  inOrderOf(MISLEADING, misleading);
  const count = (severity: Finding["severity"]) => findings.filter((each) => each.severity === severity).length;
  return {
    question,
    symbol,
    isAnswered: answers.some(({ isAnswered }) => isAnswered),
    answers,
    evidence,
    misleading,
    others,
    checks: { error: count("error"), warn: count("warn"), info: count("info") },
  };
}

/** Of one code they stay as they were: worst first. */
function inOrderOf(codes: readonly string[], findings: Finding[]): void {
  const place = new Map(findings.map((finding, index) => [finding, index]));
  findings.sort(
    (left, right) => codes.indexOf(left.code) - codes.indexOf(right.code) || place.get(left)! - place.get(right)!,
  );
}

function answersTo(patient: Patient): DoctorAnswer[] {
  const { question, symbol } = patient;
  switch (question) {
    case null:
      return [laneAnswer(patient, "entries"), laneAnswer(patient, "exits")];
    case "no-execute":
      return [laneAnswer(patient, "entries")];
    case "no-exit":
      return [laneAnswer(patient, "exits")];
    case "coverage":
      return [answerCoverage(patient.facts)];
    case "why-blocked":
      return [patient.book === null ? ofRecording(patient, "entries") : answerSymbol(patient.book, symbol ?? "")];
    case "parity":
      return [parityAnswer(patient)];
  }
}

function laneAnswer(patient: Patient, lane: "entries" | "exits"): DoctorAnswer {
  return patient.book === null ? ofRecording(patient, lane) : answerLane(patient.book, lane);
}

/** A recording tells of executions by its own streams, where it has them. */
function ofRecording({ facts }: Patient, lane: "entries" | "exits"): DoctorAnswer {
  const { execution, intents } = facts;
  const base = {
    question: lane === "entries" ? "no-execute" : "no-exit",
    symbol: null,
    causes: [],
    notTheCause: [],
  } as const;
  if (execution.results === 0 && execution.filledOrders === 0) {
    const answer = `the recording holds ${intents.total} intents and no decisions: nothing says what became of them`;
    return { ...base, isAnswered: false, answer };
  }
  if (lane === "exits") {
    const closes = [...execution.bySymbol.values()].reduce((sum, each) => sum + each.closes, 0);
    return {
      ...base,
      isAnswered: true,
      answer: closes === 0 ? "no exit has executed" : `exits DO execute: ${closes} fills closed a position`,
    };
  }
  if (execution.filledOrders === 0) {
    return { ...base, isAnswered: true, answer: `no entry has executed: 0 of ${execution.results} results` };
  }
  const symbols = [...execution.bySymbol.keys()].sort().slice(0, 5).join(", ");
  const last = execution.lastFillTsMs === null ? "" : `, last at ${clockText(execution.lastFillTsMs)}`;
  return {
    ...base,
    isAnswered: true,
    answer: `entries DO execute: ${execution.filledOrders} filled orders (${symbols})${last}`,
  };
}

function parityAnswer({ parity, parityCommand }: Patient): DoctorAnswer {
  const base = { question: "parity", symbol: null, causes: [], notTheCause: [] } as const;
  if (parity === null) {
    return { ...base, isAnswered: false, answer: `nobody has replayed it yet; ${parityCommand} does` };
  }
  const { decisions, equal, difference } = parity;
  const rest = difference === null ? "" : `; the first difference: ${difference}`;
  return {
    ...base,
    isAnswered: true,
    answer: `${equal} of ${decisions} decisions are equal when it is replayed${rest}`,
  };
}
