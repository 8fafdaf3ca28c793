import { clockText, grouped } from "../format.ts";
import type { RunSummary } from "../summary/schema.ts";
import type { Screen } from "./run-report.ts";
import { type Column, type Row, renderTable, type Style } from "./table.ts";

const SIGN = { error: "!!", warn: "! ", info: "- " } as const;
const STYLE: Readonly<Record<keyof typeof SIGN, Style>> = { error: "fail", warn: "warn", info: "dim" };
const FINDINGS_SHOWN = 12;

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
  const columns: Column[] = [
    { header: `FINDINGS ${all.length}`, align: "left", dropOrder: 0 },
    { header: "n", align: "right", dropOrder: 0 },
    { header: "first", align: "left", dropOrder: 2 },
    { header: "last", align: "left", dropOrder: 3 },
    { header: "", align: "left", dropOrder: 0, widthMin: 24 },
  ];
  const rows: Row[] = all.slice(0, FINDINGS_SHOWN).map((line) => ({
    cells: [
      `  ${SIGN[line.severity]} ${line.code}`,
      grouped(line.count),
      clockText(line.firstTsMs).slice(0, 8),
      clockText(line.lastTsMs).slice(0, 8),
      line.names.length === summaries.length ? line.text : `[${line.names.join(", ")}] ${line.text}`,
    ],
    style: STYLE[line.severity],
  }));
  const rendered = renderTable(columns, rows, screen);
  if (all.length > FINDINGS_SHOWN)
    rendered.push(screen.paint("dim", `  and ${all.length - FINDINGS_SHOWN} more codes (summary.json)`));
  return rendered;
}
