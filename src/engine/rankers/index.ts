import { z } from "zod";
import { plugInMissing, plugInShape } from "../plug-in-choice.ts";
import { alphabetical } from "./alphabetical.ts";
import { envAllowlist } from "./env-allowlist.ts";
import { formula } from "./formula.ts";
import { type BoundRanker, bindRanker, type RankerDefinition } from "./ranker.ts";
import { tiered } from "./tiered.ts";
import { volume } from "./volume.ts";

/** A new ranker is its file, a line here and a line in `rankerSchema`. */
export const rankers = [envAllowlist, alphabetical, volume, tiered, formula] as const;

export const rankerSchema = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("env-allowlist"), params: envAllowlist.params.prefault({}) }),
  z.strictObject({ name: z.literal("alphabetical"), params: alphabetical.params.prefault({}) }),
  z.strictObject({ name: z.literal("volume"), params: volume.params.prefault({}) }),
  z.strictObject({ name: z.literal("tiered"), params: tiered.params.prefault({}) }),
  z.strictObject({ name: z.literal("formula"), params: formula.params.prefault({}) }),
  z.strictObject(plugInShape),
]);

export type RankerChoice = z.infer<typeof rankerSchema>;

/** @param plugIn the definition of a choice that is a plug-in */
export function createRanker(
  choice: RankerChoice,
  plugIn?: (name: string) => RankerDefinition | undefined,
): BoundRanker {
  if (choice.name === "plugin") {
    const definition = plugIn?.(choice.use);
    if (definition === undefined) throw plugInMissing("ranker", choice.use);
    return bindRanker(definition, choice.params);
  }
  const definition = rankers.find(({ name }) => name === choice.name) as RankerDefinition | undefined;
  if (definition === undefined) throw new RangeError(`Cannot create ranker "${choice.name}": it is not in the list`);
  return bindRanker(definition, choice.params);
}
