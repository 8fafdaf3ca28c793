import type { InputRow } from "../record.ts";

/** Steps of the clock that get a record of their own; a capture with more of them is told by their number. */
const STEP_RECORDS_MAX = 1_000;

export interface LinePlace {
  readonly file: number;
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

export interface OrderedPlace extends LinePlace {
  readonly rxMs: number;
  /** How far the clock was set back in front of the line, in whole milliseconds; `null` when it was not. */
  readonly stepBackMs: number | null;
}

/** The record of a clock that went back, with a place in the order. */
export function clockStep({ rxMs, line, stepBackMs }: OrderedPlace, file: string): InputRow {
  const cause = "the line was received before the one in front of it";
  return { rxMs, stream: "finding", payload: { finding: "clock.stepped.back", backMs: stepBackMs, file, line, cause } };
}

/**
 * Places of lines in the order they were received. Only numbers are kept (about 50 bytes a line), so the lines of a
 * capture need not be in memory as objects to be put in order.
 */
export class ReceivedOrder {
  readonly #rxMs: number[] = [];
  /** Nanoseconds after `rxMs`. */
  readonly #rest: number[] = [];
  readonly #file: number[] = [];
  readonly #line: number[] = [];
  readonly #start: number[] = [];
  readonly #end: number[] = [];
  /** Milliseconds back by index of the line, for steps of one or more. */
  readonly #steps = new Map<number, number>();
  /** Lines received before the line in front of them in the same file: the recorder's clock was set back. */
  stepsBack = 0;
  stepBackMaxMs = 0;

  get length(): number {
    return this.#rxMs.length;
  }

  add(rxMs: number, restNs: number, place: LinePlace): void {
    const last = this.#rxMs.length - 1;
    if (last >= 0 && this.#file[last] === place.file) {
      const backMs = this.#rxMs[last]! - rxMs + (this.#rest[last]! - restNs) / 1e6;
      if (backMs > 0) {
        this.stepsBack++;
        this.stepBackMaxMs = Math.max(this.stepBackMaxMs, Math.ceil(backMs));
        if (backMs >= 1 && this.#steps.size < STEP_RECORDS_MAX) this.#steps.set(last + 1, Math.floor(backMs));
      }
    }
    this.#rxMs.push(rxMs);
    this.#rest.push(restNs);
    this.#file.push(place.file);
    this.#line.push(place.line);
    this.#start.push(place.start);
    this.#end.push(place.end);
  }

  /** By time received, then file, then line. */
  *inOrder(): Generator<OrderedPlace> {
    const [rxMs, rest] = [this.#rxMs, this.#rest];
    // Lines were added file by file, so the index is the last key.
    const order = Uint32Array.from(rxMs.keys()).sort((a, b) => rxMs[a]! - rxMs[b]! || rest[a]! - rest[b]! || a - b);
    for (const at of order) {
      yield {
        rxMs: rxMs[at]!,
        file: this.#file[at]!,
        line: this.#line[at]!,
        start: this.#start[at]!,
        end: this.#end[at]!,
        stepBackMs: this.#steps.get(at) ?? null,
      };
    }
  }

  /** For the notes; `null` when the clock never went back. */
  note(what: string): string | null {
    if (this.stepsBack === 0) return null;
    return (
      `${what} received before the one in front of them: ${this.stepsBack}, by ${this.stepBackMaxMs} ms at most; ` +
      "put in the order of the time received"
    );
  }
}
