import { z } from "zod";
import { plugInMissing, plugInShape } from "../plug-in-choice.ts";
import { dynamicThreshold } from "./dynamic-threshold.ts";
import { entryExitSeparation } from "./entry-exit-separation.ts";
import { fixedThreshold } from "./fixed-threshold.ts";
import { formula } from "./formula.ts";
import { type BoundGovernor, bindGovernor, type GovernorDefinition } from "./governor.ts";
import { none } from "./none.ts";
import { zScore } from "./z-score.ts";

/** A new governor is its file, a line here and a line in `governorSchema`. */
export const governors = [fixedThreshold, entryExitSeparation, dynamicThreshold, zScore, formula, none] as const;

export const governorSchema = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("fixed-threshold"), params: fixedThreshold.params.prefault({}) }),
  z.strictObject({ name: z.literal("entry-exit-separation"), params: entryExitSeparation.params.prefault({}) }),
  z.strictObject({ name: z.literal("dynamic-threshold"), params: dynamicThreshold.params.prefault({}) }),
  z.strictObject({ name: z.literal("z-score"), params: zScore.params.prefault({}) }),
  z.strictObject({ name: z.literal("formula"), params: formula.params.prefault({}) }),
  z.strictObject({ name: z.literal("none"), params: none.params.prefault({}) }),
  z.strictObject(plugInShape),
]);

export type GovernorChoice = z.infer<typeof governorSchema>;

/**
 * @param saved memory of a checkpoint, see `bindGovernor`
 * @param plugIn the definition of a choice that is a plug-in
 */
export function createGovernor(
  choice: GovernorChoice,
  saved?: unknown,
  plugIn?: (name: string) => GovernorDefinition | undefined,
): BoundGovernor {
  if (choice.name === "plugin") {
    const definition = plugIn?.(choice.use);
    if (definition === undefined) throw plugInMissing("governor", choice.use);
    return bindGovernor(definition, choice.params, saved);
  }
  // The schema has matched name and parameters; only the compiler cannot follow that through the list.
  const definition = governors.find(({ name }) => name === choice.name) as GovernorDefinition | undefined;
  if (definition === undefined) throw new RangeError(`Cannot create governor "${choice.name}": it is not in the list`);
  return bindGovernor(definition, choice.params, saved);
}
