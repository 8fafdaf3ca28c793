import { z } from "zod";
import { dynamicThreshold } from "./dynamic-threshold.ts";
import { entryExitSeparation } from "./entry-exit-separation.ts";
import { fixedThreshold } from "./fixed-threshold.ts";
import { type BoundGovernor, bindGovernor } from "./governor.ts";
import { none } from "./none.ts";
import { zScore } from "./z-score.ts";

/** A new governor is its file plus a line here and a line in `governorSchema`. */
export const governors = [fixedThreshold, entryExitSeparation, dynamicThreshold, zScore, none] as const;

export const governorSchema = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("fixed-threshold"), params: fixedThreshold.params.prefault({}) }),
  z.strictObject({ name: z.literal("entry-exit-separation"), params: entryExitSeparation.params.prefault({}) }),
  z.strictObject({ name: z.literal("dynamic-threshold"), params: dynamicThreshold.params.prefault({}) }),
  z.strictObject({ name: z.literal("z-score"), params: zScore.params.prefault({}) }),
  z.strictObject({ name: z.literal("none"), params: none.params.prefault({}) }),
]);

export type GovernorChoice = z.infer<typeof governorSchema>;

export function createGovernor(choice: GovernorChoice): BoundGovernor {
  switch (choice.name) {
    case "fixed-threshold":
      return bindGovernor(fixedThreshold, choice.params);
    case "entry-exit-separation":
      return bindGovernor(entryExitSeparation, choice.params);
    case "dynamic-threshold":
      return bindGovernor(dynamicThreshold, choice.params);
    case "z-score":
      return bindGovernor(zScore, choice.params);
    case "none":
      return bindGovernor(none, choice.params);
  }
}
