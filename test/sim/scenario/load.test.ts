import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatProblem, type Problem, UserError } from "../../../src/diagnostics/user-error.ts";
import { loadScenario, parseScenario, SCENARIO_BYTES_MAX } from "../../../src/sim/scenario/load.ts";

const HEAD = "name: test\nrecording: ../recordings/x\n";

function problemsIn(text: string): readonly Problem[] {
  return problemsOf(() => parseScenario(text, "a.yaml"));
}

function problemsOf(load: () => unknown): readonly Problem[] {
  try {
    load();
  } catch (error) {
    if (error instanceof UserError) {
      expect(error.exitCode).toBe(2);
      return error.problems;
    }
    throw error;
  }
  throw new Error("the scenario was accepted");
}

const lines = (text: string) => problemsIn(text).map(formatProblem);

describe("a typo in a scenario", () => {
  test("is named with the position of its key and the nearest known key", () => {
    const [problem] = problemsIn(`${HEAD}pipeline:\n  govenor: { name: none }\n`);
    expect(problem).toMatchObject({ file: "a.yaml", line: 4, column: 3, path: "pipeline.govenor" });
    expect(problem?.hint).toBe('did you mean "governor"?');
  });

  test("in a parameter names the governor whose parameters these are", () => {
    const [problem] = problemsIn(
      `${HEAD}variants:\n  - name: a\n    pipeline:\n      governor: { name: z-score, params: { entryBas: 2 } }\n`,
    );
    expect(problem).toMatchObject({ line: 6, column: 44, path: "variants[0].pipeline.governor.params.entryBas" });
    expect(problem?.text).toContain('governor "z-score" has no such key');
    expect(problem?.hint).toBe('did you mean "entryBase"?');
  });

  test("in a governor's name suggests the nearest governor at the value's place", () => {
    const [problem] = problemsIn(`${HEAD}pipeline: { governor: { name: zscore } }\n`);
    expect(problem).toMatchObject({ line: 3, column: 31, hint: 'did you mean "z-score"?' });
  });

  test("in a quirk suggests the nearest quirk", () => {
    const [problem] = problemsIn(`${HEAD}pipeline: { quirks: [phantom-positon] }\n`);
    expect(problem?.hint).toContain('"phantom-position"');
  });

  test("in a metric of the thresholds suggests the nearest metric", () => {
    const [problem] = problemsIn(`${HEAD}thresholds:\n  funnel.unacounted: { expr: "count == 0" }\n`);
    expect(problem).toMatchObject({ line: 4, column: 3, hint: 'did you mean "funnel.unaccounted"?' });
  });

  test("in a metric of the expectations is placed there and not under thresholds", () => {
    const [problem] = problemsIn(`${HEAD}expect:\n  metrics:\n    nothing: { expr: "count == 0" }\n`);
    expect(problem).toMatchObject({ line: 5, column: 5, path: "expect.metrics.nothing" });
  });
});

describe("a scenario with several mistakes", () => {
  test("is refused with all of them at once, in the order of the file", () => {
    const found = problemsIn(
      [
        "nam: x",
        "recording: r",
        "warmup: 10",
        "pipeline:",
        "  harvest: { interval: 10 seconds, lockR: '2' }",
        "  limits: { openPositionsMax: -1 }",
        "profile: orign",
      ].join("\n"),
    );
    expect(found.map(({ line, path }) => [line, path])).toEqual([
      [1, "name"],
      [1, "nam"],
      [3, "warmup"],
      [5, "pipeline.harvest.interval"],
      [5, "pipeline.harvest.lockR"],
      [6, "pipeline.limits.openPositionsMax"],
      [7, "profile"],
    ]);
  });

  test("tells a mistake of the base once, however many variants inherit it", () => {
    const found = problemsIn(
      `${HEAD}pipeline: { limits: { notionalPerTradeMaxQuote: "5000" } }\nvariants: [{ name: a }, { name: b }]\n`,
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ line: 3, path: "pipeline.limits.notionalPerTradeMaxQuote" });
  });
});

describe("wrong units", () => {
  test.each([
    ["warmup: 10", "add the unit, such as 10s"],
    ["exchange: { latency: { order: 80 } }", "add the unit, such as 80s"],
    ["account: { wallet: 10000 }", 'put it in quotes: "10000"'],
    ["exchange: { fees: { maker: 0.0002 } }", 'put it in quotes: "0.0002"'],
    ['account: { leverage: "5" }', "write it without quotes: 5"],
  ])("%s is refused with the way to write it", (text, hint) => {
    expect(problemsIn(`${HEAD}${text}\n`)[0]?.hint).toBe(hint);
  });

  test.each([
    ['warmup: "10"', "a duration needs a unit"],
    ["window: { from: 2025-05-08T12:00:00 }", "a UTC time"],
    ["window: { from: 2025-02-30T00:00:00Z }", "a UTC time"],
    ["exchange: { fees: { taker: '5' } }", "a fraction of notional below 0.1"],
    ["exchange: { fill: { halfSpreadBps: .nan } }", "it is not a finite number"],
    ["exchange: { latency: { order: { mediam: 4ms } } }", '"median" is missing'],
  ])("%s is refused with what is needed", (text, needed) => {
    expect(lines(`${HEAD}${text}\n`).join("\n")).toContain(needed);
  });
});

