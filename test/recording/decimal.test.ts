import { expect, test } from "vitest";
import { formatDecimal, parseDecimal, plainDecimal, unitsAt } from "../../src/recording/decimal.ts";

test("an exponent is written out, digit by digit", () => {
  expect(plainDecimal("-1.3e-7")).toBe("-0.00000013");
  expect(plainDecimal("5e-8")).toBe("0.00000005");
  expect(plainDecimal("1.25E+3")).toBe("1250");
  expect(plainDecimal("1.25e1")).toBe("12.5");
  expect(plainDecimal("0.0661")).toBe("0.0661");
});

test.each(["", "NaN", "1.", ".5", "1e", "0x10", "1,5", "Infinity", " 1"])("%j is no decimal", (text) => {
  expect(plainDecimal(text)).toBeNull();
});

test("decimals of any length stay exact", () => {
  const text = "-123456789012345678901234567890.000000000000000001";
  expect(formatDecimal(parseDecimal(text)!)).toBe(text);
  expect(unitsAt(parseDecimal("12.5")!, 3)).toBe(12_500n);
});
