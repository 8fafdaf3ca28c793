import type { InputRecord, RecordingSource } from "../../recording/batch.ts";
import type { DepthFeed } from "../../venue/depth-feed.ts";

/** How many depth records have moved the books, and how far each book has been followed. */
export interface DepthCursorSnapshot {
  readonly taken: number;
  readonly books: unknown;
}

/** Goes through the depth records of a recording, one after another, and lets them move the books. */
export class DepthCursor {
  /** Exchange time of the next record as recorded; Infinity when there is none. */
  nextTsMs = Number.POSITIVE_INFINITY;
  readonly #feed: DepthFeed;
  readonly #inputs: Iterator<InputRecord>;
  readonly #symbols: ReadonlyMap<string, number>;
  #next: InputRecord | null = null;
  #taken = 0;

  constructor(recording: RecordingSource, feed: DepthFeed) {
    this.#feed = feed;
    this.#inputs = recording.inputs()[Symbol.iterator]();
    this.#symbols = new Map(recording.symbols.map((symbol, index) => [symbol, index]));
    this.#advance();
  }

  /** Applies the next record at that time; the index of the symbol whose book has moved, or -1. */
  applyNext(tsMs: number): number {
    const { payload } = this.#next!;
    this.#taken += 1;
    this.#advance();
    const symbolIndex = this.#symbols.get(String(payload["sym"]));
    if (symbolIndex === undefined) return -1;
    return this.#feed.apply(symbolIndex, payload, tsMs) === null ? -1 : symbolIndex;
  }

  save(): DepthCursorSnapshot {
    return { taken: this.#taken, books: this.#feed.save() };
  }

  load({ taken, books }: DepthCursorSnapshot): void {
    for (; this.#taken < taken; this.#taken++) this.#advance();
    this.#feed.load(books);
  }

  /** Lets go of the source before its end: it may hold files. */
  close(): void {
    this.#inputs.return?.();
  }

  #advance(): void {
    for (;;) {
      const next = this.#inputs.next();
      this.#next = next.done === true ? null : next.value;
      if (this.#next === null || this.#next.stream === "depth") break;
    }
    this.nextTsMs = this.#next?.tsMs ?? Number.POSITIVE_INFINITY;
  }
}
