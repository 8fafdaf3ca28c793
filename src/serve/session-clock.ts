/** How virtual time runs: a multiple of wall time, as fast as the machine can, or only when asked. */
export type SessionSpeed =
  | { readonly kind: "scaled"; readonly factor: number }
  | { readonly kind: "max" }
  | { readonly kind: "step" };

/** `"10x"`, `"0.5x"`, `"max"` or `"step"`; `null` when the text is none of them. */
export function parseSpeed(text: string): SessionSpeed | null {
  if (text === "max" || text === "step") return { kind: text };
  const match = /^(\d+(?:\.\d+)?)x$/.exec(text);
  const factor = match === null ? Number.NaN : Number(match[1]);
  return factor > 0 ? { kind: "scaled", factor } : null;
}

export interface SessionClockOptions {
  readonly speed: SessionSpeed;
  readonly startTsMs: number;
  readonly endTsMs: number;
  /** Wall milliseconds that never run backwards. */
  readonly wallMs: () => number;
  advanceTo(tsMs: number): void;
  onEnd(): void;
}

/** Wall time between two looks at the clock. */
const PUMP_INTERVAL_MS = 5;
/** Virtual time of one piece of work at full speed; between pieces requests are answered. */
const MAX_CHUNK_MS = 1_000;

/** Drives virtual time of a served session. In `step` it does nothing by itself. */
export class SessionClock {
  readonly #options: SessionClockOptions;
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #wallStartMs = 0;
  #nowTsMs: number;

  constructor(options: SessionClockOptions) {
    this.#options = options;
    this.#nowTsMs = options.startTsMs;
  }

  start(): void {
    const { speed } = this.#options;
    this.#wallStartMs = this.#options.wallMs();
    if (speed.kind === "scaled") this.#timer = setInterval(() => this.#moveTo(this.targetTsMs()), PUMP_INTERVAL_MS);
    else if (speed.kind === "max") this.#immediate = setImmediate(() => this.#run());
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#timer = null;
    this.#immediate = null;
  }

  /** Where the clock would be now; requests are served at this time. */
  targetTsMs(): number {
    const { speed, startTsMs, endTsMs, wallMs } = this.#options;
    if (speed.kind !== "scaled" || this.#timer === null) return this.#nowTsMs;
    return Math.min(endTsMs, Math.floor(startTsMs + (wallMs() - this.#wallStartMs) * speed.factor));
  }

  #run(): void {
    this.#moveTo(Math.min(this.#options.endTsMs, this.#nowTsMs + MAX_CHUNK_MS));
    if (this.#nowTsMs < this.#options.endTsMs) this.#immediate = setImmediate(() => this.#run());
  }

  #moveTo(tsMs: number): void {
    if (tsMs > this.#nowTsMs) {
      this.#nowTsMs = tsMs;
      this.#options.advanceTo(tsMs);
    }
    if (this.#nowTsMs < this.#options.endTsMs) return;
    this.stop();
    this.#options.onEnd();
  }
}
