import { nearMisses } from "../diagnostics/near-miss.ts";
import { UserError } from "../diagnostics/user-error.ts";
import { createExplainIndex, type ExplainIndex } from "../reports/explain/explain-index.ts";
import { type Explanation, explain, explainPlan } from "../reports/explain/explanation.ts";
import { findPlanAt, parseMoment } from "../reports/explain/find-moment.ts";
import { type JournalReader, openJournal } from "../reports/journal-file.ts";
import { renderExplanation } from "../reports/terminal/explanation-text.ts";
import { createPaint } from "./colour.ts";
import type { ExplainOptions } from "./commands/explain.ts";
import { type FinishedRun, type FinishedVariant, findRun } from "./finished-runs.ts";
import type { Shell } from "./shell.ts";

/**
 * `sim explain`: reads nothing but the journal of a finished run. Without `--variant` the variants are asked in their
 * order and the first that knows the plan answers; the others are named on stderr.
 */
export function explainCommand(id: string | undefined, options: ExplainOptions, shell: Shell): void {
  checkQuestion(id, options);
  const run = findRun(options.out, options.run);
  const variants = chosenVariants(run, options.variant);
  const explanation = firstAnswer(variants, (journal, index) => answer(journal, index, id, options));
  const others = variants.filter(({ name }) => name !== "" && name !== explanation.run.variant).map(({ name }) => name);
  if (others.length > 0) {
    shell.note(`variant ${explanation.run.variant}; --variant asks ${others.join(", ")} instead`);
  }
  if (options.json === true) {
    shell.print(JSON.stringify(explanation, null, 2));
    return;
  }
  const width = shell.stdout.columns ?? 80;
  const paint = createPaint(shell.stdout, !options.colour);
  shell.print(
    renderExplanation(explanation, { width, wide: options.wide === true, ascii: options.ascii === true, paint }),
  );
}

function checkQuestion(id: string | undefined, { symbol, at }: ExplainOptions): void {
  const isPlace = symbol !== undefined && at !== undefined;
  if (id !== undefined && symbol === undefined && at === undefined) return;
  if (id === undefined && isPlace) return;
  const is = id === undefined ? "neither an id nor a symbol with a time is given" : "an id and a place are given";
  throw new UserError([
    { text: `Cannot explain: ${is}, either ID or --symbol S --at TIME is needed`, hint: "sim explain --help" },
  ]);
}

function chosenVariants(run: FinishedRun, named: string | undefined): readonly FinishedVariant[] {
  if (named === undefined) return run.variants;
  const found = run.variants.filter((variant) => variantName(variant) === named);
  if (found.length > 0) return found;
  const names = run.variants.map(variantName);
  const near = nearMisses(named, names);
  throw new UserError([
    {
      text: `Cannot explain variant "${named}": run ${run.id} has none of that name, one of ${names.join(", ")} is needed`,
      ...(near.length === 0 ? {} : { hint: `did you mean ${near.join(" or ")}?` }),
    },
  ]);
}

/** The folder's name, or for a run with one variant what its journal says. */
function variantName({ name, journal }: FinishedVariant): string {
  return name === "" ? openJournal(journal).header.variant : name;
}

/** An id that one variant does not know may be another's: plans differ. The first refusal stands if all refuse. */
function firstAnswer(
  variants: readonly FinishedVariant[],
  ask: (journal: JournalReader, index: ExplainIndex) => Explanation,
): Explanation {
  let refusal: UserError | null = null;
  for (const { journal: file } of variants) {
    const journal = openJournal(file);
    const index = createExplainIndex();
    for (const entry of journal.entries()) index.observe(entry);
    try {
      return ask(journal, index);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? new Error("a finished run has at least one variant");
}

function answer(
  { header }: JournalReader,
  index: ExplainIndex,
  id: string | undefined,
  { symbol, at }: ExplainOptions,
): Explanation {
  if (id !== undefined) return explain(header, index, id);
  const { planId } = findPlanAt(index, symbol!, parseMoment(at!, header.startTsMs));
  return explainPlan(header, index, planId);
}
