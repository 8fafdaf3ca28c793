import { z } from "zod";
import { defineGovernor, execute } from "./governor.ts";

/** Allows everything: the reference every other governor is measured against. Portfolio limits still bind. */
export const none = defineGovernor({
  name: "none",
  summary: "allows every plan; the reference for the value of a gate",
  params: z.strictObject({}),
  createMemory: () => null,
  judge: ({ drivers }) =>
    execute({
      governor: "none",
      reasonCode: "ungoverned",
      value: drivers.killScore,
      terms: { killScore: drivers.killScore },
    }),
});
