import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 20;
const WINDOW_MS = 15_000;

/** How long the event loop kept others waiting lately. */
export interface LoopWatch {
  /** Longest wait within the last 15 to 30 s, in milliseconds. */
  worstMs(): number;
  close(): void;
}

/** A loop that is stuck now cannot answer at all; this tells of one that was, so that a probe in between sees it too. */
export function watchEventLoop(): LoopWatch {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let previousNs = 0;
  const turn = setInterval(() => {
    previousNs = delays.max;
    delays.reset();
  }, WINDOW_MS);
  turn.unref();
  return {
    worstMs: () => Math.max(0, Math.max(previousNs, delays.max) / 1e6 - RESOLUTION_MS),
    close() {
      clearInterval(turn);
      delays.disable();
    },
  };
}
