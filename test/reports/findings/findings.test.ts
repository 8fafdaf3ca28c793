import { describe, expect, test } from "vitest";
import { RULES } from "../../../src/reports/findings/index.ts";
import "./cases/intents.ts";
import "./cases/ledger.ts";
import "./cases/orders.ts";
import "./cases/permits.ts";
import "./cases/plans.ts";
import "./cases/streams.ts";
import { seen } from "./helpers.ts";

// Last in this file: the cases above have run by now.
describe("every rule", () => {
  test("has a name of its own", () => {
    const codes = RULES.map(({ code }) => code);
    expect(codes.length).toBeGreaterThan(40);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test("was seen to fire on a source, and to be silent on one", () => {
    const codes = RULES.map(({ code }) => code);
    expect(codes.filter((code) => !seen.firing.has(code))).toEqual([]);
    expect(codes.filter((code) => !seen.silent.has(code))).toEqual([]);
  });
});