describe("contradictions", () => {
  test.each([
    ['pipeline: { limits: { notionalPerTradeMaxQuote: "5000" } }', "above limits.notionalTotalMaxQuote"],
    ['pipeline: { permits: { addOnMaxQuote: "2000.01" } }', "above limits.notionalTotalMaxQuote"],
    [
      "pipeline: { governor: { name: fixed-threshold, params: { warning: 0.9, critical: 0.2 } } }",
      "0.2: it is below warning 0.9",
    ],
    [
      "pipeline: { governor: { name: entry-exit-separation, params: { openCritical: 0.5 } } }",
      "it is below openThreshold 0.85",
    ],
    ["pipeline: { harvest: { ladder: { partial25R: 9 } } }", "its steps fall"],
    ["pipeline: { trackers: { volatilityRegimeBounds: [2, 1, 3] } }", "they do not rise"],
    ["pipeline: { trackers: { featureWindowBars: 100 } }", "the window has only 100 bars"],
    ["window: { from: 4h, to: 3h }", "it ends before it begins"],
    ["intents: strategy", "the scenario has none"],
    ["variants: [{ name: a }, { name: b, exchange: { latency: { feed: 5ms } } }]", "one feed for all is needed"],
    ["strategy: { name: ewma-cross, params: { fast: 90 } }", "fast is not below slow"],
    ["universe: { count: 1, symbols: [A, B] }", "symbols lists 2"],
    ["variants: [{ name: a }, { name: a }]", "an earlier one has that name"],
    ["variants: []", "at least 1 element"],
    ["expect: { findings: [{ code: dead_gate, variant: bas }] }", 'did you mean "base"?'],
  ])("%s is refused", (text, why) => {
    expect(lines(`${HEAD}${text}\n`).join("\n")).toContain(why);
  });

  test("of a variant is placed at the variant's own key", () => {
    const [problem] = problemsIn(
      `${HEAD}variants:\n  - name: a\n    pipeline: { limits: { notionalTotalMaxQuote: "300", notionalPerTradeMaxQuote: "400" } }\n`,
    );
    expect(problem).toMatchObject({ line: 5, path: "variants[0].pipeline.limits.notionalPerTradeMaxQuote" });
  });

  test("a close that the same score asks for and refuses is a warning, only under the quirk", () => {
    const text = `${HEAD}pipeline: { governor: { name: entry-exit-separation, params: { closeThreshold: 0.55 } } }\n`;
    const origin = parseScenario(`${text}profile: origin\n`, "a.yaml");
    expect(origin.warnings).toHaveLength(1);
    expect(origin.warnings[0]?.text).toContain("closes are asked for from harvest.killThreshold 0.6");
    expect(origin.warnings[0]).toMatchObject({ line: 3, column: 80 });
    expect(parseScenario(text, "a.yaml").warnings).toEqual([]);
  });
});

describe("YAML that is none", () => {
  test.each([
    [
      "name: a\nname: b\nrecording: r\n",
      'a.yaml:2:1 Cannot read the scenario: the key "name" stands here a second time',
    ],
    ["", "a.yaml:1:1 Cannot read the scenario: the file is empty"],
    ["# only a comment\n", "the file is empty"],
    ["[1, 2]", "it is a list, a map of keys is needed"],
    ["name: x\n\trecording: r\n", "a.yaml:2:1 Cannot read the scenario: Tabs are not allowed"],
    ["name: x\n---\nname: y\n", "a.yaml:2:1 Cannot read the scenario: a second document begins here"],
    ["name: *nobody\nrecording: r\n", 'a.yaml:1:7 Cannot read the scenario: the alias "*nobody" has no anchor'],
    ["name: &a [*a]\n", "an alias stands inside its own anchor"],
    ["&a [*a]\n", "an alias stands inside its own anchor"],
    [`a: ${"[".repeat(20_000)}`, "Cannot read the scenario"],
    [
      `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh"
        .split("")
        .map((key, index) => `${key}: &${key} [${Array(9).fill(`*${"abcdefg"[index]}`).join(",")}]`)
        .join("\n")}\n`,
      "its aliases multiply without bound",
    ],
  ])("%j is refused with what it is", (text, message) => {
    expect(lines(text).join("\n")).toContain(message);
  });
});

describe("files", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rehearsal-load-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const why = (file: string) =>
    problemsOf(() => loadScenario(file))
      .map(formatProblem)
      .join("\n");

  test("a missing file, a folder, a binary, a non-UTF-8 and a huge file are each refused by name", () => {
    const place = (name: string, bytes: Uint8Array | string) => {
      const file = join(folder, name);
      writeFileSync(file, bytes);
      return file;
    };
    mkdirSync(join(folder, "sub.yaml"));
    expect(why(join(folder, "none.yaml"))).toContain("there is no such file");
    expect(why(join(folder, "sub.yaml"))).toContain("it is a folder");
    expect(why(place("b.yaml", new Uint8Array([0x6e, 0, 1])))).toContain("it is a binary file");
    expect(why(place("l.yaml", new Uint8Array([0x6e, 0x3a, 0xff, 0xfe])))).toContain("it is not UTF-8 text");
    expect(why(place("h.yaml", "#".repeat(SCENARIO_BYTES_MAX + 1)))).toContain("it has 4194305 bytes");
  });

  test("the recording is found relative to the scenario and not to the working folder", () => {
    const file = join(folder, "s.yaml");
    writeFileSync(file, "name: x\nrecording: ../recordings/demo\n");
    expect(loadScenario(file).recordingPath).toBe(join(folder, "../recordings/demo"));
  });
});
