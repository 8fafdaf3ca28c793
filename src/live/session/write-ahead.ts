import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { JournalSink, SessionStep } from "../ports.ts";

/** Effects of an entry, and acknowledgements, that wait for the disk. */
interface Unflushed {
  readonly entry: JournalEntry | null;
  readonly ack: (() => void) | null;
}

export interface WriteAheadOptions {
  readonly journal: JournalSink;
  /** Entries that may wait for the disk; above it nothing more should be judged. */
  readonly waitingMax: number;
  /** What an entry does in the world; called once it is on disk, in the order of entries. */
  effects(entry: JournalEntry): void;
  /** The effects of everything that was written together have happened. */
  flushed(): void;
  failed(error: unknown): void;
  probe(step: SessionStep): void;
}

/**
 * Nothing happens before it is on disk: entries share flushes of the journal, their effects and acknowledgements follow.
 * While one flush is under way the next entries gather.
 */
export class WriteAhead {
  readonly #options: WriteAheadOptions;
  #unflushed: Unflushed[] = [];
  #flushing = 0;
  #isCommitting = false;
  #isStopped = false;

  constructor(options: WriteAheadOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#unflushed.length + this.#flushing;
  }

  get isFull(): boolean {
    return this.waiting >= this.#options.waitingMax;
  }

  /** @param ack called after the effects of the entry */
  write(entry: JournalEntry, ack: (() => void) | null): void {
    const { journal, probe } = this.#options;
    probe("before-append");
    journal.append(entry);
    probe("after-append");
    this.#push({ entry, ack });
  }

  /** Something that was written before: the acknowledgement waits its turn. */
  acknowledge(ack: () => void): void {
    this.#push({ entry: null, ack });
  }

  /** Nothing waits any more, or nothing will be written any more. */
  async settled(): Promise<void> {
    while (this.#isCommitting && !this.#isStopped) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Whatever waits stays undone. */
  stop(): void {
    this.#isStopped = true;
  }

  #push(item: Unflushed): void {
    this.#unflushed.push(item);
    if (this.#isCommitting) return;
    this.#isCommitting = true;
    // One turn later: what arrived together is written together.
    void Promise.resolve().then(() => this.#commit());
  }

  async #commit(): Promise<void> {
    const { journal, flushed, failed, probe } = this.#options;
    try {
      while (this.#unflushed.length > 0 && !this.#isStopped) {
        const batch = this.#unflushed;
        this.#unflushed = [];
        this.#flushing = batch.length;
        probe("before-flush");
        await journal.flush();
        if (this.#isStopped) return;
        probe("after-flush");
        this.#flushing = 0;
        for (const item of batch) this.#dispatch(item);
        flushed();
      }
    } catch (error) {
      failed(error);
    } finally {
      this.#isCommitting = false;
    }
  }

  #dispatch({ entry, ack }: Unflushed): void {
    const { effects, probe } = this.#options;
    if (entry !== null) effects(entry);
    if (ack === null) return;
    probe("before-ack");
    ack();
    probe("after-ack");
  }
}
