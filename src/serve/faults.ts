import { createRandomStreams, type RandomStream, type RandomStreams } from "../sim/time/random-streams.ts";

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
  "feed-disconnect",
  "symbol-halted",
  "symbol-delisted",
  "tick-size-changed",
  "position-report-partial",
  "testnet-reset",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** These hit once unless a count says otherwise. */
const ONCE: ReadonlySet<FaultKind> = new Set([
  "disconnect",
  "listen-key-expired",
  "symbol-halted",
  "symbol-delisted",
  "tick-size-changed",
  "testnet-reset",
]);

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
  /** What it is about; requests and events of every symbol when absent. */
  readonly symbol?: string;
  /** Share of the requests or events in its time that it hits; all when absent. */
  readonly chance?: number;
  /** Share of the orders with an unknown outcome that are taken nevertheless. */
  readonly arrives?: number;
  /** Of a halt; closed when absent. */
  readonly status?: "closed" | "reduce-only";
  /** Decimal text of a changed tick. */
  readonly tickSize?: string;
}

/** Told of every hit: the fault, when, and what it hit in words. */
export type FaultListener = (fault: Fault, tsMs: number, where: string) => void;

/** What would be hit. */
interface Hit {
  /** Of a request. */
  readonly path?: string;
  /** Of a request or event; `null` is about none or all, and faults of one symbol leave it alone. */
  readonly symbol?: string | null;
  /** A list of many symbols, from which one can be missing. */
  readonly isOfAll?: boolean;
}

/** Faults of a session: those it began with and those injected while it runs. */
export class FaultPlan {
  readonly #faults: { readonly fault: Fault; readonly stream: RandomStream; left: number }[] = [];
  readonly #random: RandomStreams;
  #added = 0;
  /** How often each kind has hit. */
  readonly hits = new Map<FaultKind, number>();
  readonly listeners = new Set<FaultListener>();
  /** Ticks that have changed, as decimal text by symbol. */
  readonly ticks = new Map<string, string>();

  /** @param seed of the chances; each fault draws from a stream of its own */
  constructor(faults: readonly Fault[] = [], seed = "0") {
    this.#random = createRandomStreams(seed);
    for (const fault of faults) this.add(fault);
  }

  add(fault: Fault): void {
    const left = fault.count ?? (ONCE.has(fault.kind) ? 1 : Number.POSITIVE_INFINITY);
    this.#faults.push({ fault, stream: this.#random.stream(`faults/${this.#added}`), left });
    this.#added += 1;
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
   */
  take(
    kinds: readonly FaultKind[],
    tsMs: number,
    where: string,
    { path = "", symbol = null, isOfAll = false }: Hit = {},
  ): Fault | null {
    for (let place = 0; place < this.#faults.length; place++) {
      const entry = this.#faults[place]!;
      const { fault } = entry;
      if (tsMs < fault.fromTsMs || tsMs >= fault.untilTsMs || !kinds.includes(fault.kind)) continue;
      if (fault.path !== undefined && !path.startsWith(fault.path)) continue;
      // Faults that hit by themselves name their symbol; nobody asks for one.
      if (fault.symbol !== undefined && fault.symbol !== symbol && !isOfAll && !ONCE.has(fault.kind)) continue;
      if (fault.chance !== undefined && entry.stream.next() >= fault.chance) continue;
      entry.left -= 1;
      // What is spent is forgotten: a test that injects a fault a second must not slow the session down.
      if (entry.left <= 0) this.#faults.splice(place, 1);
      this.hits.set(fault.kind, (this.hits.get(fault.kind) ?? 0) + 1);
      for (const listener of this.listeners) listener(fault, tsMs, where);
      return fault;
    }
    return null;
  }

  /** Whether the order a fault keeps the answer of is taken nevertheless, by the fault's own stream. */
  isArriving(fault: Fault): boolean {
    const { arrives = 0 } = fault;
    if (arrives <= 0 || arrives >= 1) return arrives >= 1;
    const entry = this.#faults.find((each) => each.fault === fault);
    return (entry?.stream ?? this.#random.stream("faults/spent")).next() < arrives;
  }
}
