import { EXIT, type ExitCode, type Problem } from "../diagnostics/user-error.ts";
import type { Paint, Style } from "../reports/terminal/table.ts";
import { visibleText } from "../reports/visible-text.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import type { ExecutedScenario } from "./execute-scenario.ts";
import type { ExpectationResult } from "./expectations.ts";
import { gravest } from "./shell.ts";

/** What became of one scenario of a folder. */
export interface ScenarioVerdict {
  readonly scenario: Scenario;
  /** `null` when it could not run; `problems` say why. */
  readonly executed: ExecutedScenario | null;
  readonly problems: readonly Problem[];
  readonly causes: readonly ExitCode[];
  readonly wallMs: number;
}

/** Word and sign of an exit code: colour is only added to them. */
const WORDS: Readonly<Record<ExitCode, readonly [sign: string, word: string, style: Style]>> = {
  [EXIT.ok]: ["OK", "passed", "ok"],
  [EXIT.internal]: ["!!", "internal error", "fail"],
  [EXIT.usage]: ["!!", "not run", "fail"],
  [EXIT.thresholdFailed]: ["!!", "failed", "fail"],
  [EXIT.divergence]: ["!!", "diverged", "fail"],
  [EXIT.evidenceIncomplete]: ["??", "no data", "warn"],
  [EXIT.recordingUnusable]: ["!!", "recording unusable", "fail"],
  [EXIT.liveRefused]: ["!!", "refused", "fail"],
  [EXIT.interrupted]: ["--", "interrupted", "warn"],
  [EXIT.terminated]: ["--", "terminated", "warn"],
};

export interface VerdictTableOptions {
  readonly isTimeShown: boolean;
  readonly paint: Paint;
}

/** One line a scenario, then one line for each thing that failed, then the count. */
export function verdictTable(
  verdicts: readonly ScenarioVerdict[],
  { isTimeShown, paint }: VerdictTableOptions,
): string {
  const rows = verdicts.map((verdict) => {
    const [sign, word, style] = WORDS[gravest(verdict.causes)];
    const cells = [
      sign,
      verdict.scenario.name,
      word,
      expectationsCell(verdict),
      thresholdsCell(verdict),
      verdict.executed?.runId ?? "-",
    ];
    return { cells: isTimeShown ? [...cells, `${(verdict.wallMs / 1000).toFixed(2)} s`] : cells, style };
  });
  const head = ["", "scenario", "verdict", "expectations", "thresholds", "run", ...(isTimeShown ? ["time"] : [])];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(({ cells }) => cells[column]!.length)));
  const line = (cells: readonly string[]) => {
    const last = cells.length - 1;
    return cells
      .map((cell, column) =>
        isTimeShown && column === last ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join("  ")
      .trimEnd();
  };
  const failed = verdicts.filter(({ causes }) => gravest(causes) !== EXIT.ok).length;
  const summary = `${verdicts.length} scenarios   ${verdicts.length - failed} passed   ${failed} not passed`;
  return [
    paint("heading", line(head)),
    ...rows.map(({ cells, style }) => paint(style, line(cells))),
    ...verdicts.flatMap(failureLines),
    summary,
  ].join("\n");
}

function expectationsCell({ executed }: ScenarioVerdict): string {
  if (executed === null) return "-";
  const met = executed.expectations.filter(({ isMet }) => isMet).length;
  return executed.expectations.length === 0 ? "none" : `${met}/${executed.expectations.length}`;
}

function thresholdsCell({ executed }: ScenarioVerdict): string {
  const results = (executed?.summaries ?? []).flatMap(({ thresholds }) => thresholds);
  if (executed === null) return "-";
  const ok = results.filter(({ status }) => status === "ok").length;
  return results.length === 0 ? "none" : `${ok}/${results.length}`;
}

function failureLines({ scenario, executed }: ScenarioVerdict): string[] {
  if (executed === null) return [];
  const expectations = executed.expectations
    .filter(({ isMet }) => !isMet)
    .map(({ variant, what, found }) => `  !! ${scenario.name} ${variant}: expected ${what}, found ${found}`);
  const thresholds = executed.summaries.flatMap(({ run, thresholds: results }) =>
    results
      .filter(({ status }) => status === "fail" || status === "no_data")
      .map(({ metric, expr, status, text }) => {
        return `  ${status === "fail" ? "!!" : "??"} ${scenario.name} ${run.variant}: ${metric} ${expr}, ${text}`;
      }),
  );
  return [...expectations, ...thresholds];
}

/** The expectations of a scenario below its report: met ones too, because an incident is evidence only when it shows. */
export function expectationLines(results: readonly ExpectationResult[], paint: Paint): string[] {
  if (results.length === 0) return [];
  const met = results.filter(({ isMet }) => isMet).length;
  return [
    paint("heading", `EXPECTATIONS  ${met} met  ${results.length - met} not met`),
    ...results.map(({ variant, what, isMet, found }) => {
      const line = visibleText(`  ${isMet ? "ok" : "!!"}  ${variant}: ${what}, found ${found}`);
      return paint(isMet ? "ok" : "fail", line);
    }),
  ];
}
