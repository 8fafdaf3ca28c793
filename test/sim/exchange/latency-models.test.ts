import { describe, expect, test } from "vitest";
import { formatProblem, UserError } from "../../../src/diagnostics/user-error.ts";
import type { RecordingSource } from "../../../src/recording/batch.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { fitLatency, modelOf, tableOf } from "../../../src/sim/exchange/fit-latency.ts";
import { isNoLatency, Latency, type LatencyModel } from "../../../src/sim/exchange/latency.ts";
import { parseScenario } from "../../../src/sim/scenario/load.ts";
import { createRandomStreams } from "../../../src/sim/time/random-streams.ts";
import { repositoryPath } from "../run/run-helpers.ts";

function drawn(model: LatencyModel, count = 20_000): number[] {
  const latency = new Latency(model, createRandomStreams("seed").stream("latency/order"));
  return Array.from({ length: count }, () => latency.sampleMs()).sort((left, right) => left - right);
}

const quantile = (sorted: readonly number[], share: number) => sorted[Math.floor(share * (sorted.length - 1))]!;

const HEAD = "name: test\nrecording: ../recordings/x\n";
const latencyIn = (yaml: string) =>
  parseScenario(`${HEAD}exchange:\n  latency:\n    ${yaml}\n`, "a.yaml").variants[0]!.exchange.latency;

function problemIn(yaml: string): string {
  try {
    latencyIn(yaml);
  } catch (error) {
    if (error instanceof UserError) return error.problems.map(formatProblem).join("\n");
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a measured latency", () => {
  test("as a table draws the delays that were seen, each as often as it was", () => {
    const delays = drawn(latencyIn('order: { table: ["20ms", "20ms", "35ms", "400ms"] }').order);
    const share = (ms: number) => delays.filter((each) => each === ms).length / delays.length;
    expect(new Set(delays)).toEqual(new Set([20, 35, 400]));
    for (const [ms, expected] of [
      [20, 0.5],
      [35, 0.25],
      [400, 0.25],
    ] as const) {
      expect(Math.abs(share(ms) - expected)).toBeLessThan(0.02);
    }
  });

  test("as quantiles gives them back, straight lines between, the nearest beyond", () => {
    const delays = drawn(latencyIn('answer: { quantiles: { p10: "20ms", p50: "40ms", p99: "250ms" } }').answer);
    expect(quantile(delays, 0)).toBe(20);
    expect(Math.abs(quantile(delays, 0.3) - 30)).toBeLessThanOrEqual(1);
    expect(Math.abs(quantile(delays, 0.5) - 40)).toBeLessThanOrEqual(1);
    expect(Math.abs(quantile(delays, 0.745) - 145)).toBeLessThanOrEqual(5);
    expect(quantile(delays, 1)).toBe(250);
  });

  test("of many observations keeps their distribution in a thousand and one points, least and greatest included", () => {
    const seen = Array.from({ length: 50_000 }, (_, index) => ((index * 7919) % 50_000) / 10);
    const { tableMs } = tableOf(seen);
    expect(tableMs).toHaveLength(1001);
    expect([tableMs![0], tableMs!.at(-1)]).toEqual([0, 4999.9]);
    expect(Math.abs(tableMs![500]! - 2500)).toBeLessThan(1);
  });
});

describe("each way has a latency of its own", () => {
  test("queries follow orders and user events follow answers until they are told otherwise", () => {
    const plain = latencyIn("order: 70ms");
    expect([plain.query, plain.user]).toEqual([undefined, undefined]);
    const own = latencyIn("query: 90ms\n    user: 55ms");
    expect([own.query?.medianMs, own.user?.medianMs]).toEqual([90, 55]);
  });

  test("what cannot be a delay is refused where it stands", () => {
    expect(problemIn('order: { median: 80ms, table: ["20ms"] }')).toMatch(/^a\.yaml:5:12.*several things/);
    expect(problemIn("order: { sigma: 0.4 }")).toMatch(/^a\.yaml:5:\d+.*the key "median" is missing/);
    expect(problemIn('order: { quantiles: { p50: "40ms", p90: "20ms" } }')).toMatch(/^a\.yaml:5:\d+.*the delays fall/);
    expect(problemIn('order: { quantiles: { median: "40ms" } }')).toMatch(/"median" is no percentile/);
    expect(problemIn("oder: 80ms")).toMatch(/did you mean "order"/);
  });
});

describe("a latency that is fitted", () => {
  const recording = openRecording(repositoryPath("recordings/regime-flip"));
  const measured = (inputs: object[], batch: object[] = []): RecordingSource =>
    ({ ...recording, inputs: () => inputs, batches: () => batch }) as unknown as RecordingSource;

  test("takes half of each measured round trip for the way there, all of it for a snapshot", () => {
    const calls = [80, 120, 400].map((roundTripMs) => ({ stream: "latency", payload: { call: "order", roundTripMs } }));
    expect(fitLatency(measured(calls), "order")).toEqual({ medianMs: 60, sigma: 0, tableMs: [40, 60, 200] });
    const snapshots = calls.map((each) => ({ ...each, payload: { ...each.payload, call: "snapshot" } }));
    expect(fitLatency(measured(snapshots), "snapshot")).toMatchObject({ tableMs: [80, 120, 400] });
  });

  test("takes how much later rows were received than they happened for the way back, never less than nothing", () => {
    const batch = { length: 3, tsMs: new Float64Array([0, 10, 20]), rxMs: new Float64Array([30, 5, 80]) };
    expect(fitLatency(measured([], [batch]), "user")).toMatchObject({ tableMs: [0, 30, 60] });
  });

  test("adds nothing to a feed that is replayed as late as it came", () => {
    const batch = { length: 1, tsMs: new Float64Array([0]), rxMs: new Float64Array([30]) };
    expect(isNoLatency(fitLatency(measured([], [batch]), "feed") as LatencyModel)).toBe(true);
  });

  test("is refused when the recording measured nothing, with the key and what to write instead", () => {
    const { order } = latencyIn("order: { fit: recording }");
    expect(() => modelOf(order, "order", recording)).toThrow(UserError);
    try {
      modelOf(order, "order", recording);
    } catch (error) {
      const [problem] = (error as UserError).problems;
      expect(problem).toMatchObject({ path: "exchange.latency.order", hint: 'give the delay itself, such as "80ms"' });
      expect((error as UserError).exitCode).toBe(2);
    }
  });
});
