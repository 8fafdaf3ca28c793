import { performance } from "node:perf_hooks";
import type { Cancel, Clock } from "../ports.ts";

/** Longer waits overflow the timer of the runtime: the session asks again. */
const WAIT_MS_MAX = 2_000_000_000;

/** The clock of the machine. */
export function systemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    schedule(dueTsMs, action) {
      let timer: NodeJS.Timeout;
      const arm = () => {
        const waitMs = dueTsMs - Date.now();
        timer = setTimeout(
          () => {
            // A timer may fire a fraction of a millisecond early, or the wall clock went back meanwhile.
            if (Date.now() < dueTsMs) arm();
            else action();
          },
          Math.min(WAIT_MS_MAX, Math.max(0, waitMs)),
        );
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}

/**
 * Time that runs as a multiple of the machine's, from an instant of its own: a session on recorded prices, or on a
 * served exchange whose virtual time it follows.
 *
 * @param startTsMs what it shows now
 * @param factor virtual milliseconds in one of the machine's, above 0
 */
export function scaledClock(startTsMs: number, factor: number): Clock {
  const startWallMs = performance.now();
  const nowMs = () => Math.floor(startTsMs + (performance.now() - startWallMs) * factor);
  return {
    nowMs,
    schedule(dueTsMs, action) {
      let timer: NodeJS.Timeout;
      const arm = () => {
        const waitMs = Math.ceil((dueTsMs - nowMs()) / factor);
        timer = setTimeout(
          () => {
            if (nowMs() < dueTsMs) arm();
            else action();
          },
          Math.min(WAIT_MS_MAX, Math.max(0, waitMs)),
        );
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}

interface Waiting {
  readonly dueTsMs: number;
  readonly order: number;
  readonly action: () => void;
}

/** A clock that stands still until it is moved, for tests and replays: what is due at one instant goes by order of asking. */
export class ManualClock implements Clock {
  #nowMs: number;
  #orders = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  schedule(dueTsMs: number, action: () => void): Cancel {
    const waiting = { dueTsMs, order: ++this.#orders, action };
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  }

  /** Time of the next thing that waits; Infinity when nothing does. */
  get nextDueTsMs(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { dueTsMs } of this.#waiting) due = Math.min(due, dueTsMs);
    return due;
  }

  /** Moves to that time and does on the way what is due. */
  advanceTo(tsMs: number): void {
    for (let next = this.#next(tsMs); next !== null; next = this.#next(tsMs)) {
      this.#waiting.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueTsMs);
      next.action();
    }
    this.#nowMs = Math.max(this.#nowMs, tsMs);
  }

  /** As `advanceTo`, but lets promises settle after each thing that is done. */
  async runTo(tsMs: number): Promise<void> {
    await settled();
    for (let next = this.#next(tsMs); next !== null; next = this.#next(tsMs)) {
      this.#waiting.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueTsMs);
      next.action();
      await settled();
    }
    this.#nowMs = Math.max(this.#nowMs, tsMs);
  }

  #next(tsMs: number): Waiting | null {
    let next: Waiting | null = null;
    for (const each of this.#waiting) {
      if (each.dueTsMs > tsMs) continue;
      if (next === null || each.dueTsMs < next.dueTsMs) next = each;
      else if (each.dueTsMs === next.dueTsMs && each.order < next.order) next = each;
    }
    return next;
  }
}

/** Promises that wait for nothing outside have settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
