import { formatMoney, type Money } from "../../engine/domain/money.ts";
import type { Ablation } from "../../reports/gate/schema.ts";
import type { VariantRecord } from "../../reports/variants/variant-record.ts";

/**
 * Replays of one run with parts of its gate off (reports.md 3.4). The effect of a rule is equity as it was less equity
 * with that rule's refusals passed, all others in force. `actual - ungoverned = sum of effects + interaction` holds to
 * the unit; a large interaction means that rules answer for each other and no effect can be read alone.
 *
 * @param without a replay for each reason, in any order
 */
export function ablationOf(
  actual: VariantRecord,
  ungoverned: VariantRecord,
  without: readonly { readonly reason: string; readonly refusals: number; readonly record: VariantRecord }[],
): Ablation {
  const [start, free] = [endEquity(actual), endEquity(ungoverned)];
  const effects = without.map(({ reason, refusals, record }) => {
    const equity = endEquity(record);
    return { reason, refusals, effect: start - equity, equity };
  });
  effects.sort((left, right) => {
    if (left.effect !== right.effect) return left.effect < right.effect ? 1 : -1;
    return left.reason < right.reason ? -1 : 1;
  });
  const sum = effects.reduce((total, { effect }) => total + effect, 0n);
  return {
    actualQuote: formatMoney(start),
    ungovernedQuote: formatMoney(free),
    differenceQuote: formatMoney(start - free),
    effects: effects.map(({ reason, refusals, effect, equity }) => ({
      reason,
      refusals,
      effectQuote: formatMoney(effect),
      withoutQuote: formatMoney(equity),
    })),
    interactionQuote: formatMoney(start - free - sum),
    journals: [
      { passed: "nothing", journalSha256: actual.journalSha256 },
      { passed: "everything", journalSha256: ungoverned.journalSha256 },
      ...without.map(({ reason, record }) => ({ passed: reason, journalSha256: record.journalSha256 })),
    ],
  };
}

/** Quote up to which a number holds units of 1e-8 exactly. */
const EXACT_MAX = 90_000_000;

/** Equity at the end, open positions at their mark. */
export function endEquity({ variant, buckets }: VariantRecord): Money {
  const last = buckets.equityQuote.at(-1);
  if (last === undefined)
    throw new RangeError(`Cannot value variant ${variant}: it has no equity, at least one is needed`);
  if (Math.abs(last) > EXACT_MAX)
    throw new RangeError(`Cannot value variant ${variant}: ${last} is too large for exact units of 1e-8`);
  return BigInt(Math.round(last * 1e8));
}
