import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import { clockText } from "../format.ts";
import type { Facts, StudyFacts } from "./facts/facts.ts";
import { collectJournal } from "./facts/journal-facts.ts";
import { readRecordingFacts } from "./facts/recording-facts.ts";
import { type Ask, byRank, type Finding } from "./finding.ts";
import { notedCode } from "./noted.ts";
import { RULES } from "./rules/index.ts";

export interface FindingsOptions {
  /** Gives quantities in base units and prices; without it they are lots, and rules on prices stay silent. */
  readonly header?: JournalHeader;
  /** What is known of the search that led to this run. */
  readonly study?: StudyFacts;
  readonly ask?: Ask;
}

/** Findings of a run that goes on: feed it entries as they are written, ask at any time. */
export interface FindingsEngine {
  observe(entry: JournalEntry): void;
  /**
   * Worst first; the same entries give the same list.
   *
   * @param late what is known only afterwards: of the search that led here, and where the files of the run lie
   */
  report(late?: { readonly study?: StudyFacts | null; readonly ask?: Ask }): Finding[];
  readonly facts: Facts;
}

export function createFindings(options: FindingsOptions = {}): FindingsEngine {
  const collected = collectJournal(options.header ?? null, options.study ?? null);
  const ask = options.ask ?? askOfRun(options.header?.runId ?? "", options.header?.variant ?? "");
  return {
    facts: collected.facts,
    observe: collected.observe,
    report(late = {}) {
      if (late.study !== undefined) collected.facts.study = late.study;
      return findingsOf(collected.facts, late.ask ?? ask);
    },
  };
}

/** Findings of a recording: of its streams, and of the decisions in it where it has some. */
export function findInRecording(dir: string, study: StudyFacts | null = null): { facts: Facts; findings: Finding[] } {
  const facts = readRecordingFacts(dir, study);
  return { facts, findings: findingsOf(facts, askOfRecording(dir)) };
}

/** Asks every rule that can be answered from this source, and tells what the run itself noted once. */
export function findingsOf(facts: Facts, ask: Ask): Finding[] {
  const findings: Finding[] = [];
  const covered = new Set<string>();
  for (const rule of RULES) {
    if (rule.needs !== "any" && rule.needs !== facts.identity.kind) continue;
    for (const found of rule.detect(facts, ask)) {
      for (const code of rule.covers) covered.add(code);
      findings.push({
        code: rule.code,
        severity: found.severity ?? rule.severity,
        symbol: found.symbol ?? null,
        text: found.text,
        evidence: found.evidence,
        command: found.command,
        advice: rule.advice,
        weight: found.weight ?? 1,
      });
    }
  }
  for (const noted of facts.noted.values()) {
    if (covered.has(noted.code)) continue;
    findings.push({
      code: noted.code,
      severity: noted.severity,
      symbol: noted.symbol,
      text: noted.text,
      evidence: noted.evidence,
      command: idIn(noted.evidence) === null ? ask.overview() : ask.explain(idIn(noted.evidence)!),
      advice: notedCode(noted.code)?.advice ?? UNKNOWN_CODE,
      weight: noted.count,
    });
  }
  return findings.sort((left, right) => byRank(left, right) || (left.text < right.text ? -1 : 1));
}

export const UNKNOWN_CODE = "noted by another version; docs/findings.md lists what this one knows";

function idIn(evidence: Finding["evidence"]): string | null {
  const id = evidence["planId"] ?? evidence["entryId"];
  return typeof id === "string" ? id : null;
}

/** What a shell takes for one word and nothing else: ids and symbols come from streams, and people paste commands. */
const PLAIN_WORD = /^[\w.:][\w.:-]*$/;

/**
 * Commands that show a finding of a finished run; without a run id, of the newest one. An id or a symbol that a shell
 * could take for more than a word is in no command.
 */
export function askOfRun(run: string, variant: string): Ask {
  const ofVariant = variant === "" ? "" : ` --variant ${shellWord(variant, "VARIANT")}`;
  const where = `${run === "" ? "" : ` --run ${shellWord(run, "RUN")}`}${ofVariant}`;
  const overview = () => `sim doctor${run === "" ? "" : ` ${shellWord(run, "RUN")}`}${ofVariant}`;
  return {
    explain: (id) => (PLAIN_WORD.test(id) ? `sim explain ${id}${where}` : overview()),
    at: (symbol, tsMs) =>
      PLAIN_WORD.test(symbol)
        ? `sim explain --symbol ${symbol} --at ${clockText(tsMs).slice(0, 8)}${where}`
        : overview(),
    overview,
  };
}

/** Commands for the files of a run, which hold no path: the run by its id, where it lies unless told otherwise. */
export function askOfReport({ runId, variant, matching }: JournalHeader, variants: number): Ask {
  // Only a simulated exchange says how it matched.
  const run = matching === undefined ? `live-out/${runId}` : runId;
  return askOfRun(run, variants === 1 ? "" : variant);
}

/** Quoted where a shell would take it apart; a name that no command line should hold is left to the reader. */
function shellWord(text: string, placeholder: string): string {
  if (/^[\w./:-]+$/.test(text)) return text;
  return /^[\w ./:,+=@~()[\]-]+$/.test(text) ? `'${text}'` : placeholder;
}

export function askOfRecording(dir: string): Ask {
  const inspect = () => `sim inspect ${shellWord(dir, "RECORDING")}`;
  return { explain: inspect, at: inspect, overview: inspect };
}
