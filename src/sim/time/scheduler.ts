import { InvariantError } from "../../diagnostics/invariant-error.ts";

/** One thing to come. `seq` is the order of scheduling and breaks every tie. */
export interface Due<Item> {
  readonly dueTsMs: number;
  readonly rank: number;
  readonly seq: number;
  readonly item: Item;
}

/** Everything that waits, in the order in which it will come out; `timerId` is null for what is no named timer. */
export interface SchedulerState<Item> {
  readonly seq: number;
  readonly nowTsMs: number;
  readonly waiting: readonly (Due<Item> & { readonly timerId: string | null })[];
}

/** Replaced timers are swept out when there are more of them than of live entries, but not for fewer than this. */
const SWEEP_MIN = 64;

/**
 * Virtual-time queue: things come out by due time, then rank, then order of scheduling.
 *
 * `nextDueTsMs` is a plain field, Infinity when nothing is due, because the run loop reads it once per market event.
 */
export class Scheduler<Item> {
  nextDueTsMs = Number.POSITIVE_INFINITY;
  readonly #heap: Due<Item>[] = [];
  /** Timer id to the `seq` of its live entry; older entries of the id are dropped when they surface. */
  readonly #timers = new Map<string, number>();
  readonly #timerIdBySeq = new Map<number, string>();
  #seq = 0;
  /** Due time of the last thing taken out, 0 before: nothing may be scheduled earlier. */
  #nowTsMs = 0;

  /** Things waiting, replaced timers not counted. */
  get size(): number {
    return this.#heap.length - (this.#timerIdBySeq.size - this.#timers.size);
  }

  /** @throws {InvariantError} when the time is no number or has passed: time would run backwards. */
  push(dueTsMs: number, rank: number, item: Item): void {
    this.#requireFuture(dueTsMs);
    this.#seq += 1;
    this.#insert({ dueTsMs, rank, seq: this.#seq, item });
    this.#refresh();
  }

  /** Sets a named timer; the same id set again replaces the earlier due time. */
  setTimer(timerId: string, dueTsMs: number, rank: number, item: Item): void {
    this.#requireFuture(dueTsMs);
    this.#seq += 1;
    this.#timers.set(timerId, this.#seq);
    this.#timerIdBySeq.set(this.#seq, timerId);
    this.#insert({ dueTsMs, rank, seq: this.#seq, item });
    this.#sweep();
    this.#refresh();
  }

  /** Takes the next thing out; `undefined` when the queue is empty. */
  pop(): Due<Item> | undefined {
    const due = this.#heap.length === 0 ? undefined : this.#takeTop();
    if (due !== undefined) {
      this.#forget(due.seq);
      this.#nowTsMs = due.dueTsMs;
    }
    this.#refresh();
    return due;
  }

  /** What a checkpoint keeps; plain data when the items are. */
  save(): SchedulerState<Item> {
    const waiting = this.#heap
      .filter((due) => this.#isLive(due))
      // allow(sort): isBefore ends in the unique seq
      .sort((left, right) => (isBefore(left, right) ? -1 : 1))
      .map((due) => ({ ...due, timerId: this.#timerIdBySeq.get(due.seq) ?? null }));
    return { seq: this.#seq, nowTsMs: this.#nowTsMs, waiting };
  }

  /** A queue that goes on exactly where the saved one stopped. */
  static restore<Item>(state: SchedulerState<Item>): Scheduler<Item> {
    const scheduler = new Scheduler<Item>();
    scheduler.#seq = state.seq;
    scheduler.#nowTsMs = state.nowTsMs;
    for (const { timerId, ...due } of state.waiting) {
      if (timerId !== null) {
        scheduler.#timers.set(timerId, due.seq);
        scheduler.#timerIdBySeq.set(due.seq, timerId);
      }
      scheduler.#insert(due);
    }
    scheduler.#refresh();
    return scheduler;
  }

  #requireFuture(dueTsMs: number): void {
    if (dueTsMs >= this.#nowTsMs) return;
    throw new InvariantError(`cannot schedule at ${dueTsMs}: the time is ${this.#nowTsMs} already`);
  }

  #isLive(due: Due<Item>): boolean {
    const timerId = this.#timerIdBySeq.get(due.seq);
    return timerId === undefined || this.#timers.get(timerId) === due.seq;
  }

  /** A timer that is set again long before it is due would leave an entry each time. */
  #sweep(): void {
    const replaced = this.#timerIdBySeq.size - this.#timers.size;
    if (replaced < SWEEP_MIN || replaced * 2 < this.#heap.length) return;
    const waiting = this.#heap.filter((due) => this.#isLive(due));
    for (const due of this.#heap) if (!this.#isLive(due)) this.#timerIdBySeq.delete(due.seq);
    this.#heap.length = 0;
    for (const due of waiting) this.#insert(due);
  }

  /** Drops replaced timers from the top, so that `nextDueTsMs` is about something that will happen. */
  #refresh(): void {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) {
        this.nextDueTsMs = Number.POSITIVE_INFINITY;
        return;
      }
      if (this.#isLive(top)) {
        this.nextDueTsMs = top.dueTsMs;
        return;
      }
      this.#takeTop();
      this.#timerIdBySeq.delete(top.seq);
    }
  }

  #forget(seq: number): void {
    const timerId = this.#timerIdBySeq.get(seq);
    if (timerId === undefined) return;
    this.#timerIdBySeq.delete(seq);
    this.#timers.delete(timerId);
  }

  #insert(due: Due<Item>): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(due);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = due;
  }

  #takeTop(): Due<Item> {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return top;
  }
}

function isBefore<Item>(left: Due<Item>, right: Due<Item>): boolean {
  if (left.dueTsMs !== right.dueTsMs) return left.dueTsMs < right.dueTsMs;
  if (left.rank !== right.rank) return left.rank < right.rank;
  return left.seq < right.seq;
}
