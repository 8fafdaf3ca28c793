/** The recorder's clock went ahead of time. */
export interface ClockJump {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Less is how clocks are set right little by little; more was somebody, or a machine that slept. */
const JUMP_MS_MIN = 500;

/** Compares the recorder's clock with one that never steps. Steps back are told by the recording itself. */
export class ClockWatch {
  #wallMs: number;
  #monotonicMs: number;

  constructor(wallMs: number, monotonicMs: number) {
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
  }

  /** What the clock should say now and what it says, when it jumped ahead since the last look. */
  look(wallMs: number, monotonicMs: number): ClockJump | null {
    const fromMs = Math.round(this.#wallMs + (monotonicMs - this.#monotonicMs));
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
    return wallMs - fromMs >= JUMP_MS_MIN ? { fromMs, toMs: wallMs } : null;
  }
}
