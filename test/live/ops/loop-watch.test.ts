import { expect, test } from "vitest";
import { watchEventLoop } from "../../../src/live/ops/loop-watch.ts";

test("a loop that was stuck is still told of afterwards", async () => {
  const watch = watchEventLoop();
  // The watch has to have looked once before the loop stands still.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const untilMs = performance.now() + 300;
  while (performance.now() < untilMs);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(watch.worstMs()).toBeGreaterThan(200);
  watch.close();
});
