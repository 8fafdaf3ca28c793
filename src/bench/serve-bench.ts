import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Figure, interleavedMs, rateText, timedRateText } from "./measure.ts";
import type { FlowResult } from "./order-flow.ts";
import type { ServeResult } from "./serve-child.ts";

export interface ServeSize {
  /** Market orders matched in one process. */
  readonly flowOrders: number;
  readonly rounds: number;
  /** Signed orders over loopback in one round. */
  readonly servedOrders: number;
}

/** The simulated exchange: orders matched in the process, and signed orders over loopback beside a bare server. */
export function serve({ flowOrders, rounds, servedOrders }: ServeSize): Figure[] {
  const flow = child<FlowResult>("order-flow-child.js", [String(flowOrders)]);
  let kept = 0;
  const [bare] = interleavedMs(
    [
      () => {
        const wallet = new Map<string, bigint>([["wallet", 0n]]);
        for (let count = 0; count < flowOrders; count++) {
          wallet.set("wallet", wallet.get("wallet")! + BigInt(count));
          kept += `flow-${count}`.length;
        }
      },
    ],
    1,
  ) as [number];
  if (kept === 0) throw new Error("the baseline did nothing");
  const { served, echo, orders, heapEarlyMb, heapMb } = child<ServeResult>("serve-child.js", [
    String(rounds),
    String(servedOrders),
  ]);
  return [
    {
      name: `orders matched in the process, top of book (${flowOrders})`,
      value: timedRateText(flowOrders, flow),
      baseline: `id and bigint sum ${rateText(flowOrders, bare)}`,
      ratio: (bare / flow.ms).toFixed(3),
    },
    {
      name: `  heap after ${flowOrders} orders`,
      value: `${flow.heapMb.toFixed(1)} MB`,
      baseline: `${flowOrders / 10}: ${flow.heapEarlyMb.toFixed(1)} MB`,
      ratio: `${(flow.heapMb / flow.heapEarlyMb).toFixed(2)}x`,
    },
    {
      name: `signed orders over loopback, 8 connections (${orders})`,
      value: rateText(served.requests, served.ms),
      baseline: `bare server ${rateText(echo.requests, echo.ms)}`,
      ratio: (echo.ms / served.ms).toFixed(3),
    },
    {
      name: "  p99 from request to answer",
      value: `${served.p99Ms.toFixed(1)} ms`,
      baseline: `bare server ${echo.p99Ms.toFixed(1)} ms`,
      ratio: `${(served.p99Ms / echo.p99Ms).toFixed(1)}x`,
    },
    {
      name: `  heap after ${orders} served orders`,
      value: `${heapMb.toFixed(1)} MB`,
      baseline: `${orders / rounds}: ${heapEarlyMb.toFixed(1)} MB`,
      ratio: `${(heapMb / heapEarlyMb).toFixed(2)}x`,
    },
  ];
}

/** A process of its own that may collect when it is asked to; its answer is JSON on stdout. */
function child<Result>(name: string, args: readonly string[]): Result {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", file, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${name} exits with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Result;
}
