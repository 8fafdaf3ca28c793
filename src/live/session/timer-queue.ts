import type { Cancel, Clock } from "../ports.ts";

interface Timer {
  readonly timerId: string;
  readonly dueTsMs: number;
  readonly order: number;
}

/**
 * The engine's timers on a real clock: a timer that is set again replaces the earlier one, and the clock waits for the
 * next one only. Those due at one instant come out in the order in which they were set.
 */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  readonly #heap: Timer[] = [];
  /** Timer id to the order of its live entry; replaced entries are dropped when they surface. */
  readonly #live = new Map<string, number>();
  #orders = 0;
  #armedTsMs = Number.POSITIVE_INFINITY;
  #cancel: Cancel | null = null;
  #isRunning = false;

  /** @param onDue called when `takeDue` has something to give */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Nothing comes due before it: timers of a recovery are set first and run later. */
  start(): void {
    this.#isRunning = true;
    this.#arm();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancel?.();
    this.#cancel = null;
    this.#armedTsMs = Number.POSITIVE_INFINITY;
  }

  set(timerId: string, dueTsMs: number): void {
    const timer = { timerId, dueTsMs, order: ++this.#orders };
    this.#live.set(timerId, timer.order);
    push(this.#heap, timer);
    this.#arm();
  }

  /** Takes the next timer that is due at that time, `null` when none is. */
  takeDue(tsMs: number): string | null {
    this.#dropReplaced();
    const top = this.#heap[0];
    if (top === undefined || top.dueTsMs > tsMs) return null;
    pop(this.#heap);
    this.#live.delete(top.timerId);
    return top.timerId;
  }

  /** Looks again when the next timer is due; call it after `takeDue` has given `null`. */
  rearm(): void {
    this.#arm();
  }

  #arm(): void {
    if (!this.#isRunning) return;
    this.#dropReplaced();
    const dueTsMs = this.#heap[0]?.dueTsMs ?? Number.POSITIVE_INFINITY;
    if (dueTsMs === this.#armedTsMs) return;
    this.#cancel?.();
    this.#armedTsMs = dueTsMs;
    this.#cancel =
      dueTsMs === Number.POSITIVE_INFINITY
        ? null
        : this.#clock.schedule(dueTsMs, () => {
            this.#armedTsMs = Number.POSITIVE_INFINITY;
            this.#cancel = null;
            this.#onDue();
          });
  }

  #dropReplaced(): void {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#live.get(top.timerId) === top.order) return;
      pop(this.#heap);
    }
  }
}

function isBefore(left: Timer, right: Timer): boolean {
  return left.dueTsMs < right.dueTsMs || (left.dueTsMs === right.dueTsMs && left.order < right.order);
}

function push(heap: Timer[], timer: Timer): void {
  let place = heap.length;
  heap.push(timer);
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (!isBefore(timer, heap[parent]!)) break;
    heap[place] = heap[parent]!;
    place = parent;
  }
  heap[place] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
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
}
