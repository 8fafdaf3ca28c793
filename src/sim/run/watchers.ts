/** Which variants' exchanges have to see every row of a symbol: those with a resting order or a position there. */
export class Watchers {
  /** 1 where anybody watches; the feed reads it at every row. */
  readonly watched: Uint8Array;
  readonly #places: (readonly number[])[];

  constructor(symbolCount: number) {
    this.watched = new Uint8Array(symbolCount);
    this.#places = Array.from({ length: symbolCount }, () => []);
  }

  /** Places of the variants that watch the symbol, in their order. A list that is being read stays as it was. */
  of(symbol: number): readonly number[] {
    return this.#places[symbol]!;
  }

  set(symbol: number, place: number, isWatching: boolean): void {
    const others = this.#places[symbol]!.filter((each) => each !== place);
    const places = isWatching ? [...others, place].sort((left, right) => left - right) : others;
    this.#places[symbol] = places;
    this.watched[symbol] = places.length > 0 ? 1 : 0;
  }
}
