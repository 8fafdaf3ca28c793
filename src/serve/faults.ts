/** Kinds of trouble a session can have; docs/exchange.md says of each what clients see. */
export const FAULT_KINDS = [
  "ack-lost",
  "server-error",
  "server-busy",
  "timeout-unknown",
  "clock-skew",
  "rate-limit",
  "ban",
  "maintenance",
  "disconnect",
  "user-event-delayed",
  "user-event-duplicated",
  "user-event-lost",
  "user-event-reordered",
  "listen-key-expired",
  "symbol-halted",
  "position-report-partial",
  "testnet-reset",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** These hit once unless a count says otherwise. */
const ONCE: ReadonlySet<FaultKind> = new Set(["disconnect", "listen-key-expired", "symbol-halted", "testnet-reset"]);

export interface Fault {
  readonly kind: FaultKind;
  /** Virtual time it begins. */
  readonly fromTsMs: number;
  /** Virtual time it is over. */
  readonly untilTsMs: number;
  /** Requests or events it hits, then it is spent; absent hits all in its time. */
  readonly count?: number;
  /** Only requests whose path begins with this. */
  readonly path?: string;
  /** Of delayed events. */
  readonly delayMs?: number;
  /** Of a halt. */
  readonly symbol?: string;
}

/** Told of every hit: the fault, when, and what it hit in words. */
export type FaultListener = (fault: Fault, tsMs: number, where: string) => void;

/** Faults of a session: those it began with and those injected while it runs. */
export class FaultPlan {
  readonly #faults: { readonly fault: Fault; left: number }[] = [];
  /** How often each kind has hit. */
  readonly hits = new Map<FaultKind, number>();
  readonly listeners = new Set<FaultListener>();

  constructor(faults: readonly Fault[] = []) {
    for (const fault of faults) this.add(fault);
  }

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.count ?? (ONCE.has(fault.kind) ? 1 : Number.POSITIVE_INFINITY) });
  }

  get active(): readonly Fault[] {
    return this.#faults.map(({ fault }) => fault);
  }

  /** Nothing has been planned: most sessions, most of the time. */
  get isIdle(): boolean {
    return this.#faults.length === 0;
  }

  /**
   * The first fault of these kinds that hits now; it is counted.
   *
   * @param where what it hits, in words, for the finding
   * @param path of the request it would hit
   */
  take(kinds: readonly FaultKind[], tsMs: number, where: string, path = ""): Fault | null {
    for (let place = 0; place < this.#faults.length; place++) {
      const entry = this.#faults[place]!;
      const { fault } = entry;
      if (tsMs < fault.fromTsMs || tsMs >= fault.untilTsMs || !kinds.includes(fault.kind)) continue;
      if (fault.path !== undefined && !path.startsWith(fault.path)) continue;
      entry.left -= 1;
      // What is spent is forgotten: a test that injects a fault a second must not slow the session down.
      if (entry.left <= 0) this.#faults.splice(place, 1);
      this.hits.set(fault.kind, (this.hits.get(fault.kind) ?? 0) + 1);
      for (const listener of this.listeners) listener(fault, tsMs, where);
      return fault;
    }
    return null;
  }
}
