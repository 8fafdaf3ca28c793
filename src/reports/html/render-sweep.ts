import type { SweepDocument } from "../comparison/sweep-document.ts";
import { shortParameterNames, sweepMap, sweptParameters } from "../comparison/sweep-map.ts";
import { grouped, moneyText, numberText, timeText } from "../format.ts";
import { sweepMapFigure } from "./charts/sweep-chart.ts";
import { html, joined, type Markup } from "./markup.ts";
import { list, renderPage, type Section } from "./page.ts";
import { labPart } from "./sections/comparison.ts";
import { table } from "./tables.ts";

/** Maps drawn: three parameters have three pairs, more of them nobody reads. */
const MAPS_MAX = 3;

/** A sweep as one page of its own: its rows, its map of parameters, and what may be claimed of it. */
export function renderSweepReport(sweep: SweepDocument): string {
  const { comparison, failed, stopping } = sweep;
  const maps = mapFigures(sweep);
  const sections: Section[] = [
    { id: "answer", title: "Answer", body: answer(sweep) },
    { id: "rows", title: "Every variant", body: rowTable(sweep) },
    ...(maps.length === 0 ? [] : [{ id: "map", title: "Parameters", body: joined(maps) }]),
    ...(comparison === null ? [] : [{ id: "sure", title: "How sure is that?", body: labPart(comparison) }]),
    ...(failed.length + (stopping?.stopped.length ?? 0) === 0
      ? []
      : [{ id: "missing", title: "What is missing", body: missing(sweep) }]),
    { id: "method", title: "Method and assumptions", body: method(sweep) },
  ];
  const { scenario, scenarioHash, recording, recordingHash, engineVersion, seeds } = sweep;
  return renderPage({
    title: `${scenario} · sweep`,
    head: html`<h1>${scenario}</h1><p class="quiet">sweep of scenario @${scenarioHash.slice(0, 8)} · recording ${recording} @${recordingHash.slice(
      0,
      8,
    )} · engine ${engineVersion} · seeds ${seeds.join(", ")}</p>`,
    sections,
    foot: html`<p>Written by rehearsal ${engineVersion} from sweep.json. The page loads nothing from anywhere.</p>`,
  });
}

function answer({ rows, comparison, seeds, profiles }: SweepDocument): Markup {
  const judged = rows.filter(({ verdict }) => verdict !== null);
  const better = judged.filter(({ verdict, isFlipping }) => verdict === "better" && !isFlipping);
  const [first] = rows;
  const verdict =
    comparison === null
      ? `${grouped(rows.length)} variants ran; there is nothing to compare them with.`
      : better.length === 0
        ? `None of ${grouped(judged.length)} variants is shown to be better than ${comparison.baseline}.`
        : `${grouped(better.length)} of ${grouped(judged.length)} variants are better than ${comparison.baseline}.`;
  const ways = seeds.length * Math.max(1, profiles.length);
  return html`<div class="strip"><p class="verdict">${verdict}</p><p>${
    first === undefined
      ? "No variant finished."
      : `Highest net: ${first.variant} with ${moneyText(first.netPnlQuote)} USDT, the luckiest as well.`
  } Each variant ran ${ways === 1 ? "once" : `${ways} times (seeds and fills)`}.</p></div>`;
}

function rowTable(sweep: SweepDocument): Markup {
  const paths = sweptParameters(sweep);
  const names = shortParameterNames(paths);
  const settingText = (value: unknown) => (typeof value === "number" ? numberText(value, 5) : String(value));
  return table(
    [
      "variant",
      ...paths.map((path) => names.get(path)!),
      "entries filled",
      "entries asked",
      "blocked",
      "trades",
      "net (USDT)",
      "least to most",
      "drawdown (USDT)",
      "verdict",
    ],
    sweep.rows.map((row) => [
      row.variant,
      ...paths.map((path) => (row.settings[path] === undefined ? null : settingText(row.settings[path]))),
      row.entryFilled,
      row.entryIntents,
      row.entryBlocked,
      row.trades,
      moneyText(row.netPnlQuote),
      `${numberText(row.netPnlOrdered[0]!, 4)} to ${numberText(row.netPnlOrdered.at(-1)!, 4)}`,
      row.maxDrawdownQuote === null ? null : moneyText(row.maxDrawdownQuote),
      row.variant === sweep.comparison?.baseline
        ? "baseline"
        : row.verdict === null
          ? null
          : `${row.badge ?? ""} ${row.isFlipping ? "flips between seeds or fills" : row.verdict}`.trim(),
    ]),
    {
      caption: "By net result of the first seed and fill; the order is no verdict",
      textColumns: [0, paths.length + 8],
    },
  );
}

/** One map for each pair of parameters, in the order of the scenario. */
function mapFigures(sweep: SweepDocument): Markup[] {
  const paths = sweptParameters(sweep);
  const names = shortParameterNames(paths);
  return paths
    .flatMap((down, place) => paths.slice(place + 1).flatMap((across) => sweepMap(sweep, down, across) ?? []))
    .slice(0, MAPS_MAX)
    .map((map) => sweepMapFigure(map, names));
}

function missing({ failed, stopping }: SweepDocument): Markup {
  return list([
    ...failed.map(
      ({ variant, seed, profile, reason }) =>
        `${variant} failed with seed ${seed}${profile === null ? "" : ` under ${profile}`}: ${reason}`,
    ),
    ...(stopping?.stopped ?? []).map(
      ({ variant, by, untilTsMs, netPnlQuote }) =>
        `${variant} was stopped at ${timeText(untilTsMs)} with net ${moneyText(netPnlQuote)} USDT, dominated by ${by}`,
    ),
  ]);
}

function method({ stopping, comparison, profiles }: SweepDocument): Markup {
  return list([
    "every variant saw the same recording, the same intents and the same dice of its seed",
    profiles.length === 0 ? "fills as the scenario sets them" : `fills: ${profiles.join(", ")}`,
    ...(stopping === null ? [] : [stopping.rule]),
    ...(comparison?.notes ?? []),
    "times are UTC, money is in USDT; an undefined figure is a dash, never a number",
  ]);
}
