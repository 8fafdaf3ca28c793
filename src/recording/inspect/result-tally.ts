import { parseApplyResult } from "../../engine/portfolio/apply-result.ts";
import { normaliseResult } from "../../engine/portfolio/decision-normalise.ts";
import { textFields, textOf } from "./entry-fields.ts";
import type { Inspection } from "./inspection.ts";

type Results = Inspection["results"];

const PLANS_KEPT = 1_000_000;
const WORDS_KEPT = 1_000;

/** What `apply.result` entries of both writers say, word by word, and what the pipeline counts for each word. */
export class ResultTally {
  readonly #words = new Map<string, Results["vocabulary"][number]>();
  readonly #problems = new Map<string, number>();
  /** First verdict of each plan, and whether another one came. */
  readonly #verdicts = new Map<string, { readonly verdict: string; isContradicted: boolean }>();
  #records = 0;
  #executedEmpty = 0;

  add(fields: Readonly<Record<string, unknown>>): void {
    this.#records++;
    const texts = textFields(fields);
    const parsed = parseApplyResult(texts);
    if (!parsed.ok) {
      const { reason } = parsed.problem;
      this.#problems.set(reason, (this.#problems.get(reason) ?? 0) + 1);
      return;
    }
    const { writer, decision, planId, isExecuted, orders } = parsed.result;
    // The executor's own word is inside `details`, where the normaliser does not look: both are shown.
    const raw = decision ?? (textOf(texts["executed"]) === "" ? "(none)" : `executed=${texts["executed"]}`);
    const normalised = normaliseResult(texts).decision;
    const key = JSON.stringify([writer, raw, normalised]);
    const word = this.#words.get(key);
    if (word !== undefined) word.records++;
    else if (this.#words.size < WORDS_KEPT) this.#words.set(key, { writer, raw, normalised, records: 1 });
    if (isExecuted && orders.length > 0 && orders.every(({ filledQty }) => filledQty === 0)) this.#executedEmpty++;
    const known = this.#verdicts.get(planId);
    const verdict = `${normalised} ${normaliseResult(texts).reason}`;
    if (known === undefined) {
      if (this.#verdicts.size < PLANS_KEPT) this.#verdicts.set(planId, { verdict, isContradicted: false });
    } else if (known.verdict !== verdict) known.isContradicted = true;
  }

  summary(): Results {
    return {
      records: this.#records,
      vocabulary: [...this.#words.values()].sort(
        (left, right) =>
          right.records - left.records || (`${left.writer} ${left.raw}` < `${right.writer} ${right.raw}` ? -1 : 1),
      ),
      problems: [...this.#problems]
        .map(([name, records]) => ({ name, records }))
        .sort((left, right) => (left.name < right.name ? -1 : 1)),
      plansWithTwoVerdicts: [...this.#verdicts.values()].filter(({ isContradicted }) => isContradicted).length,
      executedWithNothingFilled: this.#executedEmpty,
    };
  }
}
