import { describe, expect, it } from "vitest";
import { formatProblem } from "../../src/diagnostics/user-error.ts";
import { METRICS } from "../../src/reports/metrics.ts";
import { summarize } from "../../src/reports/summary/run-summary.ts";
import {
  checkThresholds,
  evaluateThresholds,
  thresholdExitCode,
  thresholdsSchema,
} from "../../src/reports/thresholds.ts";
import { blockedExit, header, incident, journal, result } from "./journal-builder.ts";

const parse = (thresholds: object) => thresholdsSchema.parse(thresholds);
const problems = (thresholds: object) =>
  checkThresholds(parse(thresholds), (path) => ({ file: "a.yaml", line: 10 + path.length, column: 3 })).map(
    formatProblem,
  );
const summary = summarize(header(), incident().entries);
const judge = (thresholds: object) => evaluateThresholds(parse(thresholds), summary);

describe("checking thresholds", () => {
  it("accepts every metric with an aggregation of its type", () => {
    const example = {
      rate: "rate >= 95%",
      count: "count == 0",
      value: "value > -50",
      money: "value > -50",
      duration: "p95 < 1.5s",
      distribution: "p95 < 5bp",
    };
    expect(problems(Object.fromEntries(METRICS.map((metric) => [metric.id, { expr: example[metric.type] }])))).toEqual(
      [],
    );
    expect(new Set(METRICS.map((metric) => metric.id)).size).toBe(METRICS.length);
  });

  it("names an unknown metric with its position and what was meant", () => {
    expect(problems({ "entry.fil_rate": { expr: "rate > 0" } })[0]).toMatch(
      /^a\.yaml:12:3 thresholds\["entry\.fil_rate"\]: Cannot use metric "entry\.fil_rate" in thresholds: .*; did you mean "entry\.fill_rate"/,
    );
    expect(problems({ "coverage.zzzzzzzzzz": { expr: "rate > 0" } })[0]).toContain(
      'did you mean "coverage.open_positions"',
    );
  });

  it("refuses an aggregation the type does not have", () => {
    expect(problems({ "entry.fill_rate": { expr: "p95 < 3s" } })[0]).toContain(
      'entry.fill_rate is a rate and has no "p95", one of rate, ci_low, ci_high, count is needed',
    );
    expect(problems({ "entry.fill_rate": { expr: "p95 < 3s" } })[0]).toContain("a.yaml:13:3");
  });

  it("refuses a unit that does not fit, and a duration without one", () => {
    expect(problems({ "exit.blocked_episode.time": { expr: "p95 < 120" } })[0]).toContain(
      "a unit of ms, s, m, h or d is needed",
    );
    expect(problems({ "money.net_pnl": { expr: "value > 5%" } })[0]).toContain("a percentage does not fit");
    expect(problems({ "funnel.unaccounted": { expr: "count == 0s" } })[0]).toContain("a count has no unit");
  });

  it("refuses what is no comparison", () => {
    expect(problems({ "entry.fill_rate": { expr: "rate is high" } })[0]).toContain('such as "rate >= 0.95" is needed');
  });

  it("reports all problems at once", () => {
    expect(problems({ nope: { expr: "x" }, "entry.fill_rate": { expr: "p95 < 3s" } })).toHaveLength(2);
  });

  it("refuses unknown keys and levels in the schema", () => {
    expect(thresholdsSchema.safeParse({ "entry.fill_rate": { expr: "rate > 0", levle: "warn" } }).success).toBe(false);
    expect(thresholdsSchema.safeParse({ "entry.fill_rate": { expr: "rate > 0", level: "fatal" } }).success).toBe(false);
  });
});

describe("evaluating thresholds", () => {
  it("gives ok and fail with value and n", () => {
    expect(judge({ "entry.fill_rate": { expr: "rate >= 0.45" } })).toMatchObject([
      { status: "ok", n: 11, value: 5 / 11 },
    ]);
    expect(judge({ "entry.fill_rate": { expr: "rate >= 0.95" } })).toMatchObject([{ status: "fail" }]);
    expect(judge({ "latency.plan_to_result": { expr: "p95 <= 3s" } })).toMatchObject([
      { status: "ok", value: 3000, n: 5 },
    ]);
    expect(judge({ "money.fees": { expr: "value == 0.4" } })).toMatchObject([{ status: "ok", value: "0.4" }]);
    expect(judge({ "entry.fill_rate": { expr: "ci_low > 0.3" } })[0]!.status).toBe("fail");
  });

  it("holds each operator exactly at its bound", () => {
    const at = (expr: string) => judge({ "entry.filled": { expr } })[0]!.status;
    expect([
      at("count < 5"),
      at("count <= 5"),
      at("count > 5"),
      at("count >= 5"),
      at("count == 5"),
      at("count != 5"),
    ]).toEqual(["fail", "ok", "fail", "ok", "ok", "fail"]);
  });

  it("never passes silently without data", () => {
    expect(judge({ "trades.win_rate": { expr: "rate >= 0" } })).toMatchObject([
      { status: "no_data", text: "no closed trade won or lost" },
    ]);
    expect(judge({ "exit.blocked_episode.time": { expr: "p95 < 120s" } })[0]).toMatchObject({
      status: "no_data",
      text: "no finished exit episode (2 censored)",
    });
    expect(judge({ "entry.fill_rate": { expr: "rate >= 0", min_n: 20 } })[0]).toMatchObject({
      status: "no_data",
      text: "11 observations, 20 needed",
    });
  });

  it("measures the blocked time of an exit that got through", () => {
    const built = journal()
      .publish(0, blockedExit("a", "BTCUSDT", { evalType: "EXIT" }))
      .publish(130_000, blockedExit("b", "BTCUSDT", { evalType: "EXIT", decision: "EXECUTE" }))
      .tick(130_100, result("b", "FILLED", { evalType: "EXIT", symbol: "BTCUSDT" }))
      .end(140_000);
    const [verdict] = evaluateThresholds(
      parse({ "exit.blocked_episode.time": { expr: "p95 < 120s" } }),
      summarize(header(), built.entries),
    );
    expect(verdict).toMatchObject({ status: "fail", value: 130_000, text: "2m10s" });
  });

  it("gives 10 for a failed error, 12 for missing data, 0 for warnings and allowed gaps", () => {
    const code = (thresholds: object) => thresholdExitCode(parse(thresholds), judge(thresholds));
    const failing = { "entry.fill_rate": { expr: "rate >= 0.95" } };
    const missing = { "trades.win_rate": { expr: "rate >= 0" } };
    expect(code(failing)).toBe(10);
    expect(code(missing)).toBe(12);
    expect(code({ ...missing, ...failing })).toBe(10);
    expect(code({ "entry.fill_rate": { expr: "rate >= 0.95", level: "warn" } })).toBe(0);
    expect(code({ "trades.win_rate": { expr: "rate >= 0", allow_no_data: true } })).toBe(0);
    expect(code({ "entry.fill_rate": { expr: "rate >= 0.95", level: "off" } })).toBe(0);
  });
});
