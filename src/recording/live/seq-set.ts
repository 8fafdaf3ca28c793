/** Numbers from `from` to `to`, both included. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

/** Which numbers of a recording were seen: one bit each. */
export class SeqSet {
  #bits = new Uint8Array(1024);
  size = 0;

  add(seq: number): void {
    const at = seq >>> 3;
    if (at >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.#bits.length * 2));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    const bit = 1 << (seq & 7);
    if ((this.#bits[at]! & bit) !== 0) return;
    this.#bits[at]! |= bit;
    this.size++;
  }

  /** The first `count` ranges between 1 and `last` of which no number was seen. */
  holes(last: number, count: number): SeqRange[] {
    const found: SeqRange[] = [];
    let from = 0;
    for (let seq = 1; seq <= last + 1 && found.length < count; seq++) {
      const isSeen = seq > last || ((this.#bits[seq >>> 3] ?? 0) & (1 << (seq & 7))) !== 0;
      if (!isSeen && from === 0) from = seq;
      else if (isSeen && from > 0) {
        found.push({ from, to: seq - 1 });
        from = 0;
      }
    }
    return found;
  }
}
