import { createHash } from "node:crypto";
import type { EvalType } from "../../engine/domain/intent.ts";
import type { ResolvedVariant, Scenario } from "../../sim/scenario/schema.ts";

/** What is passed in a replay instead of refused. */
export interface Passed {
  readonly evalTypes?: readonly EvalType[];
  /** Reason codes without their details. */
  readonly reasons?: readonly string[];
}

/** The variant as it is, but for what its gate lets pass; everything else of the pipeline still binds. */
export function whatIf(
  variant: ResolvedVariant,
  name: string,
  { evalTypes = [], reasons = [] }: Passed,
): ResolvedVariant {
  const governorOff = { evalTypes: [...evalTypes], reasons: [...reasons] };
  return { ...variant, name, policy: { ...variant.policy, governorOff } };
}

/** A scenario of replays of one variant. Its hash says which, so that no run of it is taken for one of the original. */
export function replayScenario(scenario: Scenario, variants: readonly ResolvedVariant[]): Scenario {
  const passed = variants.map(({ policy }) => policy.governorOff ?? null);
  const hash = createHash("sha256")
    .update(`${scenario.hash}\n${JSON.stringify(passed)}`)
    .digest("hex");
  return { ...scenario, hash, variants };
}
