import type { LabComparison } from "../../comparison/lab-comparison.ts";
import type { Ending, MetricDifference, VariantComparison } from "../../comparison.ts";
import { grouped, moneyText, numberText, timeText } from "../../format.ts";
import { forestFigure } from "../charts/forest-chart.ts";
import { html, joined, type Markup } from "../markup.ts";
import { list } from "../page.ts";
import type { ReportModel } from "../report-model.ts";
import { table } from "../tables.ts";

/** Changes shown at once: the first is the one to look at, later ones may only follow from it. */
const FIRST_SHOWN = 10;

/** Changed decisions first, then what they did to the numbers; `null` with one variant. */
export function comparisonSection({ comparison, lab }: ReportModel): Markup | null {
  if (comparison === null) return null;
  return joined([
    ...comparison.candidates.map((candidate) => candidatePart(candidate)),
    lab == null ? null : html`<h3>How sure is that?</h3>${labPart(lab)}`,
  ]);
}

/** As far as the evidence goes: intervals, verdicts, and what trying many variants does to them. */
export function labPart(lab: LabComparison): Markup {
  const { bursts, overfitting, trials } = lab.many;
  const family = [
    trials.value === null
      ? "how many variants were ever tried is unknown"
      : `${grouped(trials.value)} variants ever tried on this recording`,
    bursts.value === null
      ? `StepM and SPA: none, ${bursts.reason}`
      : `chance that the best of the family is luck (SPA): ${numberText(bursts.value.pConsistent, 3)}; better at family level: ${bursts.value.better.join(", ") || "none"}`,
    overfitting.value === null
      ? `probability of backtest overfitting: none, ${overfitting.reason}`
      : `probability of backtest overfitting ${numberText(overfitting.value.probability, 2)} over ${grouped(overfitting.value.splits)} splits (0.5 is a coin)`,
    ...lab.notes,
  ];
  const measured = (value: number | null) => (value === null ? null : numberText(value, 3));
  return html`${lab.metrics.map((_, place) => forestFigure(lab, place))}<div class="strip">${list(family)}</div>${table(
    ["variant", "net a day (USDT)", "Sharpe a bucket", "probabilistic Sharpe", "deflated Sharpe"],
    lab.variants.map((each) => [
      each.variant,
      numberText(each.netPnlPerDayQuote),
      measured(each.sharpe.value),
      measured(each.psr.value),
      measured(each.dsr.value),
    ]),
    { caption: "Many variants" },
  )}`;
}

function candidatePart(candidate: VariantComparison): Markup {
  const { baseline, changed, same, first, changes, differences, badge, evidence } = candidate;
  const text =
    first === null
      ? `It decides exactly as ${baseline} does: ${grouped(same)} intents and exits ended the same way.`
      : `${grouped(changed)} intents and exits ended otherwise than under ${baseline}, ${grouped(same)} the same way. The first change: ${timeText(first.tsMs)} ${first.symbol} ${first.evalType}, ${endingText(first.from)} became ${endingText(first.to)}.`;
  const rows = changes.map((change) => [
    timeText(change.tsMs),
    change.symbol,
    change.evalType,
    endingText(change.from),
    endingText(change.to),
    change.key,
  ]);
  const changesTable = (shown: typeof rows, caption: string): Markup =>
    table(["time", "symbol", "kind", baseline, candidate.candidate, "id"], shown, {
      textColumns: [0, 1, 2, 3, 4, 5],
      caption,
    });
  const against = `${baseline} against ${candidate.candidate}`;
  return html`<h3>${against}</h3><p><span class="badge">${badge}</span>${text}</p>${
    rows.length === 0 ? null : changesTable(rows.slice(0, FIRST_SHOWN), `First decisions that changed, ${against}`)
  }${
    rows.length <= FIRST_SHOWN
      ? null
      : html`<details><summary>${grouped(changed - FIRST_SHOWN)} more changed decisions${
          rows.length < changed ? ` (${grouped(rows.length - FIRST_SHOWN)} here)` : null
        }</summary>${changesTable(rows.slice(FIRST_SHOWN), `Further decisions that changed, ${against}`)}</details>`
  }<details><summary>What it did to the numbers</summary>${table(
    ["measure", baseline, candidate.candidate, "difference"],
    differences.map((difference) => [
      `${difference.metric}${difference.aggregation === "value" ? "" : ` ${difference.aggregation}`}${difference.unit === "" ? "" : ` (${difference.unit})`}`,
      valueText(difference.baseline),
      valueText(difference.candidate),
      differenceText(difference),
    ]),
    { caption: `What it did to the numbers, ${against}` },
  )}<p class="note">${evidence.join("; ")}</p></details>`;
}

const endingText = ({ state, reason }: Ending) => (state === "FILLED" ? "FILLED" : `${state} (${reason})`);

function valueText(value: number | string | null): string {
  if (value === null) return "-";
  return typeof value === "string" ? moneyText(value) : numberText(value);
}

function differenceText({ difference, reason }: MetricDifference): string {
  return difference === null ? `- (${reason})` : valueText(difference);
}
