import type { Clock } from "../ports.ts";

/**
 * A clock that never steps: UTC of the start of the process plus what has passed since. For looks that must go on when
 * somebody sets the wall clock back, as those at the kill file.
 */
export function steadyClock(): Clock {
  const nowMs = () => Math.floor(performance.timeOrigin + performance.now());
  return {
    nowMs,
    schedule(dueTsMs, action) {
      let timer: NodeJS.Timeout;
      const arm = () => {
        // A timer may fire a fraction of a millisecond early.
        timer = setTimeout(() => (nowMs() < dueTsMs ? arm() : action()), Math.max(0, dueTsMs - nowMs()));
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}
