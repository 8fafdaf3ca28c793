import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { textOf, toJson } from "../../src/serve/json.ts";

describe("JSON of answers", () => {
  test("is that of JSON.stringify for whatever JSON can hold", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(JSON.parse(toJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test("keeps all digits of a large id, and a client's text as it is", () => {
    expect(toJson({ id: 8_389_765_739_703_625_592n, absent: undefined, gone: null, not: Number.NaN })).toBe(
      '{"id":8389765739703625592,"gone":null,"not":null}',
    );
    expect(toJson(["\u00015", '"\r\n'])).toBe('["\\u00015","\\"\\r\\n"]');
  });

  test("takes values that pretend to be texts", () => {
    expect([textOf("a"), textOf(5), textOf({ toString: 1, valueOf: 1 }), textOf([null])]).toEqual([
      "a",
      "5",
      '{"toString":1,"valueOf":1}',
      "[null]",
    ]);
  });
});
