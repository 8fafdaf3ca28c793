import { z } from "zod";

/**
 * A governor, ranker or strategy of `--plugin`: what the loader makes of `{ name: my-governor }`. The file's hash
 * stands here so that the scenario's hash covers it; the parameters are read by the plug-in's own schema.
 */
export const plugInShape = {
  name: z.literal("plugin"),
  use: z.string().meta({ description: "name of the plug-in; a scenario writes it as the name itself" }),
  sha256: z.string().default("").meta({ description: "of the plug-in's file, filled in when it is loaded" }),
  params: z.record(z.string(), z.unknown()).default({}),
};

/** A plug-in was asked for that is not loaded: a caller's mistake, scenarios have been checked before. */
export function plugInMissing(kind: string, name: string): RangeError {
  return new RangeError(`Cannot create ${kind} "${name}": no plug-in of that name is loaded`);
}
