import { stringify } from "yaml";
import { formatMoney, type Money } from "../../engine/domain/money.ts";
import { child } from "./json-schema.ts";
import { mergeInput } from "./resolve.ts";
import { SCENARIO_SCHEMA } from "./schema.ts";
import { expandSweep } from "./sweep/expand-sweep.ts";
import { parseYaml } from "./yaml-document.ts";

/** Limits that a session puts on top of its scenario's own; absent ones leave them as they are. */
export interface SessionLimits {
  readonly notionalPerTradeMaxQuote?: Money;
  readonly notionalTotalMaxQuote?: Money;
}

/** Ratios and counts of a scenario that mean the same for a session. */
const KEPT = ["profile", "seed", "warmup", "universe", "initial"] as const;

/**
 * The scenario that rehearses a session: its recording with its intents, through the variant it ran, on an account with
 * the wallet it began with. Durations and amounts stay as they were written.
 *
 * @param text of a scenario that `parseScenario` accepts
 * @param session `recording` is relative to where the result will lie
 */
export function sessionScenarioText(
  text: string,
  session: {
    readonly name: string;
    readonly title: string;
    readonly recording: string;
    readonly variant: string;
    readonly walletQuote: Money;
    /** Prices before it are the past that the session began with. */
    readonly startTsMs: number;
    readonly limits: SessionLimits;
  },
): string {
  const { value } = expandSweep(parseYaml(text, session.name), session.name).document;
  const written = writtenVariant(value, session.variant);
  const limits = Object.fromEntries(
    // allow(unordered): two words, in the order of the type
    Object.entries(session.limits).map(([name, amount]) => [name, formatMoney(amount as Money)]),
  );
  const merged = mergeInput(child(value, "pipeline") ?? {}, child(written, "pipeline"));
  const pipeline = mergeInput(merged, { limits });
  const exchange = mergeInput(child(value, "exchange") ?? {}, child(written, "exchange"));
  const profile = child(written, "profile") ?? child(value, "profile");
  const kept = Object.fromEntries(
    KEPT.flatMap((key) => (child(value, key) === undefined ? [] : [[key, child(value, key)]])),
  );
  return stringify({
    schema: SCENARIO_SCHEMA,
    name: session.name,
    title: session.title,
    recording: session.recording,
    // allow(clock): formats a time that was handed in
    window: { from: new Date(session.startTsMs).toISOString() },
    ...kept,
    ...(profile === undefined ? {} : { profile }),
    account: {
      ...(child(value, "account") as object | undefined),
      wallet: formatMoney(session.walletQuote),
      positions: [],
    },
    intents: "recording",
    exchange,
    pipeline,
    variants: [{ name: session.variant }],
  });
}

function writtenVariant(value: unknown, name: string): unknown {
  const variants = child(value, "variants");
  return Array.isArray(variants) ? variants.find((each) => child(each, "name") === name) : {};
}
