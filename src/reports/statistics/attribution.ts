/** What one rule (reason code, evalType or governor term) did on its own, in quote of 1e-8. */
export interface RuleEffect {
  readonly rule: string;
  readonly effectQuote: bigint;
}

export interface Attribution {
  readonly actualQuote: bigint;
  readonly ungovernedQuote: bigint;
  /** actual - ungoverned: what the gate did, from two replays. */
  readonly governedEffectQuote: bigint;
  /** In order of rule. */
  readonly rules: readonly RuleEffect[];
  /** What the rules do together beyond the sum of each: shared capital, positions that exclude each other. */
  readonly interactionQuote: bigint;
}

/**
 * Splits what the gate did into its rules: actual - ungoverned = sum of rule effects + interaction, in whole units of
 * 1e-8 quote, so that it reconciles exactly or not at all. Names must be unique; an effect counted twice would vanish
 * in the interaction.
 */
export function attribute(options: {
  readonly actualQuote: bigint;
  readonly ungovernedQuote: bigint;
  readonly effects: readonly RuleEffect[];
}): Attribution {
  const { actualQuote, ungovernedQuote, effects } = options;
  const rules = [...effects].sort((left, right) => (left.rule < right.rule ? -1 : left.rule > right.rule ? 1 : 0));
  rules.forEach(({ rule }, index) => {
    if (index > 0 && rules[index - 1]!.rule === rule) {
      throw new RangeError(`Cannot attribute to rule "${rule}": it is given twice, one effect a rule is needed`);
    }
  });
  const governedEffectQuote = actualQuote - ungovernedQuote;
  let sum = 0n;
  for (const { effectQuote } of rules) sum += effectQuote;
  return { actualQuote, ungovernedQuote, governedEffectQuote, rules, interactionQuote: governedEffectQuote - sum };
}

/** True when a table read back from a report still adds up to the unit; reports check it before they print. */
export function isReconciled(attribution: Attribution): boolean {
  let sum = attribution.interactionQuote;
  for (const { effectQuote } of attribution.rules) sum += effectQuote;
  return (
    sum === attribution.governedEffectQuote &&
    attribution.actualQuote - attribution.ungovernedQuote === attribution.governedEffectQuote
  );
}
