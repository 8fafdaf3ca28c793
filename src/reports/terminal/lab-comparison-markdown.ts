import type { LabComparison, LabMetric } from "../comparison/lab-comparison.ts";
import { grouped } from "../format.ts";
import { visibleText } from "../visible-text.ts";
import { valueText } from "./lab-comparison-text.ts";

/** The comparison as Markdown for a pull request: changed decisions, then one row a candidate and metric. */
export function comparisonMarkdown({ baseline, recordings, candidates, notes, many }: LabComparison): string {
  const names = recordings.map(({ name, hash }) => `${cell(name)} @${hash.slice(0, 8)}`).join(", ");
  const lines = [
    `### Comparison with ${cell(baseline)}`,
    "",
    `Recording ${names}. ${many.trials.value === null ? "N of trials unknown." : `${grouped(many.trials.value)} variants ever tried.`}`,
    "",
    "| candidate | evidence | changed | same |",
    "| --- | --- | ---: | ---: |",
    ...candidates.map(
      ({ candidate, badge, decisions }) =>
        `| ${cell(candidate)} | ${badge} | ${grouped(decisions.changed)} | ${grouped(decisions.same)} |`,
    ),
    "",
    "| candidate | metric | difference | 95 % | verdict | why |",
    "| --- | --- | ---: | ---: | --- | --- |",
    ...candidates.flatMap(({ candidate, metrics }) =>
      metrics.map(
        (metric) =>
          `| ${cell(candidate)} | ${metric.label} | ${valueText(metric, metric.difference.value, true)} | ${intervalText(metric)} | ${metric.verdict} | ${cell(metric.verdictReason ?? "")} |`,
      ),
    ),
    ...(notes.length === 0 ? [] : ["", ...notes.map((note) => `- ${cell(note)}`)]),
  ];
  return `${lines.join("\n")}\n`;
}

function intervalText(metric: LabMetric): string {
  const { value } = metric.interval;
  return value === null ? "-" : `${valueText(metric, value[0], true)} to ${valueText(metric, value[1], true)}`;
}

/** Names come from files: what would end a cell or begin markup is written out. */
function cell(text: string): string {
  return visibleText(text).replace(/[\\|<>[\]`*_]/g, (sign) => `\\${sign}`);
}
