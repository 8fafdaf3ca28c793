/** Weight of the newest call in the latency average (pipeline.md 1.9). */
const LATENCY_WEIGHT = 0.3;

/**
 * How many serial snapshot calls fit into the target of one cycle, at least `minTopK` (pipeline.md 1.9):
 * `K = max(minTopK, floor(target / latency))`.
 */
export function snapshotTopK(callLatencyEwmaMs: number, cycleTargetMs: number, minTopK: number): number {
  return Math.max(minTopK, Math.floor(cycleTargetMs / Math.max(callLatencyEwmaMs, 1e-3)));
}

/** `0.3 * average of the cycle + 0.7 * before`. */
export function updateCallLatencyEwmaMs(ewmaMs: number, cycleAverageMs: number): number {
  return LATENCY_WEIGHT * cycleAverageMs + (1 - LATENCY_WEIGHT) * ewmaMs;
}
