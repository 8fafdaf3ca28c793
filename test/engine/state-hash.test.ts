import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engine/engine.ts";
import { createGovernor } from "../../src/engine/governors/index.ts";
import { MarketState } from "../../src/engine/market/market-state.ts";
import { createState, type EngineParts, memoryOf } from "../../src/engine/pipeline/state.ts";
import { pipelineSchema } from "../../src/engine/policy.ts";
import { createRanker } from "../../src/engine/rankers/index.ts";
import { stateHashOf } from "../../src/engine/state-hash.ts";
import { evaluationOf } from "./governors/drivers.ts";

function partsOf(): EngineParts {
  const policy = pipelineSchema.parse({ governor: { name: "z-score" } });
  return {
    policy,
    instruments: [],
    market: new MarketState({ symbols: [], windowBars: 300, pointsMin: 257, refreshBars: 1 }),
    governor: createGovernor(policy.governor),
    ranker: createRanker(policy.snapshots.ranker),
  };
}

describe("the hash of plain data", () => {
  test("tells every kind of value from every other", () => {
    const values = [
      // biome-ignore format: a table
      null,
      true,
      false,
      0,
      1,
      -1,
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 31,
      2 ** 53,
      "",
      "0",
      "1",
      "a",
      "ab",
      0n,
      1n,
      -1n,
      [],
      [0],
      [[0]],
      [0, 0],
      [null],
      {},
      { a: 0 },
      { a: 1 },
      { b: 0 },
      { a: 0, b: 0 },
      { a: { b: 0 } },
      new Map(),
      new Map([[0, 0]]),
      new Map([["0", 0]]),
      new Set(),
      new Set([0]),
      new Set([[0]]),
    ];
    expect(new Set(values.map((value) => stateHashOf(value))).size).toBe(values.length);
  });

  test("is the same in every process: these are the digits", () => {
    expect(stateHashOf({ seq: 7, price: 0.1, symbol: "BTCUSDT", open: new Map([["a", 1n]]) })).toBe("4608e2833642a8f9");
  });

  test("follows the order of maps, sets and lists, and not that of fields", () => {
    expect(stateHashOf({ a: 1, b: 2 })).toBe(stateHashOf({ b: 2, a: 1 }));
    expect(stateHashOf({ a: 1, b: undefined })).toBe(stateHashOf({ a: 1 }));
    expect(stateHashOf([1, 2])).not.toBe(stateHashOf([2, 1]));
    expect(stateHashOf(new Set([1, 2]))).not.toBe(stateHashOf(new Set([2, 1])));
    const forward = new Map([
      ["a", 1],
      ["b", 2],
    ]);
    expect(stateHashOf(forward)).not.toBe(stateHashOf(new Map([...forward].reverse())));
  });

  test("refuses what hides its contents: an instance of a class, a function", () => {
    class Hidden {
      readonly #value = 1;
      get value(): number {
        return this.#value;
      }
    }
    expect(() => stateHashOf({ memory: new Hidden() })).toThrow("an instance of a class");
    expect(() => stateHashOf([() => 1])).toThrow("a function");
  });
});

describe("the state of an engine", () => {
  test("is what it remembers and nothing of what it was given", () => {
    const keys = Object.keys(memoryOf(createState(partsOf())));
    expect(keys).not.toContain("market");
    expect(keys).toEqual(
      expect.arrayContaining(["seq", "account", "positions", "calibrated", "snapshots", "killSwitch"]),
    );
  });

  test("covers a field nobody has thought of yet", () => {
    const state = createState(partsOf());
    const before = stateHashOf(memoryOf(state));
    Object.assign(state, { newMemory: new Map([["BTCUSDT", 1]]) });
    expect(stateHashOf(memoryOf(state))).not.toBe(before);
  });

  test("covers what the governor remembers", () => {
    const parts = partsOf();
    const engine = createEngine(parts);
    const before = engine.stateHash();
    parts.governor.observe(evaluationOf("BTCUSDT", 0.5));
    expect(engine.stateHash()).not.toBe(before);
  });
});
