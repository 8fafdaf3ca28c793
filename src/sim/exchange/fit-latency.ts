import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import type { LatencyModel } from "./latency.ts";

/** Ways between the pipeline and the exchange, as `exchange.latency` of a scenario names them. */
export const LATENCY_WAYS = ["feed", "order", "query", "answer", "user", "snapshot"] as const;
export type LatencyWay = (typeof LATENCY_WAYS)[number];

/** A model of a scenario: written down, or to be fitted from the recording when the run begins. */
export interface FittableLatency extends LatencyModel {
  readonly fit?: "recording";
}

/** Rows that are looked at: enough for the 99.9th percentile to rest on a hundred of them. */
const ROWS_MAX = 100_000;
/** Points of a fitted table less one: the quantiles 0, 0.001, ..., 1. */
const POINTS = 1000;
/** Stream of measured round trips, payload `{ "call": "order", "roundTripMs": 83.2 }`. */
export const ROUND_TRIPS = "latency";

/** Half of a round trip goes towards the exchange; a snapshot's latency is the whole of it. */
const SHARE = { order: 0.5, query: 0.5, snapshot: 1 } as const;

/**
 * What a recording says of one way, as an empirical table.
 *
 * From the exchange to the pipeline (`answer`, `user`) it is how much later rows were received than they happened (`rx`
 * less `ts`). Towards it (`order`, `query`: half; `snapshot`: whole) it is the round trips of records of the stream
 * `latency`. The feed is not fitted but replayed: every row comes as late as it came, so nothing is added.
 *
 * @returns in words what the recording has too little of, when it does not say
 */
export function fitLatency(recording: RecordingSource, way: LatencyWay): LatencyModel | string {
  if (way === "order" || way === "query" || way === "snapshot") {
    const delaysMs = roundTripsMs(recording, way).map((roundTripMs) => roundTripMs * SHARE[way]);
    return delaysMs.length === 0 ? `no record of the stream "${ROUND_TRIPS}" for ${way} calls` : tableOf(delaysMs);
  }
  const delaysMs = feedDelaysMs(recording);
  if (!delaysMs.some((delayMs) => delayMs > 0)) return "no row that was received later than it happened";
  return way === "feed" ? { medianMs: 0, sigma: 0 } : tableOf(delaysMs);
}

/**
 * The model to draw from: the one that is written down, or the one the recording gives.
 *
 * @throws {UserError} (exit 2) when the recording does not say
 */
export function modelOf(latency: FittableLatency, way: LatencyWay, recording: RecordingSource): LatencyModel {
  if (latency.fit === undefined) return latency;
  const fitted = fitLatency(recording, way);
  if (typeof fitted !== "string") return fitted;
  throw new UserError([unfitProblem(recording, way, fitted)], EXIT.usage);
}

/** @param is what the recording has too little of, in words */
export function unfitProblem(
  recording: RecordingSource,
  way: LatencyWay,
  is: string,
): { readonly path: string; readonly text: string; readonly hint: string } {
  return {
    path: `exchange.latency.${way}`,
    text: `Cannot fit the latency of ${way} to recording ${recording.id}: it has ${is}, measured delays are needed`,
    hint: 'give the delay itself, such as "80ms"',
  };
}

/** The empirical distribution of delays in ms, thinned to its quantiles when there are many. */
export function tableOf(delaysMs: readonly number[]): LatencyModel {
  const sorted = [...delaysMs].sort((left, right) => left - right);
  const last = sorted.length - 1;
  const medianMs = sorted[Math.floor(last / 2)]!;
  if (sorted.length <= POINTS + 1) return { medianMs, sigma: 0, tableMs: sorted };
  const tableMs = Array.from({ length: POINTS + 1 }, (_, point) => sorted[Math.round((last * point) / POINTS)]!);
  return { medianMs, sigma: 0, tableMs };
}

/** A clock that runs behind the exchange's would make a delay negative; nobody receives a row before it happens. */
function feedDelaysMs(recording: RecordingSource): number[] {
  const delaysMs: number[] = [];
  for (const { length, tsMs, rxMs } of recording.batches()) {
    for (let row = 0; row < length && delaysMs.length < ROWS_MAX; row++) {
      delaysMs.push(Math.max(0, rxMs[row]! - tsMs[row]!));
    }
    if (delaysMs.length >= ROWS_MAX) break;
  }
  return delaysMs;
}

function roundTripsMs(recording: RecordingSource, call: string): number[] {
  const found: number[] = [];
  for (const { stream, payload } of recording.inputs()) {
    if (stream !== ROUND_TRIPS || payload["call"] !== call) continue;
    const roundTripMs = Number(payload["roundTripMs"]);
    if (Number.isFinite(roundTripMs) && roundTripMs >= 0) found.push(roundTripMs);
  }
  return found;
}
