import { DepthChain } from "./depth-chain.ts";
import { type DepthEvent, roughMiddle } from "./depth-event.ts";

type Ids = Pick<DepthEvent, "kind" | "U" | "u" | "pu">;

interface Seen extends Ids {
  readonly rxMs: number;
  readonly restNs: number;
  /** `null` for the answer of a REST call, which does not say it. */
  readonly symbol: string | null;
  readonly middle: number;
  readonly key: string;
}

/** A book of another symbol may be near, but not this near: prices move less than this while a capture lasts. */
const NEAR = 1.25;

/**
 * What a first look at the depth events of an import finds out: whose the snapshots are, and which symbols have a whole
 * chain. Holds the ids of all depth events (about 150 bytes each), because files may be in another order than time.
 */
export class DepthSurvey {
  readonly #seen: Seen[] = [];
  readonly #prices = new Map<string, { min: number; max: number }>();

  /** A price of a symbol, for telling the snapshots apart. */
  price(symbol: string, price: number): void {
    const known = this.#prices.get(symbol);
    if (known === undefined) this.#prices.set(symbol, { min: price, max: price });
    else if (price < known.min) known.min = price;
    else if (price > known.max) known.max = price;
  }

  /** `key` names the place of the event, so that the second pass finds the symbol of a snapshot. */
  event(at: { rxMs: number; restNs: number; key: string }, symbol: string | null, event: DepthEvent): void {
    const { kind, U, u, pu } = event;
    const middle = kind === "snapshot" ? roughMiddle(event) : Number.NaN;
    this.#seen.push({ ...at, symbol, kind, U, u, pu, middle });
  }

  finish(): { symbolOfKey: ReadonlyMap<string, string>; isWhole: (symbol: string) => boolean } {
    // Array.prototype.sort is stable: events of one nanosecond stay in the order of the files.
    const events = [...this.#seen].sort((left, right) => left.rxMs - right.rxMs || left.restNs - right.restNs);
    const updates = new DepthChain();
    for (const event of events) if (event.symbol !== null) updates.next(event.symbol, event, event.rxMs);
    const symbolOfKey = new Map<string, string>();
    const chain = new DepthChain();
    for (const event of events) {
      const symbol = event.symbol ?? this.#ownerOf(event, updates);
      if (symbol === null) continue;
      symbolOfKey.set(event.key, symbol);
      chain.next(symbol, event, event.rxMs);
    }
    return { symbolOfKey, isWhole: (symbol) => chain.isWhole(symbol) };
  }

  /** The one symbol whose prices are near; of several the one whose updates cover the id; otherwise nobody knows. */
  #ownerOf({ middle, u }: Seen, updates: DepthChain): string | null {
    const near = [...this.#prices]
      .filter(([, { min, max }]) => middle > min / NEAR && middle < max * NEAR)
      .map(([symbol]) => symbol);
    if (near.length === 1) return near[0]!;
    const covering = near.filter((symbol) => updates.covers(symbol, u));
    return covering.length === 1 ? covering[0]! : null;
  }
}
