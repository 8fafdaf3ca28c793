import type { Ending, MetricDifference, VariantComparison } from "../../comparison.ts";
import { grouped, moneyText, numberText, timeText } from "../../format.ts";
import { html, joined, type Markup } from "../markup.ts";
import type { ReportModel } from "../report-model.ts";
import { table } from "../tables.ts";

/** Changed decisions first, then what they did to the numbers; `null` with one variant. */
export function comparisonSection({ comparison }: ReportModel): Markup | null {
  if (comparison === null) return null;
  return joined(comparison.candidates.map((candidate) => candidatePart(candidate)));
}

function candidatePart(candidate: VariantComparison): Markup {
  const { baseline, changed, same, first, changes, differences, badge, evidence } = candidate;
  const text =
    first === null
      ? `It decides exactly as ${baseline} does: ${grouped(same)} intents and exits ended the same way.`
      : `${grouped(changed)} intents and exits ended otherwise than under ${baseline}, ${grouped(same)} the same way. The first change: ${timeText(first.tsMs)} ${first.symbol} ${first.evalType}, ${endingText(first.from)} became ${endingText(first.to)}.`;
  return html`<h3>${baseline} against ${candidate.candidate}</h3><p><span class="badge">${badge}</span>${text}</p>${
    changes.length === 0
      ? null
      : table(
          ["time", "symbol", "kind", baseline, candidate.candidate, "id"],
          changes.map((change) => [
            timeText(change.tsMs),
            change.symbol,
            change.evalType,
            endingText(change.from),
            endingText(change.to),
            change.key,
          ]),
          {
            textColumns: [0, 1, 2, 3, 4, 5],
            total: changed,
            caption: `Decisions that changed, ${baseline} against ${candidate.candidate}`,
          },
        )
  }${table(
    ["measure", baseline, candidate.candidate, "difference"],
    differences.map((difference) => [
      `${difference.metric}${difference.aggregation === "value" ? "" : ` ${difference.aggregation}`}${difference.unit === "" ? "" : ` (${difference.unit})`}`,
      valueText(difference.baseline),
      valueText(difference.candidate),
      differenceText(difference),
    ]),
    { caption: `What it did to the numbers, ${baseline} against ${candidate.candidate}` },
  )}<p class="note">${evidence.join("; ")}</p>`;
}

const endingText = ({ state, reason }: Ending) => (state === "FILLED" ? "FILLED" : `${state} (${reason})`);

function valueText(value: number | string | null): string {
  if (value === null) return "-";
  return typeof value === "string" ? moneyText(value) : numberText(value);
}

function differenceText({ difference, reason }: MetricDifference): string {
  return difference === null ? `- (${reason})` : valueText(difference);
}
