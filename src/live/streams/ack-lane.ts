import { RedisRefusal, type Reply } from "../redis/link.ts";

export interface AckLaneOptions {
  readonly stream: string;
  readonly group: string;
  /** Waits for a connection, as long as it takes; rejects only when the lane is closed. */
  ask(command: string, ...args: (string | number)[]): Promise<Reply>;
  onRefused(refusal: RedisRefusal): void;
}

const AT_ONCE = 1000;
const AGAIN_MS = 250;

/** Acknowledgements in the order they were given, many in one command, kept until the server has answered. */
export class AckLane {
  readonly #options: AckLaneOptions;
  readonly #waiting = new Set<string>();
  #isSending = false;
  #isClosed = false;
  #onEmpty: (() => void) | null = null;
  acked = 0;

  constructor(options: AckLaneOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  add(id: string): void {
    if (this.#isClosed) return;
    this.#waiting.add(id);
    if (this.#isSending) return;
    this.#isSending = true;
    // One turn later: what was acknowledged together is sent together.
    setImmediate(() => void this.#send());
  }

  /** Resolves when nothing waits, or after that time. */
  async drain(withinMs: number): Promise<void> {
    if (this.#waiting.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.#onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isClosed = true;
  }

  async #send(): Promise<void> {
    const { stream, group, ask, onRefused } = this.#options;
    try {
      while (this.#waiting.size > 0) {
        const ids = [...this.#waiting].slice(0, AT_ONCE);
        try {
          await ask("XACK", stream, group, ...ids);
        } catch (error) {
          if (!(error instanceof RedisRefusal)) return;
          onRefused(error);
          await new Promise((done) => setTimeout(done, AGAIN_MS));
          if (this.#isClosed) return;
          continue;
        }
        for (const id of ids) this.#waiting.delete(id);
        this.acked += ids.length;
      }
    } finally {
      this.#isSending = false;
      if (this.#waiting.size === 0) this.#onEmpty?.();
    }
  }
}
