import { expect, test } from "vitest";
import { pointInput } from "../../../../src/sim/scenario/sweep/point-input.ts";

test("the settings of a point become the variant a person would write", () => {
  const settings = { "pipeline.governor.name": "z-score", "pipeline.governor.params.entryBase": 2, profile: "origin" };
  expect(pointInput({ name: "s-1", settings })).toEqual({
    pipeline: { governor: { name: "z-score", params: { entryBase: 2 } } },
    profile: "origin",
  });
});

test("null is a value like any other", () => {
  expect(pointInput({ name: "s-1", settings: { "pipeline.x": null } })).toEqual({ pipeline: { x: null } });
});

test.each([
  [{ "pipelin.governor.name": "none" }, /has no pipelin,.*did you mean "pipeline.governor.name"/],
  [{ "pipeline..name": 1 }, /a part of it is empty/],
  [{ "pipeline.governor": 1, "pipeline.governor.name": "none" }, /lies within "pipeline.governor"/],
  [{ "__proto__.polluted": 1, profile: "strict" }, /has no __proto__/],
])("a path that is no parameter of a variant is refused: %j", (settings, message) => {
  expect(() => pointInput({ name: "s-1", settings })).toThrow(message);
});
