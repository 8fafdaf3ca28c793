import type { FindingNoted, Severity } from "../../engine/domain/decision.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { mostFrequent } from "./reason-tally.ts";
import type { FindingGroup } from "./schema.ts";

const SEVERITY_RANK: Readonly<Record<Severity, number>> = { error: 0, warn: 1, info: 2 };

interface Group {
  readonly code: string;
  severity: Severity;
  count: number;
  readonly firstTsMs: number;
  lastTsMs: number;
  /** Text and evidence of the first one: later ones usually repeat it. */
  readonly text: string;
  readonly evidence: FindingNoted["evidence"];
  readonly symbols: Map<string, number>;
}

export interface Findings {
  observe(entry: JournalEntry): void;
  add(finding: FindingNoted, tsMs: number): void;
  finish(): FindingGroup[];
}

/** Findings by code, worst first, then most frequent; the severity of a group is that of its worst. */
export function createFindings(): Findings {
  const groups = new Map<string, Group>();

  function add(finding: FindingNoted, tsMs: number): void {
    let group = groups.get(finding.code);
    if (group === undefined) {
      const { code, severity, text, evidence } = finding;
      group = { code, severity, count: 0, firstTsMs: tsMs, lastTsMs: tsMs, text, evidence, symbols: new Map() };
      groups.set(code, group);
    }
    group.count += 1;
    group.lastTsMs = tsMs;
    if (SEVERITY_RANK[finding.severity] < SEVERITY_RANK[group.severity]) group.severity = finding.severity;
    if (finding.symbol !== null) group.symbols.set(finding.symbol, (group.symbols.get(finding.symbol) ?? 0) + 1);
  }

  return {
    add,
    observe({ envelope: { tsMs }, decisions }) {
      for (const decision of decisions) if (decision.type === "finding.noted") add(decision, tsMs);
    },
    finish: () =>
      [...groups.values()]
        .sort(
          (left, right) =>
            SEVERITY_RANK[left.severity] - SEVERITY_RANK[right.severity] ||
            right.count - left.count ||
            (left.code < right.code ? -1 : 1),
        )
        .map(({ symbols, ...group }) => ({
          ...group,
          evidence: { ...group.evidence },
          symbols: mostFrequent(symbols, 5),
          symbolCount: symbols.size,
        })),
  };
}
