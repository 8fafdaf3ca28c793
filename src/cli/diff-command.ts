import { EXIT, UserError } from "../diagnostics/user-error.ts";
import { type ComparedRun, compareVariants, createOutcomeLog, type RunComparison } from "../reports/comparison.ts";
import { timeText } from "../reports/format.ts";
import { openJournal } from "../reports/journal-file.ts";
import { createRunSummary } from "../reports/summary/run-summary.ts";
import { changeSection } from "../reports/terminal/change-section.ts";
import { visibleText } from "../reports/visible-text.ts";
import { firstJournalDifference, type JournalDifference } from "../verify/bisect/journal-difference.ts";
import { createPaint } from "./colour.ts";
import type { DiffOptions } from "./commands/diff.ts";
import { type FinishedRun, findRun } from "./finished-runs.ts";
import type { Shell } from "./shell.ts";

/** One variant both runs have. */
interface VariantDiff {
  readonly variant: string;
  /** `null` when all entries say the same. */
  readonly firstDifference: JournalDifference | null;
  readonly comparison: RunComparison | null;
}

/** `sim diff`: reads nothing but the journals of two finished runs; 11 when they decide otherwise. */
export function diffCommand(before: string, after: string, options: DiffOptions, shell: Shell): void {
  const [left, right] = [findRun(options.out, before), findRun(options.out, after)];
  const [leftNames, rightNames] = [journalsOf(left), journalsOf(right)];
  const wanted = options.variant === undefined ? [...leftNames.keys()] : [options.variant];
  const shared = pairs(leftNames, rightNames, wanted);
  if (shared.length === 0) throw nothingShared(left, leftNames, right, rightNames, options.variant);
  const diffs = shared.map(({ variant, from, to }) => diffOf(variant, from, to));
  if (diffs.some(({ firstDifference }) => firstDifference !== null)) shell.exitWith(EXIT.divergence);
  const only = {
    before: [...leftNames.keys()].filter((name) => !rightNames.has(name)),
    after: [...rightNames.keys()].filter((name) => !leftNames.has(name)),
  };
  if (options.json === true) {
    shell.print(JSON.stringify({ schema: "sim.diff/1", before: left.id, after: right.id, only, diffs }, null, 2));
    return;
  }
  shell.print(textOf({ left, right, only, diffs }, options, shell));
}

/**
 * Journals by the name of their variant. Runs with one variant each are compared whatever it is called: that is what one
 * does who has changed its name.
 */
function journalsOf({ variants }: FinishedRun): Map<string, string> {
  return new Map(variants.map(({ journal }) => [openJournal(journal).header.variant, journal]));
}

function pairs(
  left: ReadonlyMap<string, string>,
  right: ReadonlyMap<string, string>,
  wanted: readonly string[],
): { readonly variant: string; readonly from: string; readonly to: string }[] {
  if (left.size === 1 && right.size === 1 && wanted.length === 1) {
    const [[leftName, from]] = [...left] as [[string, string]];
    const [[rightName, to]] = [...right] as [[string, string]];
    if (wanted[0] !== leftName && wanted[0] !== rightName) return [];
    return [{ variant: leftName === rightName ? leftName : `${leftName} / ${rightName}`, from, to }];
  }
  return wanted.flatMap((variant) => {
    const [from, to] = [left.get(variant), right.get(variant)];
    return from === undefined || to === undefined ? [] : [{ variant, from, to }];
  });
}

function nothingShared(
  left: FinishedRun,
  leftNames: ReadonlyMap<string, string>,
  right: FinishedRun,
  rightNames: ReadonlyMap<string, string>,
  wanted: string | undefined,
): UserError {
  const what = wanted === undefined ? "they have no variant of one name" : `not both have a variant "${wanted}"`;
  return new UserError([
    {
      text: `Cannot compare ${left.id} with ${right.id}: ${what}, one in both is needed`,
      hint: `${left.id} has ${[...leftNames.keys()].join(", ")}; ${right.id} has ${[...rightNames.keys()].join(", ")}`,
    },
  ]);
}

function diffOf(variant: string, from: string, to: string): VariantDiff {
  const firstDifference = firstJournalDifference(from, to);
  if (firstDifference === null) return { variant, firstDifference, comparison: null };
  const [before, after] = [readOutcomes(from), readOutcomes(to)];
  return { variant, firstDifference, comparison: compareVariants([named(before, "before"), named(after, "after")]) };
}

function readOutcomes(file: string): ComparedRun {
  const journal = openJournal(file);
  const outcomes = createOutcomeLog();
  const summary = createRunSummary(journal.header, outcomes);
  for (const entry of journal.entries()) summary.observe(entry);
  return { summary: { ...summary.finish(), thresholds: [] }, outcomes };
}

/** Both have the variant's name; in a comparison they need two. */
function named({ summary, outcomes }: ComparedRun, when: string): ComparedRun {
  return { summary: { ...summary, run: { ...summary.run, variant: when } }, outcomes };
}

function textOf(
  found: {
    readonly left: FinishedRun;
    readonly right: FinishedRun;
    readonly only: { readonly before: readonly string[]; readonly after: readonly string[] };
    readonly diffs: readonly VariantDiff[];
  },
  options: DiffOptions,
  shell: Shell,
): string {
  const { left, right, only, diffs } = found;
  const width = options.wide === true ? 1000 : Math.max(80, shell.stdout.columns ?? 80);
  const screen = {
    width,
    ascii: options.ascii === true,
    paint: createPaint(shell.stdout, !options.colour),
    nameOf: () => "",
  };
  const lines = [`diff  before ${left.folder}  after ${right.folder}`];
  for (const name of only.before) lines.push(`  only before: variant ${visibleText(name)}`);
  for (const name of only.after) lines.push(`  only after: variant ${visibleText(name)}`);
  for (const { variant, firstDifference, comparison } of diffs) {
    lines.push("", screen.paint("heading", `VARIANT ${visibleText(variant)}`));
    if (firstDifference === null) {
      lines.push("  ok every event and decision is the same");
      continue;
    }
    lines.push(...firstLines(firstDifference));
    if (comparison !== null) lines.push("", ...changeSection(comparison, screen));
  }
  return lines.join("\n");
}

function firstLines({ seq, tsMs, event, kind, stage, path, expected, actual }: JournalDifference): string[] {
  const what = path === "" ? `${stage} (${kind})` : `${stage} ${path}`;
  return [
    `  !! first difference: seq ${seq}  ${timeText(tsMs)}  on ${event}: ${visibleText(what)}`,
    `       before  ${expected === "" ? "-" : visibleText(expected)}`,
    `       after   ${actual === "" ? "-" : visibleText(actual)}`,
  ];
}
