import { describe, expect, test } from "vitest";
import type { LabComparison } from "../../../src/reports/comparison/lab-comparison.ts";
import { ExecutionFacts } from "../../../src/reports/findings/facts/execution-facts.ts";
import {
  askOfRecording,
  askOfReport,
  askOfRun,
  createFindings,
  evidenceText,
  type Finding,
  findingKinds,
  kindCounts,
  notedFindings,
  studyOfRun,
} from "../../../src/reports/findings/index.ts";
import { summarize } from "../../../src/reports/summary/run-summary.ts";
import { renderRunReport } from "../../../src/reports/terminal/run-report.ts";
import { finding, header, incident, journal, plan, START_TS_MS } from "../journal-builder.ts";

const one = (code: string, changes: Partial<Finding> = {}): Finding => ({
  code,
  severity: "warn",
  symbol: null,
  text: `${code} was found`,
  evidence: { n: 1 },
  command: `sim explain ${code}`,
  advice: `mend ${code}`,
  weight: 1,
  ...changes,
});

describe("findings of several variants", () => {
  const kinds = findingKinds([
    { variant: "a", findings: [one("light", { weight: 9 }), one("many", { symbol: "BTCUSDT", weight: 2 })] },
    {
      variant: "b",
      findings: [one("many", { symbol: "ETHUSDT", severity: "error" }), one("grave", { severity: "error", weight: 3 })],
    },
  ]);

  test("are told by code, worst first, the gravest of each in full, the others by symbol and variant", () => {
    expect(kinds.map(({ code }) => code)).toEqual(["grave", "many", "light"]);
    expect(kinds[1]).toMatchObject({
      severity: "error",
      first: { symbol: "ETHUSDT" },
      otherSymbols: ["BTCUSDT"],
      variants: ["a", "b"],
      others: 1,
    });
  });

  test("are counted by kind, and their numbers written short", () => {
    expect(kindCounts(kinds)).toBe("2 errors, 1 warning, 0 told");
    expect(
      evidenceText(one("x", { evidence: { share: 1 / 3, n: 12_345_678, atTsMs: START_TS_MS, word: "none" } })),
    ).toBe("share 0.333333, n 12345678, atTsMs 2026-02-02T00:13:20.000Z, word none");
  });
});

test("of many plans the last are remembered, and those that wait for a result however old they are", () => {
  const facts = new ExecutionFacts();
  const of = { symbol: "ZECUSDT", isEntry: true, refusedBy: null };
  for (let index = 0; index < 45_000; index++) {
    const decision = index % 1000 === 0 ? ("EXECUTE" as const) : ("BLOCKED" as const);
    facts.plan({ ...of, planId: `p${index}`, decision, tsMs: index });
  }
  expect(facts.withoutResult()).toHaveLength(45);
  expect(facts.find("p1")).toBeNull();
  expect(facts.find("p44999")).not.toBeNull();
  const result = { symbol: "ZECUSDT", status: "FILLED", reason: "none", isExecuted: true, filledQty: 1, isEntry: true };
  facts.result({ ...result, planId: "p0" });
  expect(facts.withoutResult()).toHaveLength(44);
});

describe("commands", () => {
  test("name run and variant as a shell reads them, and take no word of a stream that is more than a word", () => {
    const ask = askOfRun("out dir/r-1", "z-score");
    expect(ask.explain("fade71")).toBe("sim explain fade71 --run 'out dir/r-1' --variant z-score");
    expect(ask.at("ZECUSDT", START_TS_MS)).toBe(
      "sim explain --symbol ZECUSDT --at 00:13:20 --run 'out dir/r-1' --variant z-score",
    );
    for (const evil of ["x; rm -rf ~", "$(id)", "`id`", "--run", "a\nb", "'", ""]) {
      expect(ask.explain(evil)).toBe(ask.overview());
      expect(ask.at(evil, START_TS_MS)).toBe(ask.overview());
    }
    expect(askOfRun("a'b", "$(id)").overview()).toBe("sim doctor RUN --variant VARIANT");
    expect(askOfRecording("my recordings/rec").overview()).toBe("sim inspect 'my recordings/rec'");
  });

  test("of a page hold no path but that of sessions below their folder", () => {
    const { matching: _, ...live } = header();
    expect(askOfReport(live, 1).overview()).toBe("sim doctor live-out/r-7f3a");
    const matching = { fidelity: "L1", profile: "p", text: "t" };
    expect(askOfReport({ ...live, matching }, 2).overview()).toBe("sim doctor r-7f3a --variant fixed");
  });
});

describe("the luck of a run's best variant", () => {
  const lab = (sharpes: Readonly<Record<string, number | null>>, trials: number | null) =>
    ({
      spanMs: 86_400_000,
      sharpeBucketMs: 300_000,
      many: { trials: { value: trials } },
      variants: Object.entries(sharpes).map(([variant, value]) => ({ variant, sharpe: { value } })),
    }) as unknown as LabComparison;

  test("is judged of the best one only, with the trials and periods of the comparison", () => {
    const compared = lab({ base: 0.01, best: 0.02, flat: null }, 12);
    expect(studyOfRun(compared, "best")).toEqual({ trials: 12, parameters: 0, bestSharpe: 0.02, periods: 288 });
    for (const variant of ["base", "flat"]) expect(studyOfRun(compared, variant)).toBeNull();
    expect(studyOfRun(lab({ a: 1 }, null), "a")).toBeNull();
    expect(studyOfRun(null, "a")).toBeNull();
  });

  test("is known only after the run, and told then", () => {
    const engine = createFindings({ header: header() });
    for (const entry of journal().publish(0, plan("p1")).entries) engine.observe(entry);
    const codes = (late: object) => engine.report(late).map(({ code }) => code);
    expect(codes({})).not.toContain("luck_of_the_best");
    expect(codes({ study: studyOfRun(lab({ a: 0.02, b: 0.01 }, 12), "a") })).toContain("luck_of_the_best");
  });
});

describe("FINDINGS of the terminal report", () => {
  const summary = summarize(header(), incident().entries);
  const engine = createFindings({ header: header() });
  for (const entry of incident().entries) engine.observe(entry);
  const findings = engine.report();

  test("tells eight kinds in full with advice and command, and names the others", () => {
    const kinds = findingKinds([{ variant: "fixed", findings }]);
    expect(kinds.length).toBeGreaterThan(8);
    const report = renderRunReport([summary], null, { findings: [findings] });
    const section = report.slice(report.indexOf("FINDINGS"));
    expect(section.split("\n")[0]).toBe(`FINDINGS ${kindCounts(kinds)}`);
    const flat = section.replace(/\s+/g, " ");
    for (const { code, first } of kinds.slice(0, 8)) {
      expect(section).toContain(code);
      expect(flat).toContain(`-> ${first.advice}`);
      expect(section).toContain(`$ ${first.command}`);
    }
    for (const { code } of kinds.slice(8)) expect(flat).toContain(code);
    for (const line of section.split("\n")) expect(line.startsWith("     $ ") || line.length <= 80).toBe(true);
  });

  test("without a journal tells what the run noted itself, with what each code means to do", () => {
    const noted = journal().tick(
      1,
      finding("fill_without_order", { severity: "error", symbol: "ZECUSDT" }),
      finding("odd"),
    );
    const own = notedFindings(summarize(header(), noted.end(1000).entries));
    expect(own.map(({ code, symbol }) => [code, symbol])).toEqual([
      ["fill_without_order", "ZECUSDT"],
      ["odd", null],
    ]);
    expect(own[0]!.advice).toContain("who else trades");
    expect(own[1]!.advice).toContain("another version");
  });
});
