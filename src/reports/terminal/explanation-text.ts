import { formatDurationMs } from "../../engine/domain/duration.ts";
import type { ChainStep, Explanation } from "../explain/explanation.ts";
import type { ScoreTerms } from "../explain/kill-score-terms.ts";
import { clockText, grouped, numberText } from "../format.ts";
import { visibleText } from "../visible-text.ts";
import { foldWords, truncate } from "./display-width.ts";
import { type ReportOptions, screenOf } from "./run-report.ts";
import { type Column, renderTable } from "./table.ts";

const BAR_WIDTH = 24;
const LABEL_WIDTH = 17;

/** `sim explain` as text (reports.md 4.5): the chain with its waits, then the formula with its numbers. */
export function renderExplanation(explanation: Explanation, options: Partial<ReportOptions> = {}): string {
  const { width, paint, ascii } = screenOf(options);
  const clip = (text: string) => truncate(visibleText(text), width);
  // Sentences are folded under their label: the end of one may be the answer.
  const told = (label: string, text: string) =>
    foldWords(visibleText(text), Math.min(width, 160) - LABEL_WIDTH).map(
      (line, index) => `${index === 0 ? `  ${label}`.padEnd(LABEL_WIDTH) : " ".repeat(LABEL_WIDTH)}${line}`,
    );
  const { id, kind, symbol, evalType, isInferredExit, note, headline, run } = explanation;
  const type = evalType === null ? "" : isInferredExit ? `  ${evalType}->EXIT (inferred)` : `  ${evalType}`;
  const lines = [
    paint("strong", clip(`${kind} ${id}  ${symbol ?? "no symbol"}${type}  ${headline}`)),
    paint("dim", clip(`run ${run.id}  variant ${run.variant}${note === null ? "" : `  (${note})`}`)),
    ...chainLines(explanation.chain, { width, paint, ascii }),
  ];
  if (explanation.governor !== null) {
    lines.push(...governorLines(explanation).map(clip));
    const terms = termsText(explanation.governor);
    if (terms !== "") lines.push(...told("terms", terms));
  }
  if (explanation.killScore !== null) lines.push(...scoreLines(explanation.killScore, ascii).map(clip));
  if (explanation.wouldFlip.length > 0) lines.push(...told("would flip if", explanation.wouldFlip.join(", or ")));
  if (explanation.episode !== null) lines.push(...told("same episode", episodeText(explanation.episode)));
  if (explanation.causes.length > 0) lines.push(...told("asked because", explanation.causes.join(", ")));
  if (explanation.taints.length > 0) {
    const text = `${explanation.taints.join(", ")}: the decision rests on inputs that are not fresh facts`;
    lines.push(...told("!! tainted", text).map((line) => paint("warn", line)));
  }
  if (explanation.publications > 1) {
    lines.push(
      clip(`  this id was published ${explanation.publications} times; the chain is that of the last time it counted`),
    );
  }
  return `${lines.join("\n")}\n`;
}

function chainLines(
  chain: readonly ChainStep[],
  screen: { width: number; paint: ReportOptions["paint"]; ascii: boolean },
): string[] {
  const columns: Column[] = [
    { header: "", align: "right", dropOrder: 0 },
    { header: "", name: "time", align: "left", dropOrder: 3 },
    { header: "", name: "wait", align: "right", dropOrder: 2 },
    { header: "", align: "left", dropOrder: 0 },
    { header: "", align: "left", dropOrder: 0, widthMin: 44 },
    { header: "", name: "detail", align: "left", dropOrder: 1, widthMin: 16 },
  ];
  const rows = chain.map((step, index) => ({
    cells: [
      ` t+${(step.offsetMs / 1000).toFixed(3)}`,
      clockText(step.tsMs),
      index === 0 ? "" : `+${formatDurationMs(step.waitMs)}`,
      step.what,
      step.isTrouble ? `!! ${step.text}` : step.text,
      step.detail,
    ],
    ...(step.isTrouble ? { style: "warn" as const } : {}),
  }));
  return renderTable(columns, rows, screen);
}

function governorLines({ governor }: Explanation): string[] {
  if (governor === null) return [];
  const { value, cutoff, margin, decision } = governor;
  const distance = margin === null ? "" : `  margin ${numberText(margin)}`;
  const compared =
    value === null || cutoff === null
      ? value === null
        ? "compared nothing"
        : `value ${numberText(value)}, no cutoff applied`
      : `value ${numberText(value)}   cutoff ${numberText(cutoff)}${distance}`;
  return [`  governor ${governor.governor}: ${decision} ${governor.reason}`, `  ${compared}`];
}

/** Every term with its value; the parts of a formula are set apart by an equals sign. */
function termsText({ terms }: NonNullable<Explanation["governor"]>): string {
  const texts = terms.map(({ name, value }) => {
    const shown = value === null ? "none" : numberText(value);
    return /\W/.test(name) ? `${name} = ${shown}` : `${name} ${shown}`;
  });
  return texts.join(", ");
}

function scoreLines(terms: ScoreTerms, ascii: boolean): string[] {
  const largest = Math.max(...terms.contributions.map(({ contribution }) => Math.abs(contribution)), 1e-12);
  const block = ascii ? "#" : "█";
  const bar = (contribution: number) => {
    const length = Math.round((Math.abs(contribution) / largest) * BAR_WIDTH);
    return (contribution !== 0 && length === 0 ? "." : block.repeat(length)).padEnd(BAR_WIDTH);
  };
  return [
    `  kill score ${terms.score.toFixed(4)} = sigmoid(${terms.logit.toFixed(4)})`,
    ...terms.contributions.map(
      ({ name, component, weight, contribution }) =>
        `  ${name.padEnd(12)} ${component.toFixed(4)} x ${numberText(weight, 3).padEnd(4)}  ${bar(contribution)}  ${contribution.toFixed(4)}`,
    ),
    `  ${"unexplained".padEnd(12)} ${" ".repeat(13)}  ${" ".repeat(BAR_WIDTH)} ${terms.unexplained.toFixed(4).padStart(7)}`,
  ];
}

function episodeText(episode: NonNullable<Explanation["episode"]>): string {
  if (episode.evaluations === 1) return `evaluated once, ${episode.outcome}`;
  const changed =
    episode.changed.length === 0 ? "nothing changed since" : `changed since: ${episode.changed.join(", ")}`;
  return `evaluated ${grouped(episode.evaluations)}x since ${clockText(episode.firstTsMs).slice(0, 8)}, ${episode.outcome} all along (first plan ${episode.firstPlanId}), ${changed}`;
}
