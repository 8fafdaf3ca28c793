import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LiveResult } from "./live-child.ts";
import { type Figure, rateText } from "./measure.ts";
import type { SoakResult } from "./soak-child.ts";

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
  const timed = child<LiveResult>("live-child.js", perSecond, seconds);
  const soak = child<SoakResult>("soak-child.js", soakEntries);
  if (timed === null || soak === null) return [];
  const { orders, p50Ms, p99Ms, bareP50Ms, bareP99Ms } = timed;
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
    ...soakFigures(soak),
  ];
}

/** The last tenth of a stream beside the second: in the first of a long one, books with a time limit are still filling. */
function soakFigures({ entries, elapsedMs, heapMb, rssMb }: SoakResult): Figure[] {
  const rows: readonly (readonly [string, readonly number[]])[] = [
    [`heap after ${entries} entries at ${rateText(entries, elapsedMs)}`, heapMb],
    ["  resident then", rssMb],
  ];
  return rows.map(([name, mb]) => {
    const [early, last] = [mb[1]!, mb.at(-1)!];
    return {
      name,
      value: `${last.toFixed(1)} MB`,
      baseline: `${entries / 5}: ${early.toFixed(1)} MB`,
      ratio: `${(last / early).toFixed(2)}x`,
    };
  });
}

function child<Result>(script: string, ...sizes: readonly number[]): Result | null {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", file, ...sizes.map(String)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${script} exits with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Result | null;
}
