/** Price levels of one side, best first, in ticks and lots. */
interface Side {
  readonly ticks: number[];
  readonly lots: number[];
  /** Number of the event that last told of the level. */
  readonly version: number[];
}

/**
 * Order book of one symbol, kept from depth events, the same for everybody who reads it. What a simulated taker takes is
 * the taker's venue's business: each level has a version, so that a venue knows when a level is told anew.
 */
export class DepthBook {
  readonly #bids: Side = { ticks: [], lots: [], version: [] };
  readonly #asks: Side = { ticks: [], lots: [], version: [] };
  lastUpdateId = 0;
  #version: number;

  /** @param version number that versions of levels go on from; 0 for a symbol's first book */
  constructor(version = 0) {
    this.#version = version;
  }

  /** Number of the last event that told of a level. */
  get version(): number {
    return this.#version;
  }

  /** Sets one level; 0 lots removes it. `sign` is 1 for bids. */
  set(sign: 1 | -1, priceTicks: number, lots: number): void {
    const side = sign > 0 ? this.#bids : this.#asks;
    const place = this.#placeOf(side, sign, priceTicks);
    const isKnown = side.ticks[place] === priceTicks;
    this.#version += 1;
    if (lots <= 0) {
      if (!isKnown) return;
      side.ticks.splice(place, 1);
      side.lots.splice(place, 1);
      side.version.splice(place, 1);
    } else if (isKnown) {
      side.lots[place] = lots;
      side.version[place] = this.#version;
    } else {
      side.ticks.splice(place, 0, priceTicks);
      side.lots.splice(place, 0, lots);
      side.version.splice(place, 0, this.#version);
    }
  }

  clear(): void {
    for (const side of [this.#bids, this.#asks]) {
      side.ticks.length = 0;
      side.lots.length = 0;
      side.version.length = 0;
    }
  }

  /** Best price of a side (1 bids, -1 asks); NaN when the side is empty. */
  bestTicks(sign: 1 | -1): number {
    return (sign > 0 ? this.#bids : this.#asks).ticks[0] ?? Number.NaN;
  }

  /** Number of levels of a side. */
  size(sign: 1 | -1): number {
    return (sign > 0 ? this.#bids : this.#asks).ticks.length;
  }

  ticksAt(sign: 1 | -1, place: number): number {
    return (sign > 0 ? this.#bids : this.#asks).ticks[place]!;
  }

  lotsOf(sign: 1 | -1, place: number): number {
    return (sign > 0 ? this.#bids : this.#asks).lots[place]!;
  }

  versionOf(sign: 1 | -1, place: number): number {
    return (sign > 0 ? this.#bids : this.#asks).version[place]!;
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
    return { bids: this.#bids, asks: this.#asks, lastUpdateId: this.lastUpdateId, version: this.#version };
  }

  load(saved: unknown): void {
    const { bids, asks, lastUpdateId, version } = saved as {
      bids: Side;
      asks: Side;
      lastUpdateId: number;
      version: number;
    };
    this.clear();
    for (const [side, from] of [
      [this.#bids, bids],
      [this.#asks, asks],
    ] as const) {
      side.ticks.push(...from.ticks);
      side.lots.push(...from.lots);
      side.version.push(...from.version);
    }
    this.lastUpdateId = lastUpdateId;
    this.#version = version;
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
