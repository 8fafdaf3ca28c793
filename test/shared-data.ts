import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Research data beside the checkout: present for developers and in CI, absent in a user's clone. */
const root = fileURLToPath(new URL("../../shared/", import.meta.url));

export const hasShared: boolean = existsSync(root);

if (!hasShared) {
  if (process.env["CI"] === "true" && process.env["REHEARSAL_WITHOUT_SHARED"] !== "1") {
    throw new Error("Cannot run the tests on real data: CI is set but ../shared is missing, both are needed together");
  }
  console.log("skipped: tests on real data, because ../shared is not beside this checkout");
}

/** Absolute path below ../shared, e.g. `sharedPath("vectors/pipeline_vectors.json")`. */
export function sharedPath(relative: string): string {
  return `${root}${relative}`;
}
