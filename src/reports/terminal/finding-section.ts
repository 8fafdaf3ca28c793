import { clockText, grouped } from "../format.ts";
import type { RunSummary } from "../summary/schema.ts";
import { visibleText } from "../visible-text.ts";
import { foldWords } from "./display-width.ts";
import type { Screen } from "./run-report.ts";
import type { Style } from "./table.ts";

const SIGN = { error: "!!", warn: "! ", info: "- " } as const;
const STYLE: Readonly<Record<keyof typeof SIGN, Style>> = { error: "fail", warn: "warn", info: "dim" };
const FINDINGS_SHOWN = 12;
const TEXT_INDENT = 5;

interface Line {
  readonly severity: keyof typeof SIGN;
  readonly code: string;
  readonly count: number;
  readonly firstTsMs: number;
  readonly lastTsMs: number;
  readonly text: string;
  readonly names: string[];
}

/** FINDINGS by code, worst first; the same code of several variants is one line that names them. */
export function findingSection(summaries: readonly RunSummary[], screen: Screen): string[] {
  const lines = new Map<string, Line>();
  for (const summary of summaries) {
    for (const group of summary.findings) {
      const { code, severity, count, firstTsMs, lastTsMs, text } = group;
      const known = lines.get(code);
      const names = [...(known?.names ?? []), screen.nameOf(summary)];
      lines.set(
        code,
        known === undefined
          ? { severity, code, count, firstTsMs, lastTsMs, text, names }
          : { ...known, names, count: Math.max(known.count, count) },
      );
    }
  }
  if (lines.size === 0) return [];
  const all = [...lines.values()];
  const rendered = [screen.paint("heading", `FINDINGS ${all.length}`)];
  for (const line of all.slice(0, FINDINGS_SHOWN)) {
    const times = line.count === 1 ? "" : `${grouped(line.count)}x, `;
    const first = `${times}first ${clockText(line.firstTsMs).slice(0, 8)}`;
    const where = line.names.length === summaries.length ? "" : ` [${line.names.join(", ")}]`;
    rendered.push(
      screen.paint(STYLE[line.severity], visibleText(`  ${SIGN[line.severity]} ${line.code}  ${first}${where}`)),
    );
    // The sentence is the finding: it is folded, never cut.
    for (const part of foldWords(visibleText(line.text), screen.width - TEXT_INDENT))
      rendered.push(" ".repeat(TEXT_INDENT) + part);
  }
  if (all.length > FINDINGS_SHOWN)
    rendered.push(screen.paint("dim", `  and ${all.length - FINDINGS_SHOWN} more codes (summary.json)`));
  return rendered;
}
