import { z } from "zod";
import { SAMPLING_METHODS } from "./sweep-points.ts";

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const range = z.strictObject({
  min: z.number(),
  max: z.number(),
  integer: z.boolean().optional().meta({ description: "whole numbers only" }),
  log: z.boolean().optional().meta({ description: "even in the logarithm" }),
});

const parameters = z
  .record(z.string(), z.union([z.array(value), range]))
  .meta({ description: "dotted path of a variant's key, such as pipeline.governor.params.entryBase, to its values" });

/** `sweep:` of a scenario: variants made of one by changing parameters. */
export const sweepSchema = z.strictObject({
  base: z.string().optional().meta({ description: "variant that is changed; the scenario itself when absent" }),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, "a name is made of a-z, 0-9 and -")
    .optional()
    .meta({ description: "what the names of its variants begin with; that of the base, or point" }),
  method: z.enum(["grid", ...SAMPLING_METHODS]).default("grid"),
  count: z.int().optional().meta({ description: "points to sample; a grid has as many as its lists give" }),
  parameters,
});

/** `matrix:` of a scenario: the grid of a sweep of the scenario itself. */
export const matrixSchema = z
  .record(z.string(), z.array(value))
  .meta({ description: "dotted paths to lists: a variant for each combination" });

export type SweepInput = z.output<typeof sweepSchema>;
