/** Numbers from `from` to `to`, both included. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

/** Which numbers of a recording were seen: one bit each. */
export class SeqSet {
  #bits = new Uint8Array(1024);

  add(seq: number): void {
    const at = seq >>> 3;
    if (at >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.#bits.length * 2));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    this.#bits[at]! |= 1 << (seq & 7);
  }

  /** How many numbers from 1 to `last` were not seen, and the first `rangesMax` ranges of them. */
  missing(last: number, rangesMax: number): { count: number; ranges: SeqRange[] } {
    const ranges: SeqRange[] = [];
    let count = 0;
    let from = 0;
    for (let seq = 1; seq <= last + 1; seq++) {
      const isSeen = seq > last || ((this.#bits[seq >>> 3] ?? 0) & (1 << (seq & 7))) !== 0;
      if (!isSeen) {
        count++;
        if (from === 0) from = seq;
      } else if (from > 0) {
        if (ranges.length < rangesMax) ranges.push({ from, to: seq - 1 });
        from = 0;
      }
    }
    return { count, ranges };
  }
}
