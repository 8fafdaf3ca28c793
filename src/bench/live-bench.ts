import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LiveResult } from "./live-child.ts";
import { type Figure, rateText } from "./measure.ts";

export interface LiveSize {
  readonly perSecond: number;
  readonly seconds: number;
  readonly soakEntries: number;
}

/**
 * A live session on a redis-server of its own: from the arrival of an intent to the order that leaves, beside a consumer
 * that only reads and writes a line, and memory over a long stream. No rows where there is no redis-server.
 */
export function live({ perSecond, seconds, soakEntries }: LiveSize): Figure[] {
  const file = fileURLToPath(new URL("live-child.js", import.meta.url));
  const args = ["--expose-gc", file, String(perSecond), String(seconds), String(soakEntries)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`live-child.js exits with ${status}: ${stderr}`);
  const result = JSON.parse(stdout) as LiveResult | null;
  if (result === null) return [];
  const { orders, p50Ms, p99Ms, bareP50Ms, bareP99Ms, heapEarlyMb, heapMb, soakMs } = result;
  return [
    {
      name: `stream entry to order sent, ${perSecond}/s, median of ${orders}`,
      value: `${p50Ms.toFixed(2)} ms`,
      baseline: `read and one line ${bareP50Ms.toFixed(2)} ms`,
      ratio: `${(p50Ms / bareP50Ms).toFixed(1)}x`,
    },
    {
      name: "  its p99",
      value: `${p99Ms.toFixed(2)} ms`,
      baseline: `read and one line ${bareP99Ms.toFixed(2)} ms`,
      ratio: `${(p99Ms / bareP99Ms).toFixed(1)}x`,
    },
    {
      name: `  heap after ${soakEntries} entries at ${rateText(soakEntries, soakMs)}`,
      value: `${heapMb.toFixed(1)} MB`,
      baseline: `${soakEntries / 10}: ${heapEarlyMb.toFixed(1)} MB`,
      ratio: `${(heapMb / heapEarlyMb).toFixed(2)}x`,
    },
  ];
}
