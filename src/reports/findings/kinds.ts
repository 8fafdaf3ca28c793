import type { Severity } from "../../engine/domain/decision.ts";
import { timeText } from "../format.ts";
import { byRank, type Finding } from "./finding.ts";

/** Findings of one code in one or several variants of a run, told together. */
export interface FindingKind {
  readonly code: string;
  /** Of the gravest. */
  readonly severity: Severity;
  /** The one that is told in full: the gravest of the first variant that has it. */
  readonly first: Finding;
  /** Variants in which it was found, in the order given. */
  readonly variants: readonly string[];
  /** Symbols of the others. */
  readonly otherSymbols: readonly string[];
  /** How many findings there are besides the first, over symbols and variants. */
  readonly others: number;
}

export interface VariantFindings {
  readonly variant: string;
  readonly findings: readonly Finding[];
}

/** Worst first; a screen, a page and a comment tell the same kinds in the same order. */
export function findingKinds(variants: readonly VariantFindings[]): FindingKind[] {
  const byCode = new Map<string, { worst: Finding; readonly all: Finding[]; readonly variants: string[] }>();
  for (const { variant, findings } of variants) {
    for (const finding of findings) {
      const known = byCode.get(finding.code);
      if (known === undefined) byCode.set(finding.code, { worst: finding, all: [finding], variants: [variant] });
      else {
        known.all.push(finding);
        if (!known.variants.includes(variant)) known.variants.push(variant);
        if (byRank(finding, known.worst) < 0) known.worst = finding;
      }
    }
  }
  return [...byCode.values()]
    .sort((left, right) => byRank(left.worst, right.worst))
    .map(({ worst, all, variants: names }) => ({
      code: worst.code,
      severity: worst.severity,
      first: worst,
      variants: names,
      otherSymbols: symbolsOf(all).filter((symbol) => symbol !== worst.symbol),
      others: all.length - 1,
    }));
}

function symbolsOf(findings: readonly Finding[]): string[] {
  return [...new Set(findings.flatMap(({ symbol }) => symbol ?? []))];
}

/** `3 errors, 1 warning, 2 told`: kinds, not occurrences. */
export function kindCounts(kinds: readonly FindingKind[]): string {
  const count = (wanted: Severity) => kinds.filter(({ severity }) => severity === wanted).length;
  const counted = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`;
  return `${counted(count("error"), "error")}, ${counted(count("warn"), "warning")}, ${count("info")} told`;
}

/** `cutoff 0.6, blocked 14`: names and numbers as the rule gave them. */
export function evidenceText({ evidence }: Finding): string {
  // allow(unordered): a rule writes its evidence in the order it is to be read
  return Object.entries(evidence)
    .map(([name, value]) => `${name} ${valueText(name, value)}`)
    .join(", ");
}

function valueText(name: string, value: number | string): string {
  if (typeof value === "string") return value;
  if (name.endsWith("TsMs")) return timeText(value);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
