/** One thing to come. `seq` is the order of scheduling and breaks every tie. */
export interface Due<Item> {
  readonly dueTsMs: number;
  readonly rank: number;
  readonly seq: number;
  readonly item: Item;
}

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

  /** Things waiting, replaced timers not counted. */
  get size(): number {
    return this.#heap.length - (this.#timerIdBySeq.size - this.#timers.size);
  }

  push(dueTsMs: number, rank: number, item: Item): void {
    this.#seq += 1;
    this.#insert({ dueTsMs, rank, seq: this.#seq, item });
    this.#refresh();
  }

  /** Sets a named timer; the same id set again replaces the earlier due time. */
  setTimer(timerId: string, dueTsMs: number, rank: number, item: Item): void {
    this.#seq += 1;
    this.#timers.set(timerId, this.#seq);
    this.#timerIdBySeq.set(this.#seq, timerId);
    this.#insert({ dueTsMs, rank, seq: this.#seq, item });
    this.#refresh();
  }

  /** Takes the next thing out; `undefined` when the queue is empty. */
  pop(): Due<Item> | undefined {
    const due = this.#heap.length === 0 ? undefined : this.#takeTop();
    if (due !== undefined) this.#forget(due.seq);
    this.#refresh();
    return due;
  }

  /** Drops replaced timers from the top, so that `nextDueTsMs` is about something that will happen. */
  #refresh(): void {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) {
        this.nextDueTsMs = Number.POSITIVE_INFINITY;
        return;
      }
      const timerId = this.#timerIdBySeq.get(top.seq);
      if (timerId === undefined || this.#timers.get(timerId) === top.seq) {
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
