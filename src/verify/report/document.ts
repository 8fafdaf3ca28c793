import type { ExitCode } from "../../diagnostics/user-error.ts";
import type { Verification } from "../verify.ts";
import { countsOf } from "./verify-text.ts";

export const VERIFY_SCHEMA = "sim.verify/1";

/** The one JSON document of `sim verify --json`. */
export function verifyDocument(verification: Verification, code: ExitCode): Record<string, unknown> {
  const { outcomes, problems, causes } = verification;
  return {
    schema: VERIFY_SCHEMA,
    counts: countsOf(verification),
    outcomes,
    ...(problems.length === 0 ? {} : { problems }),
    exit: { code, causes },
  };
}
