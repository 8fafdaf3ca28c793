import { nearMisses } from "../../diagnostics/near-miss.ts";
import type { Problem } from "../../diagnostics/user-error.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import { fitLatency, LATENCY_WAYS, type LatencyWay, unfitProblem } from "../exchange/fit-latency.ts";
import { momentTsMs } from "./moment.ts";
import { suggestion } from "./scenario-problems.ts";
import type { Scenario } from "./schema.ts";

export interface RecordingFit {
  /** The scenario cannot run on this recording. */
  readonly errors: readonly Problem[];
  /** It can, but some of what it names is not there. */
  readonly warnings: readonly Problem[];
}

/** What only shows when scenario and recording meet: symbols nobody knows, a window outside of what was recorded. */
export function fitRecording(scenario: Scenario, recording: RecordingSource): RecordingFit {
  const symbols = new Set([...recording.symbols, ...scenario.universe.symbols]);
  const names = [...symbols];
  const unknown = (path: string, symbol: string): Problem[] => {
    if (symbols.has(symbol)) return [];
    const hint = suggestion(nearMisses(symbol, names));
    const text = `Cannot use symbol "${symbol}": recording ${recording.id} has no such symbol, one of its ${names.length} is needed`;
    return [{ file: scenario.file, path, text, ...(hint === undefined ? {} : { hint }) }];
  };
  const errors = [
    ...scenario.account.positions.flatMap(({ symbol }, index) => unknown(`account.positions[${index}].symbol`, symbol)),
    ...scenario.external.flatMap(({ symbol }, index) => unknown(`external[${index}].symbol`, symbol)),
    ...windowProblems(scenario, recording),
    ...streamProblems(scenario, recording),
    ...latencyProblems(scenario, recording),
    ...scenario.variants.flatMap(({ name, exchange }) =>
      (exchange.faults ?? []).flatMap(({ symbol }, index) =>
        symbol === undefined ? [] : unknown(`variant ${name} exchange.faults[${index}].symbol`, symbol),
      ),
    ),
  ];
  const warnings = scenario.variants.flatMap(({ name, policy, exchange }) => {
    const lists: readonly (readonly [path: string, list: readonly string[]])[] = [
      ["exchange.missing", exchange.missing],
      ["pipeline.bridge.allowlist", policy.bridge.allowlist ?? []],
      ["pipeline.permits.allowlist", policy.permits.allowlist ?? []],
      ["pipeline.executor.allowlist", policy.executor.allowlist ?? []],
      ["pipeline.snapshots.allowlist", policy.snapshots.allowlist],
    ];
    return lists.flatMap(([path, list]) => list.flatMap((symbol) => unknown(`variant ${name} ${path}`, symbol)));
  });
  return { errors, warnings };
}

/** Without prices a strategy sees nothing; recorded intents that are not recorded are none. */
function streamProblems({ file, intents }: Scenario, recording: RecordingSource): Problem[] {
  const hint = `"sim inspect" says what a recording is usable for; "intents: none" runs without any`;
  const problem = (path: string, is: string, needed: string): Problem => {
    const text = `Cannot run the scenario on recording ${recording.id}: ${is}, ${needed} is needed`;
    return { file, path, text, hint };
  };
  if (intents === "strategy" && recording.marketEventCount === 0) {
    return [problem("strategy", "it has no prices", "a recording with prices")];
  }
  if (intents !== "recording") return [];
  for (const { stream } of recording.inputs()) if (stream === "trade.intent") return [];
  return [problem("intents", 'it has no stream "trade.intent"', "a recording with intents, or a strategy,")];
}

/** Latencies that are to be fitted from a recording that measured none. */
function latencyProblems({ file, variants }: Scenario, recording: RecordingSource): Problem[] {
  const isFitted = (way: LatencyWay) => variants.some(({ exchange }) => exchange.latency[way]?.fit !== undefined);
  return LATENCY_WAYS.filter(isFitted).flatMap((way): Problem[] => {
    const fitted = fitLatency(recording, way);
    return typeof fitted === "string" ? [{ file, ...unfitProblem(recording, way, fitted) }] : [];
  });
}

function windowProblems({ file, window, warmupMs }: Scenario, recording: RecordingSource): Problem[] {
  const { firstTsMs, lastTsMs } = recording;
  const fromTsMs = window.from === undefined ? firstTsMs : momentTsMs(window.from, firstTsMs);
  const toTsMs = window.to === undefined ? lastTsMs : momentTsMs(window.to, firstTsMs);
  const span = `${isoOf(firstTsMs)} to ${isoOf(lastTsMs)}`;
  const refuse = (path: string, is: string, needed: string): Problem => {
    return { file, path, text: `Cannot run the window on recording ${recording.id}: ${is}, ${needed} is needed` };
  };
  if (fromTsMs > lastTsMs) return [refuse("window.from", `it begins at ${isoOf(fromTsMs)}`, `a time in ${span}`)];
  if (toTsMs < firstTsMs) return [refuse("window.to", `it ends at ${isoOf(toTsMs)}`, `a time in ${span}`)];
  if (toTsMs <= fromTsMs && window.to !== undefined) {
    return [refuse("window.to", `it ends at ${isoOf(toTsMs)} and begins at ${isoOf(fromTsMs)}`, "an end after it")];
  }
  const endTsMs = Math.min(toTsMs, lastTsMs);
  if (warmupMs > 0 && Math.max(fromTsMs, firstTsMs) + warmupMs >= endTsMs) {
    return [refuse("warmup", `the warm-up takes until its end, ${isoOf(endTsMs)}`, "a shorter one")];
  }
  return [];
}

function isoOf(tsMs: number): string {
  // allow(clock): formats the time it was given, in UTC
  return new Date(tsMs).toISOString();
}
