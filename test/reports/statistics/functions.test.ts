import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binomialCdf, binomialCoefficient, clopperPearson, mcnemar } from "../../../src/reports/statistics/binomial.ts";
import { erfc, normalCdf, normalQuantile } from "../../../src/reports/statistics/normal.ts";
import { medianOf, quantile } from "../../../src/reports/statistics/quantile.ts";
import { incompleteBeta, logGamma, studentCdf, studentQuantile } from "../../../src/reports/statistics/student-t.ts";
import { exactSum, fastSum } from "../../../src/reports/statistics/sum.ts";

describe("sums", () => {
  test("are exact and the same for every order", () => {
    expect(exactSum([1e16, 1, -1e16])).toBe(1);
    expect(exactSum(new Array<number>(10).fill(0.1))).toBe(1);
    expect(exactSum([])).toBe(0);
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e100, max: 1e100 }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 39 }), (list, turn) => {
        const turned = [...list.slice(turn), ...list.slice(0, turn)].reverse();
        expect(Object.is(exactSum(list) + 0, exactSum(turned) + 0)).toBe(true);
      }),
    );
  });

  test("agree with whole-number arithmetic, to the last bit", () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeInteger(), { maxLength: 60 }), (list) => {
        const exact = list.reduce((sum, value) => sum + BigInt(value), 0n);
        expect(exactSum(list) + 0).toBe(Number(exact));
      }),
    );
  });

  test("in order are compensated: a running sum would lose the small ones", () => {
    expect(fastSum([1, 1e100, 1, -1e100])).toBe(2);
    expect(fastSum([])).toBe(0);
  });
});

describe("the normal distribution", () => {
  test.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [2.5758293035489004, 0.995],
  ])("is right at %d", (z, p) => {
    expect(Math.abs(normalCdf(z) - p)).toBeLessThan(1e-15);
  });

  test("keeps its digits in the far tail", () => {
    expect(normalCdf(-10) / 7.6198530241605e-24).toBeCloseTo(1, 12);
    expect(erfc(2) / 0.004677734981047266).toBeCloseTo(1, 13);
    // Both sides of the seam between the series and the fraction.
    expect(erfc(2 - 1e-12) / erfc(2)).toBeCloseTo(1, 10);
  });

  test("is inverted by its quantile", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1 - 1e-12, noNaN: true }), (p) => {
        expect(Math.abs(normalCdf(normalQuantile(p)) / p - 1)).toBeLessThan(1e-11);
      }),
    );
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14);
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(() => normalQuantile(1.1)).toThrow("a probability is needed");
  });
});

describe("Student's t", () => {
  // Printed tables, two-sided 95 %.
  test.each([
    [1, 12.706204736174698],
    [2, 4.302652729749464],
    [9, 2.2621571627982],
    [30, 2.0422724563012373],
    [120, 1.9799304050824413],
  ])("has its 97.5 % point with %d degrees", (degrees, t) => {
    expect(Math.abs(studentQuantile(0.975, degrees) - t)).toBeLessThan(1e-10);
  });

  test("is a Cauchy with one degree and has the closed form of two", () => {
    for (const t of [-30, -1, 0.2, 3]) {
      expect(studentCdf(t, 1)).toBeCloseTo(0.5 + Math.atan(t) / Math.PI, 13);
      expect(studentCdf(t, 2)).toBeCloseTo(0.5 + t / (2 * Math.sqrt(2 + t * t)), 13);
    }
  });

  test("is inverted by its quantile for any degrees", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }),
        fc.integer({ min: 1, max: 400 }),
        (p, degrees) => {
          expect(Math.abs(studentCdf(studentQuantile(p, degrees), degrees) - p)).toBeLessThan(1e-10);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("rests on a beta that is symmetric and a Gamma that is a factorial", () => {
    expect(Math.exp(logGamma(11))).toBeCloseTo(3_628_800, 5);
    expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 13);
    expect(incompleteBeta(0.3, 2, 5) + incompleteBeta(0.7, 5, 2)).toBeCloseTo(1, 13);
    // I_x(1, b) = 1 - (1 - x)^b.
    expect(incompleteBeta(0.2, 1, 7)).toBeCloseTo(1 - 0.8 ** 7, 13);
  });
});

describe("binomials", () => {
  test("count exactly", () => {
    expect(binomialCoefficient(16, 8)).toBe(12_870);
    expect(binomialCoefficient(5, 6)).toBe(0);
    expect(binomialCdf(1, 3, 0.5)).toBeCloseTo(0.5, 13);
    expect(binomialCdf(-1, 3, 0.5)).toBe(0);
    expect(binomialCdf(3, 3, 0.5)).toBe(1);
  });

  test("the exact interval inverts the tail: at its lower end 2.5 % are as high as what was seen", () => {
    const [low, high] = clopperPearson(7, 20).value!;
    expect(1 - binomialCdf(6, 20, low)).toBeCloseTo(0.025, 10);
    expect(binomialCdf(7, 20, high)).toBeCloseTo(0.025, 10);
    expect(clopperPearson(0, 0)).toEqual({ value: null, reason: "no_trial" });
  });

  test("McNemar counts disagreements only, and none is no test", () => {
    // 2 (1 + 10) / 2^10.
    expect(mcnemar(1, 9).value).toBeCloseTo(22 / 1024, 13);
    expect(mcnemar(5, 5).value).toBe(1);
    expect(mcnemar(0, 0)).toEqual({ value: null, reason: "no_discordant_pair" });
  });
});

describe("quantiles", () => {
  test("of type 7 lie between order statistics", () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([1, 2, 3, 4], 1)).toBe(4);
    expect(medianOf([9, 1, 5])).toBe(5);
    expect(() => quantile([], 0.5)).toThrow("there are no values");
  });
});
