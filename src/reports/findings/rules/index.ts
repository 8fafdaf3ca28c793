import type { Rule } from "../finding.ts";
import { INTENT_RULES } from "./intents.ts";
import { LEDGER_RULES } from "./ledger.ts";
import { ORDER_RULES } from "./orders.ts";
import { PERMIT_RULES } from "./permits.ts";
import { PLAN_RULES } from "./plans.ts";
import { STATISTICS_RULES } from "./statistics.ts";
import { STREAM_RULES } from "./streams.ts";
import { THRESHOLD_RULES } from "./thresholds.ts";
import { TRADE_RULES } from "./trades.ts";

/** Every rule, by the way of an intent; docs/findings.md has one row for each. */
export const RULES: readonly Rule[] = [
  ...INTENT_RULES,
  ...PLAN_RULES,
  ...THRESHOLD_RULES,
  ...PERMIT_RULES,
  ...ORDER_RULES,
  ...LEDGER_RULES,
  ...STREAM_RULES,
  ...TRADE_RULES,
  ...STATISTICS_RULES,
];
