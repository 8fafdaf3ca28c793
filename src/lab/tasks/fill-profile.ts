import type { Scenario } from "../../sim/scenario/schema.ts";

/** What is assumed of fills where the recording leaves room. */
export const FILL_PROFILES = ["optimistic", "neutral", "adverse"] as const;
export type FillProfile = (typeof FILL_PROFILES)[number];

/** The scenario with every variant's fills under one profile. Its hash stays: a record says its profile itself. */
export function withProfile(scenario: Scenario, profile: FillProfile): Scenario {
  const variants = scenario.variants.map((variant) => ({
    ...variant,
    exchange: { ...variant.exchange, fill: { ...variant.exchange.fill, profile } },
  }));
  return { ...scenario, variants };
}
