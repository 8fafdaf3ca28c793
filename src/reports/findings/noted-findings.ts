import type { RunSummary } from "../summary/schema.ts";
import { askOfRun, UNKNOWN_CODE } from "./create-findings.ts";
import { byRank, type Finding } from "./finding.ts";
import { notedCode } from "./noted.ts";

/** What a summary alone says: the codes its run noted itself, without the rules, which need the journal. */
export function notedFindings({ findings, run }: RunSummary): Finding[] {
  return findings
    .map(
      ({ code, severity, symbols, text, evidence, count }): Finding => ({
        code,
        severity,
        symbol: symbols[0] ?? null,
        text,
        // allow(unordered): the order of the note
        evidence: Object.fromEntries(
          Object.entries(evidence).map(([name, value]) => [name, typeof value === "number" ? value : String(value)]),
        ),
        command: askOfRun(run.id, "").overview(),
        advice: notedCode(code)?.advice ?? UNKNOWN_CODE,
        weight: count,
      }),
    )
    .sort(byRank);
}
