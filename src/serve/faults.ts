/** Kinds of trouble a session can have; exchange.md sections 2.4 and 3 say what clients see. */
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
  "listen-key-expired",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

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
}

/** Faults of a session: those of the scenario and those injected while it runs. */
export class FaultPlan {
  readonly #faults: { readonly fault: Fault; left: number }[] = [];
  /** How often each kind has hit. */
  readonly hits = new Map<FaultKind, number>();

  constructor(faults: readonly Fault[] = []) {
    for (const fault of faults) this.add(fault);
  }

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.count ?? Number.POSITIVE_INFINITY });
  }

  get active(): readonly Fault[] {
    return this.#faults.filter(({ left }) => left > 0).map(({ fault }) => fault);
  }

  /** The first fault of these kinds that hits now; it is counted. */
  take(kinds: readonly FaultKind[], tsMs: number, path = ""): Fault | null {
    for (const entry of this.#faults) {
      const { fault } = entry;
      if (entry.left <= 0 || tsMs < fault.fromTsMs || tsMs >= fault.untilTsMs || !kinds.includes(fault.kind)) continue;
      if (fault.path !== undefined && !path.startsWith(fault.path)) continue;
      entry.left -= 1;
      this.hits.set(fault.kind, (this.hits.get(fault.kind) ?? 0) + 1);
      return fault;
    }
    return null;
  }
}
