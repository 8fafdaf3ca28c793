import type { RandomStream } from "../time/random-streams.ts";
export interface LatencyModel {
  readonly medianMs: number;
  readonly sigma: number;
}
export function sampleLatencyMs(model: LatencyModel, random: RandomStream): number {
  if (model.sigma === 0) return Math.round(model.medianMs);
  return Math.round(model.medianMs * Math.exp(model.sigma * random.normal()));
}
