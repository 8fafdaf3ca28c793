import { describe, expect, test } from "vitest";
import { exchangeVectors, readSharedExchangeVectors } from "./exchange-vectors.ts";
import { casesOf, groupOf, readSharedVectors, vectorGroups } from "./pipeline-vectors.ts";

const shared = readSharedVectors();
const sharedExchange = readSharedExchangeVectors();

describe("the committed vectors", () => {
  test.skipIf(shared === null)("are the facts of the research file, nothing changed and nothing left out", () => {
    expect(vectorGroups).toEqual(shared);
  });

  test.skipIf(sharedExchange === null)("of the exchange equal the research file", () => {
    expect(exchangeVectors).toEqual(sharedExchange);
  });

  test("hold 29 groups with unique ids, and every case says how it is known", () => {
    expect(vectorGroups).toHaveLength(29);
    expect(new Set(vectorGroups.map(({ id }) => id)).size).toBe(29);
    for (const { id, cases } of vectorGroups) {
      expect(cases.length, id).toBeGreaterThan(0);
      expect(new Set(cases.map((one) => one.id)).size, id).toBe(cases.length);
      for (const one of cases) expect(one.provenance, `${id} ${one.id}`).not.toBe("");
    }
  });

  test("are read strictly: an unknown group, a missing field and a wrong kind are errors", () => {
    expect(() => groupOf("no-such-group")).toThrow('Cannot find vector group "no-such-group"');
    const [first] = casesOf("kill_score_v1");
    expect(() => first!.number("no_such_field")).toThrow("a number is needed");
    expect(() => first!.outText("kill_score")).toThrow("a text is needed");
  });

  test("compare within their own tolerance, exactly when they have none", () => {
    const rounded = casesOf("kill_score_v1").find(({ id }) => id === "seed-btc")!;
    expect(rounded.isNear(0.75634, "kill_score")).toBe(true);
    expect(rounded.isNear(0.7564, "kill_score")).toBe(false);
    const exact = casesOf("p30_alpha").find(({ id }) => id === "n5")!;
    expect(exact.isNear(0.25 + Number.EPSILON, "confidence")).toBe(false);
  });
});
