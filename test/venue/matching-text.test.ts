import { expect, test } from "vitest";
import { summarize } from "../../src/reports/summary/run-summary.ts";
import type { RunSummary } from "../../src/reports/summary/schema.ts";
import { renderRunReport } from "../../src/reports/terminal/run-report.ts";
import { exchangeSchema } from "../../src/sim/scenario/exchange-schema.ts";
import { matchingText } from "../../src/venue/matching-text.ts";
import { header } from "../reports/journal-builder.ts";

test("a scenario names the profile; neutral is what it is without", () => {
  expect(exchangeSchema.parse({}).fill.profile).toBe("neutral");
  expect(exchangeSchema.parse({ fill: { profile: "adverse" } }).fill.profile).toBe("adverse");
  expect(exchangeSchema.safeParse({ fill: { profile: "hopeful" } }).success).toBe(false);
});

test("the report says fidelity, profile and the path inside a candle", () => {
  const text = matchingText("candles", "adverse");
  const summary: RunSummary = summarize(header({ matching: { fidelity: "candles", profile: "adverse", text } }), []);
  expect(summary.run.matching).toEqual({ fidelity: "candles", profile: "adverse", text });
  const report = renderRunReport([summary], null, { wide: true });
  expect(report).toContain("fidelity candles: prices go open, low, high, close in a minute that did not fall");
  expect(report).toContain("profile adverse: slippage doubled");
  // Folded, never cut, on a narrow screen.
  const narrow = renderRunReport([summary], null, { width: 80 }).replaceAll(/\n {2}/g, " ");
  expect(narrow).toContain(text);
});
