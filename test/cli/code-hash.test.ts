import { expect, test } from "vitest";
import { codeHash } from "../../src/cli/code-hash.ts";

test("the running program has one hash, the same each time it is asked", () => {
  expect(codeHash()).toMatch(/^[0-9a-f]{64}$/);
  expect(codeHash()).toBe(codeHash());
});
