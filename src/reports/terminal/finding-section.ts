import { type Finding, findingKinds, kindCounts } from "../findings/index.ts";
import type { RunSummary } from "../summary/schema.ts";
import { visibleText } from "../visible-text.ts";
import { foldWords } from "./display-width.ts";
import type { Screen } from "./run-report.ts";
import type { Style } from "./table.ts";

const SIGN = { error: "!!", warn: "! ", info: "- " } as const;
const STYLE: Readonly<Record<keyof typeof SIGN, Style>> = { error: "fail", warn: "warn", info: "dim" };
/** Told in full; what comes after is named. */
const KINDS_SHOWN = 8;
const SYMBOLS_SHOWN = 5;
const WIDTH_MAX = 120;
const INDENT = "     ";

/** FINDINGS worst first, each with what it rests on, the command that shows it and advice; one code is told once. */
export function findingSection(
  summaries: readonly RunSummary[],
  findings: readonly (readonly Finding[])[],
  screen: Screen,
): string[] {
  const kinds = findingKinds(
    summaries.map((summary, place) => ({ variant: screen.nameOf(summary), findings: findings[place] ?? [] })),
  );
  if (kinds.length === 0) return [];
  const width = Math.min(screen.width, WIDTH_MAX);
  const folded = (text: string) => foldWords(visibleText(text), width - INDENT.length).map((line) => INDENT + line);
  const lines = [screen.paint("heading", `FINDINGS ${kindCounts(kinds)}`)];
  for (const { code, severity, first, variants, otherSymbols } of kinds.slice(0, KINDS_SHOWN)) {
    const where = variants.length === summaries.length ? "" : ` [${variants.join(", ")}]`;
    const left = otherSymbols.length - SYMBOLS_SHOWN;
    const also =
      otherSymbols.length === 0
        ? ""
        : ` (also ${otherSymbols.slice(0, SYMBOLS_SHOWN).join(", ")}${left > 0 ? ` and ${left} more` : ""})`;
    lines.push(
      screen.paint(STYLE[severity], visibleText(`  ${SIGN[severity]} ${code}${where}`)),
      // The sentence is the finding: it is folded, never cut.
      ...folded(`${first.text}${also}`),
      ...folded(`-> ${first.advice}`).map((line) => screen.paint("dim", line)),
      screen.paint("dim", visibleText(`${INDENT}$ ${first.command}`)),
    );
  }
  const further = kinds.slice(KINDS_SHOWN);
  if (further.length > 0) {
    const codes = `and ${further.map(({ code }) => code).join(", ")} (sim doctor --wide, report.html)`;
    lines.push(...foldWords(visibleText(codes), width - 2).map((line) => screen.paint("dim", `  ${line}`)));
  }
  return lines;
}
