import type { StoppedVariant } from "../../reports/comparison/sweep-document.ts";
import type { VariantRecord } from "../../reports/variants/variant-record.ts";

export const DOMINATION_RULE =
  "a variant of the lower half by net result is let go when another has both a higher net result and a smaller drawdown at marks";

/**
 * Variants that are not worth the rest of the window, judged on its first part (`DOMINATION_RULE`). The baseline stays: all
 * others are compared with it.
 */
export function dominatedBy(records: readonly VariantRecord[], baseline: string): StoppedVariant[] {
  const facts = records.map(({ variant, summary }) => ({
    variant,
    net: Number(summary.money.netPnlQuote),
    drawdown: Number(summary.money.maxDrawdownMarkedQuote ?? summary.money.maxDrawdownQuote),
    netPnlQuote: summary.money.netPnlQuote,
    untilTsMs: summary.run.endTsMs,
  }));
  const ranked = [...facts].sort((left, right) => right.net - left.net || (left.variant < right.variant ? -1 : 1));
  return ranked.slice(Math.ceil(ranked.length / 2)).flatMap(({ variant, net, drawdown, netPnlQuote, untilTsMs }) => {
    const by = ranked.find((other) => other.net > net && other.drawdown < drawdown);
    return by === undefined || variant === baseline ? [] : [{ variant, by: by.variant, untilTsMs, netPnlQuote }];
  });
}
