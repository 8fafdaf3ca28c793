/**
 * When each variant's queue runs next, and which of them is first: a tree of minima, because the run loop asks before
 * every step and there may be hundreds of variants.
 */
export class DueTimes {
  /** Leaves from `#leafCount` on, parents before their children, the least of all at 1. */
  readonly #tree: Float64Array;
  readonly #leafCount: number;

  constructor(count: number) {
    let leafCount = 1;
    while (leafCount < count) leafCount *= 2;
    this.#leafCount = leafCount;
    this.#tree = new Float64Array(2 * leafCount).fill(Number.POSITIVE_INFINITY);
  }

  /** The earliest time of all in ms; Infinity when nothing is due. */
  get nextTsMs(): number {
    return this.#tree[1]!;
  }

  /** Place of the first variant, in their order, with something due at `nextTsMs`. */
  get first(): number {
    const tree = this.#tree;
    const least = tree[1]!;
    let node = 1;
    while (node < this.#leafCount) {
      node *= 2;
      if (tree[node] !== least) node += 1;
    }
    return node - this.#leafCount;
  }

  set(place: number, tsMs: number): void {
    const tree = this.#tree;
    let node = this.#leafCount + place;
    if (tree[node] === tsMs) return;
    tree[node] = tsMs;
    let least = tsMs;
    while (node > 1) {
      const beside = tree[node ^ 1]!;
      if (beside < least) least = beside;
      node >>= 1;
      if (tree[node] === least) return;
      tree[node] = least;
    }
  }
}
