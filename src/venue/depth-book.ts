/** Price levels of one side, best first, in ticks and lots. */
interface Side {
  readonly ticks: number[];
  readonly lots: number[];
  /** Lots of each level that simulated takers have already taken since the level was last told. */
  readonly taken: number[];
}

/**
 * Order book of one symbol, kept from depth events. What a simulated taker takes stays taken until the recording says
 * something new of that level: recorded traders did not see our order, so the level would else serve it twice.
 */
export class DepthBook {
  readonly #bids: Side = { ticks: [], lots: [], taken: [] };
  readonly #asks: Side = { ticks: [], lots: [], taken: [] };
  lastUpdateId = 0;

  /** Sets one level; 0 lots removes it. `sign` is 1 for bids. */
  set(sign: 1 | -1, priceTicks: number, lots: number): void {
    const side = sign > 0 ? this.#bids : this.#asks;
    const place = this.#placeOf(side, sign, priceTicks);
    const isKnown = side.ticks[place] === priceTicks;
    if (lots <= 0) {
      if (!isKnown) return;
      side.ticks.splice(place, 1);
      side.lots.splice(place, 1);
      side.taken.splice(place, 1);
    } else if (isKnown) {
      side.lots[place] = lots;
      side.taken[place] = 0;
    } else {
      side.ticks.splice(place, 0, priceTicks);
      side.lots.splice(place, 0, lots);
      side.taken.splice(place, 0, 0);
    }
  }

  clear(): void {
    for (const side of [this.#bids, this.#asks]) {
      side.ticks.length = 0;
      side.lots.length = 0;
      side.taken.length = 0;
    }
  }

  /** Best price of a side (1 bids, -1 asks) that still has lots; NaN when the side is empty. */
  bestTicks(sign: 1 | -1): number {
    const side = sign > 0 ? this.#bids : this.#asks;
    const place = this.#firstOpen(side);
    return place < 0 ? Number.NaN : side.ticks[place]!;
  }

  /** Lots open at the best price of a side. */
  bestLots(sign: 1 | -1): number {
    const side = sign > 0 ? this.#bids : this.#asks;
    const place = this.#firstOpen(side);
    return place < 0 ? 0 : side.lots[place]! - side.taken[place]!;
  }

  /** Takes lots from the best level of a side; at most what `bestLots` says. */
  takeBest(sign: 1 | -1, lots: number): void {
    const side = sign > 0 ? this.#bids : this.#asks;
    const place = this.#firstOpen(side);
    side.taken[place]! += lots;
  }

  /** Lots the recording shows at a price. */
  lotsAt(sign: 1 | -1, priceTicks: number): number {
    const side = sign > 0 ? this.#bids : this.#asks;
    const place = this.#placeOf(side, sign, priceTicks);
    return side.ticks[place] === priceTicks ? side.lots[place]! : 0;
  }

  /** Up to `limit` levels of a side, best first, as recorded. */
  levels(sign: 1 | -1, limit: number): { readonly priceTicks: number; readonly qtyLots: number }[] {
    const side = sign > 0 ? this.#bids : this.#asks;
    return side.ticks.slice(0, limit).map((priceTicks, place) => ({ priceTicks, qtyLots: side.lots[place]! }));
  }

  save(): unknown {
    return { bids: this.#bids, asks: this.#asks, lastUpdateId: this.lastUpdateId };
  }

  load(saved: unknown): void {
    const { bids, asks, lastUpdateId } = saved as { bids: Side; asks: Side; lastUpdateId: number };
    this.clear();
    for (const [side, from] of [
      [this.#bids, bids],
      [this.#asks, asks],
    ] as const) {
      side.ticks.push(...from.ticks);
      side.lots.push(...from.lots);
      side.taken.push(...from.taken);
    }
    this.lastUpdateId = lastUpdateId;
  }

  #firstOpen(side: Side): number {
    for (let place = 0; place < side.ticks.length; place++) if (side.lots[place]! > side.taken[place]!) return place;
    return -1;
  }

  /** Place of a price, or where it would stand. */
  #placeOf(side: Side, sign: 1 | -1, priceTicks: number): number {
    let low = 0;
    let high = side.ticks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sign * (side.ticks[middle]! - priceTicks) > 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
