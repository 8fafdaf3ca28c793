import { html } from "./markup.ts";
import { renderPage, type Section } from "./page.ts";
import type { ReportModel } from "./report-model.ts";
import { answerSection, headOf } from "./sections/answer.ts";
import { breakdownSection } from "./sections/breakdowns.ts";
import { comparisonSection } from "./sections/comparison.ts";
import { coverageSection } from "./sections/coverage.ts";
import { executionSection, exitSection } from "./sections/execution.ts";
import { findingSection } from "./sections/findings.ts";
import { gateSection } from "./sections/gate.ts";
import { governorSection } from "./sections/governor.ts";
import { dataSection, methodSection, thresholdSection } from "./sections/method.ts";
import { moneySection } from "./sections/money.ts";
import { symbolSection } from "./sections/symbols.ts";

/**
 * The report of a run as one HTML file that needs nothing else: readable without a script, from paper, and offline. Equal
 * models give equal bytes.
 */
export function renderReport(model: ReportModel): string {
  if (model.variants.length === 0)
    throw new RangeError("Cannot report a run: it has no variant, at least one is needed");
  const comparison = comparisonSection(model);
  const gate = gateSection(model);
  const sections: Section[] = [
    { id: "answer", title: "Answer", body: answerSection(model) },
    { id: "findings", title: "Findings", body: findingSection(model) },
    { id: "execution", title: "Did it execute?", body: executionSection(model) },
    ...(comparison === null ? [] : [{ id: "comparison", title: "What changed", body: comparison }]),
    { id: "money", title: "Money", body: moneySection(model) },
    { id: "governor", title: "Governor on the score", body: governorSection(model) },
    ...(gate === null ? [] : [{ id: "gate", title: "What the gate was worth", body: gate }]),
    ...(model.further ?? []),
    { id: "exits", title: "Exits", body: exitSection(model) },
    { id: "coverage", title: "Coverage", body: coverageSection(model) },
    { id: "symbols", title: "One symbol", body: symbolSection(model) },
    { id: "tables", title: "By symbol, reason and hour", body: breakdownSection(model) },
    { id: "thresholds", title: "Thresholds", body: thresholdSection(model) },
    { id: "method", title: "Method and assumptions", body: methodSection(model) },
    { id: "data", title: "Data", body: dataSection(model) },
  ];
  const { run } = model.variants[0]!.summary;
  return renderPage({
    title: `${run.scenario} · ${run.id}`,
    head: headOf(model),
    sections,
    foot: html`<p>Written by rehearsal ${run.engine} from the journals of run ${run.id}. The page loads nothing from anywhere.</p>`,
  });
}
